"""The HTTP server against h2spec and clients that nobody here wrote: over HTTP/2 and HTTP/1.1, bare and under TLS."""

import hashlib
import json
import os
import re
import signal
import subprocess
import tempfile
import unittest

from harness import PATIENCE, InteropTest, binary

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


class ServerTest(InteropTest):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def serve(self, *arguments):
        server = self.start([os.environ["UNCORK_HTTP_SERVER"], *arguments, "0"], {0, -15})
        self.port = server.wait_for(r"listening on 127.0.0.1:(\d+)")[1]
        return server

    def output(self, *arguments):
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=10 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def certificate(self):
        paths = [os.path.join(self.folder.name, name) for name in ("certificate.pem", "key.pem")]
        self.output("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", paths[0],
                    "-keyout", paths[1])
        return paths

    def upload(self, size):
        path = os.path.join(self.folder.name, "upload")
        with open(path, "wb") as file:
            file.write(os.urandom(size))
        return path

    def expect_curl_to_do_all(self, version, *curl):
        curl = ("curl", "--silent", "--fail", "--max-time", str(PATIENCE), *curl)
        self.assertEqual(self.output(*curl, "--write-out", " %{http_version}", self.url), f"{BODY} {version}")
        if "--http2-prior-knowledge" not in curl:  # curl 7.88 fails there with every server, nghttpd too
            self.assertEqual(self.output(*curl, self.url, self.url, self.url), 3 * BODY)
        self.assertRegex(self.output(*curl, "--head", self.url), r"(?i)\ndate: ")
        path = self.upload(3_000_000)  # more than the windows
        for how in (("--data-binary", f"@{path}"), ("--upload-file", path), ("-H", "transfer-encoding: chunked", "--upload-file", path)):
            if version == "2" and "-H" in how:
                continue
            echoed = os.path.join(self.folder.name, "echoed")
            self.output(*curl, *how, "--output", echoed, self.url + "echo")
            self.assertEqual(digest(echoed), digest(path), how)
        self.assertEqual(self.output(*curl, "--output", "/dev/null", "--write-out", "%{size_download}", self.url + "big"), "10000000")
        self.assertEqual(self.output(*curl, self.url + "slow"), "late\n")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class BareTest(ServerTest):
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


class TlsTest(ServerTest):
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
