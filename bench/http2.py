#!/usr/bin/env python3
"""What a request over HTTP/2 costs this server and its peers, all in one run: nghttpd, h2o, libh2o, nginx, node, caddy.

  ./dev bench http2 [--rounds 5] [--seconds 1.5] [--servers uncork,nghttpd,…] [--shapes c1m1,c10m100] [--tls] [--json FILE]
                    [--client h2load] [--instructions]

Each round runs every server in turn, and every other round in reverse order; figures are medians, with the least and the most. The
server has one processor, the client the other. A shape c10m100 is 10 connections with 100 requests under way on each. Columns: requests a
second; nanoseconds of the server's processors a request, by the kernel's account (/proc/PID/task/*/schedstat), and ours as a part of the
peer's; p50 and p99; sends and all system calls a request, counted by strace in a run of its own; KiB held for each of 1,000 connections
that rest after one request; with --instructions user instructions a request (callgrind, two runs of different lengths; not for node and
caddy, which compile as they run).

The client is `uncork h2 load`, or with --client h2load nghttp2's, which needs more processor than the fast servers do: where the processor
column says less than the time a request took, it was the client that was measured. libh2o is h2o's library under a handler that serves no
file (libh2o_server.c, compiled here). Needs nghttp2's programs, h2o, libh2o-evloop-dev, nginx, node, caddy, strace and openssl, and
valgrind for --instructions; a server that is not there is named and left out.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

BODY = "Hello world!"
PROGRAM = pathlib.Path(__file__).resolve().parent.parent / "build/release/src/cli/uncork"
SENDS = ("sendto", "sendmsg", "write", "writev", "send")
NODE = """
const http2 = require('http2'), fs = require('fs');
const [port, cert, key] = process.argv.slice(1);
const server = cert ? http2.createSecureServer({cert: fs.readFileSync(cert), key: fs.readFileSync(key)}) : http2.createServer();
server.on('stream', stream => { stream.respond({':status': 200, 'content-type': 'text/plain'}); stream.end('Hello world!'); });
server.listen(Number(port), '127.0.0.1');
"""


class World:
    """A folder for configurations, the page and the certificate."""

    def __init__(self, folder, tls, client="uncork"):
        self.folder, self.tls, self.client = pathlib.Path(folder), tls, client
        self.folder.chmod(0o755)  # h2o serves as nobody
        (self.folder / "www").mkdir()
        (self.folder / "www" / "index.html").write_text(BODY)
        self.certificate, self.key = self.folder / "certificate.pem", self.folder / "key.pem"
        if tls:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                            "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", self.certificate, "-keyout", self.key],
                           check=True, capture_output=True)
        self.scheme = "https" if tls else "http"

    def config(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path


def uncork(world, port):
    tls = ["--tls", world.certificate, world.key] if world.tls else []
    return [PROGRAM, "h2", "serve", "--listen", f"127.0.0.1:{port}", "--body", BODY, *tls]


def nghttpd(world, port):
    tls = [port, world.key, world.certificate] if world.tls else ["--no-tls", port]
    return ["nghttpd", "-a", "127.0.0.1", "-n1", "-m100", "-d", world.folder / "www", *tls]


def h2o(world, port):
    tls = f"\n  ssl:\n    certificate-file: {world.certificate}\n    key-file: {world.key}" if world.tls else ""
    return ["h2o", "-c", world.config("h2o.conf", f"""
num-threads: 1
listen:
  host: 127.0.0.1
  port: {port}{tls}
hosts:
  default:
    paths:
      /:
        file.dir: {world.folder}/www
""")]


def nginx(world, port):
    tls = f"ssl_certificate {world.certificate}; ssl_certificate_key {world.key};" if world.tls else ""
    return ["nginx", "-p", world.folder, "-e", world.folder / "error.log", "-c", world.config("nginx.conf", f"""
daemon off; master_process off; pid {world.folder}/nginx.pid; error_log {world.folder}/error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; http2_max_concurrent_streams 128;
  server {{ listen 127.0.0.1:{port} http2{" ssl" if world.tls else ""}; {tls}
    location / {{ default_type text/plain; return 200 "{BODY}"; }} }} }}
""")]


def node(world, port):
    return ["node", "-e", NODE, port, *([world.certificate, world.key] if world.tls else [])]


def caddy(world, port):
    tls = f"tls {world.certificate} {world.key}" if world.tls else ""
    return ["caddy", "run", "--adapter", "caddyfile", "--config", world.config("Caddyfile", f"""
{{
  admin off
  auto_https off
  servers {{
    protocols h1 h2 h2c
  }}
}}
{world.scheme}://127.0.0.1:{port} {{
  {tls}
  respond "{BODY}"
}}
""")]


def libh2o(world, port):
    program = world.folder / "libh2o_server"
    if not program.exists():
        source = pathlib.Path(__file__).resolve().with_name("libh2o_server.c")
        subprocess.run(["gcc", "-O2", "-DH2O_USE_EPOLL=1", "-DH2O_USE_LIBUV=0", "-o", program, source, "-lh2o-evloop", "-lssl", "-lcrypto",
                        "-lz"], check=True)
    return [program, port, BODY, *([world.certificate, world.key] if world.tls else [])]


def is_there(name):
    if name == "uncork":
        return PROGRAM.exists()
    return pathlib.Path("/usr/include/h2o.h").exists() if name == "libh2o" else shutil.which(name)


SERVERS = {one.__name__: one for one in (uncork, nghttpd, h2o, libh2o, nginx, node, caddy)}
COMPILE_AS_THEY_RUN = ("node", "caddy")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def on_processor(number, command):
    return ["taskset", "-c", str(number % os.cpu_count()), *map(str, command)]


@contextlib.contextmanager
def serving(name, world, before=(), patience=10):
    """The server's process and port."""
    port = free_port()
    environment = os.environ | {"HOME": str(world.folder)}
    process = subprocess.Popen(on_processor(0, [*before, *SERVERS[name](world, port)]), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        deadline = time.monotonic() + patience
        while process.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        else:
            sys.exit(f"bench http2: {name} does not listen after {patience} s")
        yield process.pid, port
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        if process.poll() is None:
            process.kill()
            process.wait()


def processor_ns(pid):
    """Of all threads, from the first; a child's are not counted: none of these servers has one here."""
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"))


def ask(world, port, shape, about):
    """About so many requests, at least one on each stream: what was done, requests a second, and latencies."""
    connections, streams = map(int, re.fullmatch(r"c(\d+)m(\d+)", shape).groups())
    count = max(connections * streams, int(about))
    how = ["-c", connections, "-m", streams, "-n", count, f"{world.scheme}://127.0.0.1:{port}/"]
    if world.client == "uncork":
        out = subprocess.run(on_processor(1, [PROGRAM, "h2", "load", "--json", *how]), capture_output=True, text=True, check=False)
        if out.returncode:
            sys.exit(f"bench http2: requests failed:\n{out.stdout}{out.stderr}")
        told = json.loads(out.stdout)
        return {"done": told["answered"], "rate": told["per_second"], "p50_us": round(told["latency_ms"]["p50"] * 1000),
                "p99_us": round(told["latency_ms"]["p99"] * 1000)}
    log = world.folder / "latencies"
    log.unlink(missing_ok=True)
    out = subprocess.run(on_processor(1, ["h2load", "-t1", f"--log-file={log}", *how]), capture_output=True, text=True, check=True).stdout
    done, failed = (int(re.search(rf"(\d+) {word}", out)[1]) for word in ("succeeded", "failed"))
    if failed or not done:
        sys.exit(f"bench http2: {failed} requests failed, {done} succeeded:\n{out}")
    took = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines())
    return {"done": done, "rate": float(re.search(r"([\d.]+) req/s", out)[1]), "p50_us": took[len(took) // 2],
            "p99_us": took[len(took) * 99 // 100]}


def measure(name, world, shape, seconds):
    """Requests a second, and processor a request."""
    with serving(name, world) as (pid, port):
        rate = ask(world, port, shape, 200)["rate"]  # warm; a first guess
        rate = ask(world, port, shape, max(200, rate * seconds / 10))["rate"]
        before = processor_ns(pid)
        told = ask(world, port, shape, max(200, rate * seconds))
        return {**told, "cpu_ns": (processor_ns(pid) - before) / told["done"]}


def system_calls(name, world, shape):
    """By strace's summary of a run that serves nothing else."""
    with serving(name, world) as (pid, port):
        ask(world, port, shape, 200)
        tracer = subprocess.Popen(["strace", "-f", "-c", "-p", str(pid)], stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)
        done = ask(world, port, shape, 20_000)["done"]
        tracer.send_signal(signal.SIGINT)
        summary = tracer.communicate(timeout=30)[1]
    calls = {}
    for line in summary.splitlines():
        words = line.split()
        if len(words) >= 5 and words[0][0].isdigit() and words[-1] != "total":
            calls[words[-1]] = int(words[3])
    return {"sends": sum(calls.get(one, 0) for one in SENDS) / done, "calls": sum(calls.values()) / done}


def held_kib(name, world, count=1000):
    """Private memory for each connection that has had an answer and rests."""
    def private(pid):
        return sum(int(line.split()[1]) for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                   if line.startswith(("Private_", "Anonymous")) and not line.startswith("Private_Hugetlb")) / 2

    with serving(name, world) as (pid, port), contextlib.ExitStack() as held:
        ask_once(held, world, port)
        before = private(pid)
        for _ in range(count):
            ask_once(held, world, port)
        time.sleep(3)  # what a server gives back, it gives back soon
        return (private(pid) - before) / count


def ask_once(held, world, port):
    """A request on a connection of its own, which stays open."""
    wire = held.enter_context(socket.create_connection(("127.0.0.1", port)))
    if world.tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        wire = held.enter_context(context.wrap_socket(wire))
    block = b"\x82" + (b"\x87" if world.tls else b"\x86") + b"\x84\x41\x09127.0.0.1"
    wire.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 5, 1, block))
    seen = b""
    while True:
        more = wire.recv(65536)
        if not more:
            sys.exit("bench http2: a connection was closed instead of answered")
        seen += more
        while len(seen) >= 9 and len(seen) >= 9 + int.from_bytes(seen[:3], "big"):
            size, kind, flags, stream = int.from_bytes(seen[:3], "big"), seen[3], seen[4], int.from_bytes(seen[5:9], "big")
            seen = seen[9 + size:]
            if kind == 4 and not flags & 1:
                wire.sendall(frame(4, 1, 0, b""))
            if stream == 1 and flags & 1 and kind in (0, 1):
                return


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def instructions(name, world, shape):
    """User instructions a request: the slope between a short and a long run."""
    counts = []
    for about in (5_000, 45_000):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder).chmod(0o777)  # h2o writes its account as nobody
            out = pathlib.Path(folder) / "callgrind"
            with serving(name, world, ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"], 60) as (_, port):
                done = ask(world, port, shape, about)["done"]
            counts.append((done, int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE)[1])))
    (short, few), (long, many) = counts
    return (many - few) / (long - short)


def shown(values, digits=0):
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:,.{digits}f} [{least:,.{digits}f}, {most:,.{digits}f}]"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--servers", default=",".join(SERVERS))
    parser.add_argument("--shapes", default="c1m1,c1m100,c10m100,c100m10")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--client", choices=("uncork", "h2load"), default="uncork")
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    wanted = parser.parse_args()

    names = []
    for name in wanted.servers.split(","):
        if name not in SERVERS:
            sys.exit(f"bench http2: no server '{name}'; there are: {', '.join(SERVERS)}")
        if is_there(name):
            names.append(name)
        else:
            print(f"bench http2: {name} is not installed and left out", file=sys.stderr)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, wanted.tls, wanted.client)
        for shape in wanted.shapes.split(","):
            rows = {name: [] for name in names}
            for number in range(wanted.rounds):
                for name in names if number % 2 == 0 else reversed(names):
                    print(f"\r{shape}: round {number + 1} of {wanted.rounds}, {name:<10}", end="", file=sys.stderr, flush=True)
                    rows[name].append(measure(name, world, shape, wanted.seconds))
            print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
            results[shape] = {name: summary(name, world, shape, rows[name], wanted.instructions) for name in names}
            print_shape(shape, world, results[shape], rows)
        held = {name: held_kib(name, world) for name in names}
        print("KiB held for a connection that rests: " + ", ".join(f"{name} {kib:.1f}" for name, kib in held.items()))
    if wanted.json:
        wanted.json.write_text(json.dumps({"tls": wanted.tls, "shapes": results, "held_kib": held}, indent=2) + "\n")


def summary(name, world, shape, rounds, with_instructions):
    row = {"rate": statistics.median(one["rate"] for one in rounds), "cpu_ns": statistics.median(one["cpu_ns"] for one in rounds),
           **{name: statistics.median(one[name] for one in rounds) for name in ("p50_us", "p99_us")}, "rounds": rounds,
           **system_calls(name, world, shape)}
    if with_instructions and name not in COMPILE_AS_THEY_RUN:
        row["instructions"] = instructions(name, world, shape)
    return row


def print_shape(shape, world, rows, rounds):
    print(f"\n{shape}, {'TLS' if world.tls else 'h2c'}")
    print(f"{'':<10} {'requests a second':>34} {'processor, ns a request':>32} {'of it':>6} {'p50 us':>8} {'p99 us':>8} "
          f"{'sends':>7} {'calls':>7} {'instructions':>13}")
    ours = rows.get("uncork")
    for name, row in rows.items():
        ratio = f"{ours['cpu_ns'] / row['cpu_ns']:.2f}" if ours else ""
        print(f"{name:<10} {shown([one['rate'] for one in rounds[name]]):>34} {shown([one['cpu_ns'] for one in rounds[name]]):>32} "
              f"{ratio:>6} {row['p50_us']:>8,.0f} {row['p99_us']:>8,.0f} {row['sends']:>7.3f} {row['calls']:>7.3f} "
              f"{row.get('instructions', 0):>13,.0f}")


if __name__ == "__main__":
    main()
