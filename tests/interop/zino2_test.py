"""Our server beside the real Zino 2: the same answers to the same lines, and each goes on from the other's state file."""

import hashlib
import json
import shutil
import signal
import socket
import time
import unittest

from harness import PATIENCE, InteropTest, as_of_now

QUIET = 0.05  # seconds without a byte after which nothing more is expected: only what comes too much is missed if it is later


class Session:
    """Raw lines to a server, one after the other, and the raw bytes that it answers with."""

    def __init__(self, server):
        self.socket = socket.create_connection((server.host, server.port), PATIENCE)
        self.greeting = self.answer_to(None)
        challenge = self.greeting.split(" ")[1]
        proof = hashlib.sha1(f"{challenge} {server.secret}".encode()).hexdigest()
        self.login = f"USER {server.user} {proof}  -\r\n".encode()

    def close(self):
        self.socket.close()

    def answer_to(self, line, is_answered=True):
        """All that comes until the reply is whole and nothing follows; ends with <end> if the server has closed."""
        if line is not None:
            self.socket.sendall(line)
        received = b""
        while True:
            self.socket.settimeout(QUIET if not is_answered or self.is_whole(received) else PATIENCE)
            try:
                more = self.socket.recv(65536)
            except TimeoutError:
                assert not is_answered or self.is_whole(received), (line, received)
                return received.decode()
            if not more:
                return received.decode() + "<end>"
            received += more

    @staticmethod
    def is_whole(received):
        if not received.endswith(b"\r\n"):
            return False
        lines = received.split(b"\r\n")
        if lines[0][:3] in (b"300", b"301", b"303", b"304"):
            return lines[-2] == b"."
        return not lines[-2].startswith(b"200-")


# Lines that both servers answer alike, in this order.
BEFORE_LOGIN = [
    b"VERSION\n", b"version\r\n", b"HELP\r\n", b"help me\r\n", b"CASEIDS\r\n", b"GETATTRS\r\n", b"PM LIST\r\n", b"NTIE x\r\n", b" VERSION\r\n",
    b"FOO BAR\r\n", b"f\xf8\xf8\r\n", b"   \r\n", b"USER\r\n", b"USER operator\r\n", b"USER nobody 0123\r\n", b"USER operator 0123\r\n",
]
READING = [
    b"HELP\r\n", b"PM HELP\r\n", b"CASEIDS\r\n", b"caseids and more\r\n", b"GETATTRS\r\n", b"GETATTRS 0\r\n", b"GETATTRS x\r\n", b"GETATTRS 9999999\r\n",
    b"GETHIST 9999999\r\n", b"GETLOG\r\n", b"PM\r\n", b"PM FOO\r\n", b"PM  LIST\r\n", b"PM LIST\r\n", b"PM DETAILS 1\r\n", b"PM DETAILS 9\r\n",
    b"PM MATCHING 1\r\n", b"PM MATCHING 2\r\n", b"PM LOG 1\r\n", b"COMMUNITY oslo-gw1\r\n", b"COMMUNITY nowhere\r\n", b"POLLRTR nowhere\r\n",
    b"POLLINTF oslo-gw1 five\r\n", b"CLEARFLAP nowhere 1\r\n", b"CLEARFLAP oslo-gw1 x\r\n", b"NTIE no-such-nonce\r\n", b"USER operator 0123\r\n",
]
PLANNING = [
    b"PM ADD\r\n", b"PM ADD a b device exact x\r\n", b"PM ADD 4000000000 b device exact x\r\n", b"PM ADD 4000000000 3999999999 device exact x\r\n",
    b"PM ADD 1 4000000000 device exact x\r\n", b"PM ADD 4000000000 4000003600 thing exact x\r\n", b"PM ADD 4000000000 4000003600 device like x\r\n",
    b"PM ADD 4000000000 4000003600 portstate intf-regexp x\r\n", b"PM ADD 4000000000 4000003600 device str oslo*\r\n", b"PM LIST\r\n",
    b"PM DETAILS 3\r\n", b"PM MATCHING 3\r\n", b"PM ADDLOG 3\r\n", b"a line\r\n", b"\r\n", b" . \r\n", b".\r\n", b"PM LOG 3\r\n", b"PM ADDLOG 99\r\n",
    b"PM CANCEL 99\r\n", b"PM CANCEL 3\r\n", b"PM LIST\r\n",
]


def writing(case):
    lines = ["SETSTATE {0}", "SETSTATE {0} sleeping", "SETSTATE {0} Working", "SETSTATE 9999999 open", "SETSTATE {0} working",
             "SETSTATE {0} working", "ADDHIST 9999999", "ADDHIST {0}  -", "first", "", "QUIT", "  indented  ", ". ", "blåbær", ".", "GETHIST {0}",
             "ADDHIST {0}", ".", "GETHIST {0}", "GETLOG {0}", "GETATTRS {0}", "SETSTATE {0} embryonic", "GETHIST {0}", "GETATTRS {0}",
             "SETSTATE {0} closed", "SETSTATE {0} closed", "SETSTATE {0} open", "GETATTRS {0}", "CASEIDS", "ADDHIST {0}", "after the end", ".",
             "GETHIST {0}"]
    return [(line.format(case) + "\r\n").encode() for line in lines]


UNANSWERED = {b"\r\n", b"first\r\n", b"  indented  \r\n", b". \r\n", "blåbær\r\n".encode(), b"a line\r\n", b" . \r\n", b"after the end\r\n"}


class Zino2Test(InteropTest):
    def setUp(self):
        super().setUp()
        self.since = int(time.time())

    def both(self):
        made = self.fixture()
        copy = shutil.copytree(made, made.with_suffix(".theirs"))
        return self.uncork_server(made), self.zino2_server(copy)

    def test_the_same_lines_get_the_same_answers(self):
        servers = self.both()
        sessions = [Session(server) for server in servers]
        for session in sessions:
            self.addCleanup(session.close)
        self.assertEqual(*[session.greeting[:4] + session.greeting[44:] for session in sessions])

        def compare(line, quit_is_text=False):
            is_answered = line not in UNANSWERED and not (quit_is_text and line == b"QUIT\r\n")
            with self.subTest(line=line):
                ours, theirs = (as_of_now(session.answer_to(line, is_answered), self.since) for session in sessions)
                if line.lower().startswith(b"version"):
                    ours, theirs = ours[:20], theirs[:20]
                self.assertEqual(ours, theirs)
                return ours

        for line in BEFORE_LOGIN:
            compare(line)
        for session in sessions:
            self.assertEqual(session.answer_to(session.login), "200 ok\r\n")
        cases = [int(one) for one in compare(b"CASEIDS\r\n").split("\r\n")[1:-2]]
        self.assertEqual(len(cases), 6)
        for line in READING + [f"{command} {case}\r\n".encode() for case in cases for command in ("GETATTRS", "GETHIST", "GETLOG")]:
            compare(line)
        for line in writing(cases[0]):
            compare(line, quit_is_text=True)
        for line in PLANNING:
            compare(line)
        self.assertEqual(compare(b"QUIT\r\n"), "205 Bye\r\n<end>")

    def told(self, server):
        """All that a server says of its cases, also of the closed ones among `self.known`, and of planned maintenance."""
        self.known |= {case["id"] for case in self.json_client(server, "list")["cases"]}
        plans = self.json_client(server, "pm", "list")
        return json.loads(json.dumps([
            {case: self.json_client(server, "show", str(case)) for case in sorted(self.known)}, plans,
            [self.json_client(server, "pm", "show", str(plan["id"])) for plan in plans["maintenances"]],
        ]))

    def change(self, server):
        """Something of each kind that a state file keeps; then what the server says."""
        cases = [str(case["id"]) for case in self.json_client(server, "list")["cases"]]
        self.known = set(map(int, cases))
        self.client(server, "set-state", cases[0], "working")
        self.client(server, "add-history", cases[0], "-m", "Første linje\n\n  siste «linje»")
        self.client(server, "set-state", cases[1], "closed")
        added = self.json_client(server, "pm", "add", "--from", "+30h", "--to", "+31h", "--match", "regexp", "oslo.*")
        self.client(server, "pm", "add-log", str(added["id"]), "-m", "change 4711")
        return self.told(server)

    def test_zino_2_goes_on_from_our_state_file(self):
        ours = self.uncork_server(self.fixture())
        before = self.change(ours)
        self.assertEqual(ours.process.stop(), 0)
        self.assertEqual(self.told(self.zino2_server(ours.folder)), before)

    def test_we_go_on_from_the_state_file_of_zino_2_and_it_from_ours_again(self):
        theirs = self.zino2_server(self.fixture())
        before = self.change(theirs)
        self.assertEqual(theirs.process.stop(signal.SIGINT), 0)  # at SIGTERM it would write nothing
        ours = self.uncork_server(theirs.folder)
        self.assertEqual(self.told(ours), before)
        changed = self.change(ours)
        self.assertEqual(ours.process.stop(), 0)
        self.assertEqual(self.told(self.zino2_server(ours.folder)), changed)


if __name__ == "__main__":
    unittest.main()
