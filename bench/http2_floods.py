#!/usr/bin/env python3
"""What a hostile connection costs the others: a probe of `uncork h2 audit` again and again, while a healthy client keeps asking.

  ./dev bench http2_floods [--server uncork] [--rounds 3] [--seconds 2] [--rate 2000] [--probes ping,fields,…] [--json FILE]

The server has one processor, everybody else the other. In each round the healthy client (`uncork h2 load --rate`, ten connections,
each request timed from when it was due) runs once alone, then once beside each probe, which one attacker repeats without a pause. The
attacker runs under SCHED_IDLE: it takes from the healthy client what it takes from the server, not the processor that both have (with
nice 19 each of its slices, 4 ms, showed in the healthy client's p99). Columns: p99 of the healthy client alone and beside the probe,
their ratio, its requests that failed, and by how many KiB the server's memory has grown since its begin. `cancels` is no attack: an
honest client that resets 1,000 requests a second, and must be kept. At the end: KiB held for each of 10,000 connections that rest after
one request. Figures are medians of the rounds, with the least and the most.
"""
import argparse
import contextlib
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from http2 import PROGRAM, SERVERS, World, frame, held_kib, on_processor, serving, shown  # noqa: E402

PROBES = ("rapid-reset rapid-reset-end settings ping empty-continuation long-continuation huffman-continuation empty-data priority "
          "window-update made-reset-increment made-reset-window made-reset-priority made-reset-itself made-reset-headers made-reset-data "
          "fields references crumbs long-crumbs amplified").split()
CANCELS = "cancels"


def private_kib(pid):
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty"))


def healthy(port, rate, seconds):
    done = subprocess.run(on_processor(1, [PROGRAM, "h2", "load", "--json", "-c", "10", "-m", "10", "--rate", rate, "--for",
                                           f"{seconds}s", "--timeout", "10s", f"http://127.0.0.1:{port}/"]),
                          capture_output=True, text=True, check=False)
    if not done.stdout:
        sys.exit(f"bench http2_floods: the healthy client: {done.stderr}")
    return json.loads(done.stdout)


@contextlib.contextmanager
def probing(port, probe):
    """One probe behind the other until the end."""
    script = 'while :; do "$0" h2 audit "$1" --probe "$2" --json > /dev/null 2>&1; done'
    attacker = subprocess.Popen(on_processor(1, ["chrt", "--idle", "0", "bash", "-c", script, PROGRAM, str(port), probe]), process_group=0)
    try:
        yield
    finally:
        os.killpg(attacker.pid, signal.SIGKILL)
        attacker.wait()


class Canceller(threading.Thread):
    """A thousand requests a second, each reset at once, as an honest client does whose user types on."""

    def __init__(self, port):
        super().__init__()
        self.wire = socket.create_connection(("127.0.0.1", port))
        self.goes_on, self.was_kept, self.sent = True, True, 0

    def run(self):
        block = b"\x82\x86\x84\x41\x09127.0.0.1"
        self.wire.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(4, 1, 0, b""))
        begun, stream = time.monotonic(), 1
        self.wire.setblocking(False)
        while self.goes_on and self.was_kept:
            due = int((time.monotonic() - begun) * 1000)
            some = b""
            while self.sent < due:
                some += frame(1, 5, stream, block) + frame(3, 0, stream, (8).to_bytes(4, "big"))
                stream += 2
                self.sent += 1
            try:
                if some:
                    self.wire.sendall(some)
                self.was_kept = self.wire.recv(1 << 20) != b""
            except BlockingIOError:
                pass
            except OSError:
                self.was_kept = False
            time.sleep(0.005)


@contextlib.contextmanager
def cancelling(port):
    canceller = Canceller(port)
    canceller.start()
    try:
        yield
    finally:
        canceller.goes_on = False
        canceller.join()
        canceller.wire.close()
    if not canceller.was_kept:
        print(f"bench http2_floods: the honest canceller was cut off after {canceller.sent} requests", file=sys.stderr)


def one_round(server, world, probes, rate, seconds, results):
    for probe in probes:
        with serving(server, world) as (pid, port):
            before = private_kib(pid)
            alone = healthy(port, rate, seconds)
            with cancelling(port) if probe == CANCELS else probing(port, probe):
                time.sleep(0.2)
                beside = healthy(port, rate, seconds)
                grown = private_kib(pid) - before
            results.setdefault(probe, []).append({
                "alone_p99_ms": alone["latency_ms"]["p99"], "p99_ms": beside["latency_ms"]["p99"],
                "ratio": beside["latency_ms"]["p99"] / alone["latency_ms"]["p99"],
                "failed": beside["failed"] + beside["never_sent"], "grown_kib": grown})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="uncork", choices=sorted(SERVERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--probes", default=",".join([CANCELS, *PROBES]))
    parser.add_argument("--json", type=pathlib.Path)
    wanted = parser.parse_args()
    probes = wanted.probes.split(",")
    for probe in probes:
        if probe not in (CANCELS, *PROBES):
            sys.exit(f"bench http2_floods: no probe '{probe}'; there are: {CANCELS}, {', '.join(PROBES)}")
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, tls=False)
        for number in range(wanted.rounds):
            print(f"round {number + 1} of {wanted.rounds}", file=sys.stderr)
            one_round(wanted.server, world, probes if number % 2 == 0 else probes[::-1], wanted.rate, wanted.seconds, results)
        held = held_kib(wanted.server, world, 10_000)
    print(f"{'probe':<21} {'p99 alone, ms':>22} {'p99 beside it, ms':>22} {'ratio':>18} {'failed':>6} {'grown KiB':>22}")
    for probe, rows in results.items():
        column = {name: [row[name] for row in rows] for name in rows[0]}
        print(f"{probe:<21} {shown(column['alone_p99_ms'], 2):>22} {shown(column['p99_ms'], 2):>22} {shown(column['ratio'], 2):>18} "
              f"{sum(column['failed']):>6} {shown(column['grown_kib']):>22}")
    worst = max(statistics.median(row["ratio"] for row in rows) for rows in results.values())
    print(f"\nthe worst ratio {worst:.2f}; {held:.1f} KiB for each of 10,000 connections that rest")
    if wanted.json:
        wanted.json.write_text(json.dumps({"server": wanted.server, "probes": results, "resting_kib": held}, indent=1) + "\n")


if __name__ == "__main__":
    main()
