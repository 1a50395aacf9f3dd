"""A server that answers in three small writes, and its clients, for `uncork watch` to find: sick_service.py WORKERS CONNECTIONS EXCHANGES

Prints the server's port and the pids of its workers, waits for a line, lets the clients talk (each connection after another, four
at a time, so many exchanges each; with CONNECTIONS 0 until a line comes), prints `done`, waits for another line, and ends.
"""
import os
import signal
import socket
import sys
import threading

WORKERS, CONNECTIONS, EXCHANGES = (int(word) for word in sys.argv[1:4])
LISTENER = socket.create_server(("127.0.0.1", 0), backlog=256)
PORT = LISTENER.getsockname()[1]
OVER = threading.Event()


def serve():
    while True:
        accepted, _ = LISTENER.accept()
        with accepted:
            while accepted.recv(64):
                for part in (b"x" * 32, b"y" * 32, b"z" * 8):
                    accepted.sendall(part)


def work():
    for _ in range(3):
        threading.Thread(target=serve).start()
    serve()


def talk():
    with socket.create_connection(("127.0.0.1", PORT)) as client:
        for _ in range(EXCHANGES):
            client.sendall(b"q" * 20)
            have = 0
            while have < 72:
                have += len(client.recv(72 - have))


def ask():
    left = CONNECTIONS // 4
    while not OVER.is_set() and (left > 0 or CONNECTIONS == 0):
        talk()
        left -= 1


def main():
    workers = []
    for _ in range(WORKERS):
        worker = os.fork()
        if worker == 0:
            work()
        workers.append(worker)
    try:
        print(PORT, *workers, flush=True)
        sys.stdin.readline()
        clients = [threading.Thread(target=ask) for _ in range(4)]
        for client in clients:
            client.start()
        if CONNECTIONS == 0:
            sys.stdin.readline()
            OVER.set()
        for client in clients:
            client.join()
        print("done", flush=True)
        sys.stdin.readline()
    finally:
        for worker in workers:
            os.kill(worker, signal.SIGKILL)


main()
