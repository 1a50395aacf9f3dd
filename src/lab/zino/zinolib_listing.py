"""Lists every case with the unmodified zinolib, three commands a case, and times each.

usage: python zinolib_listing.py HOST PORT USER SECRET; prints one line of JSON.
"""

import json
import sys
import time

from zinolib.ritz import ritz

host, port, user, secret = sys.argv[1:5]
samples = {"getattrs": [], "gethist": [], "getlog": []}


def timed(command, call, case):
    begin = time.perf_counter()
    answer = call(case)
    samples[command].append(1000 * (time.perf_counter() - begin))
    return answer


begin = time.perf_counter()
session = ritz(host, port=int(port), timeout=60, username=user, password=secret)
session.connect()
if not session.authenticated:
    session.authenticate(user, secret)
cases = session.get_caseids()
listed = 0
for case in cases:
    attributes = timed("getattrs", session.get_attributes, case)
    history = timed("gethist", session.get_raw_history, case)
    log = timed("getlog", session.get_raw_log, case)
    listed += attributes["id"] == case and len(history) > 0 and len(log) > 0
total = time.perf_counter() - begin
session.close()
print(json.dumps({"total_s": total, "cases": listed, "samples_ms": samples}))
