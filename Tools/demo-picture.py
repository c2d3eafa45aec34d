#!/usr/bin/env python3
"""Reads a terminal screen (`tmux capture-pane -e -p`) on stdin and writes it as an SVG on stdout: text,
sixteen colours and more, bold, dim. One row a line, one run a colour, every run placed and stretched to its
columns so that any monospace font fits.

    demo-picture.py --record PROGRAM [ARGUMENT ...] > picture.svg
        runs it in tmux until it ends, and draws its last screen
"""

import html
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unicodedata

COLUMNS, ROWS = 96, 26
CELL_W, CELL_H, PAD = 8.4, 18, 14
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"
BACK, FRONT = "#11151c", "#d5dbe5"
SIXTEEN = [
    "#2a303b",
    "#e06c75",
    "#8cc570",
    "#e0b062",
    "#61a8ef",
    "#c678dd",
    "#56b6c2",
    "#c8ced8",
    "#5c6370",
    "#ff8a93",
    "#a6e087",
    "#f5c878",
    "#83c0ff",
    "#de95f2",
    "#74d5e1",
    "#ffffff",
]
CUBE = (0, 95, 135, 175, 215, 255)


def indexed(n):
    if n < 16:
        return SIXTEEN[n]
    if n < 232:
        n -= 16
        return "#%02x%02x%02x" % (CUBE[n // 36], CUBE[n // 6 % 6], CUBE[n % 6])
    return "#%02x%02x%02x" % ((8 + 10 * (n - 232),) * 3)


class Pen:
    def __init__(self):
        self.reset()

    def reset(self):
        self.front = self.back = None
        self.bold = self.dim = self.turned = False

    def key(self):
        front, back = self.front or FRONT, self.back
        if self.turned:
            front, back = back or BACK, front
        return front, back, self.bold, self.dim

    def sgr(self, text):
        codes = [int(c or 0) for c in re.split("[;:]", text)]
        while codes:
            c = codes.pop(0)
            if c == 0:
                self.reset()
            elif c == 1:
                self.bold = True
            elif c == 2:
                self.dim = True
            elif c == 7:
                self.turned = True
            elif c == 22:
                self.bold = self.dim = False
            elif c == 27:
                self.turned = False
            elif 30 <= c <= 37 or 90 <= c <= 97:
                self.front = SIXTEEN[c - 30 if c < 90 else c - 82]
            elif 40 <= c <= 47 or 100 <= c <= 107:
                self.back = SIXTEEN[c - 40 if c < 100 else c - 92]
            elif c == 39:
                self.front = None
            elif c == 49:
                self.back = None
            elif c in (38, 48) and codes:
                colour = None
                if codes[0] == 5 and len(codes) > 1:
                    colour = indexed(codes[1])
                    del codes[:2]
                elif codes[0] == 2 and len(codes) > 3:
                    colour = "#%02x%02x%02x" % tuple(codes[1:4])
                    del codes[:4]
                if c == 38:
                    self.front = colour
                else:
                    self.back = colour


def runs(line):
    """[(column, columns, text, key)] of one line."""
    out, pen, column = [], Pen(), 0
    for part in re.split("(\x1b\\[[0-9;:]*[A-Za-z]|\x1b[()].|[\x0e\x0f])", line):
        if part.startswith("\x1b["):
            if part.endswith("m"):
                pen.sgr(part[2:-1])
        elif part and part[0] not in "\x1b\x0e\x0f":
            # Words apart, and characters beyond ASCII apart: those often come from another font,
            # with other widths.
            for word in re.findall(r"[!-~]+(?: [!-~]+)*|[^ -~]+| +", part):
                width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in word)
                out.append((column, width, word, pen.key()))
                column += width
    return out


def svg(screen):
    lines = screen.rstrip("\n").split("\n")
    while lines and not re.sub("\x1b\\[[0-9;:]*m", "", lines[-1]).strip():
        lines.pop()
    rows = [runs(line) for line in lines]
    columns = max([COLUMNS] + [c + w for row in rows for c, w, _, _ in row])
    width, height = columns * CELL_W + 2 * PAD, len(lines) * CELL_H + 2 * PAD
    out = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" '
        'role="img" '
        'aria-label="evenkeel demo in a terminal">' % (width, height, width, height),
        '<rect width="100%%" height="100%%" rx="8" fill="%s"/>' % BACK,
        '<g font-family="%s" font-size="14" xml:space="preserve">' % html.escape(FONT, quote=True),
    ]
    for y, row in enumerate(rows):
        base = PAD + y * CELL_H + 13.5
        for column, cells, text, (front, back, bold, dim) in row:
            x, w = PAD + column * CELL_W, cells * CELL_W
            if back:
                out.append(
                    '<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="%s"/>'
                    % (x, PAD + y * CELL_H, w, CELL_H, back)
                )
            if text.strip():
                out.append(
                    '<text x="%.1f" y="%.1f" textLength="%.1f" lengthAdjust="spacingAndGlyphs" '
                    'fill="%s"%s%s>%s</text>'
                    % (
                        x,
                        base,
                        w,
                        front,
                        ' font-weight="bold"' if bold else "",
                        ' opacity="0.65"' if dim else "",
                        html.escape(text),
                    )
                )
    return "\n".join(out + ["</g>", "</svg>", ""])


def record(program):
    """Runs a program in a tmux server of its own; its last screen, with colours."""
    name = "picture%d" % time.monotonic_ns()
    end = pathlib.Path(tempfile.gettempdir()) / name

    def tmux(*words):
        return subprocess.run(
            ["tmux", "-L", name, "-f", "/dev/null", *words], check=True, capture_output=True, text=True
        ).stdout

    tmux(
        "-u",
        "new-session",
        "-d",
        "-x",
        str(COLUMNS),
        "-y",
        str(ROWS),
        "env",
        "TERM=tmux-256color",
        "LC_ALL=C.UTF-8",
        "sh",
        "-c",
        'stty -echo; "$@"; touch "$0"; sleep 600',
        str(end),
        *program,
    )
    try:
        tmux("set-option", "-g", "status", "off")
        until = time.monotonic() + 600
        while not end.exists():
            if time.monotonic() > until:
                raise SystemExit("demo-picture: the program did not end within ten minutes")
            time.sleep(0.2)
        time.sleep(0.3)
        return tmux("capture-pane", "-e", "-p")
    finally:
        end.unlink(missing_ok=True)
        tmux("kill-server")


if __name__ == "__main__":
    screen = record(sys.argv[2:]) if sys.argv[1:2] == ["--record"] else sys.stdin.read()
    sys.stdout.write(svg(screen))
