"""Metrics of `uncork collect`, read by OpenTelemetry's own messages (opentelemetry-proto) and by Prometheus's parser."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest
import urllib.request

from harness import HERE, PATIENCE, PROGRAM, InteropTest, binary


class SickService:
    """Answers a request of one byte in two small writes, through Nagle's algorithm: each answer waits for a delayed acknowledgement."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asks = True
        self.threads = [threading.Thread(target=self.serve), threading.Thread(target=self.ask)]
        for thread in self.threads:
            thread.start()

    def serve(self):
        connection, _ = self.listener.accept()
        with connection:
            while connection.recv(1):
                connection.send(b"a")
                connection.send(b"b")

    def ask(self):
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self.asks:
                connection.send(b"?")
                answer = b""
                while len(answer) < 2:
                    answer += connection.recv(2)

    def stop(self):
        self.asks = False
        for thread in self.threads:
            thread.join()
        self.listener.close()


def metrics_of(request):
    scopes = request["resourceMetrics"][0]["scopeMetrics"]
    return {metric["name"]: metric for scope in scopes for metric in scope["metrics"]}


def attributes(point):
    return {one["key"]: one["value"]["stringValue"] for one in point.get("attributes", [])}


class OtlpTest(InteropTest):
    def setUp(self):
        super().setUp()
        self.require_root()
        self.receiver = self.start([binary("metrics", "python"), "-B", str(HERE / "peers/otlp_receiver.py"), "0"], {-signal.SIGTERM})
        self.port = self.receiver.wait_for(r"listening on (\d+)")[1]
        service = SickService()
        self.addCleanup(service.stop)
        self.service = service

    def test_what_a_service_loses_arrives_by_its_name(self):
        collector = self.start([PROGRAM, "collect", "--interval", "300ms", "--store", "none", "--otlp",
                                f"http://127.0.0.1:{self.port}/v1/metrics"], {0})
        self.receiver.wait_for(rf'"port".{{1,40}}"{self.service.port}"')
        # Two more, so that a sum is seen to grow.
        before = len(self.receiver.out)
        with self.receiver.more:
            self.receiver.more.wait_for(lambda: len(self.receiver.out) >= before + 3, PATIENCE)
        requests = [json.loads(line) for line in self.receiver.out[1:]]
        for request in requests:
            self.assertEqual((request["path"], request["type"], request["unknown"]), ("/v1/metrics", "application/x-protobuf", 0))
        resource = {one["key"]: one["value"]["stringValue"] for one in requests[-1]["resourceMetrics"][0]["resource"]["attributes"]}
        self.assertEqual((resource["service.name"], resource["host.name"]), ("uncork", socket.gethostname()))

        lost = []
        for request in requests:
            for point in metrics_of(request).get("uncork.lost", {"sum": {"dataPoints": []}})["sum"]["dataPoints"]:
                who = attributes(point)
                if who["port"] == str(self.service.port) and who["cause"] == "nagle_delayed_ack" and who["role"] == "server":
                    lost.append(point["asDouble"])
        self.assertGreaterEqual(len(lost), 2)
        self.assertGreater(lost[-1], lost[0])
        self.assertEqual(lost, sorted(lost))

        last = metrics_of(requests[-1])
        self.assertTrue(last["uncork.lost"]["sum"]["isMonotonic"])
        self.assertEqual(last["uncork.lost"]["sum"]["aggregationTemporality"], "AGGREGATION_TEMPORALITY_CUMULATIVE")
        self.assertGreaterEqual(last["grpc.tcp.connection_count"]["gauge"]["dataPoints"][0]["asDouble"], 2)
        round_trips = last["grpc.tcp.min_rtt"]["histogram"]["dataPoints"][0]
        self.assertEqual(len(round_trips["bucketCounts"]), len(round_trips["explicitBounds"]) + 1)
        self.assertEqual(sum(map(int, round_trips["bucketCounts"])), int(round_trips["count"]))
        self.assertGreater(int(round_trips["count"]), 0)
        self.assertEqual(last["grpc.tcp.packets_sent"]["unit"], "{packet}")
        collector.stop()
        self.assertFalse(re.search("otlp", "".join(collector.err)))

    def test_a_receiver_that_is_down_is_told_and_does_not_hold_up_polls(self):
        self.receiver.stop()
        collector = self.start([PROGRAM, "collect", "--interval", "200ms", "--store", "none", "--json", "--otlp",
                                f"http://127.0.0.1:{self.port}/v1/metrics"], {0, 3})
        collector.wait_for(r'"sequence":5,')
        collector.wait_for("otlp http://127.0.0.1:.*: connect .*refused")


class CollectTest(InteropTest):
    """What a collector serves while a service is sick."""

    def setUp(self):
        super().setUp()
        self.require_root()
        self.service = SickService()
        self.addCleanup(self.service.stop)

    def collect(self, *arguments):
        collector = self.start([PROGRAM, "collect", "--store", f"{self.folder}/store.db", "--page", "127.0.0.1:0", "--json", *arguments], {0})
        self.page = collector.wait_for(r"the page is at (http://\S+/)")[1]
        return collector

    def ask(self, path):
        with urllib.request.urlopen(self.page + path, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def test_prometheus_reads_what_the_page_serves(self):
        collector = self.collect("--interval", "300ms")
        collector.wait_for(r'"sequence":4,')
        read = subprocess.run([binary("metrics", "python"), "-B", str(HERE / "peers/prometheus_reader.py")], input=self.ask("metrics"),
                              capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(read.returncode, 0, read.stderr)
        samples = json.loads(read.stdout)
        lost = [value for name, labels, value in samples if name == "uncork_lost_seconds_total"
                and labels["port"] == str(self.service.port) and labels["role"] == "server" and labels["cause"] == "nagle_delayed_ack"]
        self.assertEqual(len(lost), 1)
        self.assertGreater(lost[0], 0)
        self.assertLessEqual(len(samples), 200)
        self.assertFalse([one for one in samples if "127.0.0.1" in str(one)])

    def test_a_program_asks_for_its_own_connection_open_and_ended(self):
        collector = self.collect("--interval", "300ms")
        with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as mine:
            listener.accept()[0].close()
            end = "%s:%d" % mine.getsockname()
            sequence = int(collector.wait_for(r'"sequence":(\d+),')[1])
            collector.wait_for(rf'"sequence":{sequence + 2},')
            rows = [one["row"] for one in json.loads(self.ask(f"api/connection?end={end}"))["sockets"]]
            self.assertTrue([row for row in rows if not row.get("lastRow") and row.get("pid") == os.getpid()], rows)
        deadline = time.monotonic() + PATIENCE
        while not [row for row in rows if row.get("lastRow")]:
            self.assertLess(time.monotonic(), deadline, rows)
            time.sleep(0.1)
            rows = [one["row"] for one in json.loads(self.ask(f"api/connection?end={end}"))["sockets"]]

    def test_what_is_in_trouble_is_looked_at_between_polls(self):
        collector = self.collect("--interval", "1s", "--close-ups", "50ms")
        collector.wait_for(r'"close_ups":([1-9]\d*)')


if __name__ == "__main__":
    unittest.main()
