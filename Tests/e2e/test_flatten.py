"""`flatten`: the perp is closed reduce-only, through the gates, in parts where max_trade_size asks for it;
afterwards the agent is paused."""

import subprocess
import time

import pytest

from harness import wait_for

E9 = 10**9


def flatten(agent, *words, seconds=60):
    return agent.command("flatten", "-c", agent.config, *words, seconds=seconds)


@pytest.mark.parametrize("perp,action", [(-10, "REDUCE_SHORT"), (3, "EXPAND_SHORT")])
def test_flat_and_paused(bench, perp, action):
    chain, agent = bench(chain={"perp": -10, "sol": 10}, agent__loop_interval_seconds="30")
    running = agent.start()
    running.until("balanced")
    chain.ctl("set_user", perp=perp)
    r = flatten(agent, "--yes")
    assert r.code == 0 and r.out.startswith("flat: ") and "paused until resume" in r.out, r
    assert chain.perp() == 0 and agent.record()["paused"]
    done = running.until("executed_live")
    assert done["action_taken"] == action
    orders = chain.orders_sent()
    assert len(orders) == 1 and orders[0][1]["reduce_only"], orders
    # It stays flat: paused, whatever the drift; resume hedges again.
    assert agent.said("rebalance").out.startswith("paused: ")
    assert chain.perp() == 0
    at = len(running.lines)
    r = agent.said("resume")  # it would open the whole hedge anew: said first, and asked
    assert r.code == 2 and "resume would sell 10.0000 SOL-PERP at about $" in r.err and "--yes" in r.err, r
    assert ", cost about $" in r.err and agent.record()["paused"] and chain.perp() == 0
    assert agent.said("resume", "--yes").code == 0
    running.until("executed_live", since=at)
    assert chain.perp() == -10 * E9 and running.stop() == 143


def test_in_parts(bench):
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="30", hedge__max_trade_size="4")
    running = agent.start()
    running.until("balanced")
    r = flatten(agent, "--yes")
    assert r.code == 0 and r.out.startswith("flat: "), r
    assert chain.perp() == 0
    assert [o[1]["base_asset_amount"] for o in chain.orders_sent()] == [4 * E9, 4 * E9, 2 * E9]
    assert running.stop() == 143


def test_it_asks_first(bench):
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="30")
    running = agent.start()
    running.until("balanced")
    r = flatten(agent)
    assert r.code == 2 and "would close SOL-PERP -10.0000" in r.err and "--yes" in r.err, r
    assert not agent.record()["paused"] and chain.sends() == []
    assert running.stop() == 143
    r = flatten(agent, "--yes")
    assert r.code == 1 and "no agent answers" in r.err


def test_a_closed_gate_holds_it_and_then_lets_it(bench):
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="0.5")
    running = agent.start()
    running.until("balanced")
    chain.ctl("market", perp_paused=4)
    r = flatten(agent, "--yes")
    assert (
        r.code == 1 and r.out.startswith("not flat yet: blocked: ") and "tried again every tick" in r.out
    ), r
    assert chain.perp() == -10 * E9
    chain.ctl("market", perp_paused=0)
    wait_for(lambda: chain.perp() == 0, 15, "flat")
    at = len(running.lines)
    running.until("paused", "balanced", since=at)
    assert running.stop() == 143


def test_pause_calls_it_off(bench):
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="0.5")
    running = agent.start()
    running.until("balanced")
    chain.ctl("market", perp_paused=4)
    assert flatten(agent, "--yes").out.startswith("not flat yet")
    assert "Flatten stopped" in agent.said("pause").out
    chain.ctl("market", perp_paused=0)
    at = len(running.lines)
    wait_for(lambda: len(running.lines) > at + 4, 10, "ticks")
    assert chain.perp() == -10 * E9 and running.stop() == 143


def test_a_kill_in_the_middle_leaves_it_paused(bench):
    """Half closed and killed: the next start does not hedge again behind the operator's back."""
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="0.5", hedge__max_trade_size="4")
    running = agent.start()
    running.until("balanced")
    p = subprocess.Popen(
        [str(agent.binary), "flatten", "--yes", "-c", str(agent.config)], stdout=subprocess.PIPE
    )
    running.until("executed_live")
    running.kill()
    p.wait(10)
    again = agent.start()
    again.until("paused")
    left = chain.perp()
    assert left < 0
    at = len(again.lines)
    wait_for(lambda: len(again.lines) > at + 3, 10, "ticks")
    assert chain.perp() == left and again.stop() == 143


def test_on_paper(bench):
    chain, agent = bench(chain={"perp": -9}, agent__loop_interval_seconds="30", agent__mode="paper")
    running = agent.start()
    running.until("executed_paper")
    r = flatten(agent, "--yes")
    assert r.code == 0 and r.out.startswith("flat: "), r
    running.last(perp_base_e9="0")
    assert chain.sends() == [] and running.stop() == 143


def test_given_while_an_order_is_being_built(bench):
    """The order that would have made the short larger is withdrawn; what was there is closed."""
    chain, agent = bench(chain={"perp": -9}, agent__loop_interval_seconds="30", rpc__timeout_ms="5000")
    chain.fault("slow", n=1, methods=["getRecentPrioritizationFees"], ms=1500)
    running = agent.start()
    wait_for(lambda: "LIVE MODE: Executing" in running.log, 10, "the order is being built")
    r = flatten(agent, "--yes")
    assert r.out.startswith("flat: "), r
    orders = chain.orders_sent()
    assert len(orders) == 1 and orders[0][1]["reduce_only"] and orders[0][1]["base_asset_amount"] == 9 * E9, (
        orders
    )
    assert running.stop() == 143


def test_a_market_that_is_not_there_does_not_hold_it(bench):
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="0.5")
    agent.settings["hedge NONE-PERP"] = {"spot": "venue:NONE"}
    agent.set()
    running = agent.start()
    wait_for(lambda: len(running.lines) > 1, 10, "ticks")
    assert flatten(agent, "--yes").out.startswith("flat: ")
    assert chain.perp() == 0 and running.stop() == 143


@pytest.mark.real_program
def test_on_the_real_program(chains, agents, binary):
    chain = chains("program", binary, perp=-9)
    agent = agents(binary, chain, agent__loop_interval_seconds="60", hedge__drift_tolerance_pct="40")
    running = agent.start()
    running.until("balanced", seconds=30)
    r = flatten(agent, "--yes", seconds=120)
    assert r.code == 0 and r.out.startswith("flat: "), r
    assert chain.perp() == 0 and running.stop() == 143
