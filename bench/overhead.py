#!/usr/bin/env python3
"""What `uncork watch` costs servers at full speed on loopback: their rate and their 99th percentile with light accounts (what it
keeps with --by connection) and with whole ones (its default), as ratios to the same load without it.

  ./dev bench overhead [--rounds 11] [--seconds 1.5] [--server redis|nginx] [--bytes 64,16384] [--connections 1,16,128]

Each round runs the three in turn, in another order, and is compared with itself only. Printed: the median of the rounds' ratios,
and the interval that holds the true median with about 94 % (order statistics; the machine's noise is in it). The server has one
processor, the load another. Needs root, redis-server, redis-benchmark, nginx and wrk.
"""
import argparse
import csv
import itertools
import json
import math
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

WITNESSES = {"none": None, "light": ["--by", "connection"], "whole": []}
ORDERS = list(itertools.permutations(WITNESSES))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def on_processor(number, command):
    return ["taskset", "-c", str(number % os.cpu_count()), *map(str, command)]


@contextmanager
def running(command, **how):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **how)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def wait_for(port):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit(f"bench overhead: nothing listens on port {port} after 10 s")


class Redis:
    @staticmethod
    @contextmanager
    def serving(folder, size):
        port = free_port()
        command = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with running(on_processor(0, command)):
            wait_for(port)
            subprocess.run(["redis-cli", "-p", str(port), "set", "key", "x" * size], check=True, stdout=subprocess.DEVNULL)
            yield port

    @staticmethod
    def load(port, connections, seconds, rate):
        count = max(1000, int(rate * seconds))
        command = ["redis-benchmark", "-p", port, "-c", connections, "-n", count, "--csv", "get", "key"]
        out = subprocess.run(on_processor(1, command), check=True, capture_output=True, text=True).stdout
        row = list(csv.DictReader(out.splitlines()))[-1]
        return float(row["rps"]), float(row["p99_latency_ms"])


class Nginx:
    @staticmethod
    @contextmanager
    def serving(folder, size):
        port = free_port()
        with open(f"{folder}/file", "wb") as file:
            file.write(b"x" * size)
        with open(f"{folder}/nginx.conf", "w") as conf:
            conf.write(f"""daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/log; user root;
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
""")
        with running(on_processor(0, ["nginx", "-c", f"{folder}/nginx.conf"])):
            wait_for(port)
            yield port

    @staticmethod
    def load(port, connections, seconds, rate):
        command = ["wrk", "-t", 1, "-c", connections, "-d", f"{max(1, round(seconds))}s", "--latency", f"http://127.0.0.1:{port}/file"]
        out = subprocess.run(on_processor(1, command), check=True, capture_output=True, text=True).stdout
        p99, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
        return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), float(p99) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


SERVERS = {"redis": Redis, "nginx": Nginx}


@contextmanager
def watched(uncork, options):
    if options is None:
        yield
        return
    with running([uncork, "watch", "--json", "--for", "1h", *options], stderr=subprocess.DEVNULL) as watch:
        time.sleep(1)  # to verify and attach the programs takes less than half of that
        if watch.poll() is not None:
            sys.exit(f"bench overhead: uncork watch ended by itself ({watch.returncode}); it needs root")
        yield


def interval(values):
    """Of the median, about 94 %: the ranks n/2 -+ 0.95 * sqrt(n)."""
    ordered = sorted(values)
    away = 0.95 * math.sqrt(len(ordered))
    low = max(0, math.floor(len(ordered) / 2 - away))
    return ordered[low], ordered[len(ordered) - 1 - low]


def summary(values):
    low, high = interval(values)
    return {"median": statistics.median(values), "low": low, "high": high}


def measure(uncork, server, port, connections, rounds, seconds):
    rate, _ = server.load(port, connections, 0.3, 20_000)
    measured = {name: [] for name in WITNESSES}
    for order in itertools.islice(itertools.cycle(ORDERS), rounds):
        for name in order:
            with watched(uncork, WITNESSES[name]):
                measured[name].append(server.load(port, connections, seconds, rate))
    cell = {"rate": statistics.median(rate for rate, _ in measured["none"]),
            "p99_ms": statistics.median(p99 for _, p99 in measured["none"])}
    for name in ("light", "whole"):
        pairs = list(zip(measured[name], measured["none"]))
        cell[name] = {"rate": summary([one[0] / none[0] for one, none in pairs]),
                      "p99": summary([one[1] / max(none[1], 0.001) for one, none in pairs])}
    return cell


def cell_text(ratio):
    return f"{ratio['median']:.3f} ({ratio['low']:.3f}-{ratio['high']:.3f})"


def numbers(text):
    return [int(word) for word in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uncork", default=os.path.join(os.path.dirname(__file__), "../build/release/src/cli/uncork"))
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each load")
    parser.add_argument("--server", choices=SERVERS, action="append")
    parser.add_argument("--bytes", type=numbers, default=[64, 16384])
    parser.add_argument("--connections", type=numbers, default=[1, 16, 128])
    options = parser.parse_args()
    missing = [name for name in ("redis-server", "redis-benchmark", "nginx", "wrk", "taskset") if not shutil.which(name)]
    if missing:
        sys.exit(f"bench overhead: not installed: {', '.join(missing)}; ./dev deps --interop installs them")

    print(f"bench overhead: {options.rounds} rounds of {options.seconds} s; Linux {platform.release()} {platform.machine()}, "
          f"{os.cpu_count()} processors\n")
    print(f"{'':26}{'without':>18}  {'rate with / without':^43}  {'p99 with / without':^43}")
    print(f"{'server':6}{'bytes':>8}{'connections':>12}{'rate/s':>10}{'p99 ms':>8}  {'light':21} {'whole':21}  {'light':21} {'whole':21}")
    cells = []
    for name in options.server or SERVERS:
        for size in options.bytes:
            with tempfile.TemporaryDirectory() as folder, SERVERS[name].serving(folder, size) as port:
                for connections in options.connections:
                    cell = measure(options.uncork, SERVERS[name], port, connections, options.rounds, options.seconds)
                    cells.append({"server": name, "bytes": size, "connections": connections, **cell})
                    print(f"{name:6}{size:8}{connections:12}{cell['rate']:10.0f}{cell['p99_ms']:8.3f}  "
                          f"{cell_text(cell['light']['rate']):21} {cell_text(cell['whole']['rate']):21}  "
                          f"{cell_text(cell['light']['p99']):21} {cell_text(cell['whole']['p99']):21}", flush=True)
    print("\n" + json.dumps({"bench": "overhead", "kernel": platform.release(), "rounds": options.rounds, "cells": cells}))


if __name__ == "__main__":
    main()
