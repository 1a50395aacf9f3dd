"""http_server, by Python's client and by bytes as RFC 9112 has them."""

import http.client
import socket

from running import DEADLINE_S, Example, serving


class Http(Example):

    def test_requests_of_one_connection_are_answered_over_it(self):
        with serving(self.program("http_server"), 0) as server:
            client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)
            for number in range(1, 4):
                client.request("GET", "/hello")
                answer = client.getresponse()
                self.assertEqual((answer.status, answer.read()), (200, b"hello, this is answer %d on this connection\n" % number))
            body = bytes(range(256)) * 4000  # more than the bound of the stream
            client.request("POST", "/echo", body)
            self.assertEqual(client.getresponse().read(), body)
            client.request("GET", "/nothing")
            answer = client.getresponse()
            self.assertEqual((answer.status, answer.read()), (404, b"there are: GET /hello, POST /echo\n"))
            client.close()

    def test_pipelined_requests_are_answered_in_their_order_and_the_last_closes(self):
        ask = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
        with serving(self.program("http_server"), 0) as server, \
             socket.create_connection(("127.0.0.1", server.port), DEADLINE_S) as client, client.makefile("rb") as answers:
            client.sendall(ask * 9 + b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            text = answers.read().decode()
        self.assertEqual([line for line in text.splitlines() if line.startswith("hello, ")],
                         [f"hello, this is answer {number} on this connection" for number in range(1, 11)])
        self.assertEqual(text.count("HTTP/1.1 200 OK"), 10)

    def test_what_is_no_http_ends_its_own_connection_only(self):
        with serving(self.program("http_server"), 0) as server:
            with socket.create_connection(("127.0.0.1", server.port), DEADLINE_S) as client:
                client.sendall(b"\x16\x03\x01 no request\r\n\r\n")
                self.assertEqual(client.recv(1), b"")
            client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)
            client.request("GET", "/hello")
            self.assertEqual(client.getresponse().status, 200)
            client.close()

    def test_wrong_arguments_are_told_what_is_right(self):
        self.assert_usage("http_server", [], ["-1"], ["65536"])
