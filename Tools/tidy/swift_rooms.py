#!/usr/bin/env python3
"""Swift targets import only what is before them: Package.swift lists them in order, a target depends on
earlier ones only, imports only targets that it depends on (the compiler would also take a dependency's
dependency), and no target is named for nothing. No library comes from elsewhere: what ships imports nothing
but the package's own modules."""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import package  # noqa: E402
import repository  # noqa: E402

IMPORT = re.compile(
    r"^(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)",
    re.M,
)
IN_TESTS = {"Testing", "XCTest", "Foundation", "Glibc"}


def imports(target):
    """{module: the first file that imports it}"""
    found = {}
    for path in target.swift:
        for name in IMPORT.findall(path.read_text(encoding="utf-8")):
            found.setdefault(name, path)
    return found


def listed(root):
    """The targets' names in the order of the manifest's text, which is what a reader goes by."""
    text = (root / "Package.swift").read_text(encoding="utf-8")
    return re.findall(r"\.(?:target|executableTarget|testTarget)\(\s*name:\s*\"([\w-]+)\"", text)


def main(arguments):
    root = repository.root_from(arguments)
    targets, order, findings = package.load(root, embedded=False), listed(root), []
    for t in targets.values():
        findings += [
            "%s depends on %s, which Package.swift lists after it" % (t.name, other)
            for other in t.depends_on
            if order.index(other) > order.index(t.name)
        ]
        if not t.swift:
            continue
        found = imports(t)
        shipped = t.folder.is_relative_to(root / "Sources")
        for name, path in sorted(found.items()):
            if name not in targets and (shipped or name not in IN_TESTS):
                findings.append(
                    "%s imports %s, which is no target of this package" % (path.relative_to(root), name)
                )
            elif name in targets and name not in t.depends_on:
                findings.append(
                    "%s imports %s, which %s does not depend on" % (path.relative_to(root), name, t.name)
                )
        findings += [
            "%s depends on %s and imports it nowhere" % (t.name, other)
            for other in t.depends_on
            if other not in found
        ]
    repository.done("swift_rooms", findings, "%d targets, each imports only what is before it" % len(targets))


if __name__ == "__main__":
    main(sys.argv[1:])
