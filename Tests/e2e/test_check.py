"""`check`: every condition measured, each failure named with its remedy, and nothing changed,
sent or locked by it."""

import base64
import json
import os

import pytest

from harness import wait_for

E9 = 10**9


def table(r):
    data = json.loads(r.out)
    assert data["type"] == "CHECK"
    return data["data"], {x["name"]: x for x in data["data"]["rows"]}


def check(agent, *words, **more):
    return agent.command("check", "--json", *words, "-c", agent.config, **more)


@pytest.fixture
def well(bench):
    """An account and a config with nothing wrong; the chain's clock is the wall's."""

    def make(chain=None, **settings):
        return bench(chain={"perp": -10, **(chain or {})}, **settings)

    return make


def test_all_is_well(well, each_binary):
    chain, agent = well()
    agent.binary = each_binary
    r = check(agent)
    data, rows = table(r)
    assert r.code == 0 and data["ok"] and data["failed"] == 0, r
    for name in (
        "config",
        "key file",
        "state file",
        "disk space",
        "control socket",
        "RPC #1",
        "program",
        "account",
        "valuation",
        "venue alive",
        "clock",
        "signer",
        "cannot withdraw",
        "seccomp",
        "Landlock",
        "privileges",
        "key's memory",
        "gate leverage",
        "gate oracle_age",
        "gate gas_reserve",
        "gate market",
        "gate cost",
    ):
        assert rows[name]["finding"] in ("ok", "warn") and rows[name]["value"], name
    assert chain.delegate in rows["key file"]["value"] and "is the delegate" in rows["signer"]["value"]
    assert "layout velocity-" in rows["account"]["value"] and "lag 0" in rows["RPC #1"]["value"]
    assert data["would"].startswith("would do nothing now: balanced, ")
    assert not agent.state.exists() and chain.sends() == []
    plain = agent.said("check")
    assert (
        plain.code == 0
        and "\x1b" not in plain.out
        and plain.out.splitlines()[-1].endswith("live trading would be allowed")
    )


def test_what_it_would_do_and_cost(well):
    chain, agent = well(chain={"perp": -9})
    data, rows = table(check(agent))
    assert data["would"].startswith("would EXPAND_SHORT 1.0000 SOL-PERP now, worst price $"), data["would"]
    assert "cost about $" in data["would"] and " bps)" in data["would"]
    assert chain.sends() == [] and chain.perp() == -9 * E9 and not agent.state.exists()
    assert agent.once().status["status"] == "executed_live"  # and it does


def test_beside_a_running_agent(well):
    """It reads the same state file, takes no lock and changes no byte of it."""
    chain, agent = well(agent__loop_interval_seconds="0.3")
    running = agent.start()
    running.until("balanced")
    assert agent.said("pause").code == 0
    before = agent.state.read_bytes()
    r = check(agent)
    data, rows = table(r)
    assert r.code == 3 and rows["pause"]["finding"] == "fail" and "resume" in rows["pause"]["remedy"]
    assert (
        "an agent answers" in rows["control socket"]["value"]
        and "preallocated" in rows["state file"]["value"]
    )
    assert agent.state.read_bytes() == before
    at = len(running.lines)
    wait_for(lambda: len(running.lines) > at + 2, 5, "the agent goes on")
    assert running.stop() == 143


def test_an_open_order_is_not_touched(well):
    """The state file holds a live ticket: it is named, not followed, not sent again."""
    chain, agent = well(chain={"perp": -9, "tick_ms": 400})
    chain.fault("drop_send", n=1000)
    running = agent.start()
    running.until("pending", seconds=15)
    running.kill()
    sent, before = len(chain.sends()), agent.state.read_bytes()
    data, rows = table(check(agent))
    assert (
        rows["open order"]["finding"] == "warn"
        and len(chain.sends()) == sent
        and agent.state.read_bytes() == before
    )


CASES = [
    ("gas", {"gates__gas_reserve_sol": "5"}, "gate gas_reserve", "send at least 4."),
    ("leverage", {"hedge__max_leverage": "0.1"}, "gate leverage", "Leverage would exceed 0.1x"),
    ("no program", {}, "program", "cluster"),
    ("no account", {"account__sub_account": "7"}, "account", "sub_account"),
    ("kill file", {}, "kill file", "rm "),
    ("key mode", {}, "key file", "chmod"),
    ("config mode", {}, "config", "chmod go-w"),
    ("no state directory", {"agent__state": "/no/such/dir/state.bin"}, "state file", "make the directory"),
    ("rotten state", {}, "state file", "open order"),
]


@pytest.mark.parametrize("case,settings,name,remedy", CASES, ids=[c[0] for c in CASES])
def test_each_failure_is_named_with_its_remedy(well, case, settings, name, remedy):
    chain, agent = well(chain={"perp": -9}, **settings)
    if case == "no program":
        program = chain.rpc("getAccountInfo", chain.user, {"encoding": "base64"})["value"]["owner"]
        chain.fault("null_account", n=1000, pubkey=program)
    if case == "kill file":
        kill = agent.home / "kill"
        kill.touch()
        agent.set(gates__kill_file=kill)
    if case == "key mode":
        agent.key.chmod(0o644)
    if case == "config mode":
        agent.config.chmod(0o666)
    if case == "rotten state":
        agent.state.write_bytes(os.urandom(16384))
    r = check(agent)
    data, rows = table(r)
    assert r.code == 3 and not data["ok"] and data["failed"] >= 1, r
    assert rows[name]["finding"] == "fail", rows.get(name, rows)
    assert remedy in rows[name]["remedy"] or remedy in rows[name]["value"], rows[name]
    assert chain.sends() == []


def test_a_key_that_is_nobody(well):
    """A sound key file of somebody else: neither owner nor delegate."""
    chain, agent = well()
    other = agent.home / "other.json"
    assert agent.command("key", "new", other).code == 0
    agent.set(account__keypair=other)
    r = check(agent)
    data, rows = table(r)
    assert r.code == 3 and rows["signer"]["finding"] == "fail" and "delegate" in rows["signer"]["remedy"]


def test_paper_is_checked_as_if_live(well):
    chain, agent = well(agent__mode="paper", account__keypair=None)
    r = check(agent)
    data, rows = table(r)
    assert (
        r.code == 3
        and rows["key file"]["finding"] == "fail"
        and "evenkeel key new" in rows["key file"]["remedy"]
    )
    assert "paper (checked as if live)" in rows["config"]["value"] and rows["account"]["finding"] == "ok"


def test_endpoints_good_bad_and_gone(well):
    chain, agent = well()
    agent.set(rpc__url=[chain.url, "http://127.0.0.1:9"], rpc__timeout_ms="500")
    r = check(agent)
    data, rows = table(r)
    assert (
        r.code == 0
        and rows["RPC #1"]["finding"] == "ok"
        and rows["RPC #2"]["finding"] == "warn"
        and "refused" in rows["RPC #2"]["value"]
    )
    agent.set(rpc__url=["http://127.0.0.1:9"])
    r = check(agent)
    data, rows = table(r)
    assert r.code == 3 and rows["RPC #1"]["finding"] == "fail" and rows["account"]["finding"] == "fail"
    assert data["would"] == "would do nothing: the account could not be read"


def test_the_owner_key_is_a_warning(agents, chains, binary):
    chain = chains("velocity", binary, perp=-10)
    agent = agents(binary, chain, seed=7)
    r = check(agent)
    data, rows = table(r)
    assert (
        r.code == 0
        and rows["signer"]["finding"] == "warn"
        and "withdraw everything" in rows["signer"]["remedy"]
    )
    assert "cannot withdraw" not in rows


@pytest.mark.real_program
def test_the_real_program_refuses_a_withdrawal_by_the_delegate(chains, agents, binary):
    from solders.pubkey import Pubkey

    chain = chains("program", binary, perp=-9)
    program = Pubkey.from_string(
        chain.rpc("getAccountInfo", chain.user, {"encoding": "base64"})["value"]["owner"]
    )

    def found(*seeds):
        return Pubkey.find_program_address(list(seeds), program)[0]

    # The two vaults of market 0, which the recorded accounts do not hold: token accounts of its mint.
    market = base64.b64decode(
        chain.rpc("getAccountInfo", str(found(b"spot_market", b"\0\0")), {"encoding": "base64"})["value"][
            "data"
        ][0]
    )
    for seed in (b"spot_market_vault", b"insurance_fund_vault"):
        token = (
            market[72:104]
            + bytes(found(b"drift_signer"))
            + (10**12).to_bytes(8, "little")
            + bytes(36)
            + b"\1"
            + bytes(56)
        )
        chain.ctl(
            "set_account",
            pubkey=str(found(seed, b"\0\0")),
            data=base64.b64encode(token).decode(),
            owner="TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
            lamports=2_039_280,
        )
    agent = agents(binary, chain)
    r = check(agent, seconds=60)
    data, rows = table(r)
    assert rows["cannot withdraw"]["finding"] == "ok" and "2001" in rows["cannot withdraw"]["value"], rows[
        "cannot withdraw"
    ]
    assert data["would"].startswith("would EXPAND_SHORT ") and chain.sends() == []


def test_a_low_health_is_a_warning_with_its_number(well):
    chain, agent = well(chain={"usdt": -600}, hedge__max_leverage="100")
    data, rows = table(check(agent))
    assert rows["valuation"]["finding"] == "warn" and "health 9" in rows["valuation"]["value"]


def test_a_market_that_is_not_there(well):
    chain, agent = well()
    agent.settings["hedge NONE-PERP"] = {"spot": "venue:NONE"}
    agent.set()
    r = check(agent)
    data, rows = table(r)
    assert (
        r.code == 3
        and rows["market NONE-PERP"]["finding"] == "fail"
        and rows["market SOL-PERP"]["finding"] == "ok"
    ), rows


def test_usage(agents, binary):
    agent = agents(binary)
    assert agent.command("check", "-c", "/no/such/file").code == 2
    assert agent.command("check", "--json=1").code == 2


def test_what_the_kernel_does_not_give_is_said(well):
    """A limit of locked memory that is too small, as many containers have it: a warning with what to do,
    not silence."""
    chain, agent = well()
    tight = agent.home / "tight"
    tight.write_text(
        '#!/bin/sh\nulimit -l 0\nexec %s%s "$@"\n'
        % ("setpriv --bounding-set=-all --inh-caps=-all " if os.geteuid() == 0 else "", agent.binary)
    )
    tight.chmod(0o755)
    full = table(check(agent))[1]
    assert "version" in full["Landlock"]["value"] or full["Landlock"]["finding"] == "warn"
    agent.binary = tight
    r = check(agent)
    data, rows = table(r)
    assert (
        rows["key's memory"]["finding"] == "warn"
        and "cannot be locked (limit 0 KB)" in rows["key's memory"]["value"]
    ), r
    assert "LimitMEMLOCK" in rows["key's memory"]["remedy"] and r.code == 0


LIMITS = [
    # wide: what would do, each with its reason
    (
        {},
        "ok",
        [
            "max_trade_size = 10.0000 would do: all of it in one order",
            "max_notional_per_day = 7635 would do: ten times the hedge",
        ],
        "",
    ),
    (
        {"signer__max_loss_usd_per_day": 500},
        "ok",
        ["max_loss_usd_per_day = 18 would do: 1 % of the equity"],
        "",
    ),
    ({"hedge__max_trade_size": 10, "signer__max_notional_per_day": 7000}, "ok", [], ""),
    # narrow: what it takes at least
    (
        {"hedge__max_trade_size": 0.5, "hedge__max_trades_per_day": 4},
        "warn",
        [],
        "max_trade_size = 2.5000: all of it in max_trades_per_day orders",
    ),
    (
        {"signer__max_notional_per_day": 1000},
        "warn",
        [],
        "max_notional_per_day = 1527: opened and closed once",
    ),
    ({"signer__max_loss_usd_per_day": 2}, "warn", [], "max_loss_usd_per_day = 6: all of it opened at worst"),
]


@pytest.mark.parametrize("settings,finding,would_do,too_small", LIMITS)
def test_limits_that_fit_the_account(well, settings, finding, would_do, too_small):
    """10 SOL at 76.34 $ and 1,000 $: a number with its reason where the configured one is far from that."""
    chain, agent = well(hedge__spot="venue:SOL", **settings)
    row = table(check(agent))[1]["signer limits"]
    assert row["finding"] == finding and "the hedge is 10.0" in row["value"], row
    assert row["value"].count("would do") >= len(would_do), row
    for words in would_do:
        assert words in row["value"], row
    assert too_small in row["remedy"], row
    assert bool(too_small) == ("at least" in row["remedy"]), row
