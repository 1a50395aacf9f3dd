"""Each system call of the HTTP/2 server and client fails once, in turn (strace injects it): nothing falls over or hangs, and what
comes afterwards is served."""

import contextlib
import pathlib
import shutil
import subprocess
import unittest

from harness import PATIENCE, PROGRAM
from http2_harness import ServerTest, free_port

# A call, the errors that Linux documents for it here, and how many of its calls fail in turn, each in a run of its own.
SERVER_FAULTS = [
    ("accept4", "ECONNABORTED", 2), ("accept4", "EMFILE", 2), ("accept4", "ENOBUFS", 1),
    ("accept", "ECONNABORTED", 2), ("accept", "EMFILE", 2),
    ("recvfrom", "ECONNRESET", 3), ("recvfrom", "ENOMEM", 2), ("recvfrom", "EINTR", 2),
    ("sendto", "EPIPE", 3), ("sendto", "ENOBUFS", 2), ("sendto", "EINTR", 2),
    ("setsockopt", "ENOBUFS", 8), ("ioctl", "EIO", 4), ("getpeername", "ENOTCONN", 2), ("shutdown", "ENOTCONN", 2),
    ("epoll_ctl", "ENOSPC", 8), ("epoll_ctl", "ENOMEM", 3), ("epoll_wait", "EINTR", 4),
    ("timerfd_settime", "EINVAL", 2), ("close", "EIO", 3),
]
FILE_FAULTS = [
    ("openat2", "EMFILE", 2), ("openat2", "EIO", 2), ("openat2", "EAGAIN", 1), ("pread64", "EIO", 3), ("pread64", "EINTR", 2),
    ("fstat", "EIO", 2), ("statx", "EIO", 2), ("newfstatat", "EIO", 2),
]
# EINVAL: of a file system whose files the kernel cannot send; they are read then.
LARGE_FILE_FAULTS = [("sendfile", "EIO", 2), ("sendfile", "EINTR", 2), ("sendfile", "EAGAIN", 2), ("sendfile", "EINVAL", 2)]
CLIENT_FAULTS = [
    ("socket", "EMFILE", 2), ("connect", "ENETUNREACH", 2), ("connect", "EADDRNOTAVAIL", 1), ("recvfrom", "ECONNRESET", 2),
    ("recvfrom", "EINTR", 2), ("sendto", "EPIPE", 2), ("sendto", "EINTR", 2), ("getsockopt", "EIO", 2), ("setsockopt", "ENOBUFS", 3),
    ("epoll_ctl", "ENOSPC", 4), ("epoll_wait", "EINTR", 3), ("getsockname", "EIO", 1), ("getpeername", "ENOTCONN", 1),
    ("timerfd_settime", "EINVAL", 2), ("ioctl", "EIO", 2),
]


# The dynamic loader makes these too, long before the program begins: they fail once it serves.
OF_THE_LOADER = {"close", "pread64", "fstat", "newfstatat", "statx"}


def injected(call, error, number):
    return ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}"]


def child_of(pid):
    """The program below strace; None once it has gone."""
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        pids = children.read().split()
    return int(pids[0]) if pids else None


class Faults(ServerTest):
    def setUp(self):
        super().setUp()
        self.assertIsNotNone(shutil.which("strace"), "strace is not there; ./dev deps --interop installs it")

    def get(self, url, before=()):
        return subprocess.run([*before, PROGRAM, "h2", "get", "--timeout", "3s", "-o", self.path("got"), url],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)

    @contextlib.contextmanager
    def serving(self, fault, arguments):
        """A server under the fault; gives the process, and the id of the program."""
        early = fault[0] not in OF_THE_LOADER
        started = [subprocess.Popen([*(injected(*fault) if early else []), PROGRAM, "h2", "serve", *arguments],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)]
        server = started[0]
        program = None
        try:
            begun = server.stdout.readline()
            if begun:
                program = child_of(server.pid) if early else server.pid
            if begun and not early:
                tracer = subprocess.Popen([*injected(*fault), "-p", str(program)], stderr=subprocess.PIPE, text=True)
                started.append(tracer)
                self.assertIn("attached", tracer.stderr.readline())
            yield server, program
        finally:
            if server.poll() is None and program:
                subprocess.run(["kill", "-KILL", str(program)], check=False)
            for one in started:
                if one.poll() is None and one is not server:
                    one.wait(PATIENCE)
                elif one.poll() is None:
                    one.kill()
                one.communicate()

    def serve_once(self, fault, arguments, path="/"):
        port = free_port()
        with self.serving(fault, ["--listen", f"127.0.0.1:{port}", *arguments]) as (server, program):
            if program is None:  # it failed to begin: then it must say why
                _, error = server.communicate(timeout=PATIENCE)
                self.assertIn(server.returncode, (2, 3), error)
                self.assertRegex(error, r"^uncork: .+", fault)
                return
            codes = [self.get(f"http://127.0.0.1:{port}{path}").returncode for _ in range(3)]
            for code in codes:
                self.assertIn(code, (0, 1, 3), fault)
            # One fault costs one connection or one answer at most; a pause for want of descriptors is a tenth of a second.
            self.assertGreaterEqual(codes.count(0), 2, (fault, codes))
            subprocess.run(["kill", "-TERM", str(program)], check=True)
            out, error = server.communicate(timeout=PATIENCE)
            self.assertEqual(server.returncode, 0, (fault, error))
            self.assertRegex(out, r"served \d+ requests?", fault)

    def sweep(self, faults, arguments, path="/"):
        for call, error, most in faults:
            for number in range(1, most + 1):
                with self.subTest(call=call, error=error, number=number):
                    self.serve_once((call, error, number), arguments, path)

    def test_the_server_outlives_each(self):
        self.sweep(SERVER_FAULTS, [])

    def test_the_server_of_files_outlives_each(self):
        folder = pathlib.Path(self.path("www"))
        folder.mkdir()
        (folder / "file").write_bytes(b"f" * 60_000)
        (folder / "large").write_bytes(b"f" * 300_000)
        self.sweep(FILE_FAULTS, ["--root", str(folder)], "/file")
        self.sweep(LARGE_FILE_FAULTS, ["--root", str(folder)], "/large")

    def test_a_large_file_leaves_by_sendfile(self):
        folder = pathlib.Path(self.path("www"))
        folder.mkdir()
        (folder / "large").write_bytes(b"f" * 300_000)
        port = free_port()
        with self.serving(("sendfile", "EIO", 1), ["--listen", f"127.0.0.1:{port}", "--root", str(folder)]) as (_, program):
            self.assertIsNotNone(program)
            url = f"http://127.0.0.1:{port}/large"
            self.assertNotEqual(self.get(url).returncode, 0, "its first sendfile failed, if there was one")
            self.assertEqual(self.get(url).returncode, 0)

    def test_the_client_ends_with_a_reason(self):
        port = free_port()
        self.start([PROGRAM, "h2", "serve", "--listen", f"127.0.0.1:{port}", "--body", "x" * 100_000], {0, -15}).wait_for("listening")
        for call, error, most in CLIENT_FAULTS:
            for number in range(1, most + 1):
                with self.subTest(call=call, error=error, number=number):
                    done = self.get(f"http://127.0.0.1:{port}/", injected(call, error, number))
                    self.assertIn(done.returncode, (0, 3), done.stderr)
                    if done.returncode:
                        self.assertRegex(done.stderr, r"^uncork")


if __name__ == "__main__":
    unittest.main()
