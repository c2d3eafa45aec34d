"""Several endpoints: the first that is well is used, the order goes to all, one that lags or lies is not believed alone. What two looks are, and
what happens without a second one: test_second_look.py."""
import time

import pytest

from harness import wait_for
from harness.liar import Liar
from harness.lies import WAYS

E9 = 10 ** 9


@pytest.fixture
def two(chains, agents, binary):
    """One chain behind two servers, and an agent that knows both."""
    servers = []

    def make(chain=None, **settings):
        c = chains("velocity", binary, **{"perp": -9, **(chain or {})})
        servers.extend([Liar(c), Liar(c)])
        first, second = servers[-2:]
        return c, first, second, agents(binary, c, rpc__url=[first.url, second.url], rpc__timeout_ms=600, **settings)
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


@pytest.mark.parametrize("way", ["503", "closed before the headers", "silent", "malformed", "wrong owner", "429"])
def test_the_others_take_over(two, way):
    """The first of three is of no use: the second is read, the third is its witness."""
    chain, first, second, agent = two()
    third = Liar(chain)
    agent.set(rpc__url=[first.url, second.url, third.url])
    first.tell("*", WAYS[way][0] if way != "wrong owner" else lambda turn: turn.answer(b"{}", 200))
    r = agent.once()
    third.close()
    assert r.code == 0 and r.status["status"] == "executed_live", r
    assert len(chain.moves()) == 1 and second.count("getMultipleAccounts") >= 1 and third.count("getMultipleAccounts") >= 1


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
    """The first lies: block height far ahead and signature unknown. The second knows it is still alive: no second order."""
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
    """The first stands 60 slots back and says so honestly: the book is read at the second, and the third is its witness."""
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
