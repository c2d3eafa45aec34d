"""What Package.swift says: the targets of the program in the order of their dependencies, where they lie
and which flags they are compiled and linked with. SwiftPM evaluates the manifest (`swift package
dump-package`), so nothing of it is repeated elsewhere."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = "evenkeel"


class Target:
    """A target of the package. `flags` maps a tool (c, swift, linker) to the arguments that the manifest
    gives it."""

    def __init__(self, described, root):
        self.name = described["name"]
        self.is_test = described["type"] == "test"
        self.folder = root / (described.get("path") or ("Tests/" if self.is_test else "Sources/") + self.name)
        self.depends_on = [one["byName"][0] for one in described["dependencies"]]
        excluded = [self.folder / one for one in described["exclude"]]
        self.swift, self.c = (
            sorted(p for p in self.folder.rglob("*" + end) if not any(p.is_relative_to(e) for e in excluded))
            for end in (".swift", ".c")
        )
        self.flags = {"c": [], "swift": [], "linker": []}
        for setting in described["settings"]:
            if setting.get("condition", {}).get("config", "release") == "release":
                self.flags[setting["tool"]] += self.arguments(setting["kind"])

    def arguments(self, kind):
        ((name, value),) = kind.items()
        value = value["_0"]
        if name == "unsafeFlags":
            return value
        if name == "enableExperimentalFeature":
            return ["-enable-experimental-feature", value]
        if name == "enableUpcomingFeature":
            return ["-enable-upcoming-feature", value]
        if name == "headerSearchPath":
            return ["-I", str(self.folder / value)]
        if name == "define":
            return ["-D" + value]
        if name == "linkedLibrary":
            return ["-l" + value]
        raise SystemExit(
            "Package.swift: %s has the setting %s, which Tools/package.py does not know" % (self.name, name)
        )


def load(root=ROOT, embedded=True):
    """{name: target} of all targets, a target after those that it depends on."""
    environment = dict(os.environ, EVENKEEL_EMBEDDED="1" if embedded else "0")
    text = subprocess.run(
        ["swift", "package", "--scratch-path", str(root / "build" / "manifest"), "dump-package"],
        cwd=root,
        check=True,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    found = {one["name"]: Target(one, root) for one in json.loads(text)["targets"]}
    ordered = {}

    def put(name):
        if name not in ordered:
            for other in found[name].depends_on:
                put(other)
            ordered[name] = found[name]

    for name in found:
        put(name)
    return ordered


def of_program(targets, program=PROGRAM):
    """The targets that the program is made of, in order."""
    wanted, rest = set(), [program]
    while rest:
        name = rest.pop()
        if name not in wanted:
            wanted.add(name)
            rest += targets[name].depends_on
    return [t for t in targets.values() if t.name in wanted]
