"""Real programs that stall by Nagle and delayed ACK: each is named, with what it costs, and the verdict's command cures it."""

import os
import shlex
import statistics
import subprocess
import unittest

from field_harness import PORT, FieldTest, comm
from harness import HERE, INTEROP, PATIENCE, PROGRAM

EXCHANGES = 60  # 2.5 s of stalls: a hiccup of the machine of 200 ms is still below the tenth that may be missing
CURED_EXCHANGES = 20 * EXCHANGES  # at 50 us each; fewer would be over before anybody could be accused falsely
HTTP_REQUEST = "GET / HTTP/1.1\r\nHost: field\r\n\r\n"


class GuiltyTest(FieldTest):
    def convict(self, server, request="ask\n"):
        """`server` is the only one accused, for what its answers cost the asker; cured, it costs nothing any more."""
        with self.watching("light") as stalled:
            asker = self.asker(request)
            before = asker.ask(EXCHANGES)
        self.assertGreater(statistics.median(before), 20, "it does not stall here: this test shows nothing")
        self.assertEqual(len(stalled.verdicts), 1, stalled.accused())
        verdict = stalled.verdicts[0]
        self.assertEqual((verdict["pid"], verdict["comm"], verdict["cause"]), (server.pid, comm(server.pid), "nagle_delayed_ack"), stalled.accused())
        self.assertEqual((verdict["local"], verdict["confidence"]), (f"127.0.0.1:{PORT}", "witnessed"))
        self.assertTrue(EXCHANGES / 2 < verdict["exchanges"] <= EXCHANGES, stalled.accused())  # the first are free, and are not counted

        # Whoever reads the verdict has nothing else to type.
        self.assertRegex(verdict["command"], rf"^uncork cure --pid {server.pid}\b")
        cure = subprocess.run([PROGRAM, *shlex.split(verdict["command"])[1:]], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE)
        self.assertEqual(cure.returncode, 0, cure.stdout + cure.stderr)
        with self.watching() as cured:
            after = asker.ask(CURED_EXCHANGES)
        self.assert_nobody_accused(cured)
        self.assertLess(statistics.median(after), 10, f"still slow after {verdict['command']}: {cure.stdout}")

        # A cure gives back what the verdict says is lost, and nothing can lose more than the time that passed.
        cost = sum(before) - EXCHANGES * statistics.mean(after)
        self.assertGreaterEqual(verdict["lost_ms"], 0.9 * cost, stalled.accused())
        self.assertLessEqual(verdict["lost_ms"], sum(before), stalled.accused())
        self.assertGreaterEqual(verdict["budget_ms"]["nagle_delayed_ack"], 0.9 * verdict["lost_ms"])

    def test_python_http_server(self):
        """Its headers leave in one write and the body in the next."""
        self.convict(self.python_server(), HTTP_REQUEST)

    def test_tcl(self):
        self.convict(self.serve("tclsh", HERE / "peers/two_writes.tcl", PORT))

    def test_node(self):
        self.convict(self.serve("node", HERE / "peers/two_writes.js", PORT))

    def test_go(self):
        program = self.folder / "two_writes"
        # Outside the tree, and kept from one run to the next: the first has to compile Go's library.
        environment = {**os.environ, "CGO_ENABLED": "0", "GO111MODULE": "off", "GOCACHE": str(INTEROP.resolve() / "go-cache"),
                       "GOFLAGS": "", "GOTOOLCHAIN": "local"}
        built = subprocess.run(["go", "build", "-o", program, HERE / "peers/two_writes.go"], stdin=subprocess.DEVNULL, capture_output=True,
                               text=True, timeout=8 * PATIENCE, env=environment, cwd=self.folder)
        self.assertEqual(built.returncode, 0, built.stderr)
        self.convict(self.serve(program, PORT))

    def test_socat_as_a_relay(self):
        """The server behind it sets TCP_NODELAY; socat writes what it has read each time, with Nagle on. With the pause it reads twice."""
        self.python_server("--nodelay", "--pause-after-headers", "--pause-ms", 1, port=PORT + 1)
        self.convict(self.serve("socat", f"TCP-LISTEN:{PORT},bind=127.0.0.1", f"TCP:127.0.0.1:{PORT + 1}"), HTTP_REQUEST)


if __name__ == "__main__":
    unittest.main()
