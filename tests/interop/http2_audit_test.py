"""The audit of HTTP/2 servers: ours has every limit, and others give the answers that they are known for."""

import json
import os
import subprocess
import unittest

from harness import PATIENCE, PROGRAM
from http2_harness import ServerTest, free_port

HOLDING = {"zero-window", "settings-ack", "open-block", "no-preface"}


class AuditTest(ServerTest):
    def audit(self, port, *arguments, expected_exit=0):
        # Each holding probe may take its whole time, the others a second or two on a busy machine.
        done = subprocess.run([PROGRAM, "h2", "audit", str(port), "--json", *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=8 * PATIENCE)
        self.assertEqual(done.returncode, expected_exit, done.stdout + done.stderr)
        if expected_exit != 0:
            return done.stderr
        said = json.loads(done.stdout)
        self.assertTrue(said["alive"], said)
        return {one["probe"]: one for one in said["probes"]}

    def port_of(self, *arguments):
        self.serve(*arguments)
        return self.port

    def nghttpd(self):
        (self.folder / "index.html").write_text("Hello world!\n")
        # It says nothing when it listens without --verbose, and all that it is sent with it: asked until it answers.
        port = free_port()
        self.start(["nghttpd", "--no-tls", "--address=127.0.0.1", f"--htdocs={self.folder}", str(port)], {-15})
        subprocess.run(["curl", "--silent", "--http2-prior-knowledge", "--retry", "50", "--retry-delay", "1", "--retry-connrefused",
                        f"http://127.0.0.1:{port}/"], check=True, capture_output=True, timeout=2 * PATIENCE)
        return port

    def test_our_server_bounds_everything(self):
        found = self.audit(self.port_of(), "--stall-for", "50s", "--time", f"{PATIENCE}s")
        self.assertEqual({name: one["verdict"] for name, one in found.items() if one["verdict"] != "bounded"}, {}, found)
        self.assertTrue(HOLDING < found.keys())
        for flood in ("rapid-reset", "settings", "ping", "empty-continuation", "made-reset-increment"):
            self.assertEqual((found[flood]["end"], found[flood]["code_name"]), ("goaway", "ENHANCE_YOUR_CALM"), found[flood])
        self.assertEqual((found["crumbs"]["status"], found["crumbs"]["served"]["fields"]), (431, 64))

    def test_our_server_bounds_the_same_under_tls(self):
        port = self.port_of("--tls", *self.certificate())
        probes = ("rapid-reset", "ping", "long-continuation", "amplified")
        found = self.audit(port, "--tls", "--time", f"{PATIENCE}s", *(word for name in probes for word in ("--probe", name)))
        self.assertEqual({name: one["verdict"] for name, one in found.items()}, dict.fromkeys(probes, "bounded"))

    def test_tls_and_plain_text_are_told_apart(self):
        self.assertIn("TLS: the handshake failed", self.audit(self.port_of(), "--tls", expected_exit=3))
        self.assertIn("no HTTP/2: ", self.audit(self.port_of("--tls", *self.certificate()), expected_exit=3))

    def test_nghttpd_gives_the_answers_that_it_is_known_for(self):
        probes = ("rapid-reset", "rapid-reset-end", "empty-continuation", "empty-data", "priority", "window-update", "crumbs")
        found = self.audit(self.nghttpd(), "--time", f"{PATIENCE}s", *(word for name in probes for word in ("--probe", name)))
        for reset in ("rapid-reset", "rapid-reset-end"):
            self.assertEqual((found[reset]["end"], found[reset]["code_name"]), ("goaway", "INTERNAL_ERROR"), found[reset])
        self.assertIn(found["empty-continuation"]["end"], ("closed", "aborted"))
        for endless in ("empty-data", "priority", "window-update"):
            self.assertEqual(found[endless]["verdict"], "served", found[endless])
            self.assertGreaterEqual(found[endless]["frames"], 20_000)
        self.assertGreater(found["crumbs"]["served"]["fields"], 1000)


if __name__ == "__main__":
    unittest.main()
