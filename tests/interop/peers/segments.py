"""segments.py PORT REQUEST TIMES: asks so often on one connection; prints the median in milliseconds and the segments of an answer."""

import json
import socket
import statistics
import struct
import sys
import time

DATA_SEGS_IN = 152  # struct tcp_info, linux/tcp.h


def segments():
    return struct.unpack_from("<I", connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256), DATA_SEGS_IN)[0]


connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=30)
times, begun_with = [], segments()
for _ in range(int(sys.argv[3])):
    begun = time.monotonic()
    connection.sendall(sys.argv[2].encode())
    answer = b""
    while not answer.endswith(b"end\n"):
        more = connection.recv(65536)
        if not more:
            sys.exit("the server hung up")
        answer += more
    times.append(1000 * (time.monotonic() - begun))
print(json.dumps({"median_ms": statistics.median(times), "segments": (segments() - begun_with) / len(times)}))
