"""The history ring beside the state: written by a run, never in the way of one."""

import base64
import json
import socket
import struct
import urllib.request
from pathlib import Path

import pytest
from solders.pubkey import Pubkey

from harness import wait_for
from test_statuses import ended

SAMPLE = "<IIQqBBBBHHii15q"
CORRECTIONS_AT = 724_992


def samples(path):
    raw = Path(path).read_bytes()
    assert len(raw) == 856_064 and raw[:12] == b"EVENRING\2\0\0\0"
    rows = [struct.unpack_from(SAMPLE, raw, 4096 + 4096 * (i // 25) + 160 * (i % 25)) for i in range(1475)]
    return [r for r in rows if r[1]]


def test_a_run_leaves_samples_and_its_correction(bench):
    chain, agent = bench(chain={"perp": -9})
    s = ended(agent.once(), 0, "executed_live")
    rows = samples(str(agent.state) + ".ring")
    assert [r[1] for r in rows] == list(range(1, len(rows) + 1)) and len(rows) >= 2
    assert rows[-1][18] == int(s["after"]["perp_base_e9"])
    for r in rows:  # equity = flows, funding, fees, then basis and all later parts, and what is left: cents
        assert abs(r[12] - sum(r[14:17]) - sum(r[21:])) < 10_000
    assert rows[-1][-1] < 0, "the fill slipped"
    raw = Path(str(agent.state) + ".ring").read_bytes()[CORRECTIONS_AT : CORRECTIONS_AT + 256]
    assert raw[24:40].rstrip(b"\0") == b"SOL-PERP" and struct.unpack_from("<Q", raw, 43)[0] == round(
        s["correction_size"] * 10**9
    )


@pytest.mark.parametrize("what", ["junk", "empty", "directory", "newer"])
def test_a_history_that_cannot_be_used_never_stops_trading(bench, what):
    chain, agent = bench(chain={"perp": -9})
    ring = Path(str(agent.state) + ".ring")
    if what == "directory":
        ring.mkdir()
    else:
        ring.write_bytes(
            {"junk": b"not a ring" * 100, "empty": b"", "newer": b"EVENRING\3\0\0\0" + bytes(5000)}[what]
        )
        before = ring.read_bytes()
    r = agent.once()
    ended(r, 0, "executed_live")
    assert ".ring" in r.err and "level=warn" in r.err
    if what != "directory":
        assert ring.read_bytes() == before  # left as it is


# --- what a correction cost

CORRECTION = "<IIQq16sBBBQqqqQqqqq64sI"
NAMES = (
    "check seq slot time market action outcome mode size price oracle fee lamports drift_before "
    "drift_after spot perp signature landing"
).split()


def corrections(agent):
    raw = Path(str(agent.state) + ".ring").read_bytes()
    rows = [
        dict(zip(NAMES, struct.unpack_from(CORRECTION, raw, CORRECTIONS_AT + 256 * i))) for i in range(512)
    ]
    return [r for r in rows if r["seq"]]


def sub_accounts(chain, n):
    """What UserStats says of how many sub-accounts the authority has."""
    at = 184 if chain.venue == "drift" else 160
    program = Pubkey.from_string(
        chain.rpc("getAccountInfo", chain.user, {"encoding": "base64"})["value"]["owner"]
    )
    stats = str(
        Pubkey.find_program_address([b"user_stats", bytes(Pubkey.from_string(chain.authority))], program)[0]
    )
    data = bytearray(
        base64.b64decode(chain.rpc("getAccountInfo", stats, {"encoding": "base64"})["value"]["data"][0])
    )
    struct.pack_into("<H", data, at, n)
    chain.ctl("set_account", pubkey=stats, data=base64.b64encode(bytes(data)).decode())


@pytest.mark.parametrize(
    "venue,alone", [("velocity", True), ("velocity", False), ("drift", True), ("drift", False)]
)
def test_every_correction_is_kept_with_the_fee_the_venue_took(bench, venue, alone):
    """Shorts that grow and shrink; with several sub-accounts UserStats is not asked,
    and the vault books the same fees."""
    chain, agent = bench(venue, chain={"perp": -9, "keeper_latency": 5}, hedge__cooldown_seconds=0)
    if not alone:
        sub_accounts(chain, 2)
    assert agent.once().status["status"] == "executed_live"
    for perp in (-11.5, -9.25):
        chain.ctl("set_user", perp=perp)
        assert agent.once().status["status"] == "executed_live"
    s = agent.once().status
    taken = [f["fee_e6"] for f in chain.ctl("summary")["fills"]]
    rows = corrections(agent)
    assert len(rows) == len(taken) == 3 and min(taken) > 0
    assert [r["fee"] for r in rows] == taken
    assert all(r["landing"] > 0 for r in rows), "every one was found in a block"
    assert -int(s["vault"]["start"]["fees_e6"]) == sum(taken)


def test_a_second_sub_account_is_no_fee(bench):
    """UserStats then counts for both: the level changes, nothing was paid."""
    chain, agent = bench(chain={"perp": -9}, hedge__cooldown_seconds=0)
    assert agent.once().status["status"] == "executed_live"
    before = agent.once().status["vault"]["start"]
    for n in (2, 2, 1, 1):
        sub_accounts(chain, n)
        assert agent.once().status["vault"]["start"]["fees_e6"] == before["fees_e6"], n
    (taken,) = [f["fee_e6"] for f in chain.ctl("summary")["fills"]]
    assert -int(before["fees_e6"]) == taken


def test_a_correction_that_was_killed_keeps_its_fee(bench):
    """Found again by the next process, which knows no more than the account."""
    chain, agent = bench(chain={"perp": -9})
    chain.fault("delay_send", n=1, slots=30)
    running = agent.start()
    wait_for(lambda: chain.calls("sendTransaction"), 10, "it was sent")
    running.kill()
    wait_for(lambda: chain.perp() == -10 * 10**9, 10, "it landed")
    assert agent.once().status["status"] == "executed_live"
    (row,), (fill,) = corrections(agent), chain.ctl("summary")["fills"]
    assert row["fee"] == fill["fee_e6"] > 0 and row["landing"] == 0


@pytest.mark.parametrize("venue", ["velocity", "drift"])
def test_what_the_owner_moves_is_a_flow_and_no_profit(bench, venue):
    """A withdrawal and a deposit, each corrected: flows are their worth, what is left over is cents."""
    chain, agent = bench(venue, chain={"perp": -10, "keeper_latency": 5}, hedge__cooldown_seconds=0)
    s = agent.once().status
    assert s["status"] == "balanced"
    first, moved = int(s["vault"]["start"]["flows_e6"]), 0
    for sol in (-0.96, 1.5):
        chain.ctl("disturb", sol=sol)
        moved += sol * chain.ctl("state")["sol_price_1e6"]
        assert agent.once().status["status"] == "executed_live"
    v = agent.once().status["vault"]["start"]
    assert abs(int(v["flows_e6"]) - first - moved) < 20_000 and abs(int(v["other_e6"])) < 20_000, v
    assert -2_000_000 < int(v["pnl_e6"]) < 0, "two fills were paid for, nothing else"


# --- what the page is told of it


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def history(port):
    with urllib.request.urlopen("http://127.0.0.1:%d/api/history" % port, timeout=5) as r:
        return json.loads(r.read())["data"]


def test_the_page_has_what_the_file_has_not_yet(bench):
    """Samples are shown with the tick that made them, and a tick that changes nothing writes nothing;
    a correction comes with its landing."""
    port = free_port()
    chain, agent = bench(
        chain={"perp": -10},
        agent__loop_interval_seconds="0.4",
        hedge__cooldown_seconds=0,
        web__listen="127.0.0.1:%d" % port,
    )
    running = agent.start()
    running.until("balanced")

    def rows():
        try:
            return history(port)["rows"]
        except OSError:
            return []

    wait_for(rows, 20, "the first sample is served")
    assert samples(str(agent.state) + ".ring") == [], "it is only in memory"
    quiet = [p.stat().st_mtime_ns for p in (agent.state, Path(str(agent.state) + ".ring"))]
    at = len(running.lines)
    wait_for(lambda: len(running.lines) >= at + 4, 10, "some quiet ticks")
    assert [p.stat().st_mtime_ns for p in (agent.state, Path(str(agent.state) + ".ring"))] == quiet
    chain.ctl("set_user", perp=-9)
    running.until("executed_live", since=at)
    c = wait_for(lambda: history(port)["corrections"], 5, "the correction is served")[0]
    (fill,) = chain.ctl("summary")["fills"]
    assert (
        c["fee"] == fill["fee_e6"] / 1e6 and isinstance(c["slots_to_land"], int) and c["outcome"] == "filled"
    )
    assert rows()[-1][7] == -10.0, "the book after it"
    assert running.stop() == 143
