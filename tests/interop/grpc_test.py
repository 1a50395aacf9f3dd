"""The examples of gRPC against grpc++: its client calls our server, and our client its server."""

import json
import os
import signal
import subprocess
import unittest

from harness import PATIENCE, InteropTest


class GrpcTest(InteropTest):
    def setUp(self):
        super().setUp()
        if "UNCORK_GRPC_PEER" not in os.environ:
            self.fail("there was no grpc++ when this was configured; ./dev deps --interop installs it")

    def port_of(self, *command, expected_exit):
        self.server = self.start(command, expected_exit)
        return self.server.wait_for(r"listening on 127.0.0.1:(\d+)")[1]

    def output(self, program, *arguments):
        done = subprocess.run([os.environ[program], *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=5 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout


class OurServerTest(GrpcTest):
    def setUp(self):
        super().setUp()
        self.port = self.port_of(os.environ["UNCORK_GRPC_SERVER"], "0", expected_exit={0})

    def at_its_end(self):
        """How many calls our server had, how many were cancelled, how many were late; it had one connection, and kept it."""
        self.server.stop()
        found = self.server.wait_for(r"calls (\d+) cancelled (\d+) late (\d+) connections (\d+) calmed (\d+)")
        self.assertEqual(found.groups()[3:], ("1", "0"))
        return [int(count) for count in found.groups()[:3]]

    def test_every_kind_of_call(self):
        said = json.loads(self.output("UNCORK_GRPC_PEER", "call", self.port))
        self.assertEqual(said, {
            "greet": [0, "", "hello you", 9],
            "large": [0, "", "hello xxxxxxxxxx", 1_000_006],
            "too large": [8, "a message of 4200005 bytes", "", 0],
            "fail": [9, "100% ä", "", 0],
            "missing": [12, "no such method", "", 0],
            "repeat": [0, "", "", 1000],
            "join": [0, "", "joined", 1000],
            "chat": [0, "", "", 100],
            "wait": 4,
        })
        calls, cancelled, late = self.at_its_end()
        self.assertEqual(calls, 9)
        self.assertEqual(cancelled + late, 1)  # whichever saw the deadline first

    def test_cancelling_ten_thousand_calls_is_not_held_against_a_client(self):
        """A thousand a second, as docs/h2.md promises."""
        said = json.loads(self.output("UNCORK_GRPC_PEER", "cancel", self.port, 10_000, 1000))
        self.assertEqual(said["codes"], {"1": 10_000})
        self.assertEqual(said["last"], [0, "", "hello you", 1])
        calls, cancelled, _ = self.at_its_end()
        # Those that are given up before they have left are never seen here: none, where the machine is not busy.
        self.assertGreater(calls, 1000)
        self.assertEqual(cancelled, calls - 1)


    def test_errors_alone_are_not_held_against_a_client(self):
        """Answers without DATA, as fast as one comes after the other, to a client that opens the window of each call."""
        self.assertEqual(json.loads(self.output("UNCORK_GRPC_PEER", "refused", self.port, 10_000)), {"12": 10_000})
        self.assertEqual(self.at_its_end(), [10_000, 0, 0])


class OurClientTest(GrpcTest):
    def setUp(self):
        super().setUp()
        self.port = self.port_of(os.environ["UNCORK_GRPC_PEER"], "serve", expected_exit={-signal.SIGTERM})

    def said(self, *arguments):
        return self.output("UNCORK_GRPC_CLIENT", self.port, *arguments).splitlines()

    def test_every_kind_of_call(self):
        self.assertEqual(self.said("greet", "you"), ["1 hello you", "status 0"])
        self.assertEqual(self.said("repeat", "again", "1000"), [*(f"{number} again" for number in range(1, 1001)), "status 0"])
        self.assertEqual(self.said("join", *(100 * ["xy"])), ["100 " + 100 * "xy", "status 0"])
        self.assertEqual(self.said("chat", "one", "two", "three"), ["0 ONE", "0 TWO", "0 THREE", "status 0"])
        self.assertEqual(self.said("fail", "100% ä", "9"), ["status 9 100% ä"])
        self.assertEqual(self.said("missing"), ["status 12"])

    def test_its_deadline_cancels_the_call(self):
        self.assertRegex(self.said("--within", "200", "wait")[-1], "^status 4")
        self.server.wait_for("(?m)^cancelled$")

    def test_no_server_is_unavailable(self):
        self.server.stop()
        self.assertRegex(self.said("greet", "you")[-1], "^status 14 Connection refused")


class OursAloneTest(GrpcTest):
    def test_both_of_ours(self):
        port = self.port_of(os.environ["UNCORK_GRPC_SERVER"], "0", expected_exit={0})
        for arguments, said in ((("greet", "you"), "1 hello you\nstatus 0\n"), (("chat", "a", "b"), "0 A\n0 B\nstatus 0\n"),
                                (("fail", "100% ä", "9"), "status 9 100% ä\n"), (("missing",), "status 12 no such method\n"),
                                (("join",), "0 \nstatus 0\n")):
            self.assertEqual(self.output("UNCORK_GRPC_CLIENT", port, *arguments), said)


if __name__ == "__main__":
    unittest.main()
