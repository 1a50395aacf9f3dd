"""Unmodified servers of several languages under `uncork run`: cured from the first byte, and with --merge in one segment an answer."""

import json
import signal
import sys
import unittest

from field_harness import PORT, FieldTest
from harness import HERE, PROGRAM

EXCHANGES = 30
HTTP_REQUEST = "GET / HTTP/1.1\r\nHost: run\r\n\r\n"


class RunTest(FieldTest):
    def ask(self, request):
        return json.loads(self.load(sys.executable, "-B", HERE / "peers/segments.py", PORT, request, EXCHANGES))

    def measure(self, command, request, *options):
        """One server after the other on the same port: the asker has hung up, and the server is gone when this returns."""
        wrapped = [PROGRAM, "run", *options, "--"] if options else []
        server = self.serve(*wrapped, *command)
        try:
            return self.ask(request)
        finally:
            server.stop(signal.SIGTERM)

    def judge(self, command, request="ask\n"):
        plain = self.measure(command, request)
        self.assertGreater(plain["median_ms"], 20, "it does not stall here: this test shows nothing")
        self.assertGreater(plain["segments"], 1.9, plain)
        cured = self.measure(command, request, "--json")
        self.assertLess(cured["median_ms"], 10, cured)
        self.assertGreater(cured["segments"], 1.9, cured)  # TCP_NODELAY sends each write
        merged = self.measure(command, request, "--merge", "--json")
        self.assertLess(merged["median_ms"], 10, merged)
        # The first may go as it was written, and on a busy machine the watchdog may come between two writes.
        self.assertLess(merged["segments"], 1.5, merged)

    def test_python(self):
        self.judge([sys.executable, "-B", HERE / "peers/http_server.py", "--port", PORT], HTTP_REQUEST)

    def test_ruby(self):
        self.judge(["ruby", HERE / "peers/two_writes.rb", PORT])

    def test_java(self):
        self.judge(["java", "-Djava.net.preferIPv4Stack=true", HERE / "peers/TwoWrites.java", PORT])

    def test_node(self):
        self.judge(["node", HERE / "peers/two_writes.js", PORT])

    def test_tcl(self):
        self.judge(["tclsh", HERE / "peers/two_writes.tcl", PORT])


if __name__ == "__main__":
    unittest.main()
