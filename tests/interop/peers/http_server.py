"""Python's own HTTP server, keeping connections open: it writes the headers, and then the body, in pieces if one likes.

A pause comes before each piece but the first. Every body ends with "end" and a line feed.
"""

import argparse
import http.server
import time

options = argparse.ArgumentParser()
options.add_argument("--port", type=int)
options.add_argument("--pieces", type=int, default=1)
options.add_argument("--pause-ms", type=float, default=0)
options.add_argument("--pause-after-headers", action="store_true")
options.add_argument("--nodelay", action="store_true")
options = options.parse_args()

PIECE = b"x" * 96 + b"end\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = options.nodelay

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(PIECE) * options.pieces))
        self.end_headers()
        for number in range(options.pieces):
            if number > 0 or options.pause_after_headers:
                time.sleep(options.pause_ms / 1000)
            self.wfile.write(PIECE if number == options.pieces - 1 else PIECE.replace(b"end\n", b"more"))

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler).serve_forever()
