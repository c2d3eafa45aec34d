#!/usr/bin/env python3
"""What .editorconfig asks of every text: no tab but in a Makefile, no space at the end of a line, a line
end at the end of a file."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import repository  # noqa: E402

ENDINGS = (".swift", ".c", ".h", ".py", ".sh", ".html", ".md", ".mutant", ".txt", ".yml", "Makefile")


def faults(path):
    text = path.read_text(encoding="utf-8")
    for n, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield "%d: white space at the end of the line" % n
        if "\t" in line and path.name != "Makefile":
            yield "%d: a tab" % n
    if text and not text.endswith("\n"):
        yield "%d: the file does not end with a line end" % text.count("\n")


def main(arguments):
    root = repository.root_from(arguments)
    paths = repository.files(root, *ENDINGS)
    repository.done(
        "white_space",
        ["%s:%s" % (p.relative_to(root), f) for p in paths for f in faults(p)],
        "%d files" % len(paths),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
