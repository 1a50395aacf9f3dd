"""The HTTP server against h2spec and clients that nobody here wrote: over HTTP/2 and HTTP/1.1, bare and under TLS."""

import json
import os
import re
import signal
import subprocess
import unittest

from harness import PATIENCE, binary
from http2_harness import ServerTest, digest

BODY = "Hello world!"
NODE = """
const options = {rejectUnauthorized: false};
const client = require('http2').connect(process.argv[1], options);
const request = client.request({':method': 'POST', ':path': '/echo'});
let size = 0, status = 0, left = 200, trailers = {};
request.on('response', headers => { status = headers[':status']; });
request.on('trailers', headers => { trailers = headers; });
request.on('data', piece => { size += piece.length; });
request.on('end', () => { console.log(JSON.stringify({status, size, echoed: trailers['echoed-bytes']})); client.close(); });
const more = () => { if (left-- > 0) request.write(Buffer.alloc(10000), more); else request.end(); };
more();
"""


class CurlTest(ServerTest):
    def expect_curl_to_do_all(self, version, *curl):
        curl = ("curl", "--silent", "--fail", "--max-time", str(PATIENCE), *curl)
        self.assertEqual(self.output(*curl, "--write-out", " %{http_version}", self.url), f"{BODY} {version}")
        if "--http2-prior-knowledge" not in curl:  # curl 7.88 fails there with every server, nghttpd too
            self.assertEqual(self.output(*curl, self.url, self.url, self.url), 3 * BODY)
        self.assertRegex(self.output(*curl, "--head", self.url), r"(?i)\ndate: ")
        path = self.file_of(3_000_000)  # more than the windows
        for how in (("--data-binary", f"@{path}"), ("--upload-file", path), ("-H", "transfer-encoding: chunked", "--upload-file", path)):
            if version == "2" and "-H" in how:
                continue
            echoed = self.path("echoed")
            self.output(*curl, *how, "--output", echoed, self.url + "echo")
            self.assertEqual(digest(echoed), digest(path), how)
        self.assertEqual(self.output(*curl, "--output", "/dev/null", "--write-out", "%{size_download}", self.url + "big"), "10000000")
        self.assertEqual(self.output(*curl, self.url + "slow"), "late\n")


class BareTest(CurlTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.url = f"http://127.0.0.1:{self.port}/"

    def test_h2spec_passes_every_case_in_its_strict_mode(self):
        said = self.output(binary("h2spec", "h2spec"), "-h", "127.0.0.1", "-p", self.port, "-o", str(PATIENCE), "--strict")
        self.assertRegex(said, r"\n146 tests, 146 passed, 0 skipped, 0 failed\n")

    def test_curl_does_all_over_http2(self):
        self.expect_curl_to_do_all("2", "--http2-prior-knowledge")

    def test_curl_does_all_over_http1(self):
        self.expect_curl_to_do_all("1.1", "--http1.1")

    def test_nghttp_multiplexes(self):
        said = self.output("nghttp", "--stat", "--null-out", "--multiply=100", self.url)
        self.assertEqual(len(re.findall(r" 200 +12 /", said)), 100, said)

    def test_h2load_is_served_whole(self):
        said = self.output("h2load", "-n", "20000", "-c", "10", "-m", "100", self.url)
        self.assertIn("20000 succeeded, 0 failed, 0 errored, 0 timeout", said)

    def test_node_streams_a_body_both_ways(self):
        self.assertEqual(json.loads(self.output("node", "-e", NODE, self.url)), {"status": 200, "size": 2_000_000, "echoed": "2000000"})

    def test_what_is_under_way_is_finished_when_it_is_told_to_end(self):
        asked = subprocess.Popen(["curl", "--silent", "--http2-prior-knowledge", "--write-out", "asked", self.url + "slow"],
                                 stdout=subprocess.PIPE, text=True)
        self.wait_for_requests(1)
        os.kill(self.server.pid, signal.SIGTERM)
        self.assertEqual(asked.communicate(timeout=PATIENCE)[0], "late\nasked")
        self.server.wait_for(r"connections 1 open 0 requests 1 open 0")

    def wait_for_requests(self, count):
        """Its first line for each request."""
        self.server.wait_for("(request /slow.*\n){%d}" % count)


class TlsTest(CurlTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve("--tls", *self.certificate())
        self.url = f"https://127.0.0.1:{self.port}/"

    def test_h2spec_passes_every_case_in_its_strict_mode(self):
        said = self.output(binary("h2spec", "h2spec"), "-t", "-k", "-h", "127.0.0.1", "-p", self.port, "-o", str(PATIENCE), "--strict")
        self.assertRegex(said, r"\n146 tests, 146 passed, 0 skipped, 0 failed\n")

    def test_curl_does_all_over_http2(self):
        self.expect_curl_to_do_all("2", "--insecure")

    def test_curl_does_all_over_http1(self):
        self.expect_curl_to_do_all("1.1", "--insecure", "--http1.1")

    def test_h2load_is_served_whole(self):
        said = self.output("h2load", "-n", "20000", "-c", "10", "-m", "100", self.url)
        self.assertIn("20000 succeeded, 0 failed, 0 errored, 0 timeout", said)

    def test_node_streams_a_body_both_ways(self):
        self.assertEqual(json.loads(self.output("node", "-e", NODE, self.url)), {"status": 200, "size": 2_000_000, "echoed": "2000000"})

    def test_an_old_tls_is_refused(self):
        done = subprocess.run(["curl", "--silent", "--insecure", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", self.url],
                              timeout=PATIENCE)
        self.assertEqual(done.returncode, 35)  # CURLE_SSL_CONNECT_ERROR


if __name__ == "__main__":
    unittest.main()
