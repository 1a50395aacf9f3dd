#!/usr/bin/env python3
"""What `uncork collect` costs: processor time of all its threads in the kernel and outside, memory, threads; with the store on.

  ./dev bench collect [--polls 6] [--interval 10s] [--sockets 2000] [--quiet-namespaces 200] [--namespaces 1000] [--only NAME]

One collector after the other: with many sockets, of which every tenth carries an exchange between two polls; with many namespaces
that have none; and with very many namespaces that have two each. The first poll (which loads
programs and opens the store) does not count. Needs root.
"""
import argparse
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from namespaces import Spaces, status_of


def cpu_ns(pid):
    """Of every thread, to the nanosecond (schedstat); those that have ended are not in it, and a collector ends none."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as file:
            total += int(file.read().split()[0])
    return total


def exchange(spaces):
    """A small request and its answer on every tenth connection."""
    pairs = list(zip(spaces.sockets[::2], spaces.sockets[1::2]))[::10]
    for client, server in pairs:
        client.send(b"x")
        server.recv(1)
        server.send(b"y")
        client.recv(1)


class Collecting:
    """A collector, poll by poll."""

    def __init__(self, options):
        self.folder = tempfile.mkdtemp(prefix="uncork-bench-store-")
        self.process = subprocess.Popen(
            [options.uncork, "collect", "--interval", options.interval, "--jitter", "0", "--store", f"{self.folder}/store.db",
             "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def poll(self):
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)


def measure(options, namespaces, sockets):
    spaces = Spaces(namespaces, sockets)
    try:
        collecting = Collecting(options)
        try:
            collecting.poll()
            exchange(spaces)
            pid = collecting.process.pid
            collecting.poll()  # the second one makes what the first had no need of
            begun, before = time.monotonic(), cpu_ns(pid)
            shares, rows = [], []
            for _ in range(options.polls):
                exchange(spaces)
                rows.append(collecting.poll()["rows"])
                now, after = time.monotonic(), cpu_ns(pid)
                shares.append((after - before) / (now - begun) / 1e9)
                begun, before = now, after
            return {"namespaces": namespaces, "sockets": namespaces * sockets, "rows": statistics.median(rows),
                    "cpu_ms_a_second": {"low": 1000 * min(shares), "median": 1000 * statistics.median(shares), "high": 1000 * max(shares)},
                    **status_of(pid)}
        finally:
            collecting.stop()
    finally:
        for end in spaces.sockets:
            end.close()
        spaces.remove()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--polls", type=int, default=6)
    parser.add_argument("--interval", default="10s")
    parser.add_argument("--sockets", type=int, default=2000)
    parser.add_argument("--quiet-namespaces", type=int, default=200)
    parser.add_argument("--namespaces", type=int, default=1000)
    parser.add_argument("--only", choices=["sockets", "quiet", "many"])
    parser.add_argument("--uncork", default=os.path.join(os.path.dirname(__file__), "../build/release/src/cli/uncork"))
    options = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("bench collect: needs root")
    cases = {"sockets": (1, options.sockets), "quiet": (options.quiet_namespaces, 0), "many": (options.namespaces, 2)}
    found = {}
    print(f"bench collect: {options.polls} polls, {options.interval} apart\n")
    print(f"{'':10}{'namespaces':>11}{'sockets':>9}{'rows':>7}   CPU ms a second (spread)   RSS MiB  threads")
    for name, (namespaces, sockets) in cases.items():
        if options.only not in (None, name):
            continue
        one = found[name] = measure(options, namespaces, sockets)
        cpu = one["cpu_ms_a_second"]
        print(f"{name:10}{one['namespaces']:>11}{one['sockets']:>9}{one['rows']:>7.0f}   {cpu['median']:>8.3f} ({cpu['low']:.3f} to"
              f" {cpu['high']:.3f}){'':6}{one['rss_kib'] / 1024:>7.1f}{one['threads']:>9}", flush=True)
    print("\n" + json.dumps({"bench": "collect", "kernel": os.uname().release, **found}))


if __name__ == "__main__":
    main()
