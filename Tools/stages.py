#!/usr/bin/env python3
"""Runs the layers of `make test` side by side, as far as they do not disturb each other.

    stages.py [LAYER ...]       all layers, or the named ones (what they need is taken as done)

A layer is a target of the Makefile. It takes one processor or both, and begins when the layers that it needs
are done and a processor is free. Its output goes to build/test/LAYER.log and is printed when it has ended, so
that no two are mixed: whole when it failed, else its last lines. A failure fails the whole; what does not
depend on it still runs. The budget is for a machine that does nothing else; going over it is said, and fails
nothing, because a busy machine would.
"""

import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOGS = ROOT / "build" / "test"
PROCESSORS = max(2, os.cpu_count() or 2)


class Layer:
    def __init__(self, name, target, needs, processors, budget):
        self.name, self.target, self.needs = name, target.split(), needs.split()
        self.processors, self.budget_seconds = processors, budget
        self.process = self.code = None

    def start(self):
        self.log = LOGS / (self.name + ".log")
        self.began = time.monotonic()
        with self.log.open("wb") as out:
            words = ["make", "-s", "--no-print-directory", "-C", str(ROOT), *self.target]
            self.process = subprocess.Popen(
                words, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )

    def ended(self, status, usage):
        self.code = os.waitstatus_to_exitcode(status)
        self.process.returncode = self.code
        self.seconds = time.monotonic() - self.began
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        text = self.log.read_text(errors="replace").rstrip().split("\n")
        print("--- %s: %s" % (self.name, "ok" if self.code == 0 else "FAILED (exit %d)" % self.code))
        print("\n".join(text if self.code else text[-4:]), flush=True)

    def line(self):
        if self.code is None:
            return "%-14s not run" % self.name
        over = "  over its budget" if self.seconds > self.budget_seconds else ""
        result = "ok" if self.code == 0 else "FAILED"
        numbers = (self.name, result, self.seconds, self.cpu_seconds, self.budget_seconds)
        return "%-14s %-6s %5.0f s, processor %5.0f s, budget %4d s%s" % (*numbers, over)


# Timing matters to the layers that run whole programs against each other: beside them there is one job of one
# processor at the most.
LAYERS = [
    Layer("prepare", "test-needs", "", 2, 120),
    Layer("embedded", "embedded", "prepare", 1, 150),
    Layer("ordinary", "ordinary bin/evenkeel-probe", "prepare", 1, 240),
    Layer("core", "test-core", "prepare", 1, 60),
    Layer("lint", "test-lint tidy format JOBS=1", "prepare", 1, 150),
    Layer("instructions", "test-instructions", "prepare", 1, 40),
    Layer("swift", "test-swift", "ordinary", 1, 180),
    Layer("python", "test-python", "ordinary", 1, 120),
    Layer("e2e", "test-e2e", "embedded ordinary", 1, 300),
    Layer("sim", "test-sim JOBS=1", "ordinary", 1, 450),
    Layer("web", "test-web", "embedded", 1, 150),
    Layer("signer", "test-signer", "embedded python", 1, 90),
    Layer("crash", "test-crash", "embedded", 1, 120),
    Layer("fuzz", "test-fuzz JOBS=1", "prepare", 1, 460),
    Layer("mutants", "test-mutants", "ordinary", 1, 330),
    Layer("arm64", "arm64", "embedded", 1, 130),
    Layer("arm", "test-arm", "arm64 core", 1, 180),
    Layer("deploy", "test-deploy", "embedded", 1, 120),
    Layer("soak", "test-soak", "embedded", 1, 60),
]


def run(layers):
    running, waiting, done = {}, list(layers), {one.name for one in LAYERS} - {one.name for one in layers}
    failed = set()
    while running or waiting:
        for one in [w for w in waiting if failed.intersection(w.needs)]:
            waiting.remove(one)
            failed.add(one.name)
        free = PROCESSORS - sum(one.processors for one in running.values())
        for one in [w for w in waiting if done.issuperset(w.needs)]:
            if one.processors <= free:
                waiting.remove(one)
                one.start()
                running[one.process.pid] = one
                free -= one.processors
        if not running:
            continue
        pid, status, usage = os.wait4(-1, 0)
        if pid in running:
            one = running.pop(pid)
            one.ended(status, usage)
            (failed if one.code else done).add(one.name)
    return not failed


def main(names):
    unknown = set(names) - {one.name for one in LAYERS}
    if unknown:
        raise SystemExit("stages.py: no layer is named " + ", ".join(sorted(unknown)))
    layers = [one for one in LAYERS if not names or one.name in names]
    LOGS.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    good = run(layers)
    print("\n" + "\n".join(one.line() for one in layers))
    print("%s in %.0f s" % ("all tests passed" if good else "FAILED", time.monotonic() - began))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
