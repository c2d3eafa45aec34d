"""Several endpoints: the first that is well is used, the order goes to all, one that lags or lies is not
believed alone. What two looks are, and what happens without a second one: test_second_look.py."""

import base64
import time

import pytest

from harness import wait_for
from harness.liar import Liar
from harness.lies import WAYS

E9 = 10**9


@pytest.fixture
def two(chains, agents, binary):
    """One chain behind two servers, and an agent that knows both."""
    servers = []

    def make(chain=None, **settings):
        c = chains("velocity", binary, **{"perp": -9, **(chain or {})})
        servers.extend([Liar(c), Liar(c)])
        first, second = servers[-2:]
        return (
            c,
            first,
            second,
            agents(binary, c, rpc__url=[first.url, second.url], rpc__timeout_ms=600, **settings),
        )

    yield make
    for s in servers:
        s.close()


def test_the_first_is_preferred_and_the_order_goes_to_both(two):
    chain, first, second, agent = two()
    r = agent.once()
    assert r.code == 0 and r.status["status"] == "executed_live", r
    assert first.count("getMultipleAccounts") >= 1 and second.count("simulateTransaction") == 0
    assert first.count("sendTransaction") >= 1 and second.count("sendTransaction") >= 1
    assert len(chain.landed()) == 1 and len(chain.orders_sent()) == 1


@pytest.mark.parametrize(
    "way", ["503", "closed before the headers", "silent", "malformed", "wrong owner", "429"]
)
def test_the_others_take_over(two, way):
    """The first of three is of no use: the second is read, the third is its witness."""
    chain, first, second, agent = two()
    third = Liar(chain)
    agent.set(rpc__url=[first.url, second.url, third.url])
    first.tell("*", WAYS[way][0] if way != "wrong owner" else lambda turn: turn.answer(b"{}", 200))
    r = agent.once()
    third.close()
    assert r.code == 0 and r.status["status"] == "executed_live", r
    assert (
        len(chain.moves()) == 1
        and second.count("getMultipleAccounts") >= 1
        and third.count("getMultipleAccounts") >= 1
    )


def test_a_dead_address_before_live_ones(two):
    chain, first, second, agent = two()
    agent.set(rpc__url=["http://127.0.0.1:9", first.url, second.url])
    r = agent.once()
    assert r.code == 0 and r.status["status"] == "executed_live", r


def test_back_to_the_first(two):
    chain, first, second, agent = two(chain={"perp": -10}, agent__loop_interval_seconds="0.3")
    first.tell("*", WAYS["503"][0])
    running = agent.start()
    running.until("balanced")
    first.honest()
    wait_for(lambda: first.count("getMultipleAccounts") > 8, 20, "the first is used again")
    before = second.count("getMultipleAccounts")
    time.sleep(1.5)
    assert second.count("getMultipleAccounts") <= before + 1
    assert running.stop() == 143


def test_one_that_says_expired_is_not_believed_alone(two):
    """The first lies: block height far ahead and signature unknown. The second knows it is still alive:
    no second order."""
    chain, first, second, agent = two(agent__loop_interval_seconds="0.4", hedge__cooldown_seconds=0)

    def ahead(answer):
        answer["result"]["blockHeight"] += 100_000
        answer["result"]["absoluteSlot"] += 100_000

    def unknown(answer):
        answer["result"]["context"]["slot"] += 100_001
        answer["result"]["value"] = [None]

    first.tell("getEpochInfo", lambda turn: turn.altered(ahead))
    first.tell("getSignatureStatuses", lambda turn: turn.altered(unknown))
    second.tell("getSignatureStatuses", lambda turn: turn.altered(lambda a: a["result"].update(value=[None])))
    chain.fault("delay_send", n=1, slots=110)
    chain.fault("drop_send", n=1000)
    running = agent.start()
    wait_for(lambda: chain.perp() != -9 * E9, 15, "it lands late")
    second.honest()
    first.honest()
    running.until("balanced", seconds=20)
    assert running.stop() == 143
    assert len(chain.orders_sent()) == 1 and chain.moves() == [(-9 * E9, -10 * E9)], running.log


def test_one_that_lags_is_passed_over(two):
    """The first stands 60 slots back and says so honestly: the book is read at the second,
    and the third is its witness."""
    chain, first, second, agent = two(chain={"perp": -10}, agent__loop_interval_seconds="0.4")
    third = Liar(chain)
    agent.set(rpc__url=[first.url, second.url, third.url])

    def old(answer):
        answer["result"]["context"]["slot"] -= 60

    running = agent.start()
    running.until("balanced")
    first.tell("getMultipleAccounts", lambda turn: turn.altered(old))
    chain.ctl("set_user", perp=-9)
    at = len(running.lines)
    s = running.until("executed_live", since=at, seconds=15)
    third.close()
    assert int(s["perp_base_e9"]) == -9 * E9 and len(chain.landed()) == 1
    assert running.stop() == 143


# --- what one node alone says of the venue's list and of the account


def renamed(swap):
    """Every account whose name is one of these carries the other one, in lists and books alike."""

    def act(turn):
        def alter(answer):
            for a in answer["result"]["value"]:
                if not a or len(a["data"][0]) < 800:
                    continue
                data = base64.b64decode(a["data"][0])
                for old, new in swap.items():
                    old, new = old.encode().ljust(32), new.encode().ljust(32)
                    if old in data:
                        a["data"][0] = base64.b64encode(data.replace(old, new)).decode()
                        break

        return turn.altered(alter) if b'"result"' in turn.truth else turn.truth

    return act


def record_rows(agent):
    return [(m["name"], m["perp_index"]) for m in agent.record()["markets"]] if agent.state.exists() else []


@pytest.mark.parametrize("first", [0, 1])
def test_a_market_that_one_node_names_otherwise_gets_no_row(chains, agents, binary, first):
    """It shows BTC-PERP's account under the name of SOL-PERP: not traded on, not kept, no stop for good."""
    chain = chains("velocity", binary, perp=-9)
    nodes = [Liar(chain), Liar(chain)]
    nodes[first].tell("getMultipleAccounts", renamed({"SOL-PERP": "BTC-PERP", "BTC-PERP": "SOL-PERP"}))
    agent = agents(binary, chain, rpc__url=[n.url for n in nodes], gates__max_cost_bps=500)
    running = agent.start()
    wait_for(lambda: len(running.lines) > 3, 30, "a few ticks")
    assert chain.orders_sent() == []
    assert {s["status"] for s in running.lines} <= {"blocked", "observe_only", "error"}
    assert running.stop() == 143
    assert record_rows(agent) == [], record_rows(agent)
    for n in nodes:
        n.honest()
    running = agent.start()
    running.until("executed_live", seconds=30)
    assert running.stop() == 143
    assert record_rows(agent) == [("SOL-PERP", 0)]
    for n in nodes:
        n.close()


def test_of_three_the_majority_names_the_market(chains, agents, binary):
    chain = chains("velocity", binary, perp=-9)
    nodes = [Liar(chain), Liar(chain), Liar(chain)]
    nodes[0].tell("getMultipleAccounts", renamed({"SOL-PERP": "BTC-PERP", "BTC-PERP": "SOL-PERP"}))
    agent = agents(binary, chain, rpc__url=[n.url for n in nodes], gates__max_cost_bps=500)
    running = agent.start()
    running.until("executed_live", seconds=30)
    assert running.stop() == 143 and record_rows(agent) == [("SOL-PERP", 0)]
    for n in nodes:
        n.close()


def test_a_market_that_one_node_does_not_list_is_not_said_to_be_missing(chains, agents, binary):
    chain = chains("velocity", binary, perp=-9)
    nodes = [Liar(chain), Liar(chain)]
    nodes[0].tell("getMultipleAccounts", renamed({"SOL-PERP": "XYZ-PERP"}))
    agent = agents(binary, chain, rpc__url=[n.url for n in nodes], gates__max_cost_bps=500)
    running = agent.start()
    wait_for(lambda: len(running.lines) > 3, 30, "a few ticks")
    assert "is not hedged" not in running.log and chain.orders_sent() == []
    for s in running.lines:
        why = s["reason"]
        assert "the venue has no perp market" not in why or "endpoint 1 alone says so far" in why, why
    nodes[0].honest()
    running.until("executed_live", since=len(running.lines), seconds=30)
    assert running.stop() == 143
    for n in nodes:
        n.close()


def test_an_account_that_one_node_does_not_show_is_not_said_to_be_missing(chains, agents, binary):
    chain = chains("velocity", binary, perp=-10)
    node, dead = Liar(chain), "http://127.0.0.1:9"

    def without(answer):
        value = answer["result"]["value"]
        for i, a in enumerate(value):
            if a and len(base64.b64decode(a["data"][0])) == 4496:
                value[i] = None

    node.tell("getMultipleAccounts", lambda turn: turn.altered(without))
    agent = agents(binary, chain, rpc__url=[node.url, dead])
    r = agent.once()
    why = r.status["reason"]
    assert r.status["status"] == "error" and "endpoint 1 alone says so far: there is no account" in why, r
    agent.set(rpc__url=[node.url])
    r = agent.once()
    why = r.status["reason"]
    assert r.status["status"] == "error" and "alone says" not in why and "there is no account" in why, r
    node.close()
