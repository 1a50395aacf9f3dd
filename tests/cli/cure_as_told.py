"""Does what `uncork watch` says: cure_as_told.py UNCORK SICK_SERVICE WORKERS

Starts the sick service with short connections that go on and on, watches it, runs the command of the verdict for a second, and
prints {"command", "exit", "out", "workers", "before_ms", "after_ms"}. It is run in a pid namespace of its own.
"""
import json
import shlex
import signal
import subprocess
import sys

UNCORK, SERVICE, WORKERS = sys.argv[1:4]


def verdict_of(port):
    watched = subprocess.run([UNCORK, "watch", "--json", "--for", "2s", "--port", port], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in watched.stdout.splitlines()]
    return next((line for line in lines if line["type"] == "verdict" and line["role"] == "server"), None)


def main():
    with subprocess.Popen([sys.executable, SERVICE, WORKERS, "0", "4"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service:
        port, *workers = service.stdout.readline().split()
        service.stdin.write("\n")
        service.stdin.flush()
        verdict = verdict_of(port)
        told = verdict["command"]
        words = shlex.split(told)
        cure = subprocess.Popen([UNCORK, *words[1:], "--for", "12s"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        out = cure.stdout.readline()  # it has begun
        after = verdict_of(port)
        cure.send_signal(signal.SIGINT)
        out += cure.communicate()[0]
        service.stdin.write("\n\n")
        service.stdin.close()
        service.wait()
    share = verdict["lost_share"], after["lost_share"] if after else 0
    print(json.dumps({"command": told, "exit": cure.returncode, "out": out, "workers": workers, "before": share[0], "after": share[1]}))


main()
