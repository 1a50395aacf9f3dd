#!/usr/bin/env python3
"""Whether every row of `uncork sockets` is right where there are many network namespaces, and what looking there costs.

  ./dev bench namespaces [--namespaces 100] [--sockets 100] [--looks 100] [--bpf yes|no] [--interval 10ms]
  ./dev bench namespaces --namespaces 1000 --sockets 2 --looks 10 --interval 1s      memory, threads and processor time

Each namespace has a pair of addresses of its own, one of each family, and as many sockets, of both families in turn. Every row of
every look is compared with what its socket says itself (SO_COOKIE, getsockname, getpeername) and with the name of the namespace;
each look must have exactly one row of each socket. Needs root. Exit status 1: a row was wrong, missing or there twice.
"""
import argparse
import ctypes
import fcntl
import json
import os
import resource
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MNT_DETACH = 2
SIOCSIFFLAGS = 0x8914
SIOCSIFADDR = 0x8916
SO_COOKIE = 57
COLUMNS = [
    "sequence", "netns", "netns_inode", "inet_diag_msg_socket_cookie", "inet_diag_msg_socket_source",
    "inet_diag_msg_socket_source_port", "inet_diag_msg_socket_destination", "inet_diag_msg_socket_destination_port",
]
LIBC = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    if getattr(LIBC, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def bind(listener, address):
    """The kernel takes a new IPv6 address into use a moment after it was given."""
    for _ in range(500):
        try:
            return listener.bind((address, 0))
        except OSError:
            time.sleep(0.002)
    raise SystemExit(f"bench namespaces: cannot use the address {address}")


class Spaces:
    """Namespaces mounted in a folder, their sockets, and what the row of each must say."""

    def __init__(self, namespaces, sockets):
        self.folder = tempfile.mkdtemp(prefix="uncork-bench-")
        self.sockets, self.wanted, self.inodes = [], {}, set()
        here = os.open("/proc/self/ns/net", os.O_RDONLY)
        for number in range(namespaces):
            self.make(number, sockets)
        call("setns", here, CLONE_NEWNET)
        os.close(here)

    def make(self, number, sockets):
        call("unshare", CLONE_NEWNET)
        ipv4, ipv6 = f"127.{1 + number // 250}.{1 + number % 250}.1", f"fd00::{number + 1:x}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            fcntl.ioctl(device, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", 1))
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as device:
            address = socket.inet_pton(socket.AF_INET6, ipv6)
            fcntl.ioctl(device, SIOCSIFADDR, address + struct.pack("Ii", 128, socket.if_nametoindex("lo")))
        path = f"{self.folder}/bench{os.getpid()}-{number}"
        open(path, "x").close()
        call("mount", b"/proc/self/ns/net", path.encode(), None, MS_BIND, None)
        inode = os.stat(path).st_ino
        self.inodes.add(inode)
        for i in range(sockets // 2):
            family, own = (socket.AF_INET, ipv4) if i % 2 == 0 else (socket.AF_INET6, ipv6)
            with socket.socket(family) as listener:
                bind(listener, own)
                listener.listen(1)
                client = socket.socket(family)
                bind(client, own)
                client.connect(listener.getsockname())
                server, _ = listener.accept()
            for end in client, server:
                self.sockets.append(end)
                cookie = struct.unpack("Q", end.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8))[0]
                (local, port), (peer, peer_port) = end.getsockname()[:2], end.getpeername()[:2]
                self.wanted[cookie] = [os.path.basename(path), str(inode), str(cookie), local, str(port), peer, str(peer_port)]

    def remove(self):
        for name in os.listdir(self.folder):
            LIBC.umount2(f"{self.folder}/{name}".encode(), MNT_DETACH)
        shutil.rmtree(self.folder, ignore_errors=True)


class Judge:
    """Counts what is wrong with the rows of one look after the other."""

    def __init__(self, spaces):
        self.spaces = spaces
        self.look, self.seen = None, set()
        self.looks = self.rows = self.wrong = self.missing = self.twice = 0

    def end_look(self):
        self.looks += self.look is not None
        self.missing += len(self.spaces.wanted) - len(self.seen) if self.look is not None else 0
        self.seen = set()

    def take(self, fields):
        if fields[0] != self.look:
            self.end_look()
            self.look = fields[0]
        if not fields[2] or int(fields[2]) not in self.spaces.inodes:
            return
        cookie = int(fields[3])
        self.rows += 1
        self.twice += cookie in self.seen
        self.wrong += self.spaces.wanted.get(cookie) != fields[1:]
        self.seen.add(cookie)


def status_of(pid):
    with open(f"/proc/{pid}/status") as status:
        values = dict(line.split(":", 1) for line in status)
    with open(f"/proc/{pid}/stat") as stat:
        ticks = sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))
    return {
        "rss_kib": int(values["VmRSS"].split()[0]), "anonymous_kib": int(values["RssAnon"].split()[0]),
        "threads": int(values["Threads"]), "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "cpu_ms": ticks * 1000 / os.sysconf("SC_CLK_TCK"),
    }


def run(options, spaces):
    command = [options.uncork, "sockets", "--netns", "all", "--follow", options.interval, "--bpf", options.bpf,
               "--format", "tsv", "--columns", ",".join(COLUMNS)]
    judge, first, worst_threads = Judge(spaces), None, 0
    with tempfile.TemporaryFile("w+") as said, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True) as follow:
        follow.stdout.readline()  # the titles, in the order asked for
        for line in follow.stdout:
            looks = judge.looks
            judge.take(line.rstrip("\n").split("\t"))
            if judge.looks == looks:
                continue
            last = status_of(follow.pid)
            worst_threads = max(worst_threads, last["threads"])
            first = first or last
            if judge.looks >= options.looks:
                break
        follow.kill()
    between = max(judge.looks - 1, 1)
    return {
        "sockets": len(spaces.wanted), "looks": judge.looks, "rows": judge.rows, "wrong": judge.wrong, "missing": judge.missing,
        "twice": judge.twice, "rss_kib": last["rss_kib"], "anonymous_kib": last["anonymous_kib"], "threads": worst_threads,
        "descriptors": last["descriptors"], "cpu_ms_a_look": round((last["cpu_ms"] - first["cpu_ms"]) / between, 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uncork", default="build/release/src/cli/uncork")
    parser.add_argument("--namespaces", type=int, default=100)
    parser.add_argument("--sockets", type=int, default=100, help="in each; an even number")
    parser.add_argument("--looks", type=int, default=100)
    parser.add_argument("--interval", default="10ms")
    parser.add_argument("--bpf", choices=["yes", "no"], default="yes")
    options = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("bench namespaces: needs root")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    spaces = Spaces(options.namespaces, options.sockets)
    try:
        result = run(options, spaces)
    finally:
        spaces.remove()
    for name, value in result.items():
        print(f"{name.replace('_', ' '):<16}{value:>12}")
    print(json.dumps({"bench": "namespaces", "namespaces": options.namespaces, "bpf": options.bpf, **result}))
    sys.exit(1 if result["wrong"] or result["missing"] or result["twice"] else 0)


if __name__ == "__main__":
    main()
