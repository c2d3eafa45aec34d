"""The venue changes under the agent: accounts of other lengths, a program without today's instructions,
both in mid-run, and back. Nothing is traded with what is not known, the reason names it, and it heals
alone."""

import base64
import struct

import pytest

from harness import real_program_missing, wait_for
from test_alerts import receiver  # noqa: F401

MISSING = real_program_missing()
REAL = [
    pytest.mark.real_program,
    pytest.mark.skipif(MISSING is not None, reason="real program: %s" % MISSING),
]
KINDS = ["velocity", pytest.param("program", marks=REAL)]
VELOCITY = "vELoC1audYbSYVRXn1vPaV8Axoa9oU6BYmNGZZBDZ1P"


@pytest.fixture(params=KINDS)
def book(request, chains, agents, binary):
    """A chain with 10 SOL hedged by 9, and an agent on it."""
    chain = chains(request.param, binary, perp=-9, tick_ms=100)
    return chain, agents(binary, chain)


def account(chain, name):
    """Address and bytes of an account, as the node shows it."""
    key = chain.ctl("state")[name]
    data, _ = chain.rpc("getAccountInfo", key, {"encoding": "base64"})["value"]["data"]
    return key, base64.b64decode(data)


def replace(chain, key, data):
    chain.ctl("set_account", pubkey=key, data=base64.b64encode(data).decode(), owner=VELOCITY)


def widened(user):
    """The announced User: 88 bytes a perp position, what follows 64 bytes later."""
    perps = b""
    for i in range(8):
        p = user[424 + 80 * i : 504 + 80 * i]
        perps += p[:78] + struct.pack("<HB", p[78], p[79]) + bytes(7)
    return user[:424] + perps + user[1064:]


@pytest.mark.parametrize("mode", ["live", "paper"])
@pytest.mark.parametrize(
    "name,change",
    [
        ("user", 8),
        ("user", 63),
        ("user_stats", 8),
        ("user_stats", -1),
        ("state", 8),
        ("state", -8),
        ("oracle_sol", 8),
        ("oracle_sol", -8),
        ("perp_market", -1),
    ],
)
def test_another_length_is_only_observed(book, name, change, mode):
    chain, agent = book
    if change < 0 and chain.kind == "velocity":
        pytest.skip("the embedded chain's own program reads its accounts, so none is shorter there")
    agent.set(agent__mode=mode)
    key, data = account(chain, name)
    if name == "oracle_sol":
        chain.ctl("auto_oracle", on=False)
    replace(chain, key, data + bytes(change) if change > 0 else data[:change])
    r = agent.once()
    assert r.code == 10 and r.status["status"] == "observe_only", r
    assert key in r.status["reason"] and "%d bytes" % (len(data) + change) in r.status["reason"], r.status[
        "reason"
    ]
    assert "update evenkeel" in r.status["reason"] and chain.sends() == []
    checked = agent.said("check")
    assert checked.code == 3 and "update evenkeel" in checked.out, checked
    replace(chain, key, data)
    chain.ctl("auto_oracle", on=True)
    assert agent.once().status["status"] == ("executed_live" if mode == "live" else "executed_paper")


def test_markets_may_grow_at_their_end(book):
    chain, agent = book
    for name, size in (("perp_market", 1560), ("spot_market_usdt", 1064), ("spot_market_sol", 1064)):
        key, data = account(chain, name)
        replace(chain, key, (data + bytes(2000))[:size])
    assert agent.once().status["status"] == "executed_live"


@pytest.mark.parametrize("mode", ["live", "paper"])
def test_the_announced_user_is_shown_and_nothing_rests_on_it(book, mode):
    chain, agent = book
    agent.set(agent__mode=mode)
    key, data = account(chain, "user")
    replace(chain, key, widened(data))
    r = agent.once()
    s = r.status
    assert r.code == 10 and s["status"] == "observe_only", r
    assert key in s["reason"] and "4560 bytes" in s["reason"] and "unverified layout" in s["reason"]
    assert "update evenkeel" in s["reason"] and "by hand" in s["reason"]
    assert (
        s["perp_base_e9"] == "-9000000000"
        and abs(int(s["spot_base_e9"]) - 10**10) <= 1
        and chain.sends() == []
    )
    checked = agent.said("check")
    assert checked.code == 3 and "unverified layout" in checked.out
    replace(chain, key, data)
    assert agent.once().status["status"] == ("executed_live" if mode == "live" else "executed_paper")


def test_the_probe_changes_nothing_is_unsigned_and_proves_life(book):
    """The very order with a size of zero: refused by name, never sent."""
    chain, agent = book
    chain.ctl("set_user", perp=-10)
    _, before = account(chain, "user")
    r = agent.once()
    assert r.code == 0 and r.status["status"] == "balanced", r
    assert chain.calls("simulateTransaction") == 1 and chain.sends() == []
    assert account(chain, "user")[1] == before
    assert "venue" not in r.err
    checked = agent.said("check")
    assert "an order of size zero was simulated and refused by name" in checked.out, checked


def test_a_program_without_todays_order_is_upgraded(chains, agents, binary):
    """A cancel still works there; only the order itself shows it."""
    chain = chains("velocity", binary, perp=-9)
    agent = agents(binary, chain)
    for stage, words in (
        ("program", "InstructionFallbackNotFound (101)"),
        ("empty", "InstructionFallbackNotFound (101)"),
        ("layout", "unverified layout"),
    ):
        chain.ctl("upgrade", stage=stage)
        r = agent.once()
        assert r.code == 10 and r.status["status"] == "observe_only" and words in r.status["reason"], r
        assert "update evenkeel" in r.status["reason"] and "by hand" in r.status["reason"]
        assert chain.sends() == []
        checked = agent.said("check")
        assert checked.code == 3 and words in checked.out
    assert agent.record()["failures_in_row"] == 0
    chain.ctl("upgrade", stage="off")
    assert agent.once().status["status"] == "executed_live"


def test_an_upgrade_in_mid_run(chains, agents, binary, receiver):  # noqa: F811
    """Paused, without today's instructions, the new layout, and back: no order goes out in between, one
    alert, and the hedge is corrected again by itself."""
    chain = chains("velocity", binary)
    agent = agents(
        binary,
        chain,
        agent__loop_interval_seconds="0.3",
        hedge__cooldown_seconds=0,
        alerts__webhook=receiver.url + "/hook",
        alerts__blocked_minutes=0,
    )
    daemon = agent.start()
    daemon.seen("executed_live")
    sent = len(chain.sends())
    for stage, status, words in (
        ("paused", "blocked", "withdrawals and settling"),
        ("program", "observe_only", "upgraded"),
        ("layout", "observe_only", "unverified layout"),
        ("program", "observe_only", "upgraded"),
    ):
        chain.ctl("upgrade", stage=stage)
        if stage == "paused":
            chain.ctl("set_user", perp=-8)
        said = wait_for(lambda: words in daemon.last()["reason"] and daemon.last(), 10, "%s is said" % words)
        assert said["status"] == status
        assert len(chain.sends()) == sent
    chain.ctl("upgrade", stage="off")
    wait_for(lambda: abs(chain.perp() + 10 * 10**9) < 10**7, 20, "the hedge is whole again")
    wait_for(lambda: len(receiver.alerts("venue")) == 2, 10, "the end of the change is told")
    assert [a["state"] for a in receiver.alerts("venue")] == ["firing", "resolved"]
    assert agent.record()["failures_in_row"] == 0


def test_what_only_the_owner_can_change_does_not_open_the_breaker(book):
    """A position off the step (6166): blocked, with the way out, and no failure."""
    chain, agent = book
    chain.ctl("set_user", perp=-9.005)
    for _ in range(3):
        r = agent.once()
        assert r.code == 10 and r.status["status"] == "blocked", r
        assert "InvalidPerpPositionDetected (6166)" in r.status["reason"] and "close it" in r.status["reason"]
    assert agent.record()["failures_in_row"] == 0 and chain.sends() == []


def test_interest_is_brought_up_to_date_before_a_take(book):
    """An account that borrows: the update comes before the order, in one transaction; the fill is proven."""
    chain, agent = book
    chain.ctl("set_user", usdt=-50, sol=20, perp=-18)
    chain.ctl("warp", slots=40, seconds=7200)
    r = agent.once()
    assert r.code == 0 and r.status["status"] == "executed_live", r
    (landed,) = chain.landed()
    programs = [ix["program"] for ix in landed["instructions"]]
    assert programs.count(VELOCITY) == 2, programs
    assert agent.once().status["status"] == "balanced"
