#!/usr/bin/env python3
"""Debian's changelog out of CHANGELOG.md: what is new in its newest version. The days of older ones are not
kept; CHANGELOG.md, beside it in the package, has them.

    debian_changelog.py VERSION DATE     on stdout; VERSION of the package, DATE as RFC 5322 has it
"""

import pathlib
import re
import sys
import textwrap

CHANGES = pathlib.Path(__file__).resolve().parents[1] / "CHANGELOG.md"
MAINTAINER = "The Evenkeel authors <evenkeel@example.org>"


def newest(text):
    """The items of the first `## VERSION` section; a section without a list is one item."""
    body = re.split(r"^## .*\n", text, flags=re.M)[1]
    body = re.sub(r"^###.*$", "", body, flags=re.M)
    items = re.split(r"^- ", body, flags=re.M)
    items = [" ".join(x.replace("**", "").split()) for x in (items[1:] or items)]
    return [x for x in items if x]


def main():
    print("evenkeel (%s) unstable; urgency=medium\n" % sys.argv[1])
    for x in newest(CHANGES.read_text()):
        print(
            textwrap.fill(
                x,
                78,
                initial_indent="  * ",
                subsequent_indent="    ",
                break_on_hyphens=False,
                break_long_words=False,
            )
        )
    print("\n -- %s  %s" % (MAINTAINER, sys.argv[2]))


if __name__ == "__main__":
    main()
