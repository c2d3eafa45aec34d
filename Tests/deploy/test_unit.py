"""The systemd unit: what systemd's own checkers say of it, and the agent under it on a booted Debian:
credentials, sandbox, restart, reload, stop, and an upgrade of the package while an order is open."""

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from harness import unbase58, wait_for

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "Deploy" / "evenkeel.service"
HIGHEST_EXPOSURE = 1.5


def test_exposure():
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed (bash Tools/deps.sh deploy)")
    p = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    figure = float(re.search(r"Overall exposure level for evenkeel.service: ([\d.]+)", p.stdout).group(1))
    assert figure < HIGHEST_EXPOSURE, p.stdout
    told = (ROOT / "docs" / "operations.md").read_text()
    assert "exposure %.1f" % figure in told


def setting(name):
    return re.findall(r"^%s=(.*)$" % name, UNIT.read_text(), re.M)


def test_every_credential_has_a_fallback():
    assert [x.split(":")[0] for x in setting("LoadCredential")] == [
        x.split(":")[0] for x in setting("SetCredential")
    ]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Installed:
    """A booted Debian with the package, a config, a key and a chain on the loopback both share."""

    def __init__(self, system, package, chain):
        self.system, self.chain, self.web = system, chain, free_port()
        self.install(package, booted=False)
        secrets = system.root / "etc/evenkeel/credentials"
        (secrets / "delegate.json").write_text(json.dumps(list(bytes([8]) * 32 + unbase58(chain.delegate))))
        (secrets / "delegate.json").chmod(0o600)
        (secrets / "RPC_KEY").write_text("secret-of-the-node\n")
        (secrets / "RPC_KEY").chmod(0o600)
        self.conf = system.root / "etc/evenkeel/evenkeel.conf"
        self.conf.write_text(
            """[agent]
mode = live
loop_interval_seconds = 1
[rpc]
url = %s/?api-key=${RPC_KEY}
timeout_ms = 500
[account]
keypair = ${CREDENTIALS_DIRECTORY}/delegate.json
authority = %s
[hedge SOL-PERP]
spot = venue:SOL
cooldown_seconds = 0
[gates]
kill_file = /etc/evenkeel/STOP
[web]
listen = 127.0.0.1:%d
"""
            % (chain.url, chain.authority, self.web)
        )
        system.run("useradd", "-G", "evenkeel", "alice", check=True)
        system.run("useradd", "mallory", check=True)
        system.boot()

    def install(self, package, booted=True):
        shutil.copy(package, self.system.root / ("var/lib" if booted else "root"))
        return self.system.run(
            "dpkg", "-i", "/%s/%s" % ("var/lib" if booted else "root", package.name), check=True
        )

    def ctl(self, *words, check=True):
        return self.system.run("systemctl", *words, check=check)

    def show(self, name):
        return self.ctl("show", "-P", name, "evenkeel").stdout.strip()

    def pid(self):
        return int(self.show("MainPID"))

    def status(self, user=None):
        who = ["runuser", "-u", user, "--"] if user else []
        p = self.system.run(
            *who,
            "evenkeel",
            "status",
            "--json",
        )
        return json.loads(p.stdout)["data"] if p.returncode in (0, 4) and '"STATUS"' in p.stdout else None

    def until(self, status, seconds=20):
        return wait_for(
            lambda: (lambda s: s if s and s["status"] == status else None)(self.status()),
            seconds,
            lambda: "%s\n%s" % (status, self.journal()),
        )

    def journal(self):
        return self.system.run("journalctl", "-u", "evenkeel", "--no-pager", "-o", "short-unix").stdout


@pytest.fixture(scope="module")
def host(system, package, program):
    from harness import localnet
    from machine import Missing

    chain = localnet(program, perp=-9)
    try:
        yield Installed(system, package, chain)
    except Missing as why:
        pytest.skip("a booted Debian: %s" % why)
    finally:
        system.close()
        chain.close()


def test_verify_says_nothing(host):
    p = host.system.run("systemd-analyze", "verify", "--man=no", "/lib/systemd/system/evenkeel.service")
    assert (p.returncode, p.stdout, p.stderr) == (0, "", "")


def test_it_runs_hedges_and_is_watched(host):
    """Key and RPC key from credentials, one correction, status for root and the group and nobody else."""
    host.ctl("start", "evenkeel")
    s = host.until("balanced")
    assert len(host.chain.landed()) == 1 and host.chain.perp() == -10 * 10**9, host.chain.landed()
    assert s["mode"] == "live"
    assert host.status("alice") is not None
    assert host.status("mallory") is None
    log = host.journal()
    assert "Rebalance executed: EXPAND_SHORT" in log and "secret-of-the-node" not in log
    priorities = host.system.run("journalctl", "-u", "evenkeel", "-p", "err", "--no-pager", "-q").stdout
    assert priorities.strip() == ""  # the lines carry priorities, and none of these is an error


def test_check_beside_the_running_agent(host):
    """As docs/operations.md tells the operator to ask; it disturbs nobody and changes nothing."""
    host.ctl("start", "evenkeel")
    host.until("balanced")
    state = (host.system.root / "var/lib/evenkeel/state.bin").read_bytes()
    p = host.system.run(
        "evenkeel",
        "check",
        "-c",
        "/etc/evenkeel/evenkeel.conf",
        "--json",
        env={"CREDENTIALS_DIRECTORY": "/etc/evenkeel/credentials"},
    )
    data = json.loads(p.stdout)["data"]
    failed = [r for r in data["rows"] if r["finding"] == "FAIL"]
    assert p.returncode == 0 and data["ok"] and failed == [], p.stdout
    assert (
        host.system.root / "var/lib/evenkeel/state.bin"
    ).read_bytes() == state and "secret-of-the-node" not in p.stdout + p.stderr


def test_the_sandbox_holds(host):
    """What the kernel says of the running process, and what it can see."""
    host.ctl("start", "evenkeel")
    pid = host.pid()
    st = dict(
        x.split(":\t")
        for x in host.system.run("cat", "/proc/%d/status" % pid).stdout.splitlines()
        if ":\t" in x
    )
    assert st["NoNewPrivs"] == "1" and st["Seccomp"] == "2"
    assert {st[x] for x in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert "0" not in st["Uid"].split()

    def inside(*words):
        return host.system.run(
            "nsenter",
            "--target",
            str(pid),
            "--mount",
            "--user",
            "--setuid",
            st["Uid"].split()[1],
            "--setgid",
            st["Gid"].split()[1],
            *words,
        )

    assert inside("/usr/bin/evenkeel", "version").returncode == 0
    assert "Permission denied" in inside("/bin/sh", "-c", "true").stderr  # nothing else can be executed
    # mounted writable: its state, and what NoExecPaths= names, which is root's and closed to its user
    mounts = host.system.run("cat", "/proc/%d/mountinfo" % pid).stdout.splitlines()
    disks = {
        x.split()[4]
        for x in mounts
        if x.split()[5].split(",")[0] == "rw"
        and not x.split()[4].startswith(("/dev", "/proc", "/sys", "/tmp", "/var/tmp", "/run"))
    }
    assert disks - {"/usr/bin", "/usr/sbin", "/usr/bin/evenkeel"} == {"/var/lib/evenkeel"}, disks
    assert (
        host.system.run(
            "runuser",
            "-u",
            "evenkeel",
            "--",
            "find",
            "/etc",
            "/usr",
            "/opt",
            "-xdev",
            "-writable",
            "!",
            "-type",
            "l",
        ).stdout
        == ""
    )
    seen = host.system.run("ls", "/proc/%d/root/run/credentials/evenkeel.service" % pid).stdout.split()
    assert sorted(seen) == ["ALERT_KEY", "PING_KEY", "RPC_KEY", "RPC_KEY_2", "WEB_TOKEN", "delegate.json"]


def test_the_page_lives_in_the_sandbox(host):
    """Its process is started by the agent from inside; stopped with it."""
    host.ctl("start", "evenkeel")
    host.until("balanced")
    url = "http://127.0.0.1:%d/healthz" % host.web

    def healthy():
        try:
            with urllib.request.urlopen(url, timeout=5) as r:
                return r.status == 200
        except OSError:
            return False

    try:
        wait_for(healthy, 5, "the page answers")
    except AssertionError:
        if "web-role" not in (ROOT / "Sources/evenkeel/main.swift").read_text():
            pytest.skip("this build has no page")
        raise AssertionError(host.journal()) from None
    host.ctl("stop", "evenkeel")
    assert not healthy()


def test_killed_it_is_started_again(host):
    host.ctl("start", "evenkeel")
    host.until("balanced")
    landed = len(host.chain.landed())
    before, pid = int(host.show("NRestarts")), host.pid()
    host.ctl("kill", "-s", "KILL", "--kill-who=main", "evenkeel")
    wait_for(
        lambda: int(host.show("NRestarts")) == before + 1 and host.pid() not in (0, pid),
        30,
        "started again after 10 s",
    )
    host.until("balanced")
    assert len(host.chain.landed()) == landed


def test_a_config_that_is_refused_is_not_tried_again(host):
    good = host.conf.read_text()
    host.ctl("stop", "evenkeel")
    host.conf.write_text(good.replace("timeout_ms = 500", "timeout_ms = never"))
    try:
        host.ctl("start", "evenkeel", check=False)
        wait_for(lambda: host.show("ActiveState") == "failed", 15, "failed")
        assert host.show("ExecMainStatus") == "2" and host.show("NRestarts") == "0"
        assert "timeout_ms = never" in host.journal()
    finally:
        host.conf.write_text(good)
    host.ctl("reset-failed", "evenkeel")


def test_a_secret_that_is_missing_is_named(host):
    host.ctl("stop", "evenkeel")
    file = host.system.root / "etc/evenkeel/credentials/RPC_KEY"
    file.rename(file.with_suffix(".away"))
    try:
        host.ctl("start", "evenkeel", check=False)
        wait_for(lambda: host.show("ActiveState") == "failed", 15, "failed")
        assert "RPC_KEY is empty" in host.journal()
    finally:
        file.with_suffix(".away").rename(file)
    host.ctl("reset-failed", "evenkeel")


def test_it_is_started_when_it_has_read_the_book(host):
    """READY is the first look that succeeded; a node that is away delays the start and does not fail it.
    The status line is the agent's."""
    host.ctl("stop", "evenkeel")
    host.chain.fault("http_status", status=503, n=3)
    host.ctl("start", "--no-block", "evenkeel")
    wait_for(lambda: host.show("ActiveState") == "activating", 10, "it is starting")
    wait_for(lambda: host.show("ActiveState") == "active", 40, host.journal)
    host.until("balanced")
    wait_for(lambda: "Drift" in host.show("StatusText"), 10, lambda: host.show("StatusText"))


def test_a_hang_is_noticed_by_the_watchdog(host):
    """SIGSTOP: no look ends, nothing feeds the watchdog. Shipped with 180 s;
    here the shortest that this interval allows, 7 s."""
    extra = host.system.root / "etc/systemd/system/evenkeel.service.d"
    extra.mkdir()
    (extra / "short.conf").write_text("[Service]\nWatchdogSec=2\nRestartSec=1\n")
    host.ctl("daemon-reload")
    host.ctl("restart", "evenkeel")
    try:
        host.until("balanced")
        assert host.show("WatchdogUSec") in ("7s", "2s")
        pid = host.pid()
        time.sleep(4)
        assert host.pid() == pid  # a healthy one is left alone, though it was given only two seconds
        host.ctl("kill", "-s", "STOP", "--kill-who=main", "evenkeel")
        wait_for(lambda: host.pid() not in (0, pid), 30, host.journal)
        assert "Watchdog timeout" in host.journal()
        host.until("balanced")
    finally:
        shutil.rmtree(extra)
        host.ctl("daemon-reload")
        host.ctl("restart", "evenkeel")


def test_reload_and_stop(host):
    host.ctl("start", "evenkeel")
    host.until("balanced")
    pid, good = host.pid(), host.conf.read_text()
    host.conf.write_text(good + "unheard_of = 1\n")
    try:
        assert host.ctl("reload", "evenkeel", check=False).returncode != 0
        wait_for(
            lambda: "unheard_of" in host.journal(), 10, "the journal says why it stays with the old settings"
        )
    finally:
        host.conf.write_text(good)
    assert host.pid() == pid and host.show("ActiveState") == "active"
    host.conf.write_text(
        good.replace("cooldown_seconds = 0", "cooldown_seconds = 0\ndrift_tolerance_pct = 2.5")
    )
    host.ctl("reload", "evenkeel")
    assert "settings reloaded" in host.journal()
    host.conf.write_text(good)
    host.ctl("reload", "evenkeel")
    began = time.monotonic()
    host.ctl("stop", "evenkeel")
    assert time.monotonic() - began < 5 and host.show("Result") == "success"


def test_the_kill_file_is_seen_from_inside(host):
    host.ctl("start", "evenkeel")
    host.until("balanced")
    stop = host.system.root / "etc/evenkeel/STOP"
    stop.touch()
    try:
        perp = host.chain.perp()
        host.chain.ctl("set_user", perp=-9)
        s = host.until("blocked")
        assert "kill" in s["reason"] and host.chain.perp() == -9 * 10**9 != perp
    finally:
        stop.unlink()
    host.until("balanced")
    assert host.chain.perp() == -10 * 10**9


def test_upgraded_with_an_order_open(host, build_package):
    """dpkg -i of a newer version stops the old agent with its order journalled; the new one follows it.
    One correction."""
    host.ctl("start", "evenkeel")
    host.until("balanced")
    landed = len(host.chain.landed())
    host.chain.fault("delay_send", n=1, slots=60)
    host.chain.ctl("set_user", perp=-9)
    host.until("pending")
    old = host.pid()
    p = host.install(build_package("9.9.9"))
    assert "9.9.9" in p.stdout and host.show("ActiveState") == "active" and host.pid() != old
    host.until("balanced", seconds=30)
    assert host.chain.perp() == -10 * 10**9 and len(host.chain.landed()) == landed + 1, host.chain.landed()
