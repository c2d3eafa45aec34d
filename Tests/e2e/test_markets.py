"""Several markets and every kind of spot leg, end to end on the embedded chain of both venues."""

import base64
import json
import struct

import pytest
from harness import wait_for
from harness.words import base58, unbase58
from solders.pubkey import Pubkey

E9 = 10**9
TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
ATA_PROGRAM = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"
WRAPPED = "So11111111111111111111111111111111111111112"
MINT = base58(bytes([5] * 32))
WATCHED = base58(bytes([6] * 32))

# Not hedged: 8 of 10 SOL short leaves 152 USD, 0.01 BTC are 642 USD, 0.1 ETH 189 USD.
THREE = {
    "hedge BTC-PERP": {"spot": "fixed:0.01", "min_trade_size": "0.0001"},
    "hedge ETH-PERP": {"spot": "fixed:0.1", "min_trade_size": "0.001"},
}


def ata(owner, mint):
    seeds = [unbase58(owner), unbase58(TOKEN_PROGRAM), unbase58(mint)]
    return str(Pubkey.find_program_address(seeds, Pubkey.from_string(ATA_PROGRAM))[0])


def put_token(chain, mint, amount, decimals=None):
    holding = (
        unbase58(mint) + unbase58(chain.authority) + struct.pack("<Q", amount) + bytes(36) + b"\1" + bytes(56)
    )
    chain.ctl(
        "set_account",
        pubkey=ata(chain.authority, mint),
        owner=TOKEN_PROGRAM,
        data=base64.b64encode(holding).decode(),
    )
    if decimals is not None:
        chain.ctl(
            "set_account",
            pubkey=mint,
            owner=TOKEN_PROGRAM,
            data=base64.b64encode(bytes(44) + bytes([decimals, 1]) + bytes(36)).decode(),
        )


def fills(chain):
    out = {}
    for f in chain.ctl("summary")["fills"]:
        out[f["market"]] = out.get(f["market"], 0) + f["base_e9"]
    return out


def order_of(chain):
    seen = []
    for f in chain.ctl("summary")["fills"]:
        if f["market"] not in seen:
            seen.append(f["market"])
    return seen


def status(agent):
    r = agent.said("status", "--json")
    return json.loads(r.out)["data"] if r.code == 0 and '"STATUS"' in r.out else None


def by_name(s):
    return {m["market"]: m for m in s["markets"]}


@pytest.fixture(params=["velocity", "drift"])
def kind(request):
    return request.param


def agent_on(agents, binary, chain, sections, **changes):
    agent = agents(binary, chain, **changes)
    for name, keys in sections.items():
        agent.settings[name] = dict(keys)
    agent.set()
    return agent


def test_three_markets_are_hedged_one_after_the_other(kind, binary, chains, agents):
    chain = chains(kind, binary, perp=-8)
    agent = agent_on(agents, binary, chain, THREE)
    agent.start()
    s = wait_for(
        lambda: (
            lambda s: (
                s
                if s
                and s["status"] in ("balanced", "cooldown")
                and all(m["corrections"] == 1 for m in s["markets"])
                else None
            )
        )(status(agent)),
        60,
        lambda: "all three corrected: %s" % agent.said("status").out,
    )
    assert order_of(chain) == [1, 2, 0], "the largest risk first"
    got = fills(chain)
    assert got[1] == -10_000_000 and got[2] == -100_000_000 and abs(got[0] + 2 * E9) <= 10_000_000
    markets = by_name(s)
    assert list(markets) == ["SOL-PERP", "BTC-PERP", "ETH-PERP"]
    assert all(
        m["status"] in ("balanced", "cooldown") and m["closed_gates"] == [] for m in markets.values()
    ), markets
    assert markets["BTC-PERP"]["legs"] == [{"leg": "fixed:0.01", "base_e9": "10000000", "slot": None}]
    assert markets["BTC-PERP"]["cooldown_left_seconds"] > 0
    assert {p["market"] for p in s["positions"]} == set(markets)
    text = agent.said("status").out
    assert all(text.count(name) >= 1 for name in markets) and "fixed:0.01" in text
    record = agent.record()
    assert json.dumps(record).count("-PERP") >= 3
    assert len(chain.landed()) == 3, "one transaction a correction"


def test_a_market_that_is_not_there_is_named_and_the_others_go_on(kind, binary, chains, agents):
    chain = chains(kind, binary, perp=-9)
    agent = agent_on(agents, binary, chain, {"hedge DOGE-PERP": {"spot": "fixed:100"}})
    r = agent.once()
    assert r.code == 0 and r.status["status"] == "executed_live" and r.status["market"] == "SOL-PERP", r
    doge = by_name(r.status)["DOGE-PERP"]
    assert doge["status"] == "observe_only" and "no perp market named DOGE-PERP" in doge["reason"]
    r = agent.once()
    assert r.code == 10 and r.status["status"] == "observe_only" and "DOGE-PERP" in r.status["reason"], r


def test_every_kind_of_leg_counts_and_is_shown(kind, binary, chains, agents):
    chain = chains(kind, binary, perp=-10)
    put_token(chain, WRAPPED, 1_500_000_000)
    put_token(chain, MINT, 2_000, decimals=3)
    chain.ctl("set_lamports", pubkey=WATCHED, lamports=250_000_000)
    agent = agents(
        binary,
        chain,
        hedge__spot=["venue:SOL, token:SOL, token:%s" % MINT, "watch:%s, fixed:-0.75" % WATCHED],
    )
    s = agent.once().status
    assert s["status"] == "executed_live", s
    legs = {x["leg"]: x for x in s["legs"]}
    assert list(legs) == ["venue:SOL", "token:SOL", "token:" + MINT, "watch:" + WATCHED, "fixed:-0.75"]
    assert [int(x["base_e9"]) for x in s["legs"]][1:] == [1_500_000_000, 2 * E9, 250_000_000, -750_000_000]
    assert 0 <= 10 * E9 - int(legs["venue:SOL"]["base_e9"]) < 10
    assert all(x["slot"] == s["slot"] for x in s["legs"][:4]) and s["legs"][4]["slot"] is None
    assert abs(fills(chain)[0] + 3 * E9) <= 10_000_000
    assert agent.once().status["status"] == "balanced"


def test_a_ratio_and_a_target_are_aimed_at(kind, binary, chains, agents):
    chain = chains(kind, binary, perp=-9)
    agent = agents(binary, chain, hedge__hedge_ratio_pct="50", hedge__target_delta="1")
    s = agent.once().status
    assert s["status"] == "executed_live" and s["action_taken"] == "REDUCE_SHORT", s
    assert abs(chain.perp() + 4 * E9) < 10_000_000, "half of 10 SOL hedged, one more kept"
    assert abs(s["after"]["drift_pct"]) < 1
    assert by_name(s)["SOL-PERP"]["hedge_ratio_pct"] == 50 and by_name(s)["SOL-PERP"][
        "target_base_e9"
    ] == str(E9)
    assert agent.once().status["status"] == "balanced"


def test_assess_knows_the_legs_and_the_markets(binary, chains, agents):
    chain = chains("velocity", binary, perp=-10)
    put_token(chain, WRAPPED, 1_500_000_000)
    chain.ctl("set_lamports", pubkey=WATCHED, lamports=250_000_000)
    agent = agents(binary, chain, agent__mode="paper", hedge__spot="venue:SOL, token:SOL, watch:%s" % WATCHED)
    agent.settings["hedge BTC-PERP"] = {"spot": "fixed:0.01", "min_trade_size": "0.0001"}
    agent.set()
    agent.start()
    saved = agent.home / "read.json"
    wait_for(
        lambda: status(agent) and agent.command("status", "-c", agent.config, "--accounts", saved).code == 0,
        20,
        "a read is saved",
    )
    r = agent.command("assess", saved, "-c", agent.config, "--json")
    assert r.code == 0, r
    sol, btc = (json.loads(line)["data"] for line in r.out.splitlines())
    assert (sol["market"], btc["market"]) == ("SOL-PERP", "BTC-PERP")
    assert int(sol["other_spot_base_e9"]) == 1_750_000_000 and btc["spot_base_e9"] == "10000000"


VELOCITY = "vELoC1audYbSYVRXn1vPaV8Axoa9oU6BYmNGZZBDZ1P"


def clone_market(chain, name):
    """A second perp market on the real program: market 0's bytes under index 1, another name,
    the same oracle."""
    dump = chain.ctl("dump")
    raw = bytearray(base64.b64decode(dump["perp"]))
    at = str(
        Pubkey.find_program_address([b"perp_market", struct.pack("<H", 1)], Pubkey.from_string(VELOCITY))[0]
    )
    raw[8:40], raw[424:456] = unbase58(at), name.ljust(32)
    struct.pack_into("<H", raw, 640, 1)
    chain.ctl("set_account", pubkey=at, data=base64.b64encode(bytes(raw)).decode())
    state = str(Pubkey.find_program_address([b"velocity_state"], Pubkey.from_string(VELOCITY))[0])
    chain.ctl("poke", pubkey=state, offset=1358, hex="0200")  # two perp markets


@pytest.mark.real_program
def test_two_markets_on_the_real_program(binary, chains, agents):
    """The program's own word for an order in market 1 beside a position in market 0."""
    chain = chains("program", binary, perp=-9, tick_ms=100)
    clone_market(chain, b"ETH-PERP")
    agent = agent_on(agents, binary, chain, {"hedge ETH-PERP": {"spot": "fixed:2"}})
    agent.start()

    def markets():
        return {
            p["market_index"]: p["base_asset_amount"]
            for p in chain.account()["perp_positions"]
            if p["base_asset_amount"]
        }

    wait_for(
        lambda: len(markets()) == 2 and abs(markets()[0] + 10 * E9) <= 10_000_000,
        60,
        lambda: "both corrected: %s %s" % (markets(), agent.said("status").out),
    )
    assert markets()[1] == -2 * E9
    assert [t["result"]["err"] for t in chain.landed()] == [None, None]
