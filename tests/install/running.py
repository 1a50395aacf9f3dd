"""Starts the built programs, and peers that nobody here wrote."""

import contextlib
import selectors
import signal
import subprocess
import time
import unittest

DEADLINE_S = 30  # generous: what waits for it is broken, not slow


@contextlib.contextmanager
def serving(*command, ready="listening on ", cwd=None):
    """A server, until the block ends; gives the process, with `port` as it was printed after `ready`.

    Ended by SIGTERM it must exit with 0, which says that it was still alive and in order.
    """
    server = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, cwd=cwd)
    try:
        line = first_line(server, ready)
        server.port = int(line.rsplit(":", 1)[1])
        yield server
        server.send_signal(signal.SIGTERM)
        _, complaints = server.communicate(timeout=DEADLINE_S)
        if server.returncode != 0:
            raise AssertionError(f"{command[0]} ended with {server.returncode}: {complaints.decode()}")
    finally:
        if server.poll() is None:
            server.kill()
            server.communicate()


def first_line(server, ready):
    """The first line of its output that begins with `ready`."""
    until = time.monotonic() + DEADLINE_S
    seen = b""
    with selectors.DefaultSelector() as selector:
        selector.register(server.stdout, selectors.EVENT_READ)
        while selector.select(max(0, until - time.monotonic())):
            read = server.stdout.read1()
            if not read:
                break
            seen += read
            for line in seen.split(b"\n")[:-1]:
                if line.decode().startswith(ready):
                    return line.decode()
    raise AssertionError(f"{server.args[0]} did not say '{ready}' but: {seen.decode()}")


def finished(*command, text_in=""):
    """Runs a client to its end: exit code, standard output, standard error."""
    ran = subprocess.run([str(word) for word in command], input=text_in, capture_output=True, text=True, timeout=DEADLINE_S,
                         check=False)
    return ran.returncode, ran.stdout, ran.stderr


class Example(unittest.TestCase):
    """A test of programs that were built from examples/ against the installed `copy`."""

    copy = None

    def program(self, name):
        return self.copy.programs / name

    def scratch(self, name):
        """A new folder for this test's files."""
        folder = self.copy.work / "scratch" / name
        folder.mkdir(parents=True)
        return folder

    def assert_usage(self, name, *wrong):
        """Each of the `wrong` argument lists ends it with 2 and its usage on standard error."""
        for arguments in wrong:
            code, out, err = finished(self.program(name), *arguments)
            self.assertEqual((code, out), (2, ""), f"{name} {arguments}: {err}")
            self.assertTrue(err.startswith(f"usage: {name} "), err)

    def assert_about_one_a_line(self, expected, lines, sends):
        """Each line is three writes or more. A few are cut in two where this machine took the processor away within a turn of the
        loop, which then ends at its limit of 50 us."""
        self.assertEqual(int(lines), expected)
        self.assertGreaterEqual(int(sends), expected)
        self.assertLess(int(sends), 1.5 * expected)
