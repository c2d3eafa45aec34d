"""SIGKILL at random moments under load, biased to the moments of a correction; the chain's own record
decides. EK_KILLS: how many kills in all (20: a short slice), shared between the venues. EK_KILL_SEED: another
run. EK_KILL_TABLE: a file for the figures."""

import os
import random
import time

import pytest

from judge import Judge
from victim import Victim

E9 = 10**9
KILLS = int(os.environ.get("EK_KILLS", "20"))
SEED = int(os.environ.get("EK_KILL_SEED", "20261122"))
LIFE = 3.0  # seconds a blockhash lives: 150 slots of 20 ms

# The agent asks for these one after another while it corrects;
# the kill follows the n-th call by a few milliseconds.
STAGES = [
    "getMultipleAccounts",
    "getLatestBlockhash",
    "simulateTransaction",
    "sendTransaction",
    "getSignatureStatuses",
]


def moment(chain, agent, rng):
    """Waits for a moment to kill at."""
    kind = rng.choice(["start", "any", "journal", "journal", "journal", "stage", "stage", "stage"])
    ends = time.monotonic() + LIFE
    if kind == "start":
        time.sleep(rng.uniform(0, 0.12))
    elif kind == "any":
        time.sleep(rng.uniform(0, 1.3))
    elif kind == "journal":  # the very write of the state file
        stamp = lambda: agent.state.stat().st_mtime_ns if agent.state.exists() else 0  # noqa: E731
        was = stamp()
        while stamp() == was and time.monotonic() < ends:
            time.sleep(0.0001)
        time.sleep(rng.choice([0, 0, 0.0005, 0.003]))
    else:
        method = rng.choice(STAGES)
        was = chain.calls(method)
        while chain.calls(method) == was and time.monotonic() < ends:
            time.sleep(0.001)
        time.sleep(rng.choice([0, 0.001, 0.004, 0.01, 0.03]))


def weather(chain, rng):
    """What the way to the chain is like for the next correction."""
    chain.ctl("clear_faults")
    chain.ctl(
        "model",
        land_delay=rng.choice([0, 0, 2, 10]),
        take_fail_permille=rng.choice([0, 0, 1000]),
        keeper_latency=rng.choice([2, 8, 25]),
        partial_permille=rng.choice([0, 0, 500]),
    )
    kind = rng.choice(
        ["plain", "plain", "delay_send", "delay_send", "drop_send", "exec_close", "exec_http_error", "lost"]
    )
    if kind == "lost":  # nothing lands until the blockhash is dead
        chain.fault("drop_send", n=1000)
    elif kind != "plain":
        chain.fault(
            kind, n=rng.choice([1, 2, 3]), slots=rng.choice([5, 30, 100]), status=rng.choice([429, 500, 503])
        )
    return kind


def disturb(chain, judge, rng, sign=None):
    """A deposit or withdrawal well outside the tolerance; the spot stays between 6 and 20.
    Returns its sign."""
    spot = judge.spot(judge.events[-1]) / E9
    sign = sign or (-1 if spot > 14 else 1 if spot < 8 else rng.choice([-1, 1]))
    chain.ctl("disturb", sol=round(sign * rng.uniform(0.3, 2.0), 6))
    return sign


def storm(chain, agent, kills, seed):
    rng, judge, victim = random.Random(seed), Judge(chain), Victim(agent)
    judge.level()
    victim.start()
    rounds = 0
    while victim.kills < kills:
        kind = weather(chain, rng)
        sign = disturb(chain, judge, rng)
        began = time.monotonic()
        for i in range(min(kills - victim.kills, rng.choice([1, 2, 3, 5]))):
            moment(chain, agent, rng)
            judge.ticket(victim.kill())
            if i == 0 and rng.random() < 0.3:
                disturb(chain, judge, rng, sign)  # more of the same while a correction is perhaps under way
            time.sleep(rng.choice([0, 0, 0.1, 0.5]))
            victim.start()
        if kind == "lost":
            time.sleep(max(0, LIFE + 0.5 - (time.monotonic() - began)))
        chain.ctl("clear_faults")
        chain.ctl("model", take_fail_permille=0, partial_permille=0, keeper_latency=3)
        at = time.monotonic() + 40
        while not judge.level():
            assert time.monotonic() < at, "round %d (%s): not level again\n%s" % (
                rounds,
                kind,
                victim.running.log[-4000:],
            )
            assert victim.running.process.poll() is None, victim.running.log
            time.sleep(0.05)
        judge.collect()
        rounds += 1
    victim.until("balanced", since=len(victim.running.lines))
    assert victim.running.stop() == 143
    victim.look()
    return judge, victim, rounds


@pytest.mark.parametrize("venue", ["velocity", "drift"])
def test_killed_under_load(bench, venue):
    chain, agent = bench(
        venue,
        chain={"perp": -10, "tick_ms": 20},
        hedge__cooldown_seconds=0,
        order__fill_timeout_seconds=8,
        hedge__max_trades_per_day=100000,
        gates__max_failures=1000,
    )
    began = time.monotonic()
    judge, victim, rounds = storm(chain, agent, max(1, KILLS // 2), SEED)
    findings = judge.findings()
    filled, orders = judge.filled(), judge.orders()
    if os.environ.get("EK_KILL_TABLE"):
        with open(os.environ["EK_KILL_TABLE"], "a") as f:
            f.write(
                "%-8s seed %d  kills %d (ticket open at %d, torn slot at %d)  "
                "drifts %d  orders sent %d  landed %d  filled %d  findings %d  generation %d  %.0f s\n"
                % (
                    venue,
                    SEED,
                    victim.kills,
                    victim.with_ticket,
                    victim.torn,
                    rounds,
                    len(orders),
                    sum(o.landed is not None for o in orders),
                    len(filled),
                    len(findings),
                    victim.generation,
                    time.monotonic() - began,
                )
            )
    assert findings == [], "\n".join(findings)
    assert victim.kills == max(1, KILLS // 2) and len(filled) >= rounds * 0.9
    # The agent's own book of what it did agrees with the chain's: each correction was booked once,
    # however often it was interrupted.
    record = agent.record()
    assert (
        int(record["corrections_total"]) == len(filled) == int(record["markets"][0]["corrections_total"])
    ), (record, orders)
    assert record["ticket"] is None
    # What moved in all is what was needed in all,
    # to the step a correction rounds to and the tolerance a rest may stay in.
    start, end = judge.events[0], judge.events[-1]
    assert end["base"] - start["base"] == sum(o.sign * o.filled for o in filled)
