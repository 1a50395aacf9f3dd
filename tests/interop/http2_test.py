"""The HTTP/2 session behind the test server, against h2spec and clients that nobody here wrote."""

import json
import os
import re
import subprocess
import tempfile
import unittest

from harness import PATIENCE, InteropTest, binary

BODY = "Hello world!"


class Http2Test(InteropTest):
    def setUp(self):
        super().setUp()
        server = self.start([os.environ["UNCORK_HTTP_SERVER"], "0"], {-15})
        self.port = server.wait_for(r"listening on 127.0.0.1:(\d+)")[1]
        self.url = f"http://127.0.0.1:{self.port}/"

    def output(self, *arguments):
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=10 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_h2spec_passes_every_case_in_its_strict_mode(self):
        said = self.output(binary("h2spec", "h2spec"), "-h", "127.0.0.1", "-p", self.port, "-o", str(PATIENCE), "--strict")
        self.assertRegex(said, r"\n146 tests, 146 passed, 0 skipped, 0 failed\n")

    def test_curl_fetches_and_posts(self):
        curl = ("curl", "--silent", "--fail", "--http2-prior-knowledge")
        self.assertEqual(self.output(*curl, self.url), BODY)
        with tempfile.NamedTemporaryFile() as upload:
            upload.write(os.urandom(3_000_000))  # more than the windows
            upload.flush()
            self.assertEqual(self.output(*curl, "--data-binary", f"@{upload.name}", self.url), BODY)

    def test_nghttp_multiplexes(self):
        said = self.output("nghttp", "--stat", "--null-out", "--multiply=100", self.url)
        self.assertEqual(len(re.findall(r" 200 +12 /", said)), 100, said)

    def test_h2load_is_served_whole(self):
        said = self.output("h2load", "-n", "20000", "-c", "10", "-m", "100", self.url)
        self.assertIn("20000 succeeded, 0 failed, 0 errored, 0 timeout", said)

    def test_node_streams_a_body_both_ways(self):
        script = """
const client = require('http2').connect(process.argv[1]);
const request = client.request({':method': 'POST', ':path': '/stream'});
let body = '', status = 0, left = 200;
request.on('response', headers => { status = headers[':status']; });
request.on('data', piece => { body += piece; });
request.on('end', () => { console.log(JSON.stringify({status, body})); client.close(); });
const more = () => { if (left-- > 0) request.write(Buffer.alloc(10000), more); else request.end(); };
more();
"""
        self.assertEqual(json.loads(self.output("node", "-e", script, self.url)), {"status": 200, "body": BODY})


if __name__ == "__main__":
    unittest.main()
