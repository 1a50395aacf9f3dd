"""Does with zinolib's ritz and notifier, unmodified, 0.10 or 1.3, all that they can; prints what it saw as JSON.

usage: python ritz_session.py HOST PORT NOTIFY_PORT USER SECRET; the server's cases are those of a fixture.
"""

import datetime
import json
import sys
import time

from zinolib.ritz import AuthenticationError, ProtocolError, caseState, caseType, notifier, ritz

host, port, notify_port, user, secret = sys.argv[1:6]
seen = {}


def plain(value):
    """Of what zinolib makes of attributes and entries, something that JSON can hold."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, datetime.datetime):
        return int(value.timestamp())
    return value if isinstance(value, (int, str, type(None))) else str(value)


stranger = ritz(host, port=int(port), timeout=30)
stranger.connect()
try:
    stranger.authenticate(user, "not the secret")
    seen["wrong secret"] = "accepted"
except AuthenticationError as error:
    seen["wrong secret"] = str(error)
stranger.close()

with ritz(host, port=int(port), timeout=30, username=user, password=secret) as session:
    push = notifier(session, port=int(notify_port))
    push.connect()

    def notified(case):
        """What was told of the case until it was quiet for a time, without doubles."""
        told, until = [], time.monotonic() + 1
        while time.monotonic() < until:
            update = push.poll(timeout=0.2)
            if update:
                assert update.id == case, update
                told += [list(update[1:])] if list(update[1:]) not in told else []
        return told

    cases = sorted(session.get_caseids())
    seen["attributes"] = {case: plain(session.get_attributes(case)) for case in cases}
    seen["histories"] = {case: plain(session.get_history(case)) for case in cases}
    seen["logs"] = {case: plain(session.get_log(case)) for case in cases}
    seen["iterated"] = sorted(case.id for case in session.cases_iter())

    case = min(case for case in cases if session.get_attributes(case)["state"] == caseState.OPEN)
    one = session.case(case)
    seen["set state"] = [one.set_state("working"), one.state.value, notified(case)]
    seen["add history"] = [one.add_history(["first line", "  indented", "", "last: blåbærgrøt"]), notified(case)]
    seen["history"] = plain(session.get_history(case)[-2:])
    try:
        seen["no such case"] = plain(session.get_attributes(999999))
    except ProtocolError as error:
        seen["no such case"] = plain(error.args)

    down = min(case for case in cases if session.get_attributes(case)["type"] == caseType.PORTSTATE)
    attributes = session.get_attributes(down)
    seen["flapping cleared"] = session.clear_flapping(attributes["router"], attributes["ifindex"])

    begin = datetime.datetime.now().replace(microsecond=0) + datetime.timedelta(hours=30)
    end = begin + datetime.timedelta(hours=2)
    router = attributes["router"]
    made = [
        session.pm_add_device(begin, end, router),
        session.pm_add_device(begin, end, router[:3] + "*", m_type="str"),
        session.pm_add_interface_byname(begin, end, router, "ge-.*"),
        session.pm_add_interface_bydescr(begin, end, ".*customer.*"),
    ]
    seen["pm made"] = made
    seen["pm list"] = sorted(session.pm_list())
    details = [session.pm_get_details(pm) for pm in made]
    assert all([one.pop("from"), one.pop("to")] == [begin, end] for one in details)
    seen["pm details"] = details
    seen["pm matching"] = [sorted(session.pm_get_matching(pm)) for pm in made]
    seen["pm log"] = [session.pm_add_log(made[0], ["change 4711", "", "by the night shift"]), plain(session.pm_get_log(made[0]))]
    seen["pm cancelled"] = [session.pm_cancel(pm) for pm in made[:-1]]
    seen["pm left"] = session.pm_list()
    session.pm_cancel(made[-1])
    push._sock.close()
print(json.dumps(seen))
