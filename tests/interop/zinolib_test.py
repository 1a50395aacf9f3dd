"""Unmodified zinolib, 1.3 and 0.10, on our server and on our front before the real Zino 2: it sees what it sees of Zino 2 itself."""

import shutil
import time
import unittest

from harness import ENVIRONMENTS, InteropTest, as_of_now


class ZinolibTest(InteropTest):
    def setUp(self):
        super().setUp()
        self.since = int(time.time())

    def copies(self, name):
        """The files of one fixture, for each server its own."""
        made = self.fixture(name)
        return [shutil.copytree(made, made.with_suffix(whose)) for whose in (".ours", ".theirs", ".front")]

    def session(self, environment, server):
        seen = self.peer(environment, "ritz_session.py", server, server.host, server.port, server.notify_port, server.user, server.secret)
        return as_of_now(seen, self.since)

    def test_a_session_and_its_notifier(self):
        for name, environment in ENVIRONMENTS.items():
            with self.subTest(name):
                folders = self.copies(environment)
                ours = self.session(environment, self.uncork_server(folders[0]))
                self.assertEqual(ours, self.session(environment, self.zino2_server(folders[1])))
                self.assertEqual(ours, self.session(environment, self.front(self.zino2_server(folders[2]))))
                self.assertEqual(len(ours["attributes"]), 6)
                self.assertEqual(ours["set state"], [True, "open", [["state", "open working"], ["history", "1"]]])
                self.assertEqual([one["header"] for one in ours["history"]], ["state change open -> working (operator)", "operator"])
                self.assertEqual(ours["history"][1]["log"], ["first line", "indented", "", "last: blåbærgrøt"])
                self.assertEqual([one["m_type"] for one in ours["pm details"]], ["exact", "str", "intf-regexp", "regexp"])
                self.assertTrue(set(ours["pm made"]) < set(ours["pm list"]))
                self.assertIn(ours["pm made"][-1], ours["pm left"])

    def test_the_event_manager(self):
        ours, _, theirs = self.copies("fixture")
        seen = []
        for server in self.uncork_server(ours), self.front(self.zino2_server(theirs)):
            configuration = server.ritz_tcl().rsplit("/.", 1)[1]
            seen.append(as_of_now(self.peer("zino", "event_manager.py", server, configuration), self.since))
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(len(seen[0]["events"]), 6)
        self.assertEqual(seen[0]["set state"], ["working", "state change open -> working (operator)", [["state", "open working"], ["history", "1"]]])
        self.assertEqual(seen[0]["add history"][:2], ["operator", "seen by the other team and a second line"])
        self.assertEqual([seen[0]["state after the update"], seen[0]["closed"], seen[0]["reopened"]], ["waiting", "closed", "EventClosedError"])


if __name__ == "__main__":
    unittest.main()
