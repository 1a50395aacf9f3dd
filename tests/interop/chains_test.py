"""Chains of real relays: the way through them is told, and which of its hops holds."""

import json
import signal
import statistics
import subprocess
import unittest

from field_harness import PORT, FieldTest, comm
from harness import PATIENCE, PROGRAM, Process

EXCHANGES = 60
REQUEST = "GET / HTTP/1.1\r\nHost: field\r\n\r\n"
HAPROXY = """
defaults
  mode tcp
  timeout client 60s
  timeout server 60s
  timeout connect 5s
listen relay
  bind 127.0.0.1:{port}
  server behind 127.0.0.1:{behind}
"""
STUNNEL = """
foreground = yes
pid =
debug = err
[relay]
accept = 127.0.0.1:{port}
connect = 127.0.0.1:{behind}
"""


class ChainsTest(FieldTest):
    def certificate(self):
        """A key and its certificate in one file, as stunnel takes them."""
        path = self.folder / "both.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=relay", "-days", "2", "-keyout",
                        self.folder / "key.pem", "-out", self.folder / "certificate.pem"], check=True, capture_output=True, timeout=PATIENCE)
        path.write_text((self.folder / "key.pem").read_text() + (self.folder / "certificate.pem").read_text())
        path.chmod(0o600)
        return path

    def relay(self, kind, port):
        """From `port` to the one behind it."""
        if kind == "socat":
            return self.serve("socat", f"TCP-LISTEN:{port},bind=127.0.0.1", f"TCP:127.0.0.1:{port + 1}", port=port)
        if kind == "haproxy":
            return self.serve("haproxy", "-db", "-f", self.write(f"haproxy{port}", HAPROXY.format(port=port, behind=port + 1)), port=port)
        side = "client = yes\n" if kind == "stunnel to TLS" else f"cert = {self.certificate()}\n"
        configuration = self.write(f"stunnel{port}", STUNNEL.format(port=port, behind=port + 1) + side)
        return self.serve("stunnel", configuration, port=port)

    def way(self, kinds, *server_options):
        """What watch tells of sixty exchanges through these relays: the pids of the hops, their ways, and the summary's exit code."""
        last = PORT + len(kinds)
        server = self.python_server(*server_options, port=last)
        relays = [self.relay(kind, PORT + number) for number, kind in reversed(list(enumerate(kinds)))][::-1]
        watch = Process([PROGRAM, "watch", "--json", "--all", "--netns", self.namespace])
        watch.wait_for('"type":"start"')
        asker = self.asker(REQUEST)
        times = asker.ask(EXCHANGES)
        self.assertEqual(watch.stop(signal.SIGINT), 1, "".join(watch.err))
        self.assertGreater(statistics.median(times), 20, "it does not stall here: this test shows nothing")
        verdicts = [one for one in map(json.loads, watch.out) if one["type"] == "verdict"]
        pids = [asker.process.pid, *(process.pid for process in [*relays, server])]
        return pids, verdicts

    def assert_way(self, kinds, holder, *server_options):
        """Every service on the way tells it whole, and that the program at place `holder` holds; those before it wait for that."""
        pids, verdicts = self.way(kinds, *server_options)
        said = "\n".join(f"{one['comm']} {one['role']} :{one['port']} {one['cause']} {one['lost_ms']:.0f} ms, waits for "
                         f"{one['waits_for']!r}, way {one['way']}" for one in verdicts)
        self.assertEqual(len(verdicts), 2 * len(kinds) + 2, said)  # each program but the first serves, each but the last asks
        guilty = [one for one in verdicts if one["matters"]]
        self.assertEqual([(one["pid"], one["cause"]) for one in guilty], [(pids[holder], "nagle_delayed_ack")], said)
        for verdict in verdicts:
            self.assertEqual([hop["pid"] for hop in verdict["way"]], pids, said)
            self.assertEqual([hop["comm"] for hop in verdict["way"]], [comm(pid) for pid in pids], said)
            self.assertEqual([hop["holds"] for hop in verdict["way"]], [number == holder for number in range(len(pids))], said)
        # What is asked of the program at place n, by the one before it, is on port PORT + n - 1.
        for verdict in verdicts:
            place = verdict["port"] - PORT + 1
            before = place <= holder if verdict["role"] == "client" else place < holder
            self.assertEqual(verdict["waits_for"], comm(pids[holder]) if before else "", said)

    def test_one_relay_that_holds(self):
        self.assert_way(["socat"], 1, "--nodelay", "--pause-after-headers", "--pause-ms", 1)

    def test_one_relay_before_a_server_that_holds(self):
        self.assert_way(["haproxy"], 2)

    def test_two_relays(self):
        self.assert_way(["stunnel to TLS", "stunnel"], 3)

    def test_three_relays(self):
        self.assert_way(["haproxy", "stunnel to TLS", "stunnel"], 4)

    def test_three_relays_of_which_the_middle_one_holds(self):
        self.assert_way(["haproxy", "socat", "haproxy"], 2, "--nodelay", "--pause-after-headers", "--pause-ms", 1)


if __name__ == "__main__":
    unittest.main()
