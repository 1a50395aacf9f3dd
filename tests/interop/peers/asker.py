"""asker.py PORT REQUEST: connects once; for each number read, asks so often, and prints the milliseconds of each exchange."""

import json
import socket
import sys
import time

connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=30)
request = sys.argv[2].encode()

for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        begun = time.monotonic()
        connection.sendall(request)
        answer = b""
        while not answer.endswith(b"end\n"):
            more = connection.recv(65536)
            if not more:
                sys.exit("the server hung up")
            answer += more
        times.append(1000 * (time.monotonic() - begun))
    print(json.dumps(times), flush=True)
