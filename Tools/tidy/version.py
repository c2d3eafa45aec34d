#!/usr/bin/env python3
"""The version stands in one place, `evenkeelVersion` in the Swift sources: the program prints it, the
Debian package asks the program. The newest entry of CHANGELOG.md is of that version."""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import repository  # noqa: E402


def main(arguments):
    root = repository.root_from(arguments)
    found = [
        v
        for p in repository.files(root, ".swift")
        for v in re.findall(r'evenkeelVersion: StaticString = "([^"]+)"', p.read_text(encoding="utf-8"))
    ]
    entries = re.findall(r"^## (\S+)", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    wrong = []
    if len(found) != 1:
        wrong.append("evenkeelVersion is set in %d places" % len(found))
    elif entries[:1] != found:
        wrong.append(
            "the program is version %s, the newest entry of CHANGELOG.md is %s"
            % (found[0], entries[0] if entries else "missing")
        )
    repository.done("version", wrong, "program and changelog say " + "".join(found))


if __name__ == "__main__":
    main(sys.argv[1:])
