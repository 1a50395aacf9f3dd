"""Holds the #include lines of src/ and the LINK lines of its CMakeLists.txt to the arrows block of ARCHITECTURE.md.

usage: arrows.py ROOT; prints `file:line: what is wrong` and exits with 1 if anything is.
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')
LINKED = re.compile(r"\buncork(?:::|_)(\w+)")


def read_arrows(root):
    """The block as ({folder: all it may include}, [(header prefix, folders that may include it)])."""
    text = (root / "ARCHITECTURE.md").read_text()
    block = re.search(r"^```arrows\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    if not block:
        sys.exit("ARCHITECTURE.md: no ```arrows block; lint needs it")
    direct, reserved = {}, []
    for line in filter(str.strip, block[1].splitlines()):
        if only := re.fullmatch(r"only ([\w, ]+):(.*)", line):
            reserved += [(prefix, re.findall(r"\w+", only[1])) for prefix in only[2].split()]
        elif arrow := re.fullmatch(r"(\w+)\s*->(.*)", line):
            direct[arrow[1]] = re.findall(r"\w+", arrow[2])
        else:
            sys.exit(f"ARCHITECTURE.md: arrows block: cannot read '{line}'")

    def reach(folder, seen):
        if folder not in direct:
            sys.exit(f"ARCHITECTURE.md: arrows block: '{folder}' has no line of its own")
        for target in direct[folder]:
            if target not in seen:
                seen.add(target)
                reach(target, seen)
        return seen

    allowed = {folder: reach(folder, set()) for folder in direct}
    for folder, targets in allowed.items():
        if folder in targets:
            sys.exit(f"ARCHITECTURE.md: arrows block: '{folder}' reaches itself")
    return allowed, reserved


def check_include(folder, kind, header, allowed, reserved):
    first = header.removeprefix("uncork/").split("/")[0]
    if kind == '"' and first in allowed and first != folder and first not in allowed[folder]:
        return f"{folder} may not include {first}"
    for prefix, folders in reserved:
        if header.startswith(prefix) and folder not in folders:
            return f"<{header}> may be included in {', '.join(folders)} only"
    return None


def check_file(folder, path, allowed, reserved):
    is_bpf = path.parent.name == "bpf"  # the kernel's side: libbpf's headers are its standard library
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if path.name == "CMakeLists.txt":
            code = line.split("#")[0]
            for target in LINKED.findall(code):
                if target in allowed and target != folder and target not in allowed[folder]:
                    yield number, f"{folder} may not link {target}"
        elif include := INCLUDE.match(line):
            wrong = check_include(folder, include[1], include[2], allowed, [] if is_bpf else reserved)
            if wrong:
                yield number, wrong


def files_by_folder(root):
    """Every file of src/X and of include/uncork/X, and the header include/uncork/X.hpp over all of those, as (X, path)."""
    for base in (root / "src", root / "include" / "uncork"):
        for path in sorted(base.rglob("*")):
            yield path.relative_to(base).parts[0].removesuffix(".hpp"), path


def violations(root):
    allowed, reserved = read_arrows(root)
    for folder, path in files_by_folder(root):
        if path.suffix not in (".hpp", ".cpp", ".h", ".c") and path.name != "CMakeLists.txt":
            continue
        if folder not in allowed:
            yield path, 1, f"folder {folder} has no arrow in ARCHITECTURE.md"
            continue
        for number, wrong in check_file(folder, path, allowed, reserved):
            yield path, number, wrong


def main():
    root = pathlib.Path(sys.argv[1])
    found = list(violations(root))
    for path, number, wrong in found:
        print(f"{path.relative_to(root)}:{number}: {wrong} (ARCHITECTURE.md has the arrows)", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
