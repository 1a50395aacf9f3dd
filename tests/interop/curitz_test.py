"""Unmodified curitz, 1.0 and 0.9, driven in a terminal: on our server, and on our front before the real Zino 2."""

import re
import unittest

from harness import ENVIRONMENTS, InteropTest, Terminal, binary


def row(case, *columns):
    """The line of the list that shows these of the case."""
    return rf"^│.* {case} .*" + ".*".join(re.escape(str(column)) for column in columns)


class CuritzTest(InteropTest):
    def on_each(self, server_of, *steps):
        for name, environment in ENVIRONMENTS.items():
            with self.subTest(name):
                server = server_of(self.fixture(environment))
                with Terminal([binary(environment, "curitz"), "-c", server.ritz_tcl()]) as terminal:
                    terminal.wait_for("^cuRitz version .* -  " + re.escape(server.host))
                    for step in steps:
                        step(terminal, server)
                    terminal.keys("q")
                    terminal.wait_for("^ended with 0$")

    def operate(self, terminal, server):
        """What an operator does in a minute, each step as the screen shows it and as our client finds it done."""
        cases = self.json_client(server, "list")["cases"]
        self.assertEqual(len(cases), 6)
        terminal.keys("i")  # shows the ids
        for case in cases:
            terminal.wait_for(row(case["id"], case["state"][:7], case["router"], case.get("port", "")))
        first, second = map(int, re.findall(r"(?m)^│ +(\d+) (?:PORT|BGP|BFD|ALRM|BOX)", terminal.screen())[:2])

        terminal.keys("s")
        terminal.wait_for("Set state on 1 cases")
        terminal.keys("w")
        terminal.keys("Enter")
        terminal.wait_for(row(first, "working"))
        self.assertEqual(self.json_client(server, "show", str(first))["attributes"]["state"], "working")

        terminal.keys("u")
        terminal.wait_for("Add new history line")
        terminal.type("the provider digs, back at noon")
        terminal.wait_for("back at noon")
        terminal.keys("C-g")
        terminal.wait_for("Add new history line", absent=True)
        terminal.keys("Enter")
        terminal.wait_for(f"^─History Case {first} ")
        shown = terminal.wait_for("the provider digs, back at noon")
        self.assertRegex(shown, rf"state change .* -> working \({server.user}\)")
        history = self.json_client(server, "history", str(first))["entries"]
        self.assertEqual(history[-1]["text"], f"{server.user}\nthe provider digs, back at noon\n")
        terminal.keys("q")
        terminal.wait_for("History Case", absent=True)

        terminal.keys("l")
        shown = terminal.wait_for(f"^─System Log Case {first} ")
        for entry in self.json_client(server, "log", str(first))["entries"]:
            self.assertIn(entry["text"][:100], shown)
        terminal.keys("q")
        terminal.wait_for("System Log", absent=True)

        terminal.keys("=")
        terminal.wait_for(f"^─Case {first} ")
        terminal.wait_for("^ state .*WORKING")
        terminal.keys("q")
        terminal.wait_for("^─Case", absent=True)

        self.client(server, "set-state", str(second), "waiting")  # which curitz learns by its notification
        terminal.wait_for(row(second, "waiting"))

    def maintain(self, terminal, server):
        """Planned maintenance takes a case out of the operator's sight."""
        case = next(one for one in self.json_client(server, "list")["cases"] if one["type"] == "portstate" and one["state"] == "open")
        self.client(server, "pm", "add", "--type", "portstate", "--match", "intf-regexp", "--device", case["router"], "--to", "+1h", case["port"])
        terminal.wait_for(row(case["id"], "ignored"))
        history = self.json_client(server, "history", str(case["id"]))["entries"]
        self.assertEqual(history[-1]["text"], "state change open -> ignored (monitor)")

    def test_our_server(self):
        self.on_each(self.uncork_server, self.operate, self.maintain)

    def test_the_front_before_zino_2(self):
        self.on_each(lambda folder: self.front(self.zino2_server(folder)), self.operate)


if __name__ == "__main__":
    unittest.main()
