"""Test suites of Python, Node and Go under `uncork check`: the faulty ones fail with and without a round trip, the cured ones pass."""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree as xml

from harness import HERE, INTEROP, PATIENCE, PROGRAM, InteropTest


class CheckTest(InteropTest):
    def setUp(self):
        self.require_root()
        super().setUp()

    def check(self, command, round_trip, environment):
        """(exit code, what the suite printed, {service: its failure or None})."""
        junit = self.folder / "stalls.xml"
        done = subprocess.run([PROGRAM, "check", "--rtt", round_trip, "--junit", junit, "--", *map(str, command)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=4 * PATIENCE, env={**os.environ, **environment}, cwd=self.folder)
        self.said = done.stdout + done.stderr
        cases = {}
        for case in xml.parse(junit).getroot().iter("testcase"):
            failure = case.find("failure")
            cases[case.get("name")] = None if failure is None else (failure.get("type"), failure.text)
        return done.returncode, self.said, cases

    def judge(self, command, program, says):
        for round_trip in "1ms", "0ms":
            for kind in "split", "nodelay", "merged":
                with self.subTest(round_trip=round_trip, kind=kind):
                    words = [word.replace("KIND", kind) if isinstance(word, str) else word for word in command]
                    code, said, cases = self.check(words, round_trip, {"KIND": kind})
                    self.assertIn(says, said)
                    self.assertEqual(code, 1 if kind == "split" else 0, said)
                    servers = {name: failure for name, failure in cases.items() if name.startswith(f"server {program}, port ")}
                    self.assertEqual(len(servers), 1, f"{cases} {said}")
                    failed = {name: failure for name, failure in cases.items() if failure}
                    self.assertEqual(set(failed), set(servers) if kind == "split" else set(), said)
                    for cause, text in failed.values():
                        self.assertEqual(cause, "nagle_delayed_ack", said)
                        self.assertIn("TCP_NODELAY", text)

    def test_python(self):
        self.judge([sys.executable, "-B", HERE / "peers/suite.py"], pathlib.Path(sys.executable).name[:15], "OK")

    def test_node(self):
        self.judge(["node", HERE / "peers/suite.js", "KIND"], "node", "20 answers")

    def test_go(self):
        shutil.copy(HERE / "peers/suite_test.go", self.folder)
        environment = {"CGO_ENABLED": "0", "GO111MODULE": "off", "GOCACHE": str(INTEROP.resolve() / "go-cache"), "GOFLAGS": "",
                       "GOTOOLCHAIN": "local"}
        built = subprocess.run(["go", "test", "-c", "-o", "suite.test"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               timeout=8 * PATIENCE, env={**os.environ, **environment}, cwd=self.folder)
        self.assertEqual(built.returncode, 0, built.stdout + built.stderr)
        self.judge(["./suite.test"], "suite.test", "PASS")


if __name__ == "__main__":
    unittest.main()
