"""A client of python3-h2 on a socket: asks the server at argv[1] (and argv[2] "tls") for everything; prints JSON, one member a part.

h2 is strict: any frame that the server may not send raises.
"""

import hashlib
import json
import random
import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings

PATIENCE = 60
CANCEL = h2.errors.ErrorCodes.CANCEL


class Answer:
    def __init__(self):
        self.fields, self.trailers, self.body, self.pieces, self.is_whole, self.reset = {}, {}, b"", 0, False, None


class Client:
    """One connection. What comes on the streams of `hold` opens the connection's window again, but not theirs."""

    def __init__(self, port, tls, window=None):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each second small frame waits for a delayed ACK
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
            assert self.socket.selected_alpn_protocol() == "h2"
        self.scheme = "https" if tls else "http"
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        if window is not None:
            given = {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window}  # from the first SETTINGS on
            self.h2.local_settings = h2.settings.Settings(client=True, initial_values=given)
        self.h2.initiate_connection()
        self.answers, self.outgoing, self.hold, self.pongs, self.ended = {}, {}, set(), 0, False
        self.flush()

    def ask(self, path, method="GET", body=None, trailers=None, ends=True, more=()):
        stream = self.h2.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", self.scheme), (":authority", "localhost"), (":path", path), *more]
        self.h2.send_headers(stream, fields, end_stream=body is None and ends)
        self.answers[stream] = Answer()
        if body is not None:
            self.outgoing[stream] = (body, trailers, ends)
            self.push(stream)
        self.flush()
        return stream

    def push(self, stream):
        """As much of the body as the windows allow."""
        body, trailers, ends = self.outgoing[stream]
        while body:
            size = min(len(body), self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if size == 0:
                break
            self.h2.send_data(stream, body[:size])
            body = body[size:]
        self.outgoing[stream] = (body, trailers, ends)
        if body:
            return
        del self.outgoing[stream]
        if trailers:
            self.h2.send_headers(stream, trailers, end_stream=True)
        elif ends:
            self.h2.end_stream(stream)

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def until(self, holds):
        while not holds():
            received = self.socket.recv(65536)
            if not received:
                self.ended = True
                assert holds(), "the connection ended"
                return
            for event in self.h2.receive_data(received):
                self.on(event)
            for stream in list(self.outgoing):
                self.push(stream)
            self.flush()

    def on(self, event):
        answer = self.answers.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ResponseReceived):
            answer.fields = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            answer.body += event.data
            answer.pieces += 1
            if event.stream_id in self.hold:
                self.h2.increment_flow_control_window(event.flow_controlled_length)
            elif event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            answer.trailers = dict(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            answer.is_whole = True
        elif isinstance(event, h2.events.StreamReset):
            answer.reset = event.error_code
            self.outgoing.pop(event.stream_id, None)
        elif isinstance(event, h2.events.PingAckReceived):
            self.pongs += 1
        elif isinstance(event, h2.events.ConnectionTerminated):
            raise AssertionError(f"GOAWAY {event.error_code} {event.additional_data}")

    def whole(self, *streams):
        self.until(lambda: all(self.answers[one].is_whole or self.answers[one].reset is not None for one in streams))
        return self.answers[streams[0]]

    def get(self, path, method="GET"):
        return self.whole(self.ask(path, method))

    def cancel(self, stream):
        self.outgoing.pop(stream, None)
        self.h2.reset_stream(stream, CANCEL)
        self.flush()


def digest(text):
    return hashlib.sha256(text).hexdigest()


def get(client):
    one, head = client.get("/"), client.get("/", "HEAD")
    return [one.fields[":status"], one.body.decode(), "date" in one.fields, head.fields[":status"], len(head.body)]


def post(client):
    body = random.Random(1).randbytes(1_000_000)  # larger than every window: goes up as it comes down
    one = client.whole(client.ask("/echo", "POST", body))
    return [one.fields[":status"], digest(one.body) == digest(body), one.trailers]


def trailers(client):
    one = client.whole(client.ask("/echo", "POST", b"some", trailers=[("checksum", "7"), ("last", "yes")]))
    return [one.body.decode(), one.trailers]


def streamed(client):
    """The first half is here while the second is not written yet: nobody has asked for it."""
    stream = client.ask("/halves")
    client.until(lambda: client.answers[stream].body == b"first\n")
    released = client.get("/release-halves").fields[":status"]
    return [released, client.whole(stream).body.decode()]


def both_ways(client):
    """Each message goes up only when the one before has come down."""
    stream = client.ask("/echo", "POST", ends=False)
    for number in range(20):
        client.h2.send_data(stream, b"%04d" % number, pad_length=number)
        client.flush()
        client.until(lambda: len(client.answers[stream].body) == 4 * (number + 1))
    client.h2.end_stream(stream)
    client.flush()
    return [client.whole(stream).body == b"".join(b"%04d" % number for number in range(20))]


def many(client):
    streams = [client.ask("/") for _ in range(100)]
    client.whole(*streams)
    return [sum(client.answers[one].body == b"Hello world!" for one in streams)]


def cancelled(client):
    """Given up in every state; the connection lives on, and its windows with it."""
    for _ in range(40):
        upload = client.ask("/echo", "POST", bytes(50_000), ends=False)
        client.until(lambda: client.answers[upload].body)
        client.cancel(upload)
        download = client.ask("/big")
        client.until(lambda: client.answers[download].body)
        client.cancel(download)
        client.cancel(client.ask("/held"))
    return [client.get("/").body.decode(), len(client.get("/big").body)]


def broken_off(client):
    one = client.get("/reset")
    return [one.fields[":status"], one.is_whole, int(one.reset), client.get("/").body.decode()]


def held_back(client):
    """A stream that nobody reads has no share in what the others may have."""
    stuck = client.ask("/big")
    client.hold.add(stuck)
    client.until(lambda: len(client.answers[stuck].body) == 65_535)
    said = client.get("/").body.decode()
    client.cancel(stuck)
    return [said]


def pinged(client):
    for number in range(10):
        client.h2.ping(b"%08d" % number)
    client.flush()
    client.until(lambda: client.pongs == 10)
    return [client.pongs]


def changed_settings(client):
    """The window shrinks below what is under way (RFC 9113 6.9.2) and opens again; the dynamic table goes and comes back."""
    codes = h2.settings.SettingCodes
    for window, table in ((0, 0), (100, 4096), (65_535, 100), (1_000_000, 65_536)):
        client.h2.update_settings({codes.INITIAL_WINDOW_SIZE: window, codes.HEADER_TABLE_SIZE: table})
        client.flush()
        client.get("/", "HEAD")
    return [client.get("/").body.decode(), len(client.get("/big").body)]


def byte_by_byte(port, tls):
    client = Client(port, tls, window=1)
    one = client.get("/")
    return [one.body.decode(), one.pieces >= 12]


def goodbye(client):
    client.h2.close_connection()
    client.flush()
    client.socket.shutdown(socket.SHUT_WR)
    client.until(lambda: client.ended)
    return [client.ended]


def main():
    port, tls = int(sys.argv[1]), sys.argv[2:] == ["tls"]
    client = Client(port, tls)
    said = {part.__name__: part(client) for part in (get, post, trailers, streamed, both_ways, many, cancelled, broken_off,
                                                     held_back, pinged, changed_settings)}
    said["byte_by_byte"] = byte_by_byte(port, tls)
    said["tally"] = Client(port, tls).get("/tally").body.decode().split(" http1")[0]
    said["goodbye"] = goodbye(client)
    print(json.dumps(said))


main()
