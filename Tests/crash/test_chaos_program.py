"""The real program under svmnode.py with random faults, kills, deposits and price moves; judged from the
program's own record. EK_CHAOS_SEEDS ("1" or "1..10") and EK_CHAOS_SECONDS lengthen it; EK_CHAOS_TABLE appends
a line of figures a seed to a file."""
import os
import random
import time

import pytest

from harness import real_program_missing, wait_for
from judge import Judge
from victim import Victim

pytestmark = [pytest.mark.real_program,
              pytest.mark.skipif(real_program_missing() is not None,
                                 reason="real program: %s" % real_program_missing())]

SECONDS = float(os.environ.get("EK_CHAOS_SECONDS", "40"))
FAULTS = ["drop_send", "delay_send", "exec_http_error", "exec_close", "http_status", "malformed", "truncate",
          "close", "slow", "rpc_error", "empty",
          "freeze", "flap", "behind"]


def seeds():
    first, _, last = os.environ.get("EK_CHAOS_SEEDS", "1").partition("..")
    return range(int(first), int(last or first) + 1)


def one_fault(chain, rng):
    kind = rng.choice(FAULTS)
    if kind == "freeze":
        chain.ctl("freeze")
        time.sleep(rng.uniform(1, 12))
        chain.ctl("unfreeze")
    elif kind == "flap":
        chain.ctl("snapshot")
        time.sleep(1)
        chain.ctl("flap", every=rng.choice([2, 3, 5]))
        time.sleep(rng.uniform(2, 15))
        chain.ctl("flap", every=0)
    elif kind == "behind":
        chain.ctl("behind", slots=50)
        time.sleep(3)
        chain.ctl("clear_faults")
    else:
        chain.fault(kind, n=rng.choice([1, 1, 2, 5]), slots=rng.choice([3, 10, 60, 140]),
                    status=rng.choice([429, 500, 503]), ms=rng.choice([300, 1400, 3000]))
    return kind


@pytest.mark.parametrize("seed", seeds())
def test_chaos(chains, agents, binary, seed):
    rng = random.Random(seed)
    price = rng.choice([12, 76, 150, 420])
    chain = chains("program", binary, usdt=5000, sol=10, perp=-9.9, wallet_sol=0.5,
                   tick_ms=200, slot_seconds=0.4,
                   confirm_slots=rng.choice([1, 2, 4]), land_delay=rng.choice([0, 0, 1, 3]))
    chain.ctl("reprice", price=price)
    agent = agents(binary, chain, rpc__timeout_ms=1500, hedge__cooldown_seconds=0,
                   hedge__max_trades_per_day=1000, gates__max_failures=1000)
    judge, victim = Judge(chain, fresh_s=40.0), Victim(agent)
    ends, deposits, moves, faults = time.monotonic() + SECONDS, 0, 0, []
    victim.start()
    while time.monotonic() < ends:
        time.sleep(rng.uniform(0.5, 4))
        x = rng.random()
        if x < 0.35:
            chain.ctl("set_user", sol=round(rng.uniform(3, 20), 3))
            deposits += 1
        elif x < 0.5:
            price *= rng.uniform(0.97, 1.03)
            chain.ctl("reprice", price=round(price, 4))
            moves += 1
        elif x < 0.65:
            judge.ticket(victim.kill())
            time.sleep(rng.uniform(0, 2))
            victim.start()
        elif x < 0.7:
            # AMM fills paused: takes fail, orders rest
            chain.ctl("market", perp_paused=rng.choice([0, 2]))
        else:
            faults.append(one_fault(chain, rng))
        judge.collect()
    chain.ctl("clear_faults")
    chain.ctl("market", perp_paused=0)
    began = time.monotonic()
    wait_for(judge.level, 100,
             lambda: "level again after the faults stopped\n%s" % victim.running.log[-3000:], every=0.5)
    time.sleep(2.5)
    settled = time.monotonic() - began - 2.5
    lines = victim.running.lines
    wait_for(lambda: judge.level() and lines and lines[-1]["status"] == "balanced", 60,
             lambda: "balanced\n%s" % victim.running.log[-3000:], every=0.5)
    code = victim.running.stop()
    findings = judge.findings()
    table = os.environ.get("EK_CHAOS_TABLE")
    if table:
        e = judge.events[-1]
        with open(table, "a") as f:
            f.write("seed %2d  price %5.1f  deposits %2d  moves %2d  faults %2d  kills %2d (ticket open %d)  "
                    "orders %2d  landed %2d  filled %2d  late level %4.1f s  drift %+.3f %%  findings %d\n"
                    % (seed, price, deposits, moves, len(faults), victim.kills, victim.with_ticket,
                       len(judge.orders()), sum(o.landed is not None for o in judge.orders()),
                       len(judge.filled()), settled, judge.net(e) / judge.spot(e) * 100, len(findings)))
    assert findings == [], "\n".join(findings)
    assert code == 143
    assert int(agent.record()["corrections_total"]) == len(judge.filled()), judge.orders()
    assert judge.filled() or deposits == 0
