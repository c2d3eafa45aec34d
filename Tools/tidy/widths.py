#!/usr/bin/env python3
"""Lines of source wider than 110 columns. The files that still have some are listed in
Tools/tidy/widths.allowed (Tools/allowance.py)."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import allowance  # noqa: E402
import repository  # noqa: E402

LIMIT = 110
ENDINGS = (".swift", ".c", ".h", ".py", ".sh", ".html", "Makefile")
GENERATED = {"sys_web_page.c"}


def wide(path):
    lines = path.read_text(encoding="utf-8").split("\n")
    return [(n, len(line)) for n, line in enumerate(lines, 1) if len(line) > LIMIT]


def main(arguments):
    root = repository.root_from(arguments)
    found = {p: wide(p) for p in repository.files(root, *ENDINGS) if p.name not in GENERATED}
    listed = allowance.Allowance(root / "Tools" / "tidy" / "widths.allowed")
    listed.check("widths", root, found, LIMIT, "--write" in arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
