"""Python's unittest and http.server: header and body are written apart unless KIND is nodelay (or merged into one write)."""

import http.client
import http.server
import io
import os
import threading
import unittest

KIND = os.environ["KIND"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = KIND == "nodelay"

    def do_GET(self):
        out, self.wfile = self.wfile, io.BytesIO() if KIND == "merged" else self.wfile
        self.send_response(200)
        self.send_header("Content-Length", "40")
        self.end_headers()
        self.wfile.write(b"b" * 40)
        if KIND == "merged":
            merged, self.wfile = self.wfile.getvalue(), out
            out.write(merged)

    def log_message(self, *_):
        pass


class AnswersTest(unittest.TestCase):
    def test_twenty(self):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            client = http.client.HTTPConnection("127.0.0.1", server.server_port)
            for _ in range(20):
                client.request("GET", "/")
                self.assertEqual(client.getresponse().read(), b"b" * 40)
            client.close()
            server.shutdown()


unittest.main()
