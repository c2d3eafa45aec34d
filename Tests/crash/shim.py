"""The disk shim (shim.c): built once, then worn by a process as environment."""

import os
import subprocess
from pathlib import Path


def build(home):
    out = home / "shim.so"
    subprocess.run(
        [
            os.environ.get("CC", "gcc"),
            "-std=gnu11",
            "-O1",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-shared",
            "-fPIC",
            "-o",
            str(out),
            str(Path(__file__).with_name("shim.c")),
            "-ldl",
        ],
        check=True,
    )
    return str(out)


class Disk:
    """The state file's disk as an agent sees it: disk.wear("pwrite@1=torn:100")
    is the environment under which that happens."""

    def __init__(self, so, agent):
        self.so, self.agent, self.trace_file = so, agent, agent.home / "trace"

    def wear(self, plan="", cache=""):
        return {
            "LD_PRELOAD": self.so,
            "EK_SHIM_FILE": str(self.agent.state),
            "EK_SHIM_PLAN": plan,
            "EK_SHIM_CACHE": cache,
            "EK_SHIM_TRACE": str(self.trace_file),
        }

    def trace(self):
        """[(what, number, number)] of all calls so far."""
        if not self.trace_file.exists():
            return []
        rows = [x.split() for x in self.trace_file.read_text().splitlines()]
        return [(w, int(a), int(b)) for w, a, b in rows]
