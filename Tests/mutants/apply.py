"""Applies one .mutant file to a tree: `apply.py FILE TREE`.
Fails with a sentence when a text is not there exactly once."""

import sys


def edits(path):
    """(file, find, replace) of each edit. Lines between `find`, `replace` and `end` are taken as they are."""
    state, name, parts = None, None, {}
    for line in open(path, encoding="utf-8").read().split("\n"):
        if state is None:
            if line.startswith("file "):  # other lines out here are comments, and `layer`
                name = line[5:].strip()
            elif line == "find":
                state, parts = "find", {"find": [], "replace": []}
        elif line == "replace" and state == "find":
            state = "replace"
        elif line == "end" and state == "replace":
            yield name, "\n".join(parts["find"]), "\n".join(parts["replace"])
            state = None
        else:
            parts[state].append(line)


def main():
    mutant, tree = sys.argv[1], sys.argv[2]
    for name, find, replace in edits(mutant):
        path = f"{tree}/{name}"
        text = open(path, encoding="utf-8").read()
        n = text.count(find)
        if n != 1:
            sys.exit(f"text found {n} times in {name}, expected once: {find.strip()[:80]!r}")
        open(path, "w", encoding="utf-8").write(text.replace(find, replace))


if __name__ == "__main__":
    main()
