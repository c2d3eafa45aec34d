"""The parts of the result: each has its cause, and together they are the change of the equity."""

import base64
import json
import socket
import struct
import urllib.request

import pytest

from harness import wait_for

NAMES = "funding fees slippage network basis delta interest yield flows other".split()
E9 = 10**9


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def units(usd):
    return round(usd * 1e6)


def whole(status):
    """The parts since the start in 1e-6 USD; they sum to the equity, and every form of them says the same."""
    pnl, vault = status["pnl"], status["vault"]
    for name, old in (("today", "today"), ("7d", "week"), ("total", "start")):
        assert list(pnl[name]) == NAMES
        for part, usd in pnl[name].items():
            assert units(usd) == int(vault[old][f"{part}_e6"]), (name, part)
        assert sum(units(usd) for part, usd in pnl[name].items() if part != "flows") == int(
            vault[old]["pnl_e6"]
        )
    total = {part: units(usd) for part, usd in pnl["total"].items()}
    assert sum(total.values()) == units(status["equity_usd"]) == int(vault["equity_e6"])
    return total


def raise_index(chain, asset, deposits_ppm, borrows_ppm=0):
    """The venue's index of a spot market rises."""
    market = chain.ctl("state")[f"spot_market_{asset}"]
    data = bytearray(
        base64.b64decode(chain.rpc("getAccountInfo", market, {"encoding": "base64"})["value"]["data"][0])
    )
    at = 464 if chain.venue == "drift" else 328
    for offset, ppm in ((at, deposits_ppm), (at + 16, borrows_ppm)):
        (index,) = struct.unpack_from("<Q", data, offset)
        struct.pack_into("<Q", data, offset, index + index * ppm // 10**6)
    chain.ctl("set_account", pubkey=market, data=base64.b64encode(bytes(data)).decode())


def slipped(fill, oracle_e6):
    """Signed as the venue signs a fill: base above zero was bought."""
    at_oracle = abs(fill["base_e9"]) * oracle_e6 // E9
    paid = abs(fill["quote_e6"])
    return at_oracle - paid if fill["base_e9"] > 0 else paid - at_oracle


@pytest.mark.parametrize("kind", ["velocity", "drift"])
def test_a_round_trip_is_fees_and_slippage(bench, kind):
    """Sold and bought back: what was paid against the oracle is slippage, basis is about nothing."""
    chain, agent = bench(kind, chain={"perp": -9, "keeper_latency": 5}, hedge__cooldown_seconds=0)
    expected = 0
    for sol in (10, 9):
        chain.ctl("set_user", sol=sol)
        s = agent.once().status
        assert s["status"] == "executed_live", s
        expected += slipped(chain.ctl("summary")["fills"][-1], int(s["oracle_price_e6"]))
    fills = chain.ctl("summary")["fills"]
    assert len(fills) == 2 and [s["action_taken"], expected < 0] == ["REDUCE_SHORT", True]
    total = whole(agent.once().status)
    assert total["fees"] == -sum(f["fee_e6"] for f in fills)
    assert abs(total["slippage"] - expected) <= 2, "each of the two is rounded"
    # Profit and loss is held in the quote coin, which is worth a little less than a dollar.
    assert abs(total["basis"]) <= -(total["slippage"] + total["fees"]) // 1000 + 2
    assert total["interest"] == total["yield"] == 0


def test_the_network_is_paid_by_a_wallet_that_counts(bench):
    """The owner's own key signs, and its wallet is a leg: what the network took is a part of its own."""
    chain, agent = bench(chain={"perp": -9}, seed=7, hedge__spot="venue:SOL, wallet:SOL")
    s = agent.once().status
    assert s["status"] == "executed_live", s
    total, lamports = whole(agent.once().status), chain.ctl("summary")["lamports_fees"]
    assert lamports > 0 and abs(total["network"] + lamports * int(s["oracle_price_e6"]) // E9) <= 1
    (fill,) = chain.ctl("summary")["fills"]
    assert total["fees"] == -fill["fee_e6"] and abs(total["other"]) <= 2


def test_paper_fills_slip_too(bench):
    """At the worst price that is allowed: half a percent of what was traded."""
    chain, agent = bench(chain={"perp": -9}, agent__mode="paper")
    s = agent.once().status
    assert s["status"] == "executed_paper", s
    total, oracle = whole(s), int(s["oracle_price_e6"])
    paid = round(s["correction_size"] * oracle * 0.005)
    assert abs(total["slippage"] + paid) <= 1 and abs(total["basis"]) <= 2 and total["fees"] < 0
    again = whole(agent.once().status)
    assert again["slippage"] == total["slippage"] and abs(again["basis"]) <= 2


def next_parts(running, interest=None):
    """The parts of a tick to come; `interest`: of the first that shows another one."""
    at = len(running.lines)
    if interest is None:
        return whole(running.until("balanced", since=at))
    wait_for(
        lambda: [
            x for x in running.lines[at:] if x.get("pnl") and units(x["pnl"]["total"]["interest"]) != interest
        ],
        10,
        "interest shows",
    )
    return next_parts(running)


@pytest.mark.parametrize("kind", ["velocity", "drift"])
def test_interest_of_deposits(bench, kind):
    """The index of the quote's market rises by 100 ppm, then SOL's, once while no process runs. The record is
    of the correction before: it knows the balances of then."""
    chain, agent = bench(
        kind, chain={"perp": -9, "usdt": 1000, "sol": 10}, agent__loop_interval_seconds="0.4"
    )
    running = agent.start()
    running.until("executed_live")
    before = next_parts(running)
    assert before["interest"] == 0 and abs(before["other"]) <= 2
    raise_index(chain, "usdt", 100)
    first = next_parts(running, 0)
    assert abs(first["interest"] - 100_000) <= 200, "0.01 % of 1,000 USDT, at its price"
    assert running.stop() == 143
    raise_index(chain, "sol", 200)
    running = agent.start()
    second = next_parts(running)
    oracle = int(running.lines[-1]["oracle_price_e6"])
    assert abs(second["interest"] - first["interest"] - oracle * 10 * 2 // 10_000) <= 2
    # Nothing of it is anywhere else: not in the basis, not in what cannot be told.
    for part in NAMES:
        assert part == "interest" or abs(second[part] - before[part]) <= 3, part
    assert running.stop() == 143


def test_a_loan_costs_interest(bench):
    chain, agent = bench(chain={"sol": 20, "usdt": -300, "perp": -20}, agent__loop_interval_seconds="0.4")
    running = agent.start()
    assert next_parts(running)["interest"] == 0
    raise_index(chain, "usdt", 0, 1000)
    after = next_parts(running, 0)
    assert abs(after["interest"] + 300_000) <= 600 and abs(after["other"]) <= 3
    assert running.stop() == 143


def test_interest_in_the_interval_of_a_trade(bench):
    """The index rises while an order is on its way: each of the two has a part of its own."""
    chain, agent = bench(chain={"perp": -9, "usdt": 1000}, agent__loop_interval_seconds="0.4")
    chain.fault("delay_send", n=1, slots=12)
    running = agent.start()
    wait_for(lambda: chain.calls("sendTransaction"), 10, "the order was sent")
    raise_index(chain, "usdt", 100)
    s = running.until("executed_live", seconds=20)
    total = whole(s)
    (fill,) = chain.ctl("summary")["fills"]
    assert abs(total["interest"] - 100_000) <= 200
    assert abs(total["slippage"] - slipped(fill, int(s["oracle_price_e6"]))) <= 1
    assert (
        abs(total["basis"]) <= -(total["slippage"] + total["fees"]) // 1000 + 2 and abs(total["other"]) <= 3
    )
    assert running.stop() == 143


def test_page_metrics_and_history_carry_the_parts(bench):
    port = free_port()
    chain, agent = bench(
        chain={"perp": -9}, agent__loop_interval_seconds="0.5", web__listen=f"127.0.0.1:{port}"
    )
    running = agent.start()
    running.until("executed_live")
    running.until("balanced")

    def get(path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.read().decode()

    def rows():
        data = json.loads(get("/api/history"))["data"]
        return [dict(zip(data["columns"], row)) for row in data["rows"]]

    wait_for(lambda: any(row["slippage"] < 0 for row in rows()), 10, "the history shows the slippage")
    row = rows()[-1]
    status = json.loads(get("/api/status"))["data"]
    total = whole(status)
    for part in NAMES[:-1]:
        assert abs(units(row[part]) - total[part]) <= 2, part
    assert abs(units(row["equity"] - sum(row[part] for part in NAMES[:-1])) - total["other"]) <= 2
    metrics = {}
    for line in get("/metrics").splitlines():
        if line.startswith(("evenkeel_pnl_usd{", "evenkeel_equity_usd ")):
            name, value = line.rsplit(" ", 1)
            metrics[name] = units(float(value))
    assert [name.split('"')[1] for name in list(metrics)[1:]] == NAMES
    equity = metrics.pop("evenkeel_equity_usd")
    assert sum(metrics.values()) == equity and metrics['evenkeel_pnl_usd{part="slippage"}'] < 0
    assert running.stop() == 143
    shown = agent.command("state", "show", agent.state)
    record = json.loads(shown.out)
    assert sum(int(record["vault"][f"{part}_e6"]) for part in NAMES) == int(record["vault"]["equity_e6"])
    assert record["vault"]["slippage_e6"] == record["markets"][0]["slippage_e6"] != "0"
