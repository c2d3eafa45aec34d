"""The files of the repository, for the checks of Tools/tidy. They are looked up on the disk, so that a
check says the same of a clean clone, of a work tree with changes and of a copy without git."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
MADE = {"build", "bin", "__pycache__", "corpus"}  # results, and fuzzers' inputs


def root_from(arguments):
    """The tree to check: the first argument that is no option, else the repository of this file."""
    paths = [a for a in arguments if not a.startswith("-")]
    return pathlib.Path(paths[0]).resolve() if paths else ROOT


def files(root, *endings):
    """Paths below the root, sorted, whose name ends in one of the endings (all, when there is none)."""
    found, rest = [], [root]
    while rest:
        for path in rest.pop().iterdir():
            if path.is_dir():
                if path.name not in MADE and not path.name.startswith(".") and not path.is_symlink():
                    rest.append(path)
            elif not endings or path.name.endswith(endings):
                found.append(path)
    return sorted(found)


def done(name, findings, good):
    """Prints what was found and ends with 1, or says that all is well."""
    for one in findings:
        print("tidy %s: %s" % (name, one))
    if findings:
        sys.exit(1)
    print("tidy %s: %s" % (name, good))
