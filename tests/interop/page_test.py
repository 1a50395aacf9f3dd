"""The live page of `uncork collect` in Chromium: a service that stalls is seen, told what to do, and seen to be cured."""

import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

from field_harness import PORT, FieldTest
from harness import HERE, INTEROP, PATIENCE, PROGRAM, binary

# Playwright is in an environment of its own, and this test moves there.
if pathlib.Path(sys.prefix) != INTEROP / "playwright":
    python = binary("playwright", "python")
    os.execv(python, [python, *sys.orig_argv[1:]])

from playwright.sync_api import expect, sync_playwright  # noqa: E402

PICTURES = pathlib.Path(os.environ.get("UNCORK_PICTURES", INTEROP.parent / "page"))
LEAST_LOSS = 1  # ms a second: Nagle costs this service some more, and nothing is left of it after the cure


class PageTest(FieldTest):
    def setUp(self):
        super().setUp()
        # The collector stands outside: what it serves is on the machine's own loopback, and the service in a namespace of the test's.
        self.collector = self.start([PROGRAM, "collect", "--interval", "1s", "--netns", self.namespace, "--store", str(self.folder / "store.db"),
                                     "--page", "127.0.0.1:0"], {0})
        self.address = self.collector.wait_for(r"the page is at (http://127\.0\.0\.1:\d+/)")[1]
        self.browser = self.enterContext(sync_playwright()).chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        self.addCleanup(self.browser.close)
        self.console = []
        self.context = self.browser.new_context(color_scheme="light", viewport={"width": 1280, "height": 900})
        self.page = self._watched(self.context)

    def _watched(self, context):
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}") if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.console.append(f"thrown: {error}"))
        page.on("request", lambda request: None if request.url.startswith((self.address, "ws" + self.address[4:]))
                else self.console.append(f"asked elsewhere: {request.url}"))
        return page

    def sick_service(self):
        """A server that answers by two writes through Nagle, and a client that asks it all the time."""
        server = self.serve("node", HERE / "peers/two_writes.js", PORT)
        asker = self.asker()
        over = threading.Event()

        def ask():
            while not over.is_set():
                asker.ask(5)
                time.sleep(0.05)

        asks = threading.Thread(target=ask)
        asks.start()
        self.addCleanup(asks.join)
        self.addCleanup(over.set)
        return server

    def ask(self, path):
        with urllib.request.urlopen(self.address + path, timeout=PATIENCE) as answer:
            return json.load(answer)

    def loss_now(self):
        """Milliseconds lost a second by the server, at the last poll."""
        lines = [one for one in self.ask("api/services")["services"] if one["comm"] == "node" and one["role"] == "server"]
        return lines[0]["now"]["lost_ms_a_second"] if lines else 0

    def wait_until(self, holds, what):
        end = time.monotonic() + PATIENCE
        while not holds():
            self.assertLess(time.monotonic(), end, f"not so after {PATIENCE} s: {what}")
            time.sleep(0.1)

    def picture(self, name):
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(PICTURES / f"{name}.png"), full_page=True)

    def test_a_stall_is_seen_within_ten_seconds_and_its_end_too(self):
        page = self.page
        page.goto(self.address)
        expect(page.locator("#pulse")).to_have_text(re.compile("Poll"))
        server = self.sick_service()
        begin = time.monotonic()
        row = page.locator("tbody tr", has_text=f"node server :{PORT}")
        expect(row).to_contain_text("Nagle", timeout=10_000)
        self.assertLess(time.monotonic() - begin, 10)
        self.wait_until(lambda: self.loss_now() > LEAST_LOSS, "the service loses time")
        expect(row).to_contain_text("merge the writes, or set TCP_NODELAY")
        self.picture("services-light")

        row.get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"node server :{PORT}")
        command = f"uncork cure --pid {server.pid} --port {PORT}"
        expect(page.locator(".command code")).to_have_text(command)
        expect(page.locator(".verdict .what")).to_contain_text("Nagle held bytes")
        expect(page.locator(".chart canvas").first).to_be_visible()
        self.wait_until(lambda: page.evaluate("""() => {
            const canvas = document.querySelector('.chart canvas');
            const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            const orange = (i) => pixels[i] > 150 && pixels[i + 2] < 80 && pixels[i + 3] > 200;
            let painted = 0;
            for (let i = 0; i < pixels.length; i += 4) painted += orange(i);
            return painted > 50;
        }"""), "the colours of Nagle are drawn")  # from the second poll on
        expect(page.locator("section[aria-label=Connections] tbody tr")).to_have_count(1)
        self.picture("service-light")

        # A link opens the same view, here in the dark.
        dark = self.browser.new_context(color_scheme="dark", viewport={"width": 1280, "height": 900})
        self.page, light = self._watched(dark), page
        self.page.goto(light.url)
        expect(self.page.locator(".command code")).to_have_text(command)
        expect(self.page.locator(".chart canvas").first).to_be_visible()
        self.picture("service-dark")
        self.page.goto(self.address + "#/machine")
        expect(self.page.locator(".card .what")).to_contain_text("sockets in 1 namespace")
        self.picture("machine-dark")
        self.page.goto(self.address)
        expect(self.page.locator("tbody tr").first).to_be_visible()
        self.picture("services-dark")
        dark.close()
        self.page = light

        subprocess.run(self.inside(PROGRAM, *command.split()[1:]), check=True, capture_output=True, timeout=PATIENCE)
        self.wait_until(lambda: self.loss_now() == 0, "the loss ends after the cure")
        page.goto(self.address)
        expect(row.locator(".now")).to_have_text("0 ms/s")
        row.get_by_role("link").click()
        expect(page.locator("section[aria-label=Connections]")).to_contain_text("set")
        expect(page.locator(".remedy")).to_contain_text("has TCP_NODELAY set now")
        expect(page.locator(".verdict .over")).to_contain_text("Nothing has been lost since")
        self.picture("cured-light")
        self.assertEqual(self.console, [])

    def test_a_filter_and_its_errors_stand_in_the_address_and_at_the_box(self):
        page = self.page
        self.sick_service()
        page.goto(self.address)
        row = page.locator("tbody tr", has_text=f"node server :{PORT}")
        expect(row).to_be_visible()
        box = page.get_by_label("Filter")
        box.fill("comm = nobody")
        expect(row).to_have_count(0)
        self.assertIn("filter=comm+%3D+nobody", page.url)
        box.fill("lost >")
        expect(page.locator(".filter .error")).to_contain_text("column 7")
        box.fill("rtt > 1ms")
        expect(page.locator(".filter .error")).to_contain_text("a service has no 'rtt'")
        box.fill("comm = node")
        expect(page.locator(".filter .error")).to_be_hidden()
        expect(row).to_be_visible()
        page.reload()
        expect(page.get_by_label("Filter")).to_have_value("comm = node")
        expect(row).to_be_visible()
        # By keys alone: the order of the table, and into a service.
        page.get_by_role("button", name="Exchanges").focus()
        page.keyboard.press("Enter")
        expect(page.locator("th[aria-sort=descending]")).to_have_text("Exchanges")
        row.get_by_role("link").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(f"node server :{PORT}")
        self.assertEqual(self.console, [])

    def test_a_name_that_is_markup_stays_a_name(self):
        page = self.page
        name = "<img src=x>"  # a program's name has 15 bytes
        program = self.write("rename.py", f"open('/proc/self/comm', 'w').write({name!r})\n"
                             "import socket, sys\nlistener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
                             "while True:\n    accepted, _ = listener.accept()\n    while accepted.recv(64): accepted.sendall(b'a\\n'); accepted.sendall(b'end\\n')\n")
        self.serve(sys.executable, "-B", program, PORT)
        asker = self.asker()
        asker.ask(20)
        self.wait_until(lambda: any(one["comm"] == name for one in self.ask("api/services")["services"]), "it is seen")
        page.goto(self.address)
        row = page.locator("tbody tr", has_text=f"{name} server :{PORT}")
        expect(row).to_be_visible()
        row.get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{name} server :{PORT}")
        self.assertEqual(page.locator("main img").count(), 0)
        self.assertEqual(self.console, [])

    def test_is_readable_on_a_phone_and_turns_dark_when_told(self):
        self.sick_service()
        phone = self.browser.new_context(color_scheme="light", viewport={"width": 390, "height": 844})
        self.page = page = self._watched(phone)
        page.goto(self.address)
        expect(page.locator("tbody tr", has_text=f"node server :{PORT}")).to_be_visible()
        for view in "", "#/machine":
            page.goto(self.address + view)
            expect(page.locator("#pulse")).to_have_text(re.compile("Poll"))
            self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 390, "it has to be moved sideways")
        page.goto(self.address)
        before = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.get_by_role("button", name="Theme: auto").click()
        expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
        self.assertNotEqual(page.evaluate("getComputedStyle(document.body).backgroundColor"), before)
        expect(page.locator("tbody tr", has_text=f"node server :{PORT}")).to_be_visible()
        self.picture("phone-dark")
        self.assertEqual(self.console, [])

    def test_says_that_the_collector_is_gone_and_finds_the_next_one(self):
        page = self.page
        page.goto(self.address)
        expect(page.locator("#pulse")).to_have_text(re.compile("Poll"))
        port = self.address.split(":")[-1].strip("/")
        self.collector.stop()
        expect(page.locator("#banner")).to_contain_text("The connection to the collector is lost")
        next_one = self.start([PROGRAM, "collect", "--interval", "1s", "--netns", self.namespace, "--store", str(self.folder / "store.db"),
                               "--page", f"127.0.0.1:{port}"], {0})
        next_one.wait_for("the page is at")
        expect(page.locator("#banner")).to_be_hidden(timeout=PATIENCE * 1000)
        expect(page.locator("#pulse")).to_have_text(re.compile("Poll"))


if __name__ == "__main__":
    unittest.main()
