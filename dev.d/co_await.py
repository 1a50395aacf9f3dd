"""Checks the co_await rules of one file with clang-query (the rules themselves are in co_await.query).

usage: co_await.py FILE -p FOLDER_OF_COMPILE_COMMANDS
       co_await.py FILE -- COMPILER_FLAGS
Prints `file:line: what is wrong` and exits with 1 if anything is.
"""

import pathlib
import re
import subprocess
import sys

RULES = {
    "braced_aggregate": "a braced aggregate inside co_await is destroyed twice by g++ 12: name it before, then move it in",
    "owning_lambda": "a lambda that owns its captures inside co_await is destroyed twice by g++ 12: name it before, then move it in",
    "capturing_coroutine": "a coroutine that is a capturing lambda outlives its captures: make it a function with parameters",
}
BOUND = re.compile(r'^(.+?):(\d+):\d+: note: "(\w+)" binds here$', re.MULTILINE)
SUMMARY = re.compile(r"^\d+ match(?:es)?\.$", re.MULTILINE)


def violations(source, how):
    """The sorted (file, line, rule) of `source`; `how` says how to compile it. Exits when it does not compile."""
    query = pathlib.Path(__file__).with_name("co_await.query")
    files = [str(source), *how] if how[0] == "-p" else [str(source), "--", *how[1:]]
    ran = subprocess.run(["clang-query-19", "-f", str(query), *files], capture_output=True, text=True, check=False)
    if ran.returncode != 0 or len(SUMMARY.findall(ran.stdout)) != len(RULES) or "error:" in ran.stderr:
        sys.exit(f"{source}: clang-query could not check it:\n{ran.stderr}{ran.stdout}")
    return sorted({(path, int(line), rule) for path, line, rule in BOUND.findall(ran.stdout) if rule in RULES})


def main():
    found = violations(sys.argv[1], sys.argv[2:])
    for path, line, rule in found:
        print(f"{path}:{line}: {RULES[rule]}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
