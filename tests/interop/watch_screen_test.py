"""The screen of `uncork watch` in a real terminal: what keys do, and how it is left."""

import contextlib
import os
import pathlib
import signal
import subprocess
import threading
import unittest

from field_harness import PORT, FieldTest
from harness import PROGRAM, Terminal

REQUEST = "GET / HTTP/1.1\r\nHost: field\r\n\r\n"


class WatchScreenTest(FieldTest):
    def setUp(self):
        super().setUp()
        self.server = self.python_server()
        self.asking = threading.Event()
        asker = self.asker(REQUEST)
        asks = threading.Thread(target=self._ask, args=(asker,))
        asks.start()
        self.addCleanup(asks.join)
        self.addCleanup(self.asking.set)

    def _ask(self, asker):
        while not self.asking.is_set():
            asker.ask(5)

    def screen(self, *options, **size):
        return Terminal([*self.terminal, PROGRAM, "watch", "--netns", self.namespace, *options], **size)

    terminal = ()

    def watcher(self):
        """The pid of the watch in the terminal."""
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = entry.read_bytes().split(b"\0")
                if words[0] == os.fsencode(PROGRAM) and os.fsencode(self.namespace) in words:
                    return int(entry.parent.name)
        raise AssertionError("there is no watch")

    def test_goes_into_a_service_and_a_connection_and_back(self):
        with self.screen() as terminal:
            services = terminal.wait_for(rf"python3 +server :{PORT} .*nagle_delayed_ack")
            self.assertRegex(services, r"\n *LOST/S +LOST/EX +PROGRAM +SERVICE")
            self.assertRegex(services, rf"python3 +client :{PORT} .*waits for python3")
            terminal.keys("Enter")
            service = terminal.wait_for(rf"python3\[{self.server.pid}\] +127.0.0.1:{PORT} ")
            self.assertRegex(service, rf"^python3 server :{PORT}\n")
            self.assertRegex(service, rf"Now: uncork cure --pid {self.server.pid} --port {PORT}")
            terminal.keys("Enter")
            terminal.wait_for(r"time an exchange, look by look")
            # On a busy machine the first holds may have ended with a round trip.
            connection = terminal.wait_for(r"nagle_delayed_ack +[\d.]+ m?s +\d+\.\d %  #####")
            self.assertRegex(connection, "[▁▂▃▄▅▆▇█]")
            terminal.keys("Escape")
            terminal.wait_for("Since you came here")
            terminal.keys("Left")
            terminal.wait_for(r"^uncork watch ")
            terminal.keys("q")
            left = terminal.wait_for("ended with 1")
            self.assertRegex(left, r"what +Nagle held bytes until the peer's delayed ACK")
            self.assertRegex(left, r"Watched for")

    def test_cures_after_a_question_and_undoes_it(self):
        with self.screen() as terminal:
            terminal.wait_for(rf"server :{PORT} .*nagle_delayed_ack")
            terminal.keys("c")
            terminal.wait_for(rf"^Run 'uncork cure --pid {self.server.pid} --port {PORT}'\? \(y/n\)")
            terminal.keys("n")
            terminal.wait_for("^Nothing was changed")
            terminal.keys("c", "y")
            terminal.wait_for(r"TCP_NODELAY set on 1")
            terminal.wait_for(rf"^ +0 ms .*server :{PORT} ")
            terminal.keys("u")
            terminal.wait_for(rf"^ *[1-9]\d+ ms .*server :{PORT} ")

    def test_filters_sorts_pauses_and_helps(self):
        with self.screen() as terminal:
            terminal.wait_for(r"client :\d+")
            terminal.keys("/")
            terminal.type("lost > 1ms")
            terminal.keys("Enter")
            filtered = terminal.wait_for(r"^uncork watch .*/lost > 1ms")
            self.assertNotRegex(filtered, r"client :\d+")
            terminal.keys("/")
            terminal.type(" or rtt > 1us")
            terminal.keys("Enter")
            terminal.wait_for("filter")
            terminal.keys("/", *["BSpace"] * 40)
            terminal.type("lots > 1ms")
            terminal.keys("Enter")
            terminal.wait_for("column 1")
            terminal.keys("s")
            terminal.wait_for(r"s sort \(lost\)")
            terminal.keys("p")
            terminal.wait_for(r"^uncork watch .*paused")
            terminal.keys("?")
            terminal.wait_for("leave the verdicts")
            terminal.keys("x")
            terminal.wait_for("leave the verdicts", absent=True)

    def test_fits_a_narrow_terminal_and_another_size(self):
        with self.screen(width=60, height=12) as terminal:
            screen = terminal.wait_for(r"server :\d+")
            self.assertLessEqual(max(len(line) for line in screen.splitlines()), 60)
            terminal._tmux("resize-window", "-x", "120", "-y", "30")
            terminal.wait_for(r"nagle_delayed_ack +merge the writes")

    def test_sigterm_leaves_the_terminal_as_it_was(self):
        with self.screen() as terminal:
            terminal.wait_for(rf"server :{PORT} ")
            os.kill(self.watcher(), signal.SIGTERM)
            left = terminal.wait_for("ended with 1")
            self.assertRegex(left, "Watched for")
            self.assertNotRegex(left, "LOST/S")  # the alternate screen has gone
            tty = terminal._tmux("display-message", "-p", "#{pane_tty} #{alternate_on} #{cursor_flag}").split()
            self.assertEqual(tty[1:], ["0", "1"])
            modes = subprocess.run(["stty", "-a", "-F", tty[0]], capture_output=True, text=True, check=True).stdout
            self.assertRegex(modes, r"(?<!-)\bicanon\b")
            self.assertRegex(modes, r"(?<!-)\becho\b")

    def test_a_terminal_that_cannot_move_its_cursor_gets_the_verdicts(self):
        self.terminal = ("env", "TERM=dumb")
        with self.screen("--for", "3s") as terminal:
            left = terminal.wait_for("ended with 1")
            self.assertRegex(left, "Watched for")
            self.assertNotRegex(left, "LOST/S")


if __name__ == "__main__":
    unittest.main()
