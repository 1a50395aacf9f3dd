"""A collector of OpenTelemetry's metrics: prints the port it listens on, then each request as a line of JSON."""

import http.server
import json
import sys

from google.protobuf.json_format import MessageToDict
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest


def unknown_fields(message):
    """How many fields its definition does not have, at any depth."""
    count = len(UnknownFieldSet(message))
    for field, value in message.ListFields():
        if field.message_type:
            count += sum(map(unknown_fields, value if field.is_repeated else [value]))
    return count


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request = ExportMetricsServiceRequest()
        request.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
        print(json.dumps({"path": self.path, "type": self.headers["Content-Type"], "unknown": unknown_fields(request),
                          **MessageToDict(request)}), flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
print(f"listening on {server.server_port}", flush=True)
server.serve_forever()
