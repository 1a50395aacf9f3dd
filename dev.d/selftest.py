"""Lint's own test: in tests/lint, exactly the lines that end in `lint: RULE` must be found, each by that rule.

usage: selftest.py ROOT
"""

import pathlib
import re
import sys

import arrows
import co_await

MARK = re.compile(r"(?://|#) lint: (\w+)$")


def marked(paths):
    for path in paths:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if mark := MARK.search(line):
                yield str(path), number, mark[1]


def arrow_rule(wrong):
    return "link" if " link " in wrong else "reserved" if " only" in wrong else "folder" if "no arrow" in wrong else "include"


def compare(what, expected, found):
    for path, line, rule in sorted(expected - found):
        print(f"{path}:{line}: lint does not find this {what} violation: {rule}", file=sys.stderr)
    for path, line, rule in sorted(found - expected):
        print(f"{path}:{line}: lint wrongly finds a {what} violation: {rule}", file=sys.stderr)
    if not expected:
        print(f"tests/lint: no marked {what} violation: the test would test nothing", file=sys.stderr)
    return bool(expected) and expected == found


def main():
    lint = pathlib.Path(sys.argv[1]).resolve() / "tests" / "lint"
    tree = lint / "tree"
    fixture = lint / "co_await.cpp"
    arrows_right = compare("arrow", set(marked(path for path in tree.rglob("*") if path.is_file())),
                           {(str(path), line, arrow_rule(wrong)) for path, line, wrong in arrows.violations(tree)})
    co_await_right = compare("co_await", set(marked([fixture])), set(co_await.violations(fixture, ["--", "-std=c++23"])))
    return 0 if arrows_right and co_await_right else 1


if __name__ == "__main__":
    sys.exit(main())
