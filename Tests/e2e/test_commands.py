"""The commands beside `run`: what they print, what they refuse, how they end."""

import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest

import record_format
from harness import wait_for

E9 = 10**9


def test_version(agents, each_binary):
    r = agents(each_binary).command("version")
    build = "ordinary" if "ordinary" in each_binary.name else "embedded"
    assert (
        r.code == 0
        and re.fullmatch(
            r"evenkeel \d+\.\d+\.\d+ \(%s Swift\), venues: velocity\S*, drift\S*\n" % build, r.out
        )
        and r.err == ""
    )


@pytest.mark.parametrize(
    "command",
    [
        "",
        "run",
        "status",
        "pause",
        "resume",
        "rebalance",
        "reload",
        "state",
        "init",
        "key",
        "check",
        "flatten",
        "demo",
        "localnet",
    ],
)
def test_help(agents, each_binary, command):
    agent = agents(each_binary)
    r = agent.command(*command.split(), "--help")
    assert r.code == 0 and re.search(r"^evenkeel (\S+\|)*%s\b" % command, r.out) and r.err == ""
    assert agent.command(*command.split(), "-h").out == r.out
    if command:
        bad = agent.command(command, "--no-such-option")
        assert bad.code == 2 and "no-such-option" in bad.err and bad.out == ""
    else:
        assert agent.command().code == 2 and agent.command("help").out == r.out


def test_init_never_writes_over_a_file(agents, binary):
    agent = agents(binary)
    path = agent.home / "new.conf"
    r = agent.command("init", path)
    assert r.code == 0 and str(path) in r.out
    text = path.read_text()
    for key in (
        "mode = paper",
        "loop_interval_seconds = 60",
        "[hedge SOL-PERP]",
        "max_slippage_pct = 0.5",
        "max_leverage = 5",
        "force_drift_pct = 10",
    ):
        assert key in text, key
    r = agent.command("init", path)
    assert r.code == 1 and "exists" in r.err and path.read_text() == text
    link = agent.home / "link.conf"
    link.symlink_to(agent.home / "elsewhere.conf")
    assert agent.command("init", link).code == 1 and not (agent.home / "elsewhere.conf").exists()
    assert agent.command("init", "/proc/no/such/place.conf").code == 1
    # What it writes is a config: only the two things without a default are missing.
    r = agent.command("run", "--once", "-c", path)
    assert r.code == 2 and "url: at least one is needed" in r.err, r
    path.write_text(
        text.replace("[rpc]", "[rpc]\nurl = http://127.0.0.1:9").replace(
            "# authority =", "authority = 11111111111111111111111111111112"
        )
    )
    r = agent.command("run", "--once", "--json", "-c", path)
    assert r.code == 11 and r.status["mode"] == "paper" and "RPC connection refused" in r.err, r


def test_faster_clocks_only_on_this_machine(bench, agents, binary):
    chain, agent = bench(
        "velocity",
        chain={"perp": -10, "speed": 100, "unix_ts": int(time.time()), "tick_ms": 400},
        agent__loop_interval_seconds="60",
    )
    running = agent.start("--speed", "100")
    wait_for(lambda: len(running.lines) >= 4, 10, lambda: running.log)  # four minutes' ticks in two seconds
    assert running.stop() == 143 and {x["status"] for x in running.lines} == {"balanced"}, running.log
    agent.set(rpc__url=[chain.url, "https://127.0.0.1:9"])
    r = agent.command("run", "--once", "--speed", "100", "-c", agent.config)
    assert r.code == 2 and "every [rpc] url must be http" in r.err, r
    agent.set(rpc__url=chain.url)
    for wrong in ("0", "-1", "5001", "2x"):
        assert agent.command("run", "--once", "--speed", wrong, "-c", agent.config).code == 2


SOLANA = """---
json_rpc_url: "%s"
websocket_url: ""
keypair_path: %s
commitment: confirmed
"""


def test_init_reads_the_solana_cli(agents, each_binary):
    """The URL, and of the key only its address: the owner's key is not the agent's."""
    agent = agents(each_binary)
    home = agent.home / "someone"
    (home / ".config/solana/cli").mkdir(parents=True)
    owner = home / "id.json"
    address = agent.command("key", "new", owner).out.strip()
    settings = home / ".config/solana/cli/config.yml"
    settings.write_text(SOLANA % ("https://api.mainnet-beta.solana.com", owner))
    r = agent.command("init", agent.home / "a.conf", env={"HOME": str(home)})
    text = (agent.home / "a.conf").read_text()
    assert r.code == 0 and address in r.out and "evenkeel check -c" in r.out, r
    assert "evenkeel key new ~/.evenkeel/delegate.json" in r.out
    assert "\nurl = https://api.mainnet-beta.solana.com\n" in text and "\nauthority = %s\n" % address in text
    assert str(owner) not in text and "\nkeypair = ~/.evenkeel/delegate.json\n" in text
    assert (agent.home / "a.conf").stat().st_mode & 0o777 == 0o600
    # A URL with a key in it is written to the file alone; one that is not allowed,
    # and a key that cannot be read, are named and left out.
    settings.write_text(SOLANA % ("https://rpc.example/?api-key=s3cret", "usb://ledger"))
    r = agent.command("init", agent.home / "b.conf", env={"HOME": str(home)})
    assert (
        r.code == 0
        and "s3cret" not in r.out
        and "s3cret" in (agent.home / "b.conf").read_text()
        and "not taken" in r.out
    ), r
    assert "on a hardware wallet (usb://)" in r.out and "solana address" in r.out
    settings.write_text(SOLANA % ("http://rpc.example", owner))
    r = agent.command("init", agent.home / "c.conf", env={"HOME": str(home)})
    assert (
        r.code == 0
        and "neither https nor http" in r.out
        and "rpc.example" not in (agent.home / "c.conf").read_text().replace("https://rpc.example", "")
    ), r


def test_key_new_and_show(agents, each_binary):
    from solders.keypair import Keypair

    agent = agents(each_binary)
    path = agent.home / "delegate.json"
    r = agent.command("key", "new", path)
    assert r.code == 0 and "delegate" in r.err, r
    assert path.stat().st_mode & 0o7777 == 0o600
    assert str(Keypair.from_bytes(bytes(json.loads(path.read_text()))).pubkey()) + "\n" == r.out
    assert agent.command("key", "show", path).out == r.out
    before = path.read_text()
    again = agent.command("key", "new", path)
    assert again.code == 1 and "never written over" in again.err and path.read_text() == before
    path.chmod(0o644)
    assert agent.command("key", "show", path).code == 2
    for words in (["key"], ["key", "new"], ["key", "make", path], ["key", "new", path, "x"]):
        assert agent.command(*words).code == 2


def test_state_show_and_verify(bench):
    chain, agent = bench(chain={"perp": -9})
    for verb in ("show", "verify"):
        r = agent.command("state", verb, agent.state)
        assert r.code == 1 and str(agent.state) in r.err and r.out == "", r
    s = agent.once().status
    record = agent.record()
    assert (
        record["venue"] == "velocity"
        and record["authority"] == chain.authority
        and record["corrections_total"] == "1"
    )
    assert record["ticket"] is None and not record["paused"] and not record["breaker_open"]
    last = record["markets"][0]["last"]
    assert (
        last["signature"] == s["tx_signature"]
        and last["action"] == "EXPAND_SHORT"
        and last["size_base_e9"] == str(E9)
    )
    assert abs(record["markets"][0]["last_success_unix_s"] - time.time()) < 60
    (fill,), v = chain.ctl("summary")["fills"], record["vault"]
    assert (
        int(last["fee_e6"])
        == int(record["markets"][0]["fees_own_e6"])
        == -int(v["fees_e6"])
        == fill["fee_e6"]
        > 0
    )
    names = "funding fees slippage network basis delta interest yield other".split()
    parts = sum(int(v[f"{name}_e6"]) for name in names)
    assert int(v["pnl_e6"]) == parts == int(v["equity_e6"]) - int(v["flows_e6"]) and v["mode"] == "live"
    shown = agent.command("status", "-c", agent.config)
    assert " since the start" in shown.out and " equity $" in shown.out, shown
    r = agent.command("state", "verify", agent.state)
    assert r.code == 0 and r.out.count("whole") == 2
    assert re.search(r"slot [01]: whole, the newest, generation \d+, format 3\n", r.out)
    assert record["version"] == 3 and record["proof"]["next_order_id"] > 0 and record["lst_rates"] == []
    assert record["clustered"] is False and record["kept_bytes"] == 0
    assert record["markets"][0]["trades_today"] == 1 and int(record["markets"][0]["notional_today_e6"]) > 0
    whole = agent.state.read_bytes()
    agent.state.write_bytes(bytes(len(whole)))
    r = agent.command("state", "verify", agent.state)
    assert r.code == 1 and r.out.count("damaged") == 2, r
    assert agent.command("state", "show", agent.state).code == 1
    # What later programs will write, and a section of a program that is newer still.
    slot = record_format.read(record_format.opened(whole[: len(whole) // 2])[2])
    slot["proof"] = {"slot": 2**64 - 1, "next_order_id": 7, "slot_us": 250000}
    slot["cluster"] = {"clustered": 1}
    slot["rates"] = [{"pool": bytes(31) + b"\1", "lamports": 3, "supply": 2, "epoch": 1}]
    slot["kept"] = record_format.section(99, b"more")
    agent.state.write_bytes(record_format.seal(record_format.payload(slot), 9) * 2)
    record = agent.record()
    assert record["proof"] == {"slot": str(2**64 - 1), "next_order_id": 7}
    assert record["slot_us"] == 250000 and record["clustered"] is True
    (rate,), kept = record["lst_rates"], record["kept_bytes"]
    assert (rate["lamports"], rate["supply"], rate["epoch"], kept) == ("3", "2", "1", 8), record
    slot["kept"] = record_format.section(record_format.MUST_KNOW, b"")
    agent.state.write_bytes(record_format.seal(record_format.payload(slot), 10) + whole[: len(whole) // 2])
    r = agent.command("state", "verify", agent.state)
    assert r.code == 1 and "newer evenkeel" in r.err and "slot 0: of a newer evenkeel, format 3\n" in r.out, r
    for words in (
        ["state"],
        ["state", "show"],
        ["state", "tell", agent.state],
        ["state", "show", agent.state, "x"],
    ):
        assert agent.command(*words).code == 2


def test_status_with_and_without_an_agent(bench):
    chain, agent = bench(chain={"perp": -9})
    r = agent.said("status")
    assert r.code == 5 and str(agent.state) in r.err and "no agent answers" in r.err, r
    running = agent.start()
    running.until("balanced")
    r = agent.said("status")
    assert r.code == 0 and "SOL-PERP on velocity (live)" in r.out and "EXPAND_SHORT 1.0000" in r.out
    s = agent.command("status", "--json", "-c", agent.config).status
    assert (
        s["status"] == "balanced" and int(s["perp_base_e9"]) == -10 * E9 and s["totals"]["corrections"] == 1
    )
    assert running.stop() == 143
    r = agent.said("status")
    assert r.code == 5 and "no agent is running" in r.out and " 1 correction, " in r.out
    r = agent.command("status", "--json", "-c", agent.config)
    assert r.code == 5
    j = json.loads(r.out)
    assert j["type"] == "RECORD" and j["running"] is False and j["data"]["corrections_total"] == "1"
    assert not agent.control.exists()  # a stopped agent leaves no socket


def test_status_in_colour_and_watched(bench):
    """On a terminal in colour and in place; in a pipe plain; NO_COLOR is obeyed."""
    import pexpect

    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="0.5")
    running = agent.start()
    running.until("balanced")
    plain = agent.said("status").out
    assert "\x1b" not in plain and plain.startswith(" balanced ")

    def terminal(*words, **env):
        return pexpect.spawn(
            str(agent.binary),
            ["status", *words, "-c", str(agent.config)],
            env={**os.environ, **env},
            encoding="utf-8",
            timeout=10,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # whatever the tests were started with

    t = terminal()
    t.expect(pexpect.EOF)
    assert "\x1b[1;32mbalanced\x1b[0m" in t.before and "\x1b[2mspot\x1b[0m" in t.before
    t = terminal(NO_COLOR="1")
    t.expect(pexpect.EOF)
    assert "\x1b" not in t.before
    t = terminal("--watch")
    for _ in range(2):
        t.expect_exact("\x1b[H\x1b[2J")
        t.expect_exact("balanced")
    t.sendintr()
    t.expect(pexpect.EOF)
    lines = subprocess.Popen(
        [str(agent.binary), "status", "--watch", "--json", "-c", str(agent.config)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        first, second = json.loads(lines.stdout.readline()), json.loads(lines.stdout.readline())
    finally:
        lines.kill()
        lines.wait()
    assert second["data"]["tick"] > first["data"]["tick"] and running.stop() == 143


def test_the_control_socket(bench):
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="30")
    for word in ("pause", "resume", "rebalance"):
        r = agent.said(word)
        assert r.code == 1 and "no agent answers" in r.err and str(agent.control) in r.err
    running = agent.start()
    running.until("balanced")
    assert agent.control.stat().st_mode & 0o007 == 0  # the agent's user and its group
    chain.ctl("set_user", perp=-9)
    r = agent.said("rebalance")  # a tick now, long before the schedule's; the answer is how it ended
    assert r.code == 0 and r.out.startswith("executed_live: ") and "EXPAND_SHORT 1.000000 @ $" in r.out, r
    running.until("executed_live", seconds=5)
    chain.ctl("set_user", perp=-9)
    at = len(running.lines)
    assert agent.said("rebalance").out.startswith("executed_live: ")  # passes over the cooldown once
    running.until("executed_live", seconds=5, since=at)
    chain.ctl("set_user", perp=-9)
    assert agent.said("pause").out.startswith("Paused; nothing is traded until resume")
    assert agent.said("pause").out.startswith("Paused already")
    assert agent.said("rebalance").out.startswith("paused: ")
    assert agent.said("resume").out.startswith("Resumed. ")
    running.until("cooldown", seconds=5, since=at)
    assert agent.said("resume").out.startswith("Nothing to resume")
    assert len(chain.landed()) == 2 and running.stop() == 143


def test_the_control_socket_and_rude_clients(bench):
    """Silence, garbage, floods and early ends: the ticks go on, the next client is served."""
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="0.3")
    running = agent.start()
    running.until("balanced")
    idle = []
    for _ in range(12):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(agent.control))
        idle.append(s)
    drip = socket.socket(socket.AF_UNIX)
    drip.connect(str(agent.control))
    at = len(running.lines)
    for _ in range(40):  # a byte every 50 ms: nobody waits for it
        try:
            drip.sendall(b"s")
        except OSError:
            break
        time.sleep(0.05)
    drip.close()
    gaps = [b - a for a, b in zip(running.at[at:], running.at[at + 1 :])]
    assert len(gaps) >= 4 and max(gaps) < 1.2, gaps
    for data in (b"\0" * 5000, b"status json" * 1000, b"\xff\n", b"flatten now\n", b"\n\n\n", b"status"):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(agent.control))
        try:
            s.sendall(data)
        except OSError:
            pass
        s.close()
    at = len(running.lines)
    wait_for(lambda: len(running.lines) >= at + 3, 20, "the ticks go on")
    for s in idle:
        s.close()
    wait_for(lambda: agent.said("status").code == 0, 10, "the next client is served")
    assert running.stop() == 143 and chain.sends() == []


def test_rebalance_in_the_middle_of_a_tick(bench):
    """It is not lost: the tick it asked for comes after the one under way,
    and that one is what it answers with."""
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="60")
    running = agent.start()
    running.until("balanced")
    chain.fault("slow", methods=["getMultipleAccounts"], ms=700)
    asked = chain.calls("getMultipleAccounts")
    first = subprocess.Popen(
        [str(agent.binary), "rebalance", "-c", str(agent.config)], stdout=subprocess.PIPE, text=True
    )
    wait_for(lambda: chain.calls("getMultipleAccounts") > asked, 5, "the tick it asked for is under way")
    assert agent.said("rebalance").out.startswith("balanced: ")
    assert first.communicate(timeout=5)[0].startswith("balanced: ")
    assert running.stop() == 143 and [x["tick"] for x in running.lines] == [1, 2, 3]


def test_reload_by_command(bench):
    chain, agent = bench(
        chain={"perp": -10.5}, agent__loop_interval_seconds="30", hedge__drift_tolerance_pct="20"
    )
    running = agent.start()
    running.until("balanced")
    agent.set(hedge__drift_tolerance_pct="1")
    r = agent.said("reload")
    assert r.code == 0 and "settings reloaded" in r.out, r
    assert agent.said("rebalance").out.startswith("executed_live: ")
    agent.set(agent__mode="paper")
    r = agent.said("reload")
    assert r.code == 1 and "reload refused, the old settings stay: " in r.out and "need a restart" in r.out, r
    agent.set(agent__mode="live", order__max_slippage_pct="99")
    r = agent.said("reload")
    assert r.code == 2 and "max_slippage_pct = 99" in r.err, r
    running.send(signal.SIGHUP)
    wait_for(
        lambda: (
            "reload refused" in running.log.partition("need a restart")[2]
            and "max_slippage_pct = 99" in running.log
        ),
        5,
        "refused again",
    )
    assert running.stop() == 143


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(bench):
    chain, agent = bench(chain={"perp": -10})
    running = agent.start()
    running.until("balanced")
    running.kill()
    assert agent.control.exists()
    running = agent.start()
    running.until("balanced")
    assert agent.said("status").code == 0
    assert running.stop() == 143


@pytest.mark.parametrize("venue", ["velocity", "drift"])
def test_demo_from_a_pipe(agents, each_binary, venue):
    agent = agents(each_binary)
    r = agent.command(
        "demo",
        "--venue",
        venue,
        "--for",
        "30m",
        "--speed",
        "600",
        "--seed",
        "5",
        "--no-web",
        seconds=25,
        env={"TMPDIR": str(agent.home), "HOME": str(agent.home)},
    )
    assert r.code == 0, r
    assert "\x1b" not in r.out and "evenkeel demo: %s on the embedded chain, 600x, seed 5" % venue in r.out
    assert re.search(r"\n summary of \S+ \S+: [1-9]\d* corrections?, ", r.out), r.out
    assert re.search(r"EXPAND_SHORT 1.00 @ 14\d\.\d\d +filled +drift \+10.00 % -> [+-]0\.\d\d %", r.out), (
        r.out
    )
    means = re.search(r"mean +(\S+) % +(\S+) %", r.out)
    assert float(means[1]) < float(means[2])
    for word in ("drift", "fees", "funding"):
        assert word in r.out.lower(), r.out
    assert not any(x.name.startswith("evenkeel") for x in agent.home.iterdir()), list(agent.home.iterdir())


def test_demo_ends_on_a_signal(agents, binary):
    agent = agents(binary)
    p = subprocess.Popen(
        [str(binary), "demo", "--for", "30d"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(agent.home)},
    )
    try:
        time.sleep(1)
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(p.pid)], capture_output=True, text=True
        ).stdout.split()
        assert children, "the chain is a child"
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=5)
    finally:
        if p.poll() is None:
            p.kill()
    assert p.returncode == 130, (p.returncode, out, err)
    assert b" correction" in out
    wait_for(lambda: not any(os.path.exists("/proc/" + c) for c in children), 3, "the child ends too")
    assert not any(x.name.startswith("evenkeel") for x in agent.home.iterdir())


@pytest.mark.parametrize("venue", ["velocity", "drift"])
def test_localnet_greets(chains, each_binary, venue):
    chain = chains(venue, each_binary)
    assert set(chain.greeting) == {"listening", "authority", "delegate", "user"}
    assert chain.rpc("getHealth") == "ok" and "solana-core" in chain.rpc("getVersion")
    assert chain.rpc("getAccountInfo", chain.user, {"encoding": "base64"})["value"]["lamports"] > 0
    chain.process.send_signal(signal.SIGINT)
    assert chain.process.wait(3) == 130


def test_localnet_options(agents, binary):
    agent = agents(binary)
    for words in (
        ["--port", "70000"],
        ["--venue", "mango"],
        ["--authority", "nobody"],
        ["--sol", "ten"],
        ["--prices", "/absent.csv"],
        ["extra"],
    ):
        r = agent.command("localnet", *words, seconds=5)
        assert r.code == 2 and words[-1] in r.err and r.out == "", (words, r)
