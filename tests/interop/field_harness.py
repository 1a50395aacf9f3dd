"""What the field tests stand on: programs in a network namespace of the test's own, and `uncork watch` beside them."""

import contextlib
import json
import os
import re
import pathlib
import signal
import subprocess
import sys
import time

from harness import HERE, PATIENCE, PROGRAM, InteropTest, Process

PORT = 8001  # in a namespace of its own every port is free


def comm(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()


class Watching:
    """`uncork watch --json`; what it said of one namespace at the end is there once it has been left.

    With light accounts it watches the whole machine, as people do at first, where others may rightly be accused.
    """

    def __init__(self, namespace, accounts):
        self.namespace, self.accounts = namespace, accounts
        self.process = Process([PROGRAM, "watch", "--by", "connection", "--json", *(["--netns", namespace] if accounts == "whole" else [])])

    def __enter__(self):
        self.process.wait_for('"type":"start"')
        return self

    def __exit__(self, failed, *_):
        self.exit = self.process.stop(signal.SIGINT)
        if failed:
            return
        if self.exit not in (0, 1):
            raise AssertionError(f"watch ended with {self.exit} and said {''.join(self.process.err)!r}")
        said = [json.loads(line) for line in self.process.out]
        verdicts = [one for one in said if one["type"] == "verdict"]
        self.verdicts = [one for one in verdicts if one["netns"] == self.namespace]
        self.summary = said[-1]
        if self.exit != (1 if verdicts else 0) or self.summary["accounts"] != self.accounts:
            raise AssertionError(self.accused())

    def accused(self):
        """A line a verdict, the greatest first, for the message of a test that fails."""
        lines = [f"{one['comm']}[{one['pid']}] {one['local']} -> {one['remote']}: {one['cause']}, {one['lost_ms']:.1f} ms "
                 f"({one['lost_share']:.0%}) in {one['exchanges']} exchanges, {one['budget_ms']}" for one in self.verdicts]
        return "\n".join([f"exit code {self.exit}, {len(lines)} verdicts, {self.summary}", *lines[:10]])


class Asker:
    """peers/asker.py: one connection on which it asks as often as it is told, and times each exchange in milliseconds."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, times):
        self.process.stdin.write(f"{times}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()  # the asker's socket has a deadline, and the asker ends when it passes
        if not line:
            raise AssertionError("the server did not answer")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class FieldTest(InteropTest):
    """Gives each test a network namespace, so that nothing else on the machine is watched and every port is free."""

    def setUp(self):
        self.require_root()
        super().setUp()
        self.namespace = f"uncork-field-{os.getpid()}"
        self._ip("netns", "add", self.namespace)
        self.addCleanup(self._ip, "netns", "del", self.namespace)
        self._ip("-n", self.namespace, "link", "set", "lo", "up")

    @staticmethod
    def _ip(*arguments):
        subprocess.run(["ip", *arguments], check=True, stdin=subprocess.DEVNULL, timeout=PATIENCE)

    def inside(self, *arguments):
        """The command that runs this one in the namespace, under the same pid."""
        return ["ip", "netns", "exec", self.namespace, *map(str, arguments)]

    def serve(self, *arguments, port=PORT):
        """The process of this server, once it listens."""
        process = self.start(self.inside(*arguments), {0, -signal.SIGTERM, 128 + signal.SIGTERM})
        end = time.monotonic() + PATIENCE
        while not self._listens(process.pid, port):
            if process.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{arguments} does not listen on {port}: {''.join(process.out + process.err)}")
            time.sleep(0.02)
        return process

    @staticmethod
    def _listens(pid, port):
        """Of all sockets in the namespace of `pid`; `ip netns exec` has not entered it yet at first, but then nobody listens there."""
        with contextlib.suppress(OSError):
            rows = [line.split() for line in pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
            return any(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows) and comm(pid) != "ip"
        return False

    def load(self, *arguments, **options):
        """What this program prints, run to its end."""
        done = subprocess.run(self.inside(*arguments), capture_output=True, text=True, timeout=20 * PATIENCE, **{"input": "", **options})
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def python_server(self, *arguments, port=PORT):
        """peers/http_server.py, with the Python that runs this test."""
        return self.serve(sys.executable, "-B", HERE / "peers/http_server.py", "--port", port, *arguments, port=port)

    def watching(self, accounts="whole"):
        return Watching(self.namespace, accounts)

    def asker(self, request="ask\n"):
        asker = Asker(self.inside(sys.executable, "-B", HERE / "peers/asker.py", PORT, request))
        self.addCleanup(asker.close)
        return asker

    def assert_nobody_accused(self, seen):
        self.assertEqual(seen.verdicts, [], seen.accused())
        self.assertEqual(seen.summary["confidence"], "witnessed")
        if seen.accounts == "whole":
            self.assertEqual(seen.exit, 0)
            self.assertGreaterEqual(seen.summary["connections"], 1, "the load was not watched")
            # Of the millions of events of a long run some few meet the same program at work in an interrupt; they are said, and made up for.
            # And some machines refuse one of the witness's iterators, which these connections do not need.
            harmless = r"\d{1,2} events? missed: the kernel|this machine refuses BPF iterators over maps"
            limits = [limit for limit in seen.summary["limits"] if not re.match(harmless, limit)]
            self.assertEqual(limits, [])

    def judge(self, load, sentence):
        """Passes `sentence` on what light and then whole accounts say of `load`."""
        for accounts in "light", "whole":
            with self.subTest(accounts):
                with self.watching(accounts) as seen:
                    load()
                sentence(seen)
