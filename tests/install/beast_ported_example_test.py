"""beast_ported, by curl over both versions."""

from building import run
from running import DEADLINE_S, Example, serving


class BeastPorted(Example):

    def test_the_handler_serves_both_versions(self):
        with serving(self.program("beast_ported"), 0) as server:
            url = f"http://127.0.0.1:{server.port}"
            for how, version in (("--http2-prior-knowledge", "2"), ("--http1.1", "1.1")):
                curl = ("curl", "--silent", how, "--max-time", DEADLINE_S)
                self.assertEqual(run(*curl, "--write-out", "%{http_version}", "--data", "something", f"{url}/echo"), f"something{version}")
                said = run(*curl, "--include", "--header", "cookie: x=1", "--header", "cookie: y=2", f"{url}/cookies").lower()
                self.assertIn("x=1; y=2\n", said)
                self.assertIn("set-cookie: a=1\nset-cookie: b=2\n", said)
                self.assertEqual(run(*curl, "--write-out", "%{http_code}", f"{url}/nothing"),
                                 f"there are: GET /cookies, POST /echo; not at 127.0.0.1:{server.port}\n404")
                self.assertEqual(run(*curl, "--output", "/dev/null", "--write-out", "%{http_code}", "--data", "x" * 100_000, f"{url}/echo"),
                                 "200")

    def test_wrong_arguments_show_the_usage(self):
        self.assert_usage("beast_ported", (), ("x",), ("1", "2"))
