"""Runs every benchmark in turns and writes Benchmarks/RESULTS.md. `make bench` calls it;
what it needs is built before.

The core and the peers run by turns, several times; a figure is the median of the
runs' medians, its spread the lowest 10th and the highest 90th percentile. Times
are of the processor, not of the clock. Ratios are of figures of this one run.

    run.py [--against DIR]
        DIR: a tree of an older version, its bin/evenkeel and build/bench/bench built"""

import argparse
import datetime
import json
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench"
BENCH, PEERS = str(BUILD / "bench"), str(BUILD / "venv" / "bin" / "python")
EVENKEEL = str(ROOT / "bin" / "evenkeel")
INPUT = str(ROOT / "Benchmarks" / "input")
PASSES, BOOKS = 5, 250
# What may not be worse than this times the older version's.
NOT_WORSE = 1.1


def run(*words, seconds=600):
    p = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=seconds, cwd=ROOT)
    if p.returncode:
        sys.exit("%s: exit %d\n%s" % (" ".join(map(str, words)), p.returncode, p.stderr[-2000:]))
    sys.stderr.write(p.stderr)
    return p.stdout


def rows(text):
    return [line.split("\t") for line in text.splitlines() if "\t" in line]


class Figures(dict):
    """name -> (median, low, high), ns unless the name says otherwise."""

    def gather(self, passes):
        seen = {}
        for text in passes:
            for name, *numbers in rows(text):
                seen.setdefault(name, []).append([float(n) for n in numbers])
        for name, all_of in seen.items():
            self[name] = (
                statistics.median(x[0] for x in all_of),
                min(x[1] if len(x) > 1 else x[0] for x in all_of),
                max(x[2] if len(x) > 2 else x[0] for x in all_of),
            )

    def ns(self, name):
        return self[name][0]


def record_books(directory):
    """Books of a chain that moves: prices walk, the position stands, so drifts of every kind come by."""
    for venue in ("velocity", "drift"):
        words = "--port 0 --seed 3 --perp -10 --wallet-sol 0 --tick-ms 2 --slot-seconds 20 --disturb 0.5"
        p = subprocess.Popen(
            [EVENKEEL, "localnet", "--venue", venue, *words.split(), "--volatility", "5"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            port = json.loads(p.stdout.readline())["listening"].rsplit(":", 1)[1]
            run(BENCH, "record", venue, port, directory, BOOKS)
        finally:
            p.terminate()
            p.wait()


def simulated():
    """Processor seconds of agent and chain together in virtual time, for 30 days at one tick a minute."""
    from resource import RUSAGE_CHILDREN, getrusage

    before = getrusage(RUSAGE_CHILDREN)
    text = run(EVENKEEL, "sim", "--seeds", "1..4", "--days", "30", "--faults", "none")
    after = getrusage(RUSAGE_CHILDREN)
    ticks = int(text.split("ticks ")[1].split()[0])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return ticks, cpu, cpu / ticks * 30 * 24 * 60


def hyperfine(commands):
    with tempfile.NamedTemporaryFile(suffix=".json") as f:
        words = ["hyperfine", "-N", "--warmup", "1", "--min-runs", "5", "--export-json", f.name]
        run(*words, *commands)
        return [
            (r["median"] * 1000, r["min"] * 1000, r["max"] * 1000) for r in json.load(open(f.name))["results"]
        ]


def us(ns):
    return "%.2f" % (ns / 1000) if ns < 100_000 else "%.0f" % (ns / 1000)


def verdict(ok):
    return "yes" if ok else "**no**"


def beside(old):
    """A tick beside its floor and the older version's."""
    words = [EVENKEEL, BUILD / "floor", *([old / "bin" / "evenkeel"] if old else [])]
    return {
        name: [float(n) for n in numbers]
        for name, *numbers in rows(
            run(ROOT / ".venv/bin/python", "Benchmarks/against.py", *words, seconds=1200)
        )
    }


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--against", type=Path)
    old = words.parse_args().against
    f, f_old = Figures(), Figures()
    core, core_old, peer = [], [], []
    for i in range(PASSES):
        print("pass %d of %d" % (i + 1, PASSES), file=sys.stderr)
        core.append(run(BENCH, "time", INPUT, 20))
        if old:
            core_old.append(run(old / "build" / "bench" / "bench", "time", INPUT, 20))
        peer.append(run(PEERS, "Benchmarks/peers.py", "time", INPUT + "/drift.json", 10))
    f.gather(core)
    f_old.gather(core_old)
    f.gather(peer)
    scratch = tempfile.mkdtemp(prefix="ekbooks", dir=BUILD)
    try:
        record_books(scratch)
        books = {name: numbers for name, *numbers in rows(run(BENCH, "books", scratch, BOOKS))}
    finally:
        shutil.rmtree(scratch)
    text = run(ROOT / ".venv/bin/python", "Benchmarks/process.py", EVENKEEL, BUILD / "allocations.so")
    process = {name: numbers for name, *numbers in rows(text)}
    compared = beside(old)
    modules = ("driftpy.drift_client", "solders", "json")
    imported = {m: run(PEERS, "Benchmarks/peers.py", "import", m).split() for m in modules}
    commands = {
        "evenkeel": EVENKEEL + " --version",
        "driftpy": PEERS + " -c 'import driftpy.drift_client'",
        "solders": PEERS + " -c 'import solders'",
        "python": PEERS + " -c pass",
    }
    started = dict(zip(commands, hyperfine(list(commands.values()))))
    sim_ticks, sim_cpu, sim_month = simulated()
    report = markdown(f, books, process, imported, started, sim_ticks, sim_cpu, sim_month, compared, f_old)
    (ROOT / "Benchmarks" / "RESULTS.md").write_text(report)
    print(report)


# As the Makefile calls them.
QUIET, BUSIEST = "A quiet book", "A book that is moved every nine minutes, with faults"


def soak():
    """What `make soak-process` wrote last, or nothing."""
    path = ROOT / "Benchmarks" / "SOAK.md"
    return path.read_text() if path.exists() else ""


def disk_kib_a_day(title):
    """The busiest stretch of a day of the long run with this title; None when it was not made."""
    row = r"### %s\n.*?written to disk a day \|.*?(\d+) KiB in the busiest" % re.escape(title)
    found = re.search(row, soak(), re.S)
    return float(found[1]) if found else None


def first(command):
    return subprocess.run(command, shell=True, capture_output=True, text=True).stdout.strip().splitlines()[0]


def against_floor(target, compared):
    """The row of a tick beside its floor."""
    what = "processor a spaced tick over TLS, against a bare fetch"
    if "tick_us_floor" not in compared:
        target(what, "not measured", "<= 1.35 x", False)
        return
    r = compared["tick_new_by_floor"]
    target(what + " in the same rounds", "%.2f x (%.2f .. %.2f)" % tuple(r), "<= 1.35 x", r[0] <= 1.35)


def against_old(target, f, f_old, compared):
    """What may not be worse than the older version's."""

    def row(what, r):
        target(what + ", against 0.1", "%.2f x" % r, "<= %g x" % NOT_WORSE, r <= NOT_WORSE)

    for v in ("velocity", "drift"):
        for path, what in (("decision_", "decision"), ("signed_", "signed transaction")):
            row("response to %s, %s" % (what, v), f.ns(path + v) / f_old.ns(path + v))
    if "tick_new_by_old" not in compared:
        return
    row("processor a spaced tick over TLS", compared["tick_new_by_old"][0])
    row("the same with `--json`", compared["tick_new_json_by_old_json"][0])
    for name, what in (
        ("start_ms_", "start to first request"),
        ("tick_rss_kb_", "resident memory, over TLS"),
        ("tick_private_kb_", "private dirty memory, over TLS"),
    ):
        row(what, compared[name + "new"][0] / compared[name + "old"][0])


TITLES = {
    "floor": "a bare fetch",
    "old": "0.1",
    "new": "now",
    "old_json": "0.1, `--json`",
    "new_json": "now, `--json`",
}
BESIDE = """
Live, a funded key, an account in balance, ticks 250 ms apart; user and system time of all of a program's
processes. The bare fetch (`Benchmarks/tools/floor.c`) makes the same request of %d bytes with libcurl, set
alike, and does nothing with the answer. Each program is started anew in every round, by turns; median, lowest
and highest round. Start is live, over http, with the signer's; of the bare fetch its own."""


def beside_table(say, f, f_old, compared):
    """The floor, the older version and this one, as they were measured."""
    if "tick_us_floor" not in compared:
        return
    columns = [c for c in TITLES if "tick_us_" + c in compared]
    say("\n## A tick beside its floor%s\n" % (" and version 0.1" if "old" in columns else ""))
    say("| | %s |\n|---|%s" % (" | ".join(TITLES[c] for c in columns), "---|" * len(columns)))
    for name, what, form in (
        ("tick_us_", "processor a tick, us", "%.0f (%.0f .. %.0f)"),
        ("start_ms_", "start to first request, ms", "%.1f (%.1f .. %.1f)"),
        ("tick_rss_kb_", "resident, KiB", "%.0f"),
        ("tick_private_kb_", "private dirty, KiB", "%.0f"),
        ("others_a_tick_", "other requests a tick", "%.2f"),
    ):
        cells = [
            form % tuple(compared[name + c][: form.count("%")]) if name + c in compared else ""
            for c in columns
        ]
        say("| %s | %s |" % (what, " | ".join(cells)))
    say(BESIDE % compared["request_bytes"][0])
    if not f_old:
        return
    say("\n| path of the core, us | 0.1 | now | |\n|---|---|---|---|")
    for path in ("load", "decision", "build", "signed"):
        for name in (path + "_velocity", path + "_drift"):
            old, now = f_old.ns(name), f.ns(name)
            say("| %s | %s | %s | %.2f x |" % (name.replace("_", " "), us(old), us(now), now / old))


PROCESS_LIMITS = (
    ("rss_kb_", "resident memory", 12.5 * 1024, "KiB"),
    ("private_dirty_kb_", "private dirty memory", 2048, "KiB"),
    ("cpu_us_a_tick_", "processor a spaced tick", 280, "us"),
    ("syscalls_a_tick_", "system calls a tick", 14, ""),
    ("wakeups_a_tick_", "wakeups a tick", 3, ""),
    ("allocations_own_a_tick_", "heap allocations a tick in our code", 40, ""),
)
QUIET_TICK = (
    ("cpu_us_a_tick_", "processor, us"),
    ("wakeups_a_tick_", "wakeups"),
    ("syscalls_a_tick_", "system calls"),
    ("allocations_own_a_tick_", "allocations, our code"),
    ("allocations_libraries_a_tick_", "allocations, libraries"),
)


def heading(say, f):
    """What was measured where."""
    cpu = first("grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 || uname -m")
    load = open("/proc/loadavg").read().split()[0]
    say("# Benchmark results\n")
    say(
        "Written by `make bench`, in one run: core and peers by turns, times of the processor. "
        "On a busy machine the times are too long and the"
    )
    say("ratios still fair. What is measured how: [docs/performance.md](../docs/performance.md).\n")
    say("| | |\n|---|---|")
    say("| date | %s |" % datetime.date.today().isoformat())
    processors = len(open("/proc/cpuinfo").read().split("processor\t")) - 1
    machine = (platform.machine(), cpu.strip(), processors, load)
    say("| machine | %s, %s, %d processors, load %s at the end |" % machine)
    programs = ("swift --version 2>/dev/null", "clang --version")
    libraries = ("pkg-config --modversion libsodium", "pkg-config --modversion libcurl")
    versions = (*map(first, programs + libraries), platform.python_version())
    say(
        "| versions | %s; %s; libsodium %s; libcurl %s; Python %s; driftpy 0.8.89, solders 0.26.0 |"
        % versions
    )
    sizes = [f.ns(what + venue) for venue in ("velocity", "drift") for what in ("accounts_", "bytes_")]
    say("| the read | velocity: %d accounts, %d bytes; drift: %d accounts, %d bytes |\n" % tuple(sizes))


def core_targets(target, f):
    """The core against its peers and its floors."""

    def ratio(a, b):
        return f.ns(a) / f.ns(b)

    def faster(what, r, least, form="%.0f x faster"):
        target("response to " + what, form % r, ">= %d x" % least, r >= least)

    r = ratio("driftpy_decision", "decision_drift")
    faster("decision, against driftpy's decode, health and leverage", r, 200)
    for v in ("velocity", "drift"):
        r = ratio("decision_" + v, "floor_" + v)
        what = "response to decision, %s, against scan and portable base64" % v
        target(what, "%.2f x" % r, "<= 1.5 x", r <= 1.5)
    for v in ("velocity", "drift"):
        r = ratio("signed_" + v, "bare_signature_" + v)
        what = "response to signed transaction, %s, against libsodium's bare signature" % v
        target(what, "%.2f x" % r, "<= 1.25 x", r <= 1.25)
    r = ratio("solders_compile_sign", "signed_drift")
    faster("signed transaction, against solders' compile and sign alone", r, 4, "%.1f x faster")
    r = ratio("driftpy_whole_path", "signed_drift")
    faster("signed transaction, against driftpy's whole path", r, 50)
    for name, limit in (("base58_encode_32", 122 * 1.2), ("base58_encode_64", 324 * 1.2)):
        ns, lowest = f.ns(name), f[name][1]
        target(
            name.replace("_", " "), "%.0f ns (lowest %.0f)" % (ns, lowest), "<= %.0f ns" % limit, ns <= limit
        )
    r = ratio("find_program_address", "solders_find_program_address")
    target("find_program_address, against solders", "%.2f x" % r, "<= 1", r <= 1)


def process_targets(target, process, compared):
    """The whole program: its start, its memory, a tick, the disk."""
    if "start_ms_new" in compared:
        v, lowest, _ = compared["start_ms_new"]
        target(
            "start to first request sent", "%.1f ms (lowest tenth %.1f)" % (v, lowest), "<= 10 ms", v <= 10
        )
    at, over = ("tls", "TLS") if "rss_kb_tls" in process else ("http", "http")
    for name, what, limit, unit in PROCESS_LIMITS:
        if name + at not in process:
            continue
        v = float(process[name + at][0])
        target("%s, over %s" % (what, over), "%g %s" % (v, unit), "<= %g %s" % (limit, unit), v <= limit)
    v = float(process["disk_bytes_80_ticks_" + at][0])
    target("disk, 80 ticks that change nothing", "%d bytes" % v, "0 on a tick", v == 0)
    for what, title, limit in (("a quiet book at 60 s", QUIET, 256), ("the busiest book", BUSIEST, 2048)):
        kib = disk_kib_a_day(title)
        if kib is not None:
            what = "disk a day, %s (long runs, below)" % what
            target(what, "%.0f KiB" % kib, "<= %d KiB" % limit, kib <= limit)


def paths(say, f):
    """The core and the peers, path by path."""
    spread = "| %s | %s | %s .. %s |"
    peers = ("driftpy", "solders", "python")
    say("\n## The core\n\n| path | us | spread |\n|---|---|---|")
    for name, (median, low, high) in f.items():
        if not name.startswith(("bytes", "accounts", "message", *peers)):
            say(spread % (name.replace("_", " "), us(median), us(low), us(high)))
    say(
        "\n`floor`: the answer scanned and its base64 decoded by the portable decoder; "
        "`floor wide`: by the one this processor takes. `assess` is without,"
    )
    say("`assess liquidation` with the search for the liquidation price, which no decision needs.\n")
    say("## The peers\n\n| path | us | spread |\n|---|---|---|")
    for name, (median, low, high) in f.items():
        if name.startswith(peers):
            say(spread % (name.replace("_", " "), us(median), us(low), us(high)))


def whole_processes(say, process, imported, started):
    """Start, memory, and a tick that changes nothing."""
    say("\n## Whole processes\n\n| | start, ms | resident, KiB | private dirty, KiB |\n|---|---|---|---|")
    say("| evenkeel --version | %.1f (%.1f .. %.1f) | | |" % started["evenkeel"])
    for at in ("http", "tls"):
        if "rss_kb_" + at in process:
            resident, private = process["rss_kb_" + at][0], process["private_dirty_kb_" + at][0]
            say("| evenkeel run, over %s | | %s | %s |" % (at, resident, private))
    for name, module in (("driftpy", "driftpy.drift_client"), ("solders", "solders"), ("python", "json")):
        figures = (module, *started[name], *imported[module])
        say("| python with %s imported | %.0f (%.0f .. %.0f) | %s | %s |" % figures)
    say("\n| a tick that changes nothing | http | TLS |\n|---|---|---|")
    for name, what in QUIET_TICK:
        http, tls = (" ".join(process.get(name + at, ["-"])[:1]) for at in ("http", "tls"))
        say("| %s | %s | %s |" % (what, http, tls))
    calls = (process.get("syscalls_a_tick_tls") or ["", "not measured"])[1]
    say("\nTicks stand 250 ms apart here. System calls over TLS, a tick: %s.\n" % calls)


def other_sizes(say, books):
    """Books of one to eight positions."""

    def each(kind, v, sizes):
        return " | ".join("%.0f" % float(books["%s_%s_%d" % (kind, v, k)][0]) for k in sizes)

    say("## Books of other sizes\n\nAssessment and decision, ns:\n")
    say("| positions | %s |\n|---|%s" % (" | ".join(map(str, range(1, 9))), "---|" * 8))
    for v in ("velocity", "drift"):
        say("| %s, perps (2 spots) | %s |" % (v, each("perps", v, range(1, 9))))
        say("| %s, spots (1 perp) | - | %s |" % (v, each("spots", v, range(2, 9))))
    verdicts = (books["verdicts_velocity"][0], books["verdicts_drift"][0])
    say("\nVerdicts over the recorded books: velocity %s; drift %s." % verdicts)


def markdown(f, books, process, imported, started, sim_ticks, sim_cpu, sim_month, compared, f_old):
    out = []
    say = out.append
    heading(say, f)
    say("## Against the targets\n\n| what | measured | target | kept |\n|---|---|---|---|")

    def target(what, measured, goal, ok):
        say("| %s | %s | %s | %s |" % (what, measured, goal, verdict(ok)))

    core_targets(target, f)
    size = Path(EVENKEEL).stat().st_size / 1024
    what = "stripped binary, Embedded, everything in it"
    target(what, "{:,.0f} KiB".format(size), "<= 1,100 KiB", size <= 1100)
    against_floor(target, compared)
    if f_old:
        against_old(target, f, f_old, compared)
    process_targets(target, process, compared)
    what = "30 days at 60 s in virtual time, agent and chain together"
    took = "%.1f s (from %d ticks in %.1f s)" % (sim_month, sim_ticks, sim_cpu)
    target(what, took, "<= 15 s", sim_month <= 15)
    for v in ("velocity", "drift"):
        rate = 1e9 / float(books["books_" + v][0])
        what = "assessments and decisions a second, 100,000 turns over %d recorded books, %s" % (BOOKS, v)
        target(what, "{:,.0f}".format(rate), ">= 500,000", rate >= 500_000)

    beside_table(say, f, f_old, compared)
    paths(say, f)
    whole_processes(say, process, imported, started)
    other_sizes(say, books)
    if soak():
        say("\n## Long runs\n")
        say("Written by `make soak-process` (Tests/soak/soak.py), at another time than the figures above.\n")
        say(soak().strip())
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    main()
