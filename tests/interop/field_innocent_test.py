"""Real programs that lose nothing, at full speed: whoever watches them is told of nobody but the one server that does stall."""

import os
import pathlib
import re
import unittest

from field_harness import PORT, FieldTest, comm
from harness import PATIENCE

EXCHANGES = 30_000
# UNCORK_LONG=1: so many of the slow ones too, which takes minutes.
SLOW_EXCHANGES = EXCHANGES if os.environ.get("UNCORK_LONG") else 2_000

NGINX = """daemon off;
pid {folder}/nginx.pid;
error_log stderr;
user root;
worker_processes 1;
events {{ }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""

HAPROXY = """defaults
  mode http
  timeout connect 10s
  timeout client 30s
  timeout server 30s
listen field
  bind 127.0.0.1:{port}
  server slow 127.0.0.1:{server}
"""

MOSQUITTO = """listener {port} 127.0.0.1
allow_anonymous true
user root
log_type subscribe
max_inflight_messages 1
max_queued_messages 0
"""


class InnocentTest(FieldTest):
    def wrk(self, *options, path="/"):
        """The number of answers."""
        said = self.load("wrk", "-t1", *options, f"http://127.0.0.1:{PORT}{path}")
        self.assertNotRegex(said, "Non-2xx|Socket errors")
        return int(re.search(r"(\d+) requests in", said)[1])

    def test_nginx_with_sendfile_and_tcp_nopush(self):
        """It corks on purpose, so that the headers and the file leave in one segment."""
        self.write("ten", "0123456789" * 1000)
        self.serve("nginx", "-c", self.write("nginx.conf", NGINX.format(folder=self.folder, port=PORT)))

        def load():
            answers = 0
            while answers < EXCHANGES:
                answers += self.wrk("-c10", "-d2s", path="/ten")

        self.judge(load, self.assert_nobody_accused)

    def haproxy(self):
        self.serve("haproxy", "-db", "-f", self.write("haproxy.cfg", HAPROXY.format(port=PORT, server=PORT + 1)))

    def test_haproxy_before_a_server_that_stalls(self):
        """It corks until its server's answer is complete. What it waits for meanwhile is the server's fault."""
        server = self.python_server(port=PORT + 1)
        self.haproxy()

        def only_the_server(seen):
            self.assertEqual({(one["pid"], one["comm"], one["cause"]) for one in seen.verdicts},
                             {(server.pid, comm(server.pid), "nagle_delayed_ack")}, seen.accused())
            self.assertGreaterEqual(min(one["lost_share"] for one in seen.verdicts), 0.9, seen.accused())

        self.judge(lambda: self.wrk("-c4", "-d4s"), only_the_server)  # 44 ms an answer: some 350

    def test_haproxy_before_a_server_that_takes_its_time(self):
        """The server works 2 ms at each of four pieces, and nothing holds them."""
        self.python_server("--nodelay", "--pieces", 4, "--pause-ms", 2, port=PORT + 1)
        self.haproxy()

        def load():
            answers = 0
            while answers < SLOW_EXCHANGES:
                answers += self.wrk("-c8", "-d4s")  # 7 ms an answer

        self.judge(load, self.assert_nobody_accused)

    def postgres(self):
        """With a table to select from."""
        programs = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.folder.chmod(0o711)
        data = self.folder / "postgres"
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "env", "LC_ALL=C", f"HOME={self.folder}"]
        data.mkdir()
        self.load("chown", "postgres:", data)
        self.load(*as_postgres, programs / "initdb", "--no-sync", "--auth=trust", data, cwd=self.folder)
        self.serve(*as_postgres, programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", PORT, "-k", "", "-c", "fsync=off")
        self.pgbench("--initialize", "--quiet")

    def pgbench(self, *options):
        return self.load("pgbench", "-h", "127.0.0.1", "-p", PORT, "-U", "postgres", *options, "postgres")

    def test_pgbench(self):
        self.postgres()
        for way, transactions, options in ("one connection a client", EXCHANGES, []), ("one a transaction", SLOW_EXCHANGES, ["-C"]):
            def load():
                said = self.pgbench("-n", "-S", "-c", 4, "-t", transactions // 4, *options)
                self.assertRegex(said, rf"actually processed: {transactions}/")

            with self.subTest(way):
                self.judge(load, self.assert_nobody_accused)

    def test_redis_benchmark(self):
        self.serve("redis-server", "--bind", "127.0.0.1", "--port", PORT, "--save", "", "--dir", self.folder)

        def load():
            said = self.load("redis-benchmark", "-p", PORT, "-t", "set,get", "-n", EXCHANGES, "--csv")
            self.assertRegex(said, '(?s)"SET".*"GET"')

        self.judge(load, self.assert_nobody_accused)

    def mosquitto(self, sentence, *subscriber_options):
        """One publishes messages and waits for the acknowledgement of each; the broker sends them on to a subscriber, who acknowledges too."""
        broker = self.serve("mosquitto", "-c", self.write("mosquitto.conf", MOSQUITTO.format(port=PORT)))
        topics = iter(["first", "second"])

        def load():
            topic = next(topics)
            client = ["-p", PORT, "-q", 1, "-V", "mqttv5", "-t", topic]
            subscriber = self.start(self.inside("mosquitto_sub", *client, *subscriber_options, "-C", EXCHANGES), {0})
            broker.wait_for(rf"\b1 {topic}\b")  # else Nagle holds the first message behind the reply to the subscription, and rightly is accused
            self.load("mosquitto_pub", *client, "-l", input="a message\n" * EXCHANGES)
            subscriber.process.wait(PATIENCE)
            self.assertEqual(len(subscriber.out), EXCHANGES)

        self.judge(load, sentence)

    def test_mosquitto_one_message_at_a_time(self):
        """Nagle is on everywhere and finds nothing to hold."""
        self.mosquitto(self.assert_nobody_accused, "-D", "CONNECT", "receive-maximum", 1)

    def test_mosquitto_twenty_messages_under_way(self):
        """Nagle keeps the subscriber's acknowledgements together while it still reads; the broker does not wait for them.
        TCP_NODELAY at either end, and at both, gave back nothing that could be measured (five runs each, in turn)."""
        def next_to_nothing(seen):
            # Nor is it quite innocent: in some runs both ends hold at once, and a message or two wait 40 ms for a delayed ACK.
            self.assertLess(max([one["lost_share"] for one in seen.verdicts], default=0), 0.5, seen.accused())

        self.mosquitto(next_to_nothing)


if __name__ == "__main__":
    unittest.main()
