"""http2_server, by curl and by Python's client of HTTP/1.1."""

import http.client

from building import run
from running import DEADLINE_S, Example, serving


class Http2(Example):

    def test_both_versions_are_served_on_one_port(self):
        with serving(self.program("http2_server"), 0) as server:
            url = f"http://127.0.0.1:{server.port}"
            curl = ("curl", "--silent", "--http2-prior-knowledge", "--max-time", DEADLINE_S)
            self.assertEqual(run(*curl, "--write-out", "%{http_version}", f"{url}/hello"), "hello\n2")
            self.assertEqual(run(*curl, "--data", "something", f"{url}/echo"), "something")
            client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)
            body = bytes(range(256)) * 4000
            client.request("POST", "/echo", body)
            self.assertEqual(client.getresponse().read(), body)
            client.request("GET", "/nothing")
            self.assertEqual(client.getresponse().status, 404)
            client.close()

    def test_wrong_arguments_show_the_usage(self):
        self.assert_usage("http2_server", (), ("x",), ("1", "2"))
