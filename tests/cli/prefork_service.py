"""A server with worker processes, and a client process that holds a connection to each: prefork_service.py NAME WORKERS

The server and its workers call themselves NAME, the client NAME-c. Prints the port and the pids of server, client and workers.
Then each line that comes is obeyed, and answered: `fork` starts another worker and has the client connect to it (its pid);
`clear` has each worker take TCP_NODELAY off its connections (`done`). The end of input ends all.
"""
import ctypes
import os
import signal
import socket
import sys

NAME, WORKERS = sys.argv[1], int(sys.argv[2])
PR_SET_NAME, PR_SET_PDEATHSIG = 15, 1


def prctl(option, value):
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def child(name, work):
    pid = os.fork()
    if pid == 0:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(PR_SET_NAME, name.encode())
        work()
        os._exit(0)
    return pid


def clear(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)


class Worker:
    """Accepts the one connection that waits when it is started, and obeys a line of its pipe."""

    def __init__(self, listener, name):
        self.listener = listener
        reading, self.orders = os.pipe()
        self.answers, writing = os.pipe()
        self.pid = child(name, lambda: self.work(reading, writing))

    def work(self, reading, writing):
        connection, _ = self.listener.accept()
        os.write(writing, b".")
        while os.read(reading, 1):
            clear(connection)
            os.write(writing, b".")

    def wait(self):
        os.read(self.answers, 1)

    def clear(self):
        os.write(self.orders, b"c")
        self.wait()


def hold_connections(port, orders, answers):
    held = []
    while os.read(orders, 1):
        held.append(socket.create_connection(("127.0.0.1", port)))
        os.write(answers, b".")


def main():
    orders, connect = os.pipe()
    connected, answers = os.pipe()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def client_work():
            listener.close()
            hold_connections(port, orders, answers)

        client = child(NAME + "-c", client_work)
        prctl(PR_SET_NAME, NAME.encode())  # only now, so that the client never bears it
        workers = []

        def one_more():
            os.write(connect, b"c")
            os.read(connected, 1)
            workers.append(Worker(listener, NAME))
            workers[-1].wait()

        for _ in range(WORKERS):
            one_more()
        print(port, os.getpid(), client, *[worker.pid for worker in workers], flush=True)
        for line in sys.stdin:
            if line == "fork\n":
                one_more()
                print(workers[-1].pid, flush=True)
            else:
                for worker in workers:
                    worker.clear()
                print("done", flush=True)
    for pid in [client, *[worker.pid for worker in workers]]:
        os.kill(pid, signal.SIGKILL)


main()
