"""The agent with its signer, end to end: where the key is, who may look,
and what a signer that dies costs."""

import os
import re
import signal
import subprocess
import time

import pytest

from harness import real_program_missing, wait_for

E9 = 10**9
SEED = bytes([8]) * 32


def children(pid):
    return [int(x) for x in open("/proc/%d/task/%d/children" % (pid, pid)).read().split()]


def named(pid):
    return open("/proc/%d/comm" % pid).read().strip()


def roles(running):
    """(keeper, signer) of a running agent; None while there is no signer."""
    keepers = [p for p in children(running.pid) if named(p) == "evenkeel-keeper"]
    if not keepers:
        return None
    signers = [p for p in children(keepers[0]) if named(p) == "evenkeel-signer"]
    return (keepers[0], signers[0]) if signers else None


def memory_has(pid, needle):
    """In any memory but what is mapped unchanged from files (a library's tables hold runs of any byte)."""
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in maps:
            start, end, mode, inode = re.match(r"(\w+)-(\w+) (\S+) \S+ \S+ (\d+)", line).groups()
            if (
                mode[0] != "r"
                or (inode != "0" and mode[1] != "w")
                or line.rstrip().endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]"))
            ):
                continue
            try:
                memory.seek(int(start, 16))
                if needle in memory.read(int(end, 16) - int(start, 16)):
                    return True
            except OSError:
                continue
    return False


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into the signer's memory")
def test_only_the_signer_holds_the_key(bench):
    chain, agent = bench(chain={"perp": -9}, agent__loop_interval_seconds="0.3")
    running = agent.start()
    running.until("executed_live")
    keeper, signer = roles(running)
    assert memory_has(signer, SEED)  # the search finds what is there
    assert not memory_has(running.pid, SEED) and not memory_has(keeper, SEED)
    for pid in (running.pid, keeper, signer):
        assert (
            b"8,8,8,8,8"
            not in open("/proc/%d/environ" % pid, "rb").read() + open("/proc/%d/cmdline" % pid, "rb").read()
        )
        assert not any("key.json" in os.readlink(f.path) for f in os.scandir("/proc/%d/fd" % pid))
    assert not memory_has(running.pid, b"8,8,8,8,8,8,8,8") and not memory_has(keeper, b"8,8,8,8,8,8,8,8")
    assert not memory_has(signer, b"8,8,8,8,8,8,8,8")  # the file's text was wiped
    assert running.stop() == 143


LOOK = """#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <unistd.h>
int main(int argc, char **argv) {
    const char *names[] = {"mem", "maps", "environ"};
    char path[64], byte;
    (void)argc;
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "/proc/%s/%s", argv[1], names[i]);
        int fd = open(path, O_RDONLY);
        if (fd >= 0 && (i == 0 || read(fd, &byte, 1) >= 0)) printf("%s ", names[i]);
    }
    if (ptrace(PTRACE_ATTACH, atoi(argv[1]), NULL, NULL) == 0) printf("ptrace");
    return 0;
}
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_the_same_user_cannot_look_into_the_signer(bench):
    """Agent and onlooker run as one ordinary user."""
    chain, agent = bench(chain={"perp": -10, "sol": 10}, agent__loop_interval_seconds="0.3")
    look = agent.home / "look"
    look.with_suffix(".c").write_text(LOOK)
    subprocess.run([os.environ.get("CC", "gcc"), "-o", str(look), str(look.with_suffix(".c"))], check=True)
    for path in (agent.home, agent.config, agent.key):
        os.chown(path, 65534, 65534)
    running = agent.start(user=65534)
    running.until("balanced")

    def seen(pid):
        r = subprocess.run(
            [str(look), str(pid)],
            user=65534,
            group=65534,
            extra_groups=[],
            capture_output=True,
            text=True,
            timeout=20,
        )
        return r.stdout

    assert [seen(pid) for pid in roles(running)] == ["", ""]
    own = subprocess.Popen(["sleep", "20"], user=65534, group=65534, extra_groups=[])
    assert "mem maps environ" in seen(own.pid)  # the onlooker sees where it may
    own.kill()
    own.wait()
    assert running.stop() == 143


def test_paper_has_no_signer(bench):
    chain, agent = bench(chain={"perp": -9}, agent__mode="paper", agent__loop_interval_seconds="0.3")
    running = agent.start()
    running.until("executed_paper")
    assert children(running.pid) == [] and not (agent.home / "state.bin.signer").exists()
    assert running.stop() == 143


def test_a_signer_killed_while_idle(bench):
    chain, agent = bench(
        chain={"perp": -10, "sol": 10}, agent__loop_interval_seconds="0.3", hedge__cooldown_seconds=0
    )
    running = agent.start()
    running.until("balanced")
    keeper, signer = roles(running)
    os.kill(signer, signal.SIGKILL)
    wait_for(lambda: "the signer died (signal 9)" in running.log, 5, "it was noticed at once")
    wait_for(lambda: "the signer is there again" in running.log, 5, "another one")
    assert roles(running) and roles(running)[0] == keeper and roles(running)[1] != signer
    chain.ctl("set_user", perp=-9)
    at = len(running.lines)
    running.until("executed_live", since=at)
    assert chain.perp() == -10 * E9 and len(chain.orders_sent()) == 1
    assert running.stop() == 143
    wait_for(lambda: not os.path.exists("/proc/%d" % keeper), 5, "the roles end with the agent")


def test_a_signer_that_hangs_in_the_middle_of_a_correction(bench):
    """Stopped, asked, killed, started again: observe only meanwhile,
    and exactly one correction in the end."""
    chain, agent = bench(
        chain={"perp": -10, "sol": 10},
        agent__loop_interval_seconds="0.3",
        hedge__cooldown_seconds=0,
        gates__max_failures=50,
    )
    running = agent.start()
    running.until("balanced")
    keeper, signer = roles(running)
    os.kill(signer, signal.SIGSTOP)
    chain.ctl("set_user", perp=-9)
    at = len(running.lines)
    running.until("error", since=at)
    s = running.until("observe_only", since=at)
    assert "the signer does not answer" in s["reason"]
    assert chain.sends() == []
    os.kill(signer, signal.SIGKILL)
    running.until("executed_live", since=at, seconds=15)
    running.until("balanced", since=at)
    assert (
        chain.perp() == -10 * E9
        and chain.moves()[-1] == (-9 * E9, -10 * E9)
        and len(chain.orders_sent()) == 1
    )
    assert running.stop() == 143


def test_a_stopped_signer_that_goes_on_signs_nothing_late(bench):
    chain, agent = bench(
        chain={"perp": -10, "sol": 10},
        agent__loop_interval_seconds="0.3",
        hedge__cooldown_seconds=0,
        gates__max_failures=50,
    )
    running = agent.start()
    running.until("balanced")
    keeper, signer = roles(running)
    os.kill(signer, signal.SIGSTOP)
    chain.ctl("set_user", perp=-9)
    at = len(running.lines)
    running.until("observe_only", since=at)
    os.kill(signer, signal.SIGCONT)
    running.until("executed_live", since=at, seconds=15)
    assert chain.perp() == -10 * E9 and len(chain.orders_sent()) == 1 and len(chain.landed()) == 1
    assert running.stop() == 143


def test_signers_killed_at_random(bench):
    """A killer at work over several corrections: one landed order for each drift."""
    chain, agent = bench(
        chain={"perp": -10, "sol": 10, "tick_ms": 30},
        agent__loop_interval_seconds="0.2",
        hedge__cooldown_seconds=0,
        gates__max_failures=1000,
        hedge__max_trades_per_day=1000,
    )
    running = agent.start()
    running.until("balanced")
    killed = 0
    for i in range(4):
        chain.ctl("set_user", perp=-9)
        until = time.monotonic() + 20
        while chain.perp() != -10 * E9 and time.monotonic() < until:
            r = roles(running)
            if r and killed < i + 1:
                os.kill(r[1], signal.SIGKILL)
                killed += 1
            time.sleep(0.02)
        assert chain.perp() == -10 * E9
        at = len(running.lines)
        running.until("balanced", since=at)
    fills = [m for m in chain.moves() if m == (-9 * E9, -10 * E9)]
    assert len(fills) == 4 and killed == 4
    assert running.stop() == 143


def test_without_its_keeper_it_only_observes(bench):
    chain, agent = bench(
        chain={"perp": -10, "sol": 10}, agent__loop_interval_seconds="0.3", hedge__cooldown_seconds=0
    )
    running = agent.start()
    running.until("balanced")
    keeper, signer = roles(running)
    os.kill(keeper, signal.SIGKILL)
    wait_for(lambda: not os.path.exists("/proc/%d" % signer), 5, "the signer ends with its keeper")
    chain.ctl("set_user", perp=-9)
    s = running.until("observe_only", since=len(running.lines))
    assert "gone for good" in s["reason"] and chain.sends() == []
    assert running.stop() == 143


def test_the_agent_killed_takes_both_along(bench):
    chain, agent = bench(chain={"perp": -10, "sol": 10}, agent__loop_interval_seconds="0.3")
    running = agent.start()
    running.until("balanced")
    pids = roles(running)
    running.kill()
    wait_for(lambda: not any(os.path.exists("/proc/%d" % p) for p in pids), 5, "no role is left")


def test_limits_of_an_hour_and_a_day(bench):
    chain, agent = bench(
        chain={"perp": -9, "sol": 10}, hedge__cooldown_seconds=0, signer__max_orders_per_hour=1
    )
    assert agent.once().status["status"] == "executed_live"
    chain.ctl("set_user", perp=-9)
    s = agent.once().status
    assert s["status"] == "blocked" and "max_orders_per_hour is used up" in s["reason"], s
    assert len(chain.orders_sent()) == 1
    chain, agent = bench(chain={"perp": -9, "sol": 10}, signer__max_notional_per_day=10)
    s = agent.once().status
    assert s["status"] == "blocked" and "max_notional_per_day is used up" in s["reason"], s
    assert agent.record()["failures_in_row"] == 0
    assert chain.sends() == []


def test_a_raised_limit_needs_a_restart(bench):
    """SIGHUP raises the agent's own limit, the signer's stays."""
    chain, agent = bench(
        chain={"perp": -10, "sol": 10},
        agent__loop_interval_seconds="0.3",
        hedge__cooldown_seconds=0,
        hedge__max_trade_size="0.5",
    )
    running = agent.start()
    running.until("balanced")
    agent.set(hedge__max_trade_size="50")
    running.send(signal.SIGHUP)
    wait_for(lambda: "settings reloaded" in running.log, 5, "re-read")
    chain.ctl("set_user", perp=-9)
    s = running.until("error", since=len(running.lines))
    assert "over max_trade_size" in s["reason"], s
    assert running.stop() == 143
    assert agent.once().status["status"] == "executed_live"


def test_damaged_counters_are_refused(bench):
    chain, agent = bench(chain={"perp": -9})
    (agent.home / "state.bin.signer").write_bytes(b"\xff" * 2048)
    r = agent.once()
    assert r.code == 11 and "the signer's counters are damaged" in r.err and chain.sends() == [], r


def test_a_key_from_a_descriptor(bench):
    """`3<key.json` and keypair = /dev/fd/3: the key file need not have a name the agent knows."""
    chain, agent = bench(chain={"perp": -9})
    agent.set(account__keypair="/dev/fd/3")
    r = subprocess.run(
        "exec %s run -c %s --once --json 3<%s" % (agent.binary, agent.config, agent.key),
        shell=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert r.returncode == 0 and '"executed_live"' in r.stdout, r
    chain.ctl("set_user", perp=-10)
    p = subprocess.Popen(
        "exec %s run -c %s --json 3<%s" % (agent.binary, agent.config, agent.key),
        shell=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for(lambda: children(p.pid) and children(children(p.pid)[0]), 5, "the roles")
    third = "/proc/%d/fd/3" % p.pid
    wait_for(
        lambda: not os.path.exists(third) or "key.json" not in os.readlink(third),
        5,
        "the key's descriptor is let go",
    )
    assert p.stdout.readline(), "a first STATUS: it takes signals by now"
    p.terminate()
    assert p.wait(5) == 143
    p.stdout.close()
    p.stderr.close()


@pytest.mark.real_program
@pytest.mark.skipif(real_program_missing() is not None, reason="real program: %s" % real_program_missing())
def test_against_the_real_program(chains, agents, binary):
    chain = chains("program", binary, tick_ms=100)
    agent = agents(binary, chain)
    r = agent.once()
    assert r.code == 0 and r.status["status"] == "executed_live", r
    assert chain.perp() == -(int(r.status["spot_base_e9"]) // 10_000_000 * 10_000_000)


def test_the_kernel_holds_every_process(bench):
    """Agent, keeper, signer, the page's keeper and its server: what /proc says of each. One thread each,
    so nothing of ours races."""
    chain, agent = bench(
        chain={"perp": -10, "sol": 10}, agent__loop_interval_seconds="0.3", web__listen="127.0.0.1:0"
    )
    running = agent.start()
    running.until("balanced")

    def family():
        mine = {named(p): p for p in children(running.pid)}
        keepers = [p for name, p in mine.items() if name == "evenkeel-keeper"]
        pages = [p for name, p in mine.items() if name != "evenkeel-keeper"]
        if len(keepers) != 1 or len(pages) != 1 or not children(keepers[0]) or not children(pages[0]):
            return None
        return {
            "agent": running.pid,
            "keeper": keepers[0],
            "signer": children(keepers[0])[0],
            "page's keeper": pages[0],
            "page": children(pages[0])[0],
        }

    all_of_them = wait_for(family, 10, "five processes")

    def of(pid):
        return dict(
            line.split(":\t", 1)
            for line in open("/proc/%d/status" % pid).read().splitlines()
            if ":\t" in line
        )

    wait_for(lambda: of(all_of_them["page"])["CapEff"].strip("0 ") == "", 10, "the page has shut itself in")
    for name, pid in all_of_them.items():
        s = of(pid)
        assert s["Threads"].strip() == "1" and s["NoNewPrivs"].strip() == "1", name
        assert s["Seccomp"].strip() in ("2", "0"), name
        if s["Seccomp"].strip() == "0":
            pytest.skip("this kernel has no seccomp")
        if name in ("agent", "signer", "page"):
            assert int(s["CapEff"], 16) == int(s["CapPrm"], 16) == 0, name
        limits = open("/proc/%d/limits" % pid).read()
        assert [x.split()[4] for x in limits.splitlines() if x.startswith("Max core")] == ["0"], name
        # Only who fetches has libcurl in it (and OpenSSL, Kerberos, LDAP, ... behind it),
        # only who serves libwebsockets; the key's process neither.
        maps = open("/proc/%d/maps" % pid).read()
        assert [x for x in ("/libcurl.", "/libwebsockets.", "/libcrypto.") if x in maps] == {
            "agent": ["/libcurl.", "/libcrypto."],
            "page": ["/libwebsockets.", "/libcrypto."],
        }.get(name, []), name
    assert running.stop() == 143
    wait_for(lambda: not any(os.path.exists("/proc/%d" % p) for p in all_of_them.values()), 5, "none is left")
