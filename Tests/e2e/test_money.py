"""Money safety: whatever the network, the node or the process does,
the chain's own count of changes equals one correction."""

import errno
import hashlib
import os
import random
import signal
import struct
import time

import pytest

from harness import wait_for

E9 = 10**9


def one_correction(chain, before=-9 * E9, after=-10 * E9):
    """The chain itself saw exactly one change of the position, of one order, and nothing is left open."""
    assert chain.moves() == [(before, after)], chain.moves()
    assert len(chain.landed()) == 1 and chain.live_orders() == []


@pytest.mark.parametrize(
    "kind,more",
    [("exec_http_error", {"status": 500}), ("exec_http_error", {"status": 429}), ("exec_close", {})],
)
def test_executed_but_the_answer_is_an_error(bench, each_binary, agents, chains, kind, more):
    chain = chains("velocity", each_binary, perp=-9)
    agent = agents(each_binary, chain)
    chain.fault(kind, n=3, **more)
    r = agent.once()
    assert r.code == 0 and r.status["status"] == "executed_live", r
    # A closed connection is tried again below the agent when it was a kept-alive one;
    # an answer with an error always shows.
    assert kind == "exec_close" or "that proves nothing" in r.err, r
    one_correction(chain)
    assert agent.once().status["status"] == "balanced"


def test_a_late_landing(bench):
    """Sixty slots under way, re-sent meanwhile: the same bytes, once."""
    chain, agent = bench(chain={"perp": -9, "tick_ms": 60})
    chain.fault("delay_send", n=1, slots=60)
    chain.fault("drop_send", n=50)
    r = agent.once()
    assert r.code == 0 and r.status["status"] == "executed_live", r
    assert len(chain.orders_sent()) == 1 and len(chain.sends()) >= 2
    one_correction(chain)


def test_a_dropped_send_is_sent_again(bench):
    chain, agent = bench(chain={"perp": -9})
    chain.fault("drop_send", n=1)
    r = agent.once()
    assert r.code == 0 and r.status["status"] == "executed_live", r
    assert [t["result"]["status"] for t in chain.sends()] == ["dropped", "landed"]
    assert len(chain.orders_sent()) == 1
    one_correction(chain)


def test_a_frozen_node_hides_the_landing(bench):
    """Reads stand still after the send: pending, no second order; when it thaws,
    the one correction is found."""
    chain, agent = bench(chain={"perp": -9}, agent__loop_interval_seconds="0.4", hedge__cooldown_seconds=0)
    chain.fault("delay_send", n=1, slots=12)
    running = agent.start()
    wait_for(lambda: chain.calls("sendTransaction"), 10, "the order was sent")
    chain.ctl("freeze")
    at = len(running.lines)
    wait_for(lambda: chain.perp() == -10 * E9, 10, "it landed unseen")
    time.sleep(2.5)
    assert {x["status"] for x in running.lines[at:]} <= {"pending"}, running.lines[at:]
    chain.ctl("unfreeze")
    running.until("executed_live", since=at)
    running.until("balanced", since=at)
    assert running.stop() == 143
    one_correction(chain)


def test_a_replica_that_stands_at_an_older_book(bench):
    """Every second read comes from a replica before the fill, which ignores minContextSlot:
    the fill is never done again."""
    chain, agent = bench(chain={"perp": -9}, agent__loop_interval_seconds="0.3", hedge__cooldown_seconds=0)
    chain.ctl("snapshot")
    chain.ctl("warp", slots=5)
    chain.ctl("flap", every=2)
    running = agent.start()
    running.until("executed_live", seconds=20)
    running.until("balanced", seconds=20)
    time.sleep(2)
    assert running.stop() == 143
    one_correction(chain)


def test_a_replica_that_does_not_know_the_signature(bench):
    """Signatures are asked at a replica that stands before the landing: unknown there proves nothing,
    even past the blockhash's life."""
    chain, agent = bench(
        chain={"perp": -9, "tick_ms": 20}, agent__loop_interval_seconds="0.4", hedge__cooldown_seconds=0
    )
    chain.ctl("snapshot")
    chain.ctl("flap", every=1, methods=["getSignatureStatuses"])
    running = agent.start()
    wait_for(lambda: chain.perp() == -10 * E9, 10, "it landed")
    time.sleep(5)  # 250 slots: the blockhash is long gone
    assert {x["status"] for x in running.lines} <= {"pending", "executed_live", "balanced"}, running.log
    chain.ctl("flap", every=0)
    running.until("balanced", seconds=20)
    assert running.stop() == 143
    one_correction(chain)


@pytest.mark.parametrize("venue", ["velocity", "drift"])
def test_killed_at_any_moment(bench, venue):
    """SIGKILL at random moments of a correction, then a restart, again and again: one correction a drift,
    by the chain's count."""
    chain, agent = bench(
        venue,
        chain={"perp": -9, "tick_ms": 20, "keeper_latency": 8},
        agent__loop_interval_seconds="0.2",
        hedge__cooldown_seconds=0,
        order__fill_timeout_seconds=8,
        hedge__max_trades_per_day=1000,
    )
    rng = random.Random(20261122)
    events = kills = 0
    rounds = int(os.environ.get("EK_KILL_ROUNDS", "6"))  # three kills a round; `make soak` asks for more
    for round_ in range(rounds):
        events = len(chain.ctl("events", since=0)) - 1
        for _ in range(3):
            running = agent.start()
            time.sleep(rng.uniform(0.005, 0.22))
            running.kill()
            kills += 1
            assert not agent.state.exists() or agent.record()["version"] >= 1  # it always loads
        running = agent.start()
        running.until("balanced", seconds=25)
        assert running.stop() == 143
        moves = chain.moves(since=max(0, events))
        total = sum(b - a for a, b in moves)
        assert total == -E9, (round_, moves)
        assert all(b < a for a, b in moves), moves  # never past it and back
        assert chain.live_orders() == []
        chain.ctl("set_user", perp=-9)
    assert kills == 3 * rounds


@pytest.mark.parametrize("number,code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("phase", ["idle", "reading", "preparing", "simulating", "watching", "settling"])
def test_a_signal_in_every_phase(bench, phase, number, code):
    chain, agent = bench(
        "drift" if phase == "settling" else "velocity",
        chain={"perp": -10 if phase == "idle" else -9, "keeper_latency": 100000},
    )
    slow = {
        "reading": "getMultipleAccounts",
        "preparing": "getLatestBlockhash",
        "simulating": "simulateTransaction",
    }
    if phase in slow:
        chain.fault("slow", ms=1500, n=50, methods=[slow[phase]])
    if phase == "watching":
        chain.fault("drop_send", n=1000)
    running = agent.start()
    if phase == "idle":
        running.until("balanced")
    elif phase == "watching":
        wait_for(chain.sends, 10, "it is sent")
    elif phase == "settling":
        wait_for(chain.live_orders, 10, "the order rests")
    else:
        time.sleep(0.4)
    began = time.monotonic()
    assert running.stop(number) == code, running.log
    assert time.monotonic() - began < 2
    assert "stopping on signal %d" % number in running.log
    ticket = agent.record()["ticket"]
    assert (ticket is not None) == (phase in ("watching", "settling"))
    if phase == "watching":  # resolved first at the next start, nothing new is built
        chain.ctl("clear_faults")
        s = agent.once().status
        assert (
            s["status"] == "executed_live"
            and s["tx_signature"] == ticket["signature"]
            and len(chain.orders_sent()) == 1
        )
        one_correction(chain)
    if phase == "settling":
        chain.ctl("fill", price=76.2)
        s = agent.once().status
        assert (
            s["status"] == "executed_live"
            and s["tx_signature"] == ticket["signature"]
            and len(chain.orders_sent()) == 1
        )
        one_correction(chain)


# --- the state file


def sealed(file, at, size):
    """Makes a slot's checksum right: BLAKE2b-256 of all before it."""
    file[at + size - 32 : at + size] = hashlib.blake2b(
        bytes(file[at : at + size - 32]), digest_size=32
    ).digest()


def test_a_second_agent_on_the_same_state(bench):
    chain, agent = bench(chain={"perp": -10})
    running = agent.start()
    running.until("balanced")
    chain.ctl("set_user", perp=-9)
    r = agent.once()
    assert r.code == 11 and r.out == "" and "another evenkeel" in r.err.lower(), r
    assert running.process.poll() is None
    running.until("executed_live")
    assert len(chain.landed()) == 1 and chain.perp() == -10 * E9


@pytest.mark.parametrize("damage", ["empty", "both slots", "random", "short", "newer", "directory", "link"])
def test_a_state_file_that_cannot_be_trusted(bench, damage):
    chain, agent = bench(chain={"perp": -10})
    assert agent.once().status["status"] == "balanced"
    chain.ctl("set_user", perp=-9)
    good = agent.state.read_bytes()
    bad = bytearray(good)
    if damage == "empty":
        bad = b""
    elif damage == "both slots":
        for at in (100, len(bad) // 2 + 100):
            bad[at] ^= 1
    elif damage == "random":
        bad = random.Random(1).randbytes(len(good))
    elif damage == "short":
        bad = good[:5000]
    calls = chain.calls("getMultipleAccounts")
    if damage == "directory":
        agent.state.unlink()
        agent.state.mkdir()
    elif damage == "link":
        agent.state.rename(agent.home / "elsewhere.bin")
        agent.state.symlink_to(agent.home / "elsewhere.bin")
    elif damage == "newer":
        for at in (
            8,
            len(bad) // 2 + 8,
        ):  # the version behind the magic of each slot, checksum made right again
            struct.pack_into("<I", bad, at, struct.unpack_from("<I", bad, at)[0] + 1)
            sealed(bad, at - 8, len(bad) // 2)
        agent.state.write_bytes(bad)
    else:
        agent.state.write_bytes(bad)
    r = agent.once()
    assert r.code == 11 and r.out == "" and str(agent.state) in r.err, r
    assert chain.sends() == [] and chain.calls("getMultipleAccounts") == calls
    if damage == "link":
        assert (agent.home / "elsewhere.bin").read_bytes() == good
    elif damage != "directory":
        assert agent.state.read_bytes() == bytes(bad)
    if damage == "newer":
        assert "newer" in r.err
    assert {x.name for x in agent.home.iterdir() if x.name.startswith("state")} <= {
        "state.bin",
        "state.bin.ring",
        "state.bin.signer",
    }
    # Paper goes on beside it and leaves it alone.
    r = agent.once("--paper")
    assert r.status["status"] == "executed_paper" and "without a state file" in r.err, r
    if damage not in ("directory", "link"):
        assert agent.state.read_bytes() == bytes(bad)


def test_one_damaged_slot_costs_nothing(bench):
    chain, agent = bench(chain={"perp": -9})
    assert agent.once().status["status"] == "executed_live"
    whole = agent.state.read_bytes()
    for slot in (0, 1):
        bad = bytearray(whole)
        bad[len(bad) // 2 * slot + 200] ^= 0x10
        agent.state.write_bytes(bad)
        v = agent.command("state", "verify", agent.state)
        assert (
            v.code == 1 and "slot %d: damaged" % slot in v.out and "slot %d: whole" % (1 - slot) in v.out
        ), v
        assert agent.record()["corrections_total"] in ("0", "1")
        # The older slot may hold the correction's open ticket: it is resolved again, to the same end.
        assert agent.once().status["status"] in ("balanced", "executed_live")
        assert agent.record()["corrections_total"] == "1" and agent.record()["ticket"] is None
        agent.state.write_bytes(whole)
    assert agent.command("state", "verify", agent.state).code == 0
    one_correction(chain)


def test_a_state_directory_that_cannot_be_written(bench):
    """A first start without a place for the journal trades nothing."""
    chain, agent = bench(chain={"perp": -9}, agent__state="/proc/evenkeel/state.bin")
    r = agent.once()
    assert r.code == 11 and "/proc/evenkeel/state.bin" in r.err, r
    assert chain.sends() == []


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EROFS"])
def test_a_disk_that_stops_taking_writes(bench, failing_disk, error):
    """The journal cannot be written any more: nothing is sent, live trading stops with a clear word,
    the agent goes on watching."""
    chain, agent = bench(chain={"perp": -10})
    environment, fail = failing_disk
    running = agent.start(env=environment)
    running.until("balanced")
    fail(getattr(errno, error))
    chain.ctl("set_user", perp=-9)
    got = running.until("error", "observe_only")
    assert "state file" in got["reason"], got
    # The signer writes first and stops it all; where the signer still could, the agent's own journal does,
    # with the disk's word.
    running.told("live trading stops until the agent is restarted")
    assert (
        os.strerror(getattr(errno, error)) in running.log
        or "signer's state file cannot be written" in running.log
    )
    fail(0)
    time.sleep(1.5)
    assert chain.sends() == [] and running.process.poll() is None, running.log
    running.last(status="observe_only")
    assert running.stop() == 143
    assert agent.once().status["status"] == "executed_live"  # a restart with a good disk


# --- reload


def test_reload(bench):
    chain, agent = bench(
        chain={"perp": -9.7}, hedge__drift_tolerance_pct="5", agent__loop_interval_seconds="0.4"
    )
    running = agent.start()
    running.until("balanced")
    agent.set(hedge__drift_tolerance_pct="zero")
    running.send(signal.SIGHUP)
    wait_for(lambda: "reload refused" in running.log, 5, "the refusal")
    running.told("drift_tolerance_pct = zero", "the old settings stay")
    at = len(running.lines)
    running.until("balanced", since=at)
    agent.set(hedge__drift_tolerance_pct="5", account__sub_account="3")
    running.send(signal.SIGHUP)
    wait_for(lambda: running.log.count("reload refused") == 2, 5, "the second refusal")
    assert chain.sends() == []
    agent.set(hedge__drift_tolerance_pct="1", account__sub_account="0")
    running.send(signal.SIGHUP)
    wait_for(lambda: "settings reloaded" in running.log, 5, "the new settings")
    running.until("executed_live")
    assert running.stop() == 143
