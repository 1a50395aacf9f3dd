"""The gRPC services of `uncork collect` against grpcio, with what protoc makes of our .proto files; needs Debian's python3-grpcio."""

import contextlib
import importlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import grpc

from harness import PATIENCE, PROGRAM, Process

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RECORDS = "/xtcp_flat_record.v1.XTCPFlatRecordService/"
CONFIG = "/xtcp_config.v1.ConfigService/"
CONNECTIONS = 40  # of the test itself: rows that must be there


def made_of_proto(folder):
    """The modules that protoc makes of our .proto files."""
    sources = [ROOT / "src/record", ROOT / "src/rpc/proto"]
    files = [str(path) for source in sources for path in source.glob("*.proto")]
    subprocess.run(["protoc", *(f"-I{source}" for source in sources), f"--python_out={folder}", *files], check=True)
    sys.path.insert(0, folder)
    names = ("xtcp_flat_record", "xtcp_flat_record_service", "xtcp_config", "grpc_health", "grpc_reflection_v1",
             "grpc_reflection_v1alpha")
    return [importlib.import_module(name + "_pb2") for name in names]


FOLDER = tempfile.TemporaryDirectory()
record, rows, config, health, reflection, reflection_alpha = made_of_proto(FOLDER.name)


class GrpcServicesTest(unittest.TestCase):
    def setUp(self):
        self.expected = {}  # exit codes that are not 0
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.listener = self.stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2 * CONNECTIONS))
        self.port = self.listener.getsockname()[1]
        self.sockets = [self.stack.enter_context(socket.create_connection(("127.0.0.1", self.port))) for _ in range(CONNECTIONS)]

    def collect(self, *options, interval="200ms", address="127.0.0.1:0"):
        process = Process([PROGRAM, "collect", "--store", "none", "--bpf", "no", "--interval", interval, "--jitter", "0", "--json",
                           "--label", "first", "--filter", f"port == {self.port}", "--grpc", address, *options])
        self.stack.callback(self.end, process)
        target = process.wait_for(r"gRPC at (\S+)\n")[1]
        process.wait_for(r'"type": ?"poll"')
        self.process, self.target = process, target
        return self.channel(target)

    def end(self, process):
        self.assertEqual(process.stop(), self.expected.get(process, 0), "".join(process.err))

    def channel(self, target):
        return self.stack.enter_context(grpc.insecure_channel(target))

    def polls(self):
        return [json.loads(line) for line in list(self.process.out) if line.startswith("{")]

    def last_poll(self):
        """One that begins after this was called."""
        seen = len(self.polls())
        return self.eventually(lambda: (self.polls()[seen + 1:] or [None])[-1])

    def eventually(self, condition):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := condition():
                return found
            time.sleep(0.02)
        self.fail("never came true; " + "".join(self.process.err)[-500:])

    def call(self, channel, method, request, answer, **how):
        return channel.unary_unary(method, lambda message: message.SerializeToString(), answer.FromString)(
            request, timeout=PATIENCE, **how)

    def fails(self, code, pattern, *arguments, **how):
        with self.assertRaises(grpc.RpcError) as caught:
            self.call(*arguments, **how)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        self.assertRegex(caught.exception.details(), pattern)

    def stream(self, channel, **how):
        call = channel.unary_stream(RECORDS + "FlatRecords", lambda message: message.SerializeToString(),
                                    rows.FlatRecordsResponse.FromString)
        return call(rows.FlatRecordsRequest(), timeout=2 * PATIENCE, **how)

    def check_row(self, row):
        self.assertEqual(row.schema_version, 1)
        self.assertEqual(row.label, "first")
        self.assertEqual(row.inet_diag_msg_family, socket.AF_INET)
        self.assertIn(self.port, (row.inet_diag_msg_socket_source_port, row.inet_diag_msg_socket_destination_port))
        if row.inet_diag_msg_state == 1:
            self.assertEqual(row.inet_diag_msg_socket_source, socket.inet_aton("127.0.0.1"))
            self.assertEqual(row.inet_diag_msg_socket_destination, socket.inet_aton("127.0.0.1"))
            self.assertGreater(row.tcp_info_rtt, 0)

    # ---- rows

    def test_rows_of_each_poll_are_streamed(self):
        channel = self.collect()
        seen = {}
        for answer in self.stream(channel):
            row = answer.xtcp_flat_record
            self.check_row(row)
            seen.setdefault(row.sequence, []).append(row)
            if len(seen) == 4:
                break
        whole = list(seen.values())[:3]
        for poll in whole:
            ports = {row.inet_diag_msg_socket_source_port for row in poll}
            self.assertLessEqual({one.getsockname()[1] for one in self.sockets}, ports)
        self.assertEqual(list(seen), list(range(min(seen), min(seen) + 4)))

    def test_each_request_polls_and_is_answered_by_its_rows(self):
        channel = self.collect(interval="1h")
        poll = channel.stream_stream(RECORDS + "PollFlatRecords", lambda message: message.SerializeToString(),
                                     rows.PollFlatRecordsResponse.FromString)
        answered = list(poll(iter([rows.PollFlatRecordsRequest()] * 3), timeout=PATIENCE))
        sequences = {answer.xtcp_flat_record.sequence for answer in answered}
        self.assertEqual(len(sequences), 3)
        for answer in answered:
            self.check_row(answer.xtcp_flat_record)
        self.assertGreaterEqual(len(answered), 3 * 2 * CONNECTIONS)

    def test_a_client_that_compresses_is_understood(self):
        channel = self.collect(interval="1h")
        poll = channel.stream_stream(RECORDS + "PollFlatRecords", lambda message: message.SerializeToString(),
                                     rows.PollFlatRecordsResponse.FromString)
        answered = list(poll(iter([rows.PollFlatRecordsRequest()]), timeout=PATIENCE, compression=grpc.Compression.Gzip))
        self.assertGreater(len(answered), CONNECTIONS)
        wanted = self.call(channel, CONFIG + "Get", config.GetRequest(), config.GetResponse).config
        wanted.label = "x" * 200
        got = self.call(channel, CONFIG + "Set", config.SetRequest(config=wanted), config.SetResponse,
                        compression=grpc.Compression.Gzip)
        self.assertEqual(got.config.label, "x" * 200)
        self.fails(grpc.StatusCode.UNIMPLEMENTED, "identity,gzip", channel, CONFIG + "Get", config.GetRequest(), config.GetResponse,
                   compression=grpc.Compression.Deflate)

    def test_a_deadline_and_a_cancelled_call_end(self):
        channel = self.collect(interval="1h")
        call = channel.unary_stream(RECORDS + "FlatRecords", lambda message: message.SerializeToString(),
                                    rows.FlatRecordsResponse.FromString)
        with self.assertRaises(grpc.RpcError) as caught:
            list(call(rows.FlatRecordsRequest(), timeout=0.3))
        self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        streaming = self.stream(channel)
        streaming.initial_metadata()
        streaming.cancel()
        self.call(channel, CONFIG + "TriggerPollBurst", self.burst(50, 20), config.TriggerPollBurstResponse)
        self.eventually(lambda: self.polls()[-1]["subscribers"]["count"] == 0)

    def test_a_client_that_is_killed_is_forgotten(self):
        self.collect(interval="50ms")
        script = ("import grpc, sys\n"
                  "call = grpc.insecure_channel(sys.argv[1]).unary_stream(sys.argv[2])\n"
                  "for row in call(b''): print('row', flush=True)\n")
        client = Process([sys.executable, "-c", script, self.target, RECORDS + "FlatRecords"])
        client.wait_for("row")
        self.eventually(lambda: self.last_poll()["subscribers"]["count"] == 1)
        client.stop(signal.SIGKILL)
        self.eventually(lambda: self.last_poll()["subscribers"]["count"] == 0)

    def test_a_subscriber_that_stops_reading_is_skipped_and_the_polls_keep_their_pace(self):
        self.collect(interval="20ms")
        host, port = self.target.rsplit(":", 1)
        stuck = self.stack.enter_context(socket.create_connection((host, int(port))))
        stuck.sendall(stuck_request())  # and reads nothing, nor opens a window
        self.eventually(lambda: self.last_poll()["subscribers"]["count"] == 1)
        lost = self.eventually(lambda: (poll := self.last_poll())["subscribers"]["skipped_rows"] > 0 and poll)
        first, begun = self.last_poll()["sequence"], time.monotonic()
        self.eventually(lambda: self.last_poll()["sequence"] > first + 25)
        self.assertLess(time.monotonic() - begun, PATIENCE / 3)
        self.assertEqual(lost["subscribers"]["count"], 1)
        # Another one is none the worse.
        row = next(self.stream(self.channel(self.target)))
        self.check_row(row.xtcp_flat_record)

    # ---- settings

    def burst(self, count, milliseconds):
        asked = config.TriggerPollBurstRequest(count=count)
        asked.interval.FromMilliseconds(milliseconds)
        return asked

    def test_settings_are_told_and_changed(self):
        channel = self.collect(interval="1h")
        told = self.call(channel, CONFIG + "Get", config.GetRequest(), config.GetResponse).config
        self.assertEqual((told.poll_frequency.seconds, told.label, told.grpc_port), (3600, "first", int(self.target.split(":")[1])))
        told.label, told.tag = "second", "blue"
        told.poll_frequency.FromMilliseconds(50)
        changed = self.call(channel, CONFIG + "Set", config.SetRequest(config=told), config.SetResponse).config
        self.assertEqual(changed, told)
        self.assertEqual(self.call(channel, CONFIG + "Get", config.GetRequest(), config.GetResponse).config, told)
        labels = (answer.xtcp_flat_record for answer in self.stream(channel))
        row = next(row for row in labels if row.label == "second")
        self.assertEqual(row.tag, "blue")
        slower = config.SetPollFrequencyRequest()
        slower.poll_frequency.seconds, slower.poll_timeout.seconds = 20, 5
        answer = self.call(channel, CONFIG + "SetPollFrequency", slower, config.SetPollFrequencyResponse)
        self.assertEqual((answer.config.poll_frequency.seconds, answer.config.tag), (20, "blue"))

    def test_what_cannot_be_followed_is_refused_by_name(self):
        channel = self.collect(interval="1h")
        told = self.call(channel, CONFIG + "Get", config.GetRequest(), config.GetResponse).config
        for field, value in (("dest", "kafka:x"), ("grpc_port", 1), ("daemon_version", "9"), ("label", "x" * 254)):
            wanted = config.XtcpConfig()
            wanted.CopyFrom(told)
            setattr(wanted, field, value)
            self.fails(grpc.StatusCode.INVALID_ARGUMENT, f"^{field}: ", channel, CONFIG + "Set", config.SetRequest(config=wanted),
                       config.SetResponse)
        wanted = config.XtcpConfig.FromString(told.SerializeToString() + b"\x90\x03\x04")  # netlinkers 50
        self.fails(grpc.StatusCode.INVALID_ARGUMENT, "^field 50 ", channel, CONFIG + "Set", config.SetRequest(config=wanted),
                   config.SetResponse)
        self.fails(grpc.StatusCode.INVALID_ARGUMENT, "^poll_frequency: ", channel, CONFIG + "Set", config.SetRequest(),
                   config.SetResponse)
        for count, apart in ((0, 1000), (1001, 1000), (1, 9), (1, 3_600_001)):
            self.fails(grpc.StatusCode.INVALID_ARGUMENT, "are accepted", channel, CONFIG + "TriggerPollBurst",
                       self.burst(count, apart), config.TriggerPollBurstResponse)
        self.fails(grpc.StatusCode.UNIMPLEMENTED, "S3", channel, CONFIG + "SetS3Upload", config.SetS3UploadRequest(),
                   config.SetS3UploadResponse)
        self.assertEqual(self.call(channel, CONFIG + "Get", config.GetRequest(), config.GetResponse).config, told)

    def test_polls_and_bursts_are_made_when_asked(self):
        channel = self.collect(interval="1h")
        before = self.polls()[-1]["sequence"]
        self.call(channel, CONFIG + "TriggerPoll", config.TriggerPollRequest(), config.TriggerPollResponse)
        self.eventually(lambda: self.polls()[-1]["sequence"] == before + 1)
        answer = self.call(channel, CONFIG + "TriggerPollBurst", self.burst(20, 100), config.TriggerPollBurstResponse)
        self.assertEqual(answer, config.TriggerPollBurstResponse(count=20, interval=self.burst(20, 100).interval))
        self.eventually(lambda: self.polls()[-1]["sequence"] == before + 21)
        self.call(channel, CONFIG + "TriggerPoll", config.TriggerPollRequest(), config.TriggerPollResponse)
        self.eventually(lambda: self.polls()[-1]["sequence"] == before + 22)

    def test_settings_that_are_read_again_overrule_what_was_set_and_where_it_serves_stays(self):
        file = self.folder / "collect.toml"
        file.write_text("tag = 'file'\n")
        channel = self.collect("--config", str(file), interval="100ms")
        get = lambda: self.call(channel, CONFIG + "Get", config.GetRequest(), config.GetResponse).config
        told = get()
        told.tag = "set"
        self.call(channel, CONFIG + "Set", config.SetRequest(config=told), config.SetResponse)
        self.last_poll()
        self.process.process.send_signal(signal.SIGHUP)
        self.process.wait_for("reloaded\n")
        self.eventually(lambda: get().tag == "file")
        file.write_text("tag = 'other'\ngrpc-token = '/x'\n")
        self.process.process.send_signal(signal.SIGHUP)
        self.process.wait_for("not reloaded: grpc and grpc-...: needs a new start")
        self.assertEqual(get().tag, "file")

    # ---- health and reflection

    def test_health(self):
        channel = self.collect()
        check = lambda name: self.call(channel, "/grpc.health.v1.Health/Check", health.HealthCheckRequest(service=name),
                                       health.HealthCheckResponse).status
        self.assertEqual([check(""), check("xtcp_config.v1.ConfigService")], [1, 1])
        self.fails(grpc.StatusCode.NOT_FOUND, "no such service", channel, "/grpc.health.v1.Health/Check",
                   health.HealthCheckRequest(service="x"), health.HealthCheckResponse)
        watch = channel.unary_stream("/grpc.health.v1.Health/Watch", lambda message: message.SerializeToString(),
                                     health.HealthCheckResponse.FromString)
        self.assertEqual(next(watch(health.HealthCheckRequest(), timeout=PATIENCE)).status, 1)
        self.assertEqual(next(watch(health.HealthCheckRequest(service="x"), timeout=PATIENCE)).status, 3)
        statuses = watch(health.HealthCheckRequest(), timeout=PATIENCE)
        self.assertEqual(next(statuses).status, 1)
        self.process.process.send_signal(signal.SIGTERM)
        self.assertEqual([answer.status for answer in self.until_the_end(statuses)], [2])

    def until_the_end(self, answers):
        with self.assertRaises(grpc.RpcError) as caught:
            for answer in answers:
                yield answer
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)

    def test_reflection(self):
        from google.protobuf import descriptor_pb2, descriptor_pool
        channel = self.collect()
        for package, module in (("v1", reflection), ("v1alpha", reflection_alpha)):
            call = channel.stream_stream(f"/grpc.reflection.{package}.ServerReflection/ServerReflectionInfo",
                                         lambda message: message.SerializeToString(), module.ServerReflectionResponse.FromString)
            ask = lambda **what: next(call(iter([module.ServerReflectionRequest(host="h", **what)]), timeout=PATIENCE))
            names = [service.name for service in ask(list_services="*").list_services_response.service]
            self.assertEqual(names, ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                                     "grpc.reflection.v1alpha.ServerReflection", "xtcp_config.v1.ConfigService",
                                     "xtcp_flat_record.v1.XTCPFlatRecordService"])
            pool = descriptor_pool.DescriptorPool()

            def add(answer):
                for bytes_of_file in answer.file_descriptor_response.file_descriptor_proto:
                    file = descriptor_pb2.FileDescriptorProto.FromString(bytes_of_file)
                    for needed in file.dependency:
                        add(ask(file_by_filename=needed))
                    pool.Add(file) if not self.is_in(pool, file.name) else None

            for name in names:
                add(ask(file_containing_symbol=name))
                self.assertGreater(len(pool.FindServiceByName(name).methods), 0)
            fields = pool.FindMessageTypeByName("xtcp_flat_record.v1.XtcpFlatRecord").fields_by_name
            self.assertEqual(fields["tcp_info_rtt"].number, 1230)
            self.assertEqual(ask(file_by_filename="x").error_response.error_code, 5)
            self.assertEqual(ask().error_response.error_code, 3)

    def is_in(self, pool, name):
        try:
            return pool.FindFileByName(name)
        except KeyError:
            return None

    # ---- who may call, and what else may come

    def test_garbage_is_refused_and_harms_nobody(self):
        channel = self.collect()
        raw = lambda method, body: channel.unary_unary(method)(body, timeout=PATIENCE)
        for method, body, code in ((CONFIG + "Set", b"\x0a\xff", grpc.StatusCode.INVALID_ARGUMENT),
                                   (CONFIG + "Get", b"\x07\x07\x07", grpc.StatusCode.INVALID_ARGUMENT),
                                   (CONFIG + "Get", b"\x0a\x80\x80\x05" + 70_000 * b"x", grpc.StatusCode.RESOURCE_EXHAUSTED),
                                   (CONFIG + "None", b"", grpc.StatusCode.UNIMPLEMENTED),
                                   ("/x.y/z", b"", grpc.StatusCode.UNIMPLEMENTED)):
            with self.assertRaises(grpc.RpcError) as caught:
                raw(method, body)
            self.assertEqual(caught.exception.code(), code, caught.exception.details())
        host, port = self.target.rsplit(":", 1)
        for bytes_sent in (os.urandom(4096), b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(4096)):
            with socket.create_connection((host, int(port)), timeout=PATIENCE) as garbage, contextlib.suppress(OSError):
                garbage.sendall(bytes_sent)
                while garbage.recv(4096):
                    pass
        self.assertEqual(self.call(channel, CONFIG + "Get", config.GetRequest(), config.GetResponse).config.label, "first")

    def test_a_unix_socket_is_its_owners_and_goes_with_the_collector(self):
        path = self.folder / "run" / "grpc.sock"
        channel = self.collect(address=f"unix:{path}")
        self.assertEqual(oct(path.stat().st_mode & 0o777), "0o660")
        self.check_row(next(self.stream(channel)).xtcp_flat_record)
        second = subprocess.run([PROGRAM, "collect", "--store", "none", "--bpf", "no", "--grpc", f"unix:{path}", "--once"],
                                capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(second.returncode, 2, second.stderr)
        self.assertIn("somebody answers there already", second.stderr)
        self.process.stop(signal.SIGKILL)
        self.expected[self.process] = -signal.SIGKILL
        self.assertTrue(path.exists())
        self.collect(address=f"unix:{path}")  # nobody answers any more
        self.process.stop()
        self.assertFalse(path.exists())

    def refused(self, *options):
        done = subprocess.run([PROGRAM, "collect", "--store", "none", "--bpf", "no", "--once", *map(str, options)], capture_output=True, text=True,
                              timeout=PATIENCE)
        self.assertEqual(done.returncode, 2, done.stderr)
        return done.stderr

    def test_beyond_this_machine_it_wants_tls_and_a_token(self):
        token, cert, key = self.folder / "token", self.folder / "cert.pem", self.folder / "key.pem"
        token.write_text("sesame-sesame-sesame\n")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
                        "-out", cert, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True,
                       capture_output=True)
        tls = ("--grpc-cert", str(cert), "--grpc-key", str(key))
        for options in ((), ("--grpc-token", token), tls):
            self.assertIn("beyond this machine", self.refused("--grpc", "0.0.0.0:0", *options))
        self.assertIn("one needs the other", self.refused("--grpc", "127.0.0.1:0", "--grpc-cert", cert))
        self.assertIn("grpc-token", self.refused("--grpc", "127.0.0.1:0", "--grpc-token", "/dev/null"))
        self.collect("--grpc-token", str(token), *tls, "--grpc-client-ca", str(cert), address="0.0.0.0:0")
        target = "localhost:" + self.target.rsplit(":", 1)[1]
        trusted, secret = cert.read_bytes(), key.read_bytes()
        known = grpc.ssl_channel_credentials(trusted, secret, trusted)
        channel = self.stack.enter_context(grpc.secure_channel(target, known))
        get = (channel, CONFIG + "Get", config.GetRequest(), config.GetResponse)
        bearer = lambda text: (("authorization", "Bearer " + text),)
        self.assertEqual(self.call(*get, metadata=bearer("sesame-sesame-sesame")).config.label, "first")
        self.fails(grpc.StatusCode.UNAUTHENTICATED, "Bearer", *get)
        self.fails(grpc.StatusCode.UNAUTHENTICATED, "Bearer", *get, metadata=bearer("sesame-sesame-sesamE"))
        stranger = self.stack.enter_context(grpc.secure_channel(target, grpc.ssl_channel_credentials(trusted)))
        self.fails(grpc.StatusCode.UNAVAILABLE, ".", stranger, *get[1:])


def stuck_request():
    """What a client sends that asks for rows and never reads: a preface, SETTINGS, a request in literals of HPACK, an empty message."""
    def frame(kind, flags, stream, payload):
        return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload

    def field(name, value):
        return b"\x00" + bytes((len(name),)) + name.encode() + bytes((len(value),)) + value.encode()

    head = b"".join(field(*pair) for pair in ((":method", "POST"), (":scheme", "http"), (":authority", "x"),
                                              (":path", RECORDS + "FlatRecords"), ("te", "trailers"),
                                              ("content-type", "application/grpc")))
    return (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(4, 1, 0, b"") + frame(1, 4, 1, head)
            + frame(0, 1, 1, bytes(5)))


if __name__ == "__main__":
    unittest.main()
