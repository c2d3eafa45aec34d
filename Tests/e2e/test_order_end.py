"""How an order ends where nodes cannot say what became of its signature, while the kill file is there,
and at the signer's limits."""

import json
import time

import pytest

from harness import wait_for
from harness.liar import Liar

E9 = 10**9
REAL_TIME = {"velocity": {"tick_ms": 100, "slot_seconds": 0.1}, "program": {"tick_ms": 100}}


def refusal(code, message):
    return lambda turn: json.dumps(
        {"jsonrpc": "2.0", "id": turn.request["id"], "error": {"code": code, "message": message}}
    ).encode()


def no_history(turn):
    searches = len(turn.request["params"]) > 1 and turn.request["params"][1].get("searchTransactionHistory")
    return (
        refusal(-32011, "Transaction history is not available from this node")(turn)
        if searches
        else turn.truth
    )


def without(word):
    def change(answer):
        for entry in answer["result"]["value"]:
            if entry:
                entry["confirmations"] = 5
                if word is None:
                    entry.pop("confirmationStatus", None)
                else:
                    entry["confirmationStatus"] = word

    return lambda turn: turn.altered(change)


BLIND = {
    "no history": no_history,
    "no method": refusal(-32601, "Method not found"),
    "refused": lambda turn: turn.answer(b"payment required", 402),
    "no word": without(None),
    "another word": without("rooted-ish"),
}


@pytest.fixture(params=["velocity", pytest.param("program", marks=pytest.mark.real_program)])
def nodes(request, chains, agents, binary):
    """A chain behind `n` servers and an agent that knows them all: nodes(n, {chain options},
    agent__key=...)."""
    servers = []

    def make(n, chain=None, **settings):
        c = chains(request.param, binary, **{"perp": -9, **REAL_TIME[request.param], **(chain or {})})
        mine = [Liar(c) for _ in range(n)]
        servers.extend(mine)
        settings.setdefault("gates__max_cost_bps", 500)
        return c, mine, agents(binary, c, rpc__url=[s.url for s in mine], rpc__timeout_ms=2000, **settings)

    yield make
    for s in servers:
        s.close()


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("way", BLIND)
def test_a_landed_order_ends_without_a_status(nodes, way, n):
    chain, servers, agent = nodes(n)
    servers[-1].tell("getSignatureStatuses", BLIND[way])
    r = agent.once(seconds=60)
    assert r.code == 0 and r.status["status"] == "executed_live", r
    assert agent.record()["ticket"] is None and len(chain.orders_sent()) == 1


@pytest.mark.parametrize("way", ["no history", "no method", "no word"])
def test_an_order_that_never_lands_ends_without_a_status(nodes, way):
    chain, (node,), agent = nodes(1)
    chain.fault("drop_send", n=1000)
    node.tell("getSignatureStatuses", BLIND[way])
    r = agent.once(seconds=90)
    assert r.code == 11 and "proven expired by block height" in r.status["reason"], r
    assert agent.record()["ticket"] is None and chain.perp() == -9 * E9
    if way != "no word":
        assert "endpoint 1: getSignatureStatuses: " in r.err and "level=warn" in next(
            x for x in r.err.splitlines() if "getSignatureStatuses" in x
        )


def test_expired_by_one_of_two_is_not_enough(nodes):
    """The first node's bank is far past the last valid height and knows of nothing;
    the second one's is not there yet, and the order lands."""
    chain, (first, second), agent = nodes(2)
    chain.fault("delay_send", n=1000, slots=100)

    def past(answer):
        answer["result"]["blockHeight"] += 1_000
        answer["result"]["absoluteSlot"] += 200

    def unknown(answer):
        answer["result"]["context"]["slot"] += 300
        answer["result"]["value"] = [None]

    first.tell(
        "getEpochInfo",
        lambda turn: (
            turn.altered(past) if turn.request["params"][0].get("commitment") == "finalized" else turn.truth
        ),
    )
    first.tell("getSignatureStatuses", lambda turn: turn.altered(unknown))
    running = agent.start()
    running.until("executed_live", seconds=60)
    assert running.stop() == 143
    assert len(chain.orders_sent()) == 1 and abs(chain.perp() + 10 * E9) < E9 // 50


def test_the_kill_file_holds_re_sends_back(nodes):
    chain, (node,), agent = nodes(1)
    stop = agent.home / "STOP"
    agent.set(gates__kill_file=stop)
    chain.fault("drop_send", n=1000)
    running = agent.start()
    wait_for(lambda: node.count("sendTransaction") >= 2, 20, "the order is sent, and again")
    stop.touch()
    time.sleep(0.5)
    sent = node.count("sendTransaction")
    time.sleep(5)
    assert node.count("sendTransaction") == sent and chain.perp() == -9 * E9
    stop.unlink()
    chain.ctl("clear_faults")
    running.until("executed_live", "error", since=len(running.lines), seconds=60)
    assert running.stop() == 143
    assert len({t["signature"] for t in chain.sends()}) <= 2


def test_the_signers_hour_blocks_and_is_no_failure(nodes):
    """One order an hour. The next correction is blocked until the hour ends;
    five such refusals would have opened the breaker."""
    chain, (node,), agent = nodes(
        1, hedge__cooldown_seconds=0, signer__max_orders_per_hour=1, agent__loop_interval_seconds="0.5"
    )
    running = agent.start()
    running.until("executed_live", seconds=20)
    chain.ctl("set_user", sol=12)
    at = len(running.lines)
    s = running.until("blocked", "error", since=at, seconds=20)
    if time.time() % 3600 > 3590:
        pytest.skip("the hour ends while this runs")
    assert (
        s["status"] == "blocked"
        and "max_orders_per_hour is used up" in s["reason"]
        and "ends in" in s["reason"]
    ), s
    assert wait_for(
        lambda: len([x for x in running.lines[at:] if x["status"] == "blocked"]) > 8,
        30,
        "blocked tick after tick",
    )
    assert not any(x["status"] in ("error", "observe_only") for x in running.lines[at:])
    assert running.stop() == 143
    record = agent.record()
    assert record["breaker_open"] is False and record["failures_in_row"] == 0
    assert len(chain.orders_sent()) == 1
