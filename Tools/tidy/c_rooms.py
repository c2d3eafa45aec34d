#!/usr/bin/env python3
"""Import direction of the C: a file includes only its own room and rooms before it. Prints FILE:LINE: RULE;
exit 1 when there is any.

    c_rooms.py [ROOT]

A module is a folder of CSources, a room a folder of the module; include/ROOM holds the room's public headers,
written "ROOM/name.h" by whoever includes them. Private headers lie beside the room's sources: "name.h" inside
of the room, "../ROOM/name.h" from a later one.
"""

import pathlib
import re
import sys

ROOMS = {
    "EvenkeelCore": [
        "base",
        "text",
        "solana",
        "venue",
        "snapshot",
        "margin",
        "hedge",
        "order",
        "store",
        "signer",
    ],
    "EvenkeelSys": ["base", "config", "store", "net", "web", "signer"],
}
MAY_USE = {"EvenkeelCore": [], "EvenkeelSys": ["EvenkeelCore"]}
# The core allocates nothing and does no input or output: these are all the headers it needs of a system.
CORE_SYSTEM_HEADERS = {
    "stddef.h",
    "stdint.h",
    "string.h",
    "sodium.h",
    "immintrin.h",
    "arm_neon.h",
    "sys/platform/x86.h",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def includes(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found.group(1), found.group(2)


class Module:
    def __init__(self, root, name):
        self.name, self.folder = name, root / "CSources" / name
        self.rooms = ROOMS[name]
        self.umbrella = self.folder / "include" / f"{name}.h"

    def files(self):
        return sorted(p for p in self.folder.rglob("*") if p.suffix in (".c", ".h") and p != self.umbrella)

    def room_of(self, path):
        """The file's room and whether it is a public header; no room for a file that is in none."""
        parts = path.relative_to(self.folder).parts
        public = parts[0] == "include"
        room = parts[public] if len(parts) == 2 + public else ""
        return (room if room in self.rooms else ""), public


def target(modules, path, name):
    """Module and room of what is included, and whether it is public; None when there is no such file."""
    beside = (path.parent / name).resolve()
    for module in modules:
        if beside.is_file() and module.folder.resolve() in beside.parents:
            room, public = module.room_of(module.folder / beside.relative_to(module.folder.resolve()))
            return module, room, public
    for module in modules:
        if (module.folder / "include" / name).is_file():
            room, public = module.room_of(module.folder / "include" / name)
            return module, room, public
    return None


def check_include(modules, module, path, room, public, name):
    found = target(modules, path, name)
    if found is None:
        return f'no header "{name}" in any room'
    other, other_room, other_public = found
    if not other_room:
        return f'"{name}" is in no room: include the headers that are needed'
    if other is not module and other.name not in MAY_USE[module.name]:
        return f"{module.name} must not include {other.name} ({name})"
    if public and not other_public:
        return f'a public header includes the private "{name}"'
    if other is module and module.rooms.index(other_room) > module.rooms.index(room):
        return f'room {room} comes before {other_room} and must not include "{name}"'
    if other_public and name.split("/")[0] != other_room:
        return f'"{name}" is public: write "{other_room}/{name.split("/")[-1]}"'
    return None


def check_umbrella(module):
    """Every public header once, in the order of the rooms."""
    seen, last = [], 0
    for number, _, name in includes(module.umbrella):
        room = name.split("/")[0]
        at = module.rooms.index(room) if room in module.rooms else -1
        if at < last:
            yield number, f'"{name}" is out of the order of the rooms'
        last = max(last, at)
        if name in seen:
            yield number, f'"{name}" stands twice'
        seen.append(name)
    for path in sorted((module.folder / "include").rglob("*.h")):
        name = path.relative_to(module.folder / "include").as_posix()
        if path != module.umbrella and name not in seen:
            yield 1, f'"{name}" is missing in the umbrella header'


def check(root):
    modules = [Module(root, name) for name in ROOMS]
    for module in modules:
        for path in module.files():
            room, public = module.room_of(path)
            if not room:
                yield path, 1, f"in no room of {module.name} ({', '.join(module.rooms)})"
                continue
            for number, mark, name in includes(path):
                if mark == "<":
                    if module.name == "EvenkeelCore" and name not in CORE_SYSTEM_HEADERS:
                        yield path, number, f"the core must not include <{name}>"
                    continue
                why = check_include(modules, module, path, room, public, name)
                if why:
                    yield path, number, why
        for number, why in check_umbrella(module):
            yield module.umbrella, number, why


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    found = list(check(root))
    for path, number, why in found:
        print(f"{path.relative_to(root)}:{number}: {why}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
