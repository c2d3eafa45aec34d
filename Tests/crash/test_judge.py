"""The judge of the crash tests can fail: histories that no agent may leave behind,
each with the word that must be found."""

import copy

import pytest

from judge import SELL, Judge

E9 = 10**9
HISTORY = {
    "events": [
        {"slot": 100, "wall": 0.0, "ts": 1000, "base": -9 * E9, "orders": [], "sol_scaled": 10 * E9},
        {"slot": 110, "wall": 1.0, "ts": 1004, "base": -10 * E9, "orders": [], "sol_scaled": 10 * E9},
    ],
    "log": [
        {
            "signature": "A" * 20,
            "slot": 109,
            "wall": 0.9,
            "result": {"status": "landed", "slot": 110, "err": None},
            "instructions": [
                {
                    "decoded": {
                        "name": "place_and_take_perp_order",
                        "params": {"base_asset_amount": E9, "direction": SELL, "reduce_only": 0},
                    }
                }
            ],
        }
    ],
}


class Told:
    """A chain that tells a history."""

    kind = "velocity"

    def __init__(self, history):
        self.history = history

    def rpc(self, method):
        return {"absoluteSlot": 500, "blockHeight": 400}

    def account(self):
        return {"spot_positions": [{"market_index": 1, "scaled_balance": 10 * E9}]}

    def ctl(self, op, since=0, n=0):
        return {
            "summary": {"spot_base_e9": 10 * E9},
            "events": self.history["events"][since:],
            "log": self.history["log"],
        }[op]


def again(h, slot, landed, base, direction=SELL, size=E9, reduce_only=0, move=None):
    """One more order and its effect."""
    sent = copy.deepcopy(h["log"][0])
    sent.update(
        signature="B" * 20,
        slot=slot,
        wall=h["events"][-1]["wall"] + 0.5,
        result={"status": "landed", "slot": landed, "err": None},
    )
    sent["instructions"][0]["decoded"]["params"].update(
        direction=direction, base_asset_amount=size, reduce_only=reduce_only
    )
    h["log"].append(sent)
    h["events"].append(
        {
            **h["events"][-1],
            "slot": landed,
            "wall": h["events"][-1]["wall"] + 1,
            "ts": h["events"][-1]["ts"] + 4,
            "base": base,
        }
    )


def twice(h):
    again(h, 115, 120, -11 * E9)


def on_its_way(h):
    h["events"].insert(1, {**h["events"][0]})
    again(h, 109, 120, -11 * E9)


def too_much(h):
    h["log"][0]["instructions"][0]["decoded"]["params"]["base_asset_amount"] = 2 * E9
    h["events"][1]["base"] = -11 * E9


def wrong_side(h):
    h["log"][0]["instructions"][0]["decoded"]["params"].update(direction=0, reduce_only=1)
    h["events"][1]["base"] = -8 * E9


def nobody(h):
    h["events"].append({**h["events"][-1], "slot": 130, "base": -10 * E9 - 10_000_000})


def two_live(h):
    h["events"][1]["orders"] = [[7, SELL, E9, 0, 9999, 0], [8, SELL, E9, 0, 9999, 0]]


def old_book(h):
    h["log"][0]["wall"] += 100
    h["events"].insert(1, {**h["events"][0], "slot": 105, "wall": 1.0, "sol_scaled": 10 * E9 - 50_000_000})
    h["events"][2]["wall"] = 101.0


def flipped(h):
    h["events"].append({**h["events"][-1], "slot": 115, "wall": 2.0, "sol_scaled": 5 * E9})
    again(h, 118, 120, 1 * E9, direction=0, size=11 * E9, reduce_only=1)


def not_reduce_only(h):
    h["events"].append({**h["events"][-1], "slot": 115, "wall": 2.0, "sol_scaled": 9 * E9})
    again(h, 118, 120, -9 * E9, direction=0)


def within_tolerance(h):
    h["events"].append({**h["events"][-1], "slot": 115, "wall": 2.0, "sol_scaled": 10 * E9 + 50_000_000})
    again(h, 118, 120, -10 * E9 - 50_000_000, size=50_000_000)


def test_a_right_history():
    assert Judge(Told(HISTORY)).findings() == []
    h = copy.deepcopy(HISTORY)
    h["events"].append({**h["events"][-1], "slot": 115, "wall": 2.0, "sol_scaled": 9 * E9})
    again(h, 118, 120, -9 * E9, direction=0, reduce_only=1)
    judge = Judge(Told(h))
    assert judge.findings() == [] and judge.findings() == [] and len(judge.filled()) == 2


@pytest.mark.parametrize(
    "change,word",
    [
        (twice, "no book since the last correction"),
        (on_its_way, "on its way"),
        (too_much, "no book since"),
        (wrong_side, "no book since"),
        (nobody, "no order of ours explains it"),
        (two_live, "two live orders"),
        (old_book, "no book since"),
        (flipped, "took the side of the spot"),
        (not_reduce_only, "not reduce-only"),
        (within_tolerance, "no book since"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_a_wrong_history(change, word):
    h = copy.deepcopy(HISTORY)
    change(h)
    findings = Judge(Told(h)).findings()
    assert any(word in f for f in findings), findings


def test_a_ticket_that_was_given_up_too_early():
    """The first order never landed, but could have until height 60 (slot 160);
    the next one came at slot 150."""
    h = copy.deepcopy(HISTORY)
    h["log"][0]["result"] = {"status": "dropped"}
    h["events"].pop()
    again(h, 150, 151, -10 * E9)
    judge = Judge(Told(h))
    assert judge.findings() == []
    judge.ticket({"signature": "A" * 20, "last_valid_block_height": "60"})
    assert any("before" in f and "past its last valid one" in f for f in judge.findings())
