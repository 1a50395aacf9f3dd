"""The HTTP server and clients of four other stacks: python3-h2, node, curl, and Chromium."""

import json
import os
import signal
import subprocess
import unittest

from harness import HERE, PATIENCE
from http2_harness import NODE, SYSTEM_PYTHON, ServerTest

BODY = "Hello world!"
INTERNAL_ERROR = 2  # RFC 9113 7


class ClientsTest(ServerTest):
    tls = False

    def setUp(self):
        super().setUp()
        self.server = self.serve("--page", str(HERE / "peers" / "page.html"), *(["--tls", *self.certificate()] if self.tls else []))
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def said_by(self, *command):
        said = json.loads(self.output(*command))
        # All that was given up has been let go of, and none of it was held against the client.
        self.assertRegex(said.pop("tally"), r"^requests \d+ open [01] calmed 0$")
        return said


class Clients:
    """What each does bare and under TLS."""

    def test_python_h2(self):
        self.assertEqual(self.said_by(SYSTEM_PYTHON, "-B", self.script("h2_client.py"), self.port, *(["tls"] if self.tls else [])), {
            "get": ["200", BODY, True, "200", 0],
            "post": ["200", True, {"echoed-bytes": "1000000"}],
            "trailers": ["some", {"echoed-bytes": "4", "echoed-checksum": "7", "echoed-last": "yes"}],
            "streamed": ["200", "first\nsecond\n"],
            "both_ways": [True],
            "many": [100],
            "cancelled": [BODY, 10_000_000],
            "broken_off": ["200", False, INTERNAL_ERROR, BODY],
            "held_back": [BODY],
            "pinged": [10],
            "changed_settings": [BODY, 10_000_000],
            "byte_by_byte": [BODY, True],
            "goodbye": [True],
        })

    def test_node(self):
        self.assertEqual(self.said_by(NODE, self.script("h2_client.js"), self.url), {
            "get": [200, BODY, 200, 0],
            "post": [200, True, {"echoed-bytes": "1000000"}],
            "trailers": [{"echoed-bytes": "4", "echoed-checksum": "7"}],
            "streamed": ["first\n", 200, "first\nsecond\n"],
            "bothWays": ["".join(f"{number};" for number in range(20))],
            "many": [300],
            "cancelled": [BODY, 10_000_000],
            "brokenOff": [200, INTERNAL_ERROR, BODY],
            "pinged": [True],
            "changedSettings": [BODY],
            "alpn": "h2" if self.tls else "h2c",
        })

    def curl(self, *arguments):
        how = ["--insecure"] if self.tls else ["--http2-prior-knowledge"]
        return subprocess.run(["curl", "--silent", "--max-time", str(2 * PATIENCE), *how, *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=4 * PATIENCE)

    def test_curl_sees_trailers(self):
        done = self.curl("--include", "--data", "some", f"{self.url}/echo")
        self.assertRegex(done.stdout, r"(?s)^HTTP/2 200 .*some.*echoed-bytes: 4")

    def test_curl_sees_that_the_server_breaks_off(self):
        done = self.curl(f"{self.url}/reset")
        self.assertEqual((done.returncode, done.stdout), (92, "begun\n"))  # CURLE_HTTP2_STREAM


class BareTest(Clients, ClientsTest):
    pass


class TlsTest(Clients, ClientsTest):
    tls = True

    def test_curl_transfers_in_parallel(self):
        done = self.curl("--fail", "--parallel", "--parallel-max", "50", "--output", "/dev/null", "--write-out",
                         "%{http_version} %{size_download}\n", f"{self.url}/?[1-200]")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines(), 200 * [f"2 {len(BODY)}"])

    def test_chromium(self):
        """Its page asks for everything, and the load that --dump-dom waits for waits in turn for what the page lets go at its end."""
        home = self.folder / "home"
        home.mkdir()
        command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions",
                   "--disable-sync", "--disable-background-networking", "--disable-component-update", "--no-first-run", "--no-proxy-server",
                   "--disable-quic", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--ignore-certificate-errors",
                   f"--user-data-dir={home}/profile", f"--timeout={4000 * PATIENCE}", "--dump-dom", f"{self.url}/page"]
        browser = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   start_new_session=True, env={**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home)})
        try:
            out, err = browser.communicate(timeout=6 * PATIENCE)
        finally:
            try:
                os.killpg(browser.pid, signal.SIGKILL)  # whatever it has left behind
            except ProcessLookupError:
                pass
            browser.wait()
        _, begin, rest = out.partition('<pre id="said">')
        self.assertTrue(begin, f"no page: {out}\n{err}")
        self.assertEqual(json.loads(rest.partition("</pre>")[0]), {
            "get": [200, BODY],
            "head": [200, 0],
            "post": [200, True],
            "many": 300,
            "streamed": ["first\n", "first\nsecond\n"],
            "uploaded": [200, "0;1;2;3;4;5;6;7;8;9;"],
            "cancelled": [20, "AbortError"],
            "brokenOff": "TypeError",
            "after": BODY,
            "big": 10_000_000,
            "tally": True,
            "navigation": "h2",
            "protocols": ["h2"],
        })


if __name__ == "__main__":
    unittest.main()
