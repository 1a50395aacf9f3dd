"""The client of HTTP/2 and servers of six other stacks: nghttpd, h2o, nginx, node, caddy and Apache; bare and under TLS."""

import collections
import json
import os
import pathlib
import signal
import socket
import time
import unittest

from harness import PATIENCE
from http2_harness import NODE, ServerTest, digest, free_port

CLIENT = os.environ["UNCORK_HTTP_CLIENT"]
ENDED = {0, -signal.SIGTERM}
MODULES = "/usr/lib/apache2/modules"


class OurClientTest(ServerTest):
    """`www` is served: page (1 MB) and small (10 KB)."""

    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)  # h2o and Apache, started by root, serve as somebody else
        www = self.folder / "www"
        www.mkdir()
        self.page, self.small = self.file_of(1_000_000, "www/page"), self.file_of(10_000, "www/small")
        self.upload = self.file_of(1_000_001)
        self.cert, self.key = self.certificate()
        pathlib.Path(self.key).chmod(0o644)
        self.bare, self.tls = free_port(), free_port()

    def config(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def begin(self, *command, ports=None):
        """Starts the server, and waits until it listens on all of its ports: both, if nothing is said."""
        server = self.start([str(word) for word in command], ENDED)
        self.wait_for_ports(server, *(ports or (self.bare, self.tls)))
        return server

    def wait_for_ports(self, server, *ports):
        end = time.monotonic() + PATIENCE
        for port in ports:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), PATIENCE).close()
                    break
                except ConnectionRefusedError:
                    if server.process.poll() is not None or time.monotonic() > end:
                        raise AssertionError(f"{server.arguments}: does not listen: {''.join(server.out + server.err)}") from None
                    time.sleep(0.02)

    def ask(self, *arguments, how=("--insecure",)):
        return [json.loads(line) for line in self.output(CLIENT, *how, *arguments).splitlines()]

    def answer(self, *arguments, **options):
        """Of a request that must have one: what our client says but the address."""
        got = self.ask(*arguments, **options)
        self.assertEqual([one["error"] for one in got], len(got) * [""], got)
        return got[0]

    def expect_together(self, count, url, path):
        """So many at once, each with the content of the file at `path`; how many connections there were then."""
        got = self.ask("--parallel", str(count), url)
        self.assertEqual(collections.Counter((one["status"], one["sha256"], one["error"]) for one in got), {(200, digest(path), ""): count})
        return max(one["connections"] for one in got)

    def expect_everything(self, origin, post):
        """`post`: what a POST to the page is answered with: "echo", "page", or a status."""
        one = self.answer(f"{origin}/page")
        self.assertEqual((one["status"], one["bytes"], one["sha256"]), (200, 1_000_000, digest(self.page)))
        one = self.answer("--head", f"{origin}/page")
        self.assertEqual((one["status"], one["bytes"]), (200, 0))
        self.assertEqual(self.answer(f"{origin}/none")["status"], 404)
        one = self.answer("--post", self.upload, f"{origin}/page")
        if post in ("echo", "page"):  # to the last byte, though some servers break the request off when they have answered
            self.assertEqual((one["status"], one["sha256"]), (200, digest(self.upload if post == "echo" else self.page)))
        else:
            self.assertEqual(one["status"], post, one)
        self.assertEqual(self.expect_together(100, f"{origin}/small", self.small), 1)
        self.expect_together(10, f"{origin}/page", self.page)  # under way together: the windows of streams and connection

    def expect_everything_twice(self, post):
        for origin in (f"http://127.0.0.1:{self.bare}", f"https://127.0.0.1:{self.tls}"):
            with self.subTest(origin=origin.split(":")[0]):
                self.expect_everything(origin, post)

    def nginx_config(self, more=""):
        return self.config("nginx.conf", f"""
            daemon off; master_process off; pid {self.folder}/nginx.pid; error_log {self.folder}/error.log;
            events {{ worker_connections 1024; }}
            http {{ access_log off; {more}
              {" ".join(f"{name}_temp_path {self.folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))}
              server {{ listen 127.0.0.1:{self.bare} http2; listen 127.0.0.1:{self.tls} http2 ssl;
                ssl_certificate {self.cert}; ssl_certificate_key {self.key}; root {self.folder}/www; }} }}
            """)

    def nginx(self, more=""):
        return self.begin("nginx", "-p", self.folder, "-e", self.folder / "error.log", "-c", self.nginx_config(more))


class ServersTest(OurClientTest):
    def test_nghttpd(self):
        common = ["nghttpd", "--address=127.0.0.1", "--echo-upload", f"--htdocs={self.folder}/www"]
        self.begin(*common, "--no-tls", self.bare, ports=[self.bare])
        self.begin(*common, self.tls, self.key, self.cert, ports=[self.tls])
        self.expect_everything_twice(post="echo")

    def test_h2o(self):
        self.begin("h2o", "-c", self.config("h2o.conf", f"""
num-threads: 1
listen:
  host: 127.0.0.1
  port: {self.bare}
hosts:
  default:
    listen:
      host: 127.0.0.1
      port: {self.tls}
      ssl:
        certificate-file: {self.cert}
        key-file: {self.key}
    paths:
      /:
        file.dir: {self.folder}/www
"""))
        self.expect_everything_twice(post=405)

    def test_nginx(self):
        self.nginx()
        self.expect_everything_twice(post=405)

    def test_node(self):
        self.begin(NODE, self.script("h2_server.js"), self.folder / "www", self.bare, self.tls, self.cert, self.key)
        self.expect_everything_twice(post="echo")

    def test_caddy(self):
        sites = "\n".join(f"{site} {{\n  {tls}\n  root * {self.folder}/www\n  file_server\n}}" for site, tls in (
            (f"http://127.0.0.1:{self.bare}", ""), (f"https://127.0.0.1:{self.tls}", f"tls {self.cert} {self.key}")))
        options = "{\n  admin off\n  auto_https off\n  servers {\n    protocols h1 h2 h2c\n  }\n}"
        self.begin("env", f"HOME={self.folder}", "caddy", "run", "--adapter", "caddyfile", "--config",
                   self.config("Caddyfile", f"{options}\n{sites}\n"))
        self.expect_everything_twice(post="page")

    def test_apache(self):
        modules = ("mpm_event", "authz_core", "unixd", "http2", "ssl", "socache_shmcb")
        present = [name for name in modules if os.path.exists(f"{MODULES}/mod_{name}.so")]  # some are built in
        user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        config = self.config("apache.conf", "\n".join([
            f"ServerRoot {self.folder}", "ServerName localhost", f"PidFile {self.folder}/apache.pid",
            f"ErrorLog {self.folder}/error.log", f"DefaultRuntimeDir {self.folder}", *(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in present), user,
            "StartServers 1", "ServerLimit 1", "ThreadsPerChild 25", "MaxRequestWorkers 25", "Protocols h2 h2c http/1.1",
            f"DocumentRoot {self.folder}/www", f"<Directory {self.folder}/www>\nRequire all granted\n</Directory>",
            f"Listen 127.0.0.1:{self.bare}", f"Listen 127.0.0.1:{self.tls}",
            f"<VirtualHost 127.0.0.1:{self.tls}>\nSSLEngine on\nSSLCertificateFile {self.cert}\nSSLCertificateKeyFile {self.key}\n"
            "</VirtualHost>\n"]))
        self.begin("/usr/sbin/apache2", "-DFOREGROUND", "-f", config)
        self.expect_everything_twice(post="page")


class EndsTest(OurClientTest):
    """What servers do at the end of a connection, and before they begin one."""

    def test_what_was_not_processed_before_a_goaway_is_asked_again(self):
        self.nginx("keepalive_requests 40;")
        self.expect_together(100, f"http://127.0.0.1:{self.bare}/small", self.small)

    def test_more_than_the_server_allows_wait_for_their_turn(self):
        self.nginx("http2_max_concurrent_streams 3;")
        self.expect_together(100, f"http://127.0.0.1:{self.bare}/small", self.small)

    def test_a_certificate_must_be_of_the_name_and_signed_by_a_root(self):
        self.nginx()
        url = f"https://127.0.0.1:{self.tls}/small"
        self.assertEqual(self.answer(url, how=("--roots", self.cert))["status"], 200)
        self.assertRegex(self.ask(url, how=())[0]["error"], "certificate verify failed")
        other = free_port()
        self.assertRegex(self.ask(f"https://127.0.0.1:{other}/", how=())[0]["error"], "refused")

    def test_a_server_of_http1_alone_is_an_error(self):
        self.nginx_config()
        config = (self.folder / "nginx.conf").read_text().replace("http2", "")
        self.begin("nginx", "-p", self.folder, "-e", self.folder / "error.log", "-c", self.config("old.conf", config))
        for url in (f"http://127.0.0.1:{self.bare}/small", f"https://127.0.0.1:{self.tls}/small"):
            one = self.ask(url)[0]
            self.assertEqual((one["status"], bool(one["error"])), (0, True), one)


if __name__ == "__main__":
    unittest.main()
