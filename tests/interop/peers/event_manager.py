"""Does with zinolib's Zino1EventManager, unmodified, all that it can; prints what it saw as JSON.

usage: python event_manager.py NAME; .NAME in the current folder is a configuration as curitz has it. The server's cases are those of a fixture. Of a session of its own for each process, since
zinolib keeps it in the class.
"""

import json
import sys
import time

from zinolib.config.zino1 import ZinoV1Config
from zinolib.controllers.zino1 import UpdateHandler, Zino1EventManager
from zinolib.event_types import AdmState, Event

seen = {}
manager = Zino1EventManager.configure(ZinoV1Config.from_tcl(sys.argv[1]))
manager.connect()  # logs in too, since the configuration says as whom
assert manager.is_connected and manager.is_authenticated
updates = UpdateHandler(manager)
updates.connect()
manager.get_events()
seen["events"] = {case: event.model_dump(mode="json") for case, event in sorted(manager.events.items())}
seen["histories"] = {case: [entry.model_dump(mode="json") for entry in manager.get_history_for_id(case)] for case in seen["events"]}
seen["logs"] = {case: [entry.model_dump(mode="json") for entry in manager.get_log_for_id(case)] for case in seen["events"]}


def updates_of(case):
    """The notifications of the case that came until it was quiet for a time, without doubles."""
    kinds, until = [], time.monotonic() + 1
    while time.monotonic() < until:
        update = manager.session.push.poll(timeout=0.2)
        if update:
            assert update.id == case, update
            kinds += [[update.type, update.info]] if [update.type, update.info] not in kinds else []
    return kinds


case = min(case for case, event in manager.events.items() if event.adm_state == AdmState.OPEN)
changed = manager.change_admin_state_for_id(case, AdmState.WORKING)
seen["set state"] = [changed.adm_state, changed.history[-1].log, updates_of(case)]
changed = manager.add_history_entry_for_id(case, "seen by the other team\nand a second line")
seen["add history"] = [changed.history[-1].user, changed.history[-1].log, updates_of(case)]

manager.change_admin_state_for_id(case, AdmState.WAITING)
until = time.monotonic() + 20
while time.monotonic() < until and updates.get_event_update() != case:
    time.sleep(0.05)
seen["state after the update"] = manager.events[case].adm_state

try:
    manager.create_event_from_id(999999)
    seen["no such case"] = "found"
except manager.ManagerException as error:
    seen["no such case"] = str(error)
ports = [event for event in manager.events.values() if event.type == Event.Type.PORTSTATE]
seen["flapping cleared"] = manager.clear_flapping(ports[0])

closed = manager.change_admin_state_for_id(case, AdmState.CLOSED)
seen["closed"] = closed.adm_state
try:
    manager.change_admin_state_for_id(case, AdmState.OPEN)
    seen["reopened"] = "accepted"
except Exception as error:  # zinolib says it in more than one way
    seen["reopened"] = type(error).__name__
manager.test_connection()
manager.disconnect()
print(json.dumps(seen))
