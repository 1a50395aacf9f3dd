"""What the interop tests stand on: our program, the real Zino 2, the real clients, and a terminal to drive them in.

$UNCORK_PROGRAM is the program under test, $UNCORK_INTEROP the folder of the environments that `./dev deps --interop` makes (without
it build/interop). A missing peer is a failure, never a skip.
"""

import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = os.environ["UNCORK_PROGRAM"]
INTEROP = pathlib.Path(os.environ.get("UNCORK_INTEROP", HERE.parent.parent / "build/interop"))
PATIENCE = 30  # seconds, for anything that a healthy peer does in well under one, on a busy machine or under a sanitizer
ENVIRONMENTS = {"zinolib 1.3, curitz 1.0": "zino", "zinolib 0.10, curitz 0.9": "curitz-0.9"}


def binary(environment, name):
    path = INTEROP / environment / "bin" / name
    if not path.exists():
        raise AssertionError(f"{path}: not there; ./dev deps --interop installs it")
    return str(path)


def free_address():
    """A loopback address of which nobody uses the ports 8001 and 8002: some clients know no others."""
    for _ in range(100):
        address = f"127.77.{random.randrange(256)}.{random.randrange(1, 255)}"
        with socket.socket() as commands, socket.socket() as notifications:
            try:
                commands.bind((address, 8001))
                notifications.bind((address, 8002))
            except OSError:
                continue
            return address
    raise AssertionError("no free loopback address")


class Process:
    """A program that runs until the end of the test; its standard output is read all the time."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.out, self.err, self.ended = [], [], False
        self.more = threading.Condition()
        self.readers = [threading.Thread(target=self._read, args=(self.process.stdout, self.out)),
                        threading.Thread(target=self._read, args=(self.process.stderr, self.err))]
        for reader in self.readers:
            reader.start()

    def _read(self, stream, lines):
        for line in stream:
            with self.more:
                lines.append(line)
                self.more.notify_all()
        with self.more:
            self.ended = True
            self.more.notify_all()

    def wait_for(self, pattern):
        """The match of `pattern` in what it has printed since it began, errors last."""
        with self.more:
            found = lambda: re.search(pattern, "".join(self.out + self.err))
            self.more.wait_for(lambda: self.ended or found(), PATIENCE)
            match = found()
        if not match:
            if self.ended:
                self.readers[1].join()
            raise AssertionError(f"{self.arguments}: no '{pattern}' in {''.join(self.out)!r}; it said {''.join(self.err)!r}")
        return match

    def stop(self, by=signal.SIGTERM):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"{self.arguments}: did not end") from None
        finally:
            for reader in self.readers:
                reader.join()
            self.process.stdout.close()
            self.process.stderr.close()


class Server:
    """Where a server, or the front before one, is to be found, and how to log in."""

    def __init__(self, folder, host, port, notify_port, process):
        self.folder, self.host, self.port, self.notify_port, self.process = folder, host, port, notify_port, process
        self.user, self.secret = (folder / "secrets").read_text().strip().split(" ", 1)

    def ritz_tcl(self):
        """A configuration of a client that points here; hidden, as the one that zinolib looks for."""
        path = self.folder / f".ritz-{self.host}-{self.port}.tcl"
        path.write_text(f"set Server {self.host}\nset Port {self.port}\nset User {self.user}\nset Secret {self.secret}\n")
        path.chmod(0o600)
        return str(path)


LISTENING = r"listening on ([\d.]+):(\d+), notifications on [\d.]+:(\d+)"


class InteropTest(unittest.TestCase):
    """Gives each test a folder, and ends at its end whatever it has started."""

    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="uncork-interop-")))

    def require_root(self):
        if os.geteuid() == 0:
            return
        if os.environ.get("UNCORK_REQUIRE") == "all":
            self.fail("needs root for the kernel's witness")
        self.skipTest("needs root for the kernel's witness")

    def start(self, arguments, expected_exit):
        process = Process(arguments)
        self.addCleanup(lambda: self.assertIn(process.stop(), expected_exit, "".join(process.err)))
        return process

    def _server(self, folder, process):
        host, port, notify_port = process.wait_for(LISTENING).groups()
        return Server(folder, host, int(port), int(notify_port), process)

    def fixture(self, name="fixture", events=6, seed=1):
        folder = self.folder / name
        self.uncork("fixture", "--events", str(events), "--seed", str(seed), "--out", str(folder))
        return folder

    def uncork_server(self, folder, host=None):
        """Ours, on the ports that every client expects."""
        return self._server(folder, self.start([
            PROGRAM, "zino", "serve", "--state", f"{folder}/zino-state.json", "--secrets", f"{folder}/secrets", "--polldevs",
            f"{folder}/polldevs.cf", "--listen", host or free_address()], {0}))

    def zino2_server(self, folder):
        """The real one, on ports that the kernel chooses."""
        launcher = HERE.parent.parent / "src/lab/zino/zino2_server.py"
        return self._server(folder, self.start([binary("zino", "python"), str(launcher), str(folder), "0", "0"], {0, -signal.SIGTERM}))

    def front(self, server):
        """Ours, before `server`, on the ports that every client expects."""
        upstream = ["--connect", f"{server.host}:{server.port}", "--connect-notify", str(server.notify_port)]
        return self._server(server.folder, self.start([PROGRAM, "zino", "front", *upstream, "--listen", free_address()], {0}))

    def uncork(self, *arguments, expected_exit=0):
        """What `uncork zino ARGUMENTS` prints."""
        done = subprocess.run([PROGRAM, "zino", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * PATIENCE)
        self.assertEqual(done.returncode, expected_exit, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout if expected_exit == 0 else done.stderr

    def client(self, server, *arguments, **options):
        """What our client prints of `server`."""
        return self.uncork(*arguments, "--credentials", server.ritz_tcl(), **options)

    def json_client(self, server, *arguments):
        return json.loads(self.client(server, *arguments, "--json"))

    def peer(self, environment, script, server, *arguments):
        """What a script of peers/ prints as JSON, run with the libraries of `environment` in the server's folder."""
        command = [binary(environment, "python"), "-B", str(HERE / "peers" / script), *map(str, arguments)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * PATIENCE, cwd=server.folder)
        self.assertEqual(done.returncode, 0, f"{script}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)


class Terminal:
    """A program in a terminal of its own, which is tmux's. `with Terminal(command) as terminal:` ends it."""

    def __init__(self, command, width=150, height=40):
        self.socket = pathlib.Path(tempfile.mkdtemp(prefix="uncork-tmux-"))
        self.command, self.size = command, ["-x", str(width), "-y", str(height)]

    def _tmux(self, *arguments):
        done = subprocess.run(["tmux", "-S", str(self.socket / "socket"), "-f", "/dev/null", *arguments], capture_output=True, text=True,
                              timeout=PATIENCE, env={**os.environ, "TERM": "screen-256color", "LC_ALL": "C.UTF-8"})
        if done.returncode != 0:
            raise AssertionError(f"tmux {arguments}: {done.stderr}")
        return done.stdout

    def __enter__(self):
        # The shell stays when the program ends, so that what it said at its end can be read.
        self._tmux("-u", "new-session", "-d", *self.size, "sh", "-c", '"$@"; echo "ended with $?"; exec sleep 600', "sh", *self.command)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(AssertionError):
            self._tmux("kill-server")
        shutil.rmtree(self.socket)

    def screen(self):
        return self._tmux("capture-pane", "-p")

    def keys(self, *keys):
        self._tmux("send-keys", *keys)

    def type(self, text):
        self._tmux("send-keys", "-l", text)

    def wait_for(self, pattern, absent=False):
        """The screen, once `pattern` is on it (or no longer)."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            screen = self.screen()
            if bool(re.search(pattern, screen, re.MULTILINE)) != absent:
                return screen
            time.sleep(0.05)
        raise AssertionError(f"'{pattern}' {'still' if absent else 'not'} on the screen:\n{screen}")


def as_of_now(value, since):
    """`value` (JSON) with every time of `since` or later as NOW, so that what two servers say can be compared."""
    def replaced(seconds, text):
        return "NOW" if since <= seconds < 10**10 else text

    if isinstance(value, dict):
        return {key: as_of_now(one, since) for key, one in value.items()}
    if isinstance(value, list):
        return [as_of_now(one, since) for one in value]
    if isinstance(value, str):
        value = re.sub(r"\b[0-9]{10}\b", lambda unix: replaced(int(unix[0]), unix[0]), value)
        return re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b",
                      lambda local: replaced(time.mktime(time.strptime(local[0], "%Y-%m-%d %H:%M:%S")), local[0]), value)
    return replaced(value, value) if type(value) is int else value
