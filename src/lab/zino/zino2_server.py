"""Starts the real Zino 2 on 127.0.0.1 with ports of our choice, of which it has no option, and without polling: its routers are
made up.

usage: python zino2_server.py FOLDER PORT NOTIFY_PORT; FOLDER has a zino.toml. A port of 0 is chosen by the kernel.
"""

import logging
import os
import sys

from zino import scheduler, zino
from zino.api.server import ZinoServer


def address_of(server):
    host, port = server.sockets[0].getsockname()
    return f"{host}:{port}"


def serve_on_loopback(self, address="127.0.0.1", serve=ZinoServer.serve):
    serve(self, address)
    print(f"listening on {address_of(self.api_server)}, notifications on {address_of(self.notify_server)}", flush=True)


folder, port, notify_port = sys.argv[1:4]
ZinoServer.API_PORT, ZinoServer.NOTIFY_PORT = int(port), int(notify_port)
ZinoServer.serve = serve_on_loopback
scheduler.schedule_devices = lambda *devices: None
os.chdir(folder)
logging.disable(logging.WARNING)
logging.getLogger("netsnmpy").setLevel(logging.CRITICAL)  # shows its search path as an error
sys.argv = ["zino", "--config-file", "zino.toml", "--trap-port", "0"]
zino.main()
