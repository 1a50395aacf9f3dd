"""What the tests of HTTP/2 share: our test server, a certificate, bodies, and commands that must end well."""

import hashlib
import os
import random
import socket
import subprocess

from harness import HERE, PATIENCE, InteropTest

SYSTEM_PYTHON = "/usr/bin/python3"  # the one that Debian's packages of Python belong to
NODE = "node"


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ServerTest(InteropTest):
    """Its folder is of text: what is put into it goes to commands."""

    def path(self, name):
        return str(self.folder / name)

    def serve(self, *arguments):
        """Our server; its port is in self.port."""
        server = self.start([os.environ["UNCORK_HTTP_SERVER"], *arguments, "0"], {0, -15})
        self.port = server.wait_for(r"listening on 127.0.0.1:(\d+)")[1]
        return server

    def output(self, *arguments, **options):
        """What a command that ends with 0 prints."""
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10 * PATIENCE, **options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def script(self, name):
        return str(HERE / "peers" / name)

    def certificate(self):
        paths = [self.path(name) for name in ("certificate.pem", "key.pem")]
        self.output("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", paths[0],
                    "-keyout", paths[1])
        return paths

    def file_of(self, size, name="upload"):
        """A file of so many bytes, the same in every run."""
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(random.Random(size).randbytes(size))
        return path
