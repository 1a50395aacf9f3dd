"""Draws what `tmux capture-pane -e -p` captured as an SVG picture of a terminal.

usage: screen_svg.py < CAPTURE > PICTURE.svg
"""

import re
import sys
from xml.sax.saxutils import escape

CELL, LINE, MARGIN = 8.43, 19, 16
SGR = re.compile(r"\x1b\[([0-9;]*)m")
STYLE = """text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d8dee9;white-space:pre}
.bold{font-weight:700;fill:#ffffff}.prompt{fill:#a3be8c;font-weight:700}"""


def runs(line):
    """The line's text in pieces of one weight: (bold, text)."""
    bold = False
    for at, piece in enumerate(SGR.split(line)):
        if at % 2:
            codes = piece.split(";")
            bold = "1" in codes or (bold and not {"0", "", "22"} & set(codes))
        elif piece:
            yield bold, piece


def drawn(line, y):
    column, spans = 0, ""
    for bold, text in runs(line):
        kind = ' class="prompt"' if line.startswith("$ ") else ' class="bold"' if bold else ""
        spans += f'<tspan x="{MARGIN + column * CELL:.1f}" textLength="{len(text) * CELL:.1f}"{kind}>{escape(text)}</tspan>'
        column += len(text)
    return f'<text y="{y}">{spans}</text>\n'


def main():
    lines = sys.stdin.read().rstrip().split("\n")
    width = MARGIN * 2 + CELL * max(len(SGR.sub("", line)) for line in lines)
    height = MARGIN * 2 + LINE * len(lines)
    text = "".join(drawn(line, MARGIN + 14 + LINE * number) for number, line in enumerate(lines) if line)
    print(f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}">\n'
          f'<style>{STYLE}</style>\n<rect width="100%" height="100%" rx="8" fill="#20242c"/>\n{text}</svg>')


if __name__ == "__main__":
    main()
