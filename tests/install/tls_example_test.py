"""tls_client and tls_server, by each other and by OpenSSL's own client and server."""

import re
import subprocess

from building import run
from running import Example, finished, first_line, serving

LINES = "the quick brown fox\njumps over\nthe lazy dog\n"


class Tls(Example):

    @classmethod
    def setUpClass(cls):
        """A certificate for localhost that signs itself, made now."""
        cls.certificate, cls.key = cls.copy.work / "certificate.pem", cls.copy.work / "key.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", cls.key, "-out", cls.certificate)

    def client(self, port, lines, name="localhost"):
        return finished(self.program("tls_client"), "127.0.0.1", port, name, self.certificate, text_in=lines)

    def test_client_and_server_answer_each_other_with_a_send_a_line(self):
        with serving(self.program("tls_server"), 0, self.certificate, self.key) as server:
            code, out, err = self.client(server.port, LINES * 100)
        self.assertEqual(code, 0, err)
        self.assert_about_one_a_line(300, *re.fullmatch(r"(\d+) lines in (\d+) sends\n", err).groups())
        self.assertEqual(out, "".join(f"echo: {line}\n" for line in LINES.splitlines()) * 100)

    def test_openssl_sees_the_words_of_a_line_in_one_record(self):
        # -rev: answers with each line reversed. stdbuf: or the trace is lost in its buffer when it is ended.
        command = ["stdbuf", "-oL", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", self.certificate, "-key", self.key, "-rev", "-trace"]
        server = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  stdin=subprocess.DEVNULL)
        try:
            port = int(first_line(server, "ACCEPT ").rsplit(":", 1)[1])
            code, out, err = self.client(port, LINES * 10)
        finally:
            server.kill()
            trace = server.communicate()[0].decode()
        self.assertEqual(code, 0, err)
        self.assertEqual(out, "".join(f"{line[::-1]}\n" for line in LINES.splitlines()) * 10)
        received = trace.split("Received Record")[1:]
        self.assert_about_one_a_line(30, 30, sum("Inner Content Type = ApplicationData" in record for record in received))

    def test_openssl_is_answered_line_by_line(self):
        with serving(self.program("tls_server"), 0, self.certificate, self.key) as server:
            command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", "localhost", "-CAfile",
                       self.certificate, "-verify_return_error", "-quiet"]
            client = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL)
            try:
                for line in LINES.splitlines(keepends=True):
                    client.stdin.write(line.encode())
                    client.stdin.flush()
                    self.assertEqual(client.stdout.readline().decode(), "echo: " + line)
            finally:
                client.kill()
                client.communicate()

    def test_a_server_with_another_name_is_refused(self):
        with serving(self.program("tls_server"), 0, self.certificate, self.key) as server:
            code, out, err = self.client(server.port, LINES, name="example.org")
        self.assertEqual((code, out), (1, ""))
        self.assertEqual(err, f"tls_client: 127.0.0.1 port {server.port}: certificate verify failed (SSL routines)\n")

    def test_what_cannot_be_done_is_said(self):
        self.assert_usage("tls_server", [], ["0"], ["x", "a", "b"])
        self.assert_usage("tls_client", [], ["127.0.0.1", "x", "localhost", "ca"], ["nowhere", "1", "localhost", "ca"])
        code, _, err = finished(self.program("tls_server"), 0, "/nowhere/at/all", self.key)
        self.assertEqual(code, 1)
        self.assertTrue(err.startswith("tls_server: cannot read the certificate and its key: "), err)
