"""Our client on our server, on the real Zino 2, and through our front before it: it does the same on each."""

import json
import shutil
import time
import unittest

from harness import PROGRAM, InteropTest, as_of_now


class ClientTest(InteropTest):
    def setUp(self):
        super().setUp()
        self.since = int(time.time())

    def walk(self, server):
        """What every verb of the client says, as JSON and as text."""
        seen = {"list": self.json_client(server, "list")}
        cases = seen["list"]["cases"]
        case = str(min(one["id"] for one in cases if one["state"] == "open"))
        watch = self.start([PROGRAM, "zino", "watch", "--json", "--credentials", server.ritz_tcl(), "--notify-port", str(server.notify_port)], {0})
        watch.wait_for('"connected"')

        seen["set state"] = self.json_client(server, "set-state", case, "waiting")
        seen["add history"] = self.json_client(server, "add-history", case, "-m", "Første linje\n.\n  siste")
        seen["show"] = self.json_client(server, "show", case)
        seen["history"] = self.json_client(server, "history", case)
        seen["log"] = self.json_client(server, "log", case)
        watch.wait_for('(?s)"type":"history".*"type":"history"')  # of the change of state, and the added one
        seen["watch"] = sorted(self.notified(watch.out))

        begin = self.since + 30 * 3600
        window = ["--from", str(begin), "--to", str(begin + 3600)]
        router = cases[0]["router"]
        made = [
            self.json_client(server, "pm", "add", *window, router)["id"],
            self.json_client(server, "pm", "add", *window, "--type", "portstate", "--match", "intf-regexp", "--device", router, "ge-.*")["id"],
        ]
        seen["pm log"] = self.json_client(server, "pm", "add-log", str(made[0]), "-m", "change 4711")
        seen["pm list"] = self.json_client(server, "pm", "list")
        seen["pm show"] = [self.json_client(server, "pm", "show", str(pm)) for pm in made]
        seen["pm cancel"] = [self.json_client(server, "pm", "cancel", str(pm)) for pm in made]
        seen["pm left"] = self.json_client(server, "pm", "list")

        seen["refused"] = [
            self.client(server, "show", "999999", expected_exit=2),
            self.client(server, "set-state", case, "sleeping", expected_exit=2),
            self.client(server, "pm", "cancel", "999999", expected_exit=2),
        ]
        seen["text"] = [self.client(server, *verb) for verb in (["list"], ["show", case], ["history", case], ["log", case], ["pm", "list"])]
        fetched = self.json_client(server, "fetch", "--all", "--pipeline", "8")
        seen["fetched"] = [fetched["cases"], fetched["gone"], {name: one["n"] for name, one in fetched["commands"].items()}]
        return case, as_of_now(seen, self.since)

    @staticmethod
    def notified(lines):
        events = [json.loads(line) for line in lines]
        return [[event["id"], event["type"], event["value"]] for event in events if event["event"] == "notification"]

    def test_every_verb(self):
        made = self.fixture()
        folders = [shutil.copytree(made, made.with_suffix(whose)) for whose in (".ours", ".theirs", ".front")]
        case, ours = self.walk(self.uncork_server(folders[0]))
        self.assertEqual((case, ours), self.walk(self.zino2_server(folders[1])))
        self.assertEqual((case, ours), self.walk(self.front(self.zino2_server(folders[2]))))
        self.assertEqual(len(ours["list"]["cases"]), 6)
        self.assertEqual(ours["show"]["attributes"]["state"], "waiting")
        self.assertEqual([one["text"] for one in ours["history"]["entries"][-2:]],
                         ["state change open -> waiting (operator)", "operator\nFørste linje\n.\nsiste"])
        self.assertEqual(ours["watch"], [[int(case), "history", "1"]] * 2 + [[int(case), "state", "open waiting"]])
        self.assertEqual(ours["fetched"], [6, 0, {"getattrs": 6, "gethist": 6, "getlog": 6}])

    def test_a_wrong_secret_is_said_and_nothing_is_retried(self):
        made = self.fixture()
        for server in self.uncork_server(made), self.zino2_server(shutil.copytree(made, made.with_suffix(".theirs"))):
            server.secret = "not the secret"
            for verb in ["list"], ["watch", "--notify-port", str(server.notify_port)]:
                self.assertRegex(self.client(server, *verb, expected_exit=3), "(?i)login|user|secret|authentication")

    def test_watch_goes_on_when_the_server_comes_back(self):
        folder = self.fixture()
        first = self.uncork_server(folder)
        watch = self.start([PROGRAM, "zino", "watch", "--credentials", first.ritz_tcl()], {0})
        watch.wait_for("watching")
        self.assertEqual(first.process.stop(), 0)
        self.uncork_server(folder, host=first.host)
        watch.wait_for(r"(?s)watching.*watching")
        case = self.json_client(first, "list")["cases"][0]["id"]
        self.client(first, "add-history", str(case), "-m", "once more")
        watch.wait_for(rf"case {case} .*history")


if __name__ == "__main__":
    unittest.main()
