"""echo_server and echo_client."""

import re
import socket

from running import DEADLINE_S, Example, finished, serving


class Echo(Example):

    def test_a_line_in_three_writes_is_a_send(self):
        with serving(self.program("echo_server"), 0) as server:
            code, out, err = finished(self.program("echo_client"), "127.0.0.1", server.port, 300)
        self.assertEqual((code, err), (0, ""))
        self.assert_about_one_a_line(300, *re.fullmatch(r"(\d+) lines echoed in [\d.e+]+ ms; (\d+) sends\n", out).groups())

    def test_a_foreign_client_that_sends_all_at_once_and_half_closes_gets_every_answer(self):
        lines = [f"{number} {'x' * (number % 1000)}\n".encode() for number in range(2000)]
        with serving(self.program("echo_server"), 0) as server, \
             socket.create_connection(("127.0.0.1", server.port), DEADLINE_S) as client, client.makefile("rb") as answers:
            client.sendall(b"".join(lines[:50]))
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(answers.readlines(), [b"echo: " + line for line in lines[:50]])

    def test_a_client_that_never_reads_stops_the_server_from_reading_and_gets_everything_when_it_does(self):
        line = b"y" * 50_000 + b"\n"
        with serving(self.program("echo_server"), 0) as server, \
             socket.create_connection(("127.0.0.1", server.port), DEADLINE_S) as client, client.makefile("rb") as answers:
            client.settimeout(1)
            sent = 0
            with self.assertRaises(TimeoutError):  # both directions are full: the bound holds
                while sent < 500_000_000:
                    sent += client.send(line[sent % len(line):])
            client.settimeout(DEADLINE_S)
            for _ in range(sent // len(line)):
                self.assertEqual(answers.readline(), b"echo: " + line)

    def test_what_cannot_be_done_is_said(self):
        self.assert_usage("echo_server", [], ["70000"], ["x"], ["0", "0"])
        self.assert_usage("echo_client", [], ["nowhere", "1", "1"], ["127.0.0.1", "x", "1"], ["127.0.0.1", "1", "-1"])
        with serving(self.program("echo_server"), 0) as server:
            code, _, err = finished(self.program("echo_server"), server.port)
            self.assertEqual((code, err), (1, f"echo_server: listen on port {server.port}: Address already in use\n"))
        with socket.socket() as taken:  # bound, and not listening
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            code, _, err = finished(self.program("echo_client"), "127.0.0.1", port, 1)
            self.assertEqual((code, err), (1, f"echo_client: 127.0.0.1 port {port}: Connection refused\n"))
