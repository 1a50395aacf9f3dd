"""file_server: files to the byte."""

import http.client
import os
import random

from running import DEADLINE_S, Example, finished, serving


def fetch(client, name, method="GET", **headers):
    client.request(method, f"/{name}", headers=headers)
    answer = client.getresponse()
    return answer.status, answer.read()


class Files(Example):

    def test_files_of_any_size_and_their_ranges_arrive_to_the_byte_over_one_connection(self):
        folder = self.scratch("files")
        contents = {f"of_{size}": random.Random(size).randbytes(size) for size in (0, 1, 1000, 65_536, 9_000_001)}
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        with serving(self.program("file_server"), 0, folder) as server:
            client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)
            for name, content in contents.items():
                self.assertEqual(fetch(client, name), (200, content), name)
            big = contents["of_9000001"]
            self.assertEqual(fetch(client, "of_9000001", Range="bytes=4000000-4000009"), (206, big[4_000_000:4_000_010]))
            self.assertEqual(fetch(client, "of_9000001", Range="bytes=8000000-"), (206, big[8_000_000:]))
            self.assertEqual(fetch(client, "of_1000", Range="bytes=1000-"), (200, contents["of_1000"]))
            client.close()

    def test_nothing_but_the_regular_files_of_its_folder_is_served(self):
        folder = self.scratch("closed")
        (folder / "inside").mkdir()
        (folder / "inside" / "deep").write_text("deep")
        (folder / ".hidden").write_text("hidden")
        (folder / "link").symlink_to(folder / ".hidden")
        os.mkfifo(folder / "fifo")
        with serving(self.program("file_server"), 0, folder) as server:
            client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)
            for name in ("", "none", "inside", "inside/deep", "../closed/.hidden", "..", ".hidden", "link", "fifo", "/etc/passwd"):
                self.assertEqual(fetch(client, name), (404, b""), name)
            self.assertEqual(fetch(client, ".hidden", "DELETE"), (405, b""))
            client.close()

    def test_what_cannot_be_done_is_said(self):
        self.assert_usage("file_server", [], ["0"], ["x", "."])
        code, _, err = finished(self.program("file_server"), 0, "/nowhere/at/all")
        self.assertEqual((code, err), (1, "file_server: '/nowhere/at/all' is not a folder that can be opened\n"))
