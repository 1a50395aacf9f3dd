"""A server process and a client process, for `uncork cure --trial` to try: trial_service.py KIND

gaining   the server answers in three small writes
neutral   it answers in one
already   it answers in three, with TCP_NODELAY
losing    it answers many requests that the client keeps under way, each in a small write, which Nagle's algorithm had merged
moving    the client asks in two writes, the server answers each (field case M2): with the option at the client, both of these leave
          at once, and the server's second answer waits for an acknowledgement
few       an exchange a second

Prints the port, the server's pid and the client's, and goes on until its input ends, or a line `end` has the server end.
"""
import ctypes
import os
import signal
import socket
import sys
import threading
import time

KIND = sys.argv[1]
PR_SET_PDEATHSIG = 1
DEPTH = 32


def read(connection, count):
    while count > 0:
        try:
            got = connection.recv(count)
        except ConnectionResetError:
            got = b""
        if not got:
            sys.exit(0)
        count -= len(got)


def answer(connection):
    if KIND == "already":
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if KIND == "losing":
        waiting = 0
        while True:
            got = connection.recv(4096)
            if not got:
                return
            waiting += len(got)
            while waiting >= 20:
                waiting -= 20
                connection.sendall(b"a" * 16)
    if KIND == "moving":
        while True:
            read(connection, 32)
            connection.sendall(b"x" * 60)
            read(connection, 24)
            connection.sendall(b"y" * 24)
    parts = (b"x" * 72,) if KIND == "neutral" else (b"x" * 32, b"y" * 32, b"z" * 8)
    while True:
        read(connection, 20)
        for part in parts:
            connection.sendall(part)


def ask(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        if KIND == "losing":
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(b"q" * 20 * DEPTH)
            have = 0
            while True:
                have += len(connection.recv(4096))
                answers, have = divmod(have, 16)
                if answers:
                    connection.sendall(b"q" * 20 * answers)
        while True:
            if KIND == "moving":
                connection.sendall(b"p" * 32)
                connection.sendall(b"q" * 24)
                read(connection, 84)
            else:
                connection.sendall(b"q" * 20)
                read(connection, 72)
            time.sleep({"few": 1, "neutral": 0.0005, "already": 0.0005}.get(KIND, 0))


def in_threads(work, count):
    threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def child(work):
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        work()
        os._exit(0)
    return pid


def serve(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def main():
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        port = listener.getsockname()[1]
        server = child(lambda: serve(listener))
    connections = 1 if KIND in ("losing", "few") else 4
    client = child(lambda: in_threads(lambda: ask(port), connections))
    print(port, server, client, flush=True)
    for line in sys.stdin:
        if line == "end\n":
            os.kill(server, signal.SIGKILL)
            os.waitpid(server, 0)
            print("ended", flush=True)
    for pid in (client, server):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


main()
