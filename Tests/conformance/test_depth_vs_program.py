"""What ek_depth.h foretells of a fill against what the deployed program filled, to the unit: recorded books
(depth.json beside this), and, with EK_VELOCITY_SO, books that nobody has seen. EK_DEPTH_SEED and
EK_DEPTH_CASES choose others and more; EK_DEPTH_WRITE=FILE records them."""

import collections
import json
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import depth_books as books
import depth_reference as ref
from venue_core import *

RECORDED = pathlib.Path(__file__).with_name("depth.json")
SEED = int(os.environ.get("EK_DEPTH_SEED", "20261201"))
CASES = int(os.environ.get("EK_DEPTH_CASES", "600"))
# Refused whatever the vAMM fills: an auction that ends below zero or before it begins, a fill that is further
# from the oracle than the market's initial margin.
BESIDE_THE_VAMM = {6054, 6023}
REFUSED = {E.UNSUPPORTED, E.RANGE}


def foretold(of, state, market, oracle, key):
    """(error, base, quote, at once) by the core; the size that was wanted decides only how much of it."""
    ffi, lib = core()
    b = Book(venue("velocity"), of["slot"], of["now"])
    b.put(STATE, state).put(PERP_MARKET, market).put(ORACLE, oracle, key)
    index, out = b.b.perps[0].market_index, [ffi.new("ek_depth *") for _ in range(2)]
    found = [
        lib.ek_depth_within(b.b, index, of["sell"], of["worst"], want, o)
        for want, o in zip((of["want"], 2**64 - 1), out)
    ]
    assert found[0] == found[1]
    some, most = (o[0] for o in out)
    if found[0] == E.OK:
        assert some.fill_base_e9 == min(of["want"], most.fill_base_e9)
        inside = most.price_e6 >= most.bound_e6 if of["sell"] else most.price_e6 <= most.bound_e6
        assert most.fill_base_e9 == 0 or inside
    return E(found[0]), some.fill_base_e9, some.quote_e6, some.at_once


def by_reference(of, state, market, oracle):
    exchange = ref.oracle(oracle, of["slot"])
    try:
        asked = not of["sell"], of["worst"], of["want"]
        return ref.depth(ref.market(market), of["slot"], of["now"], exchange, ref.guards(state), *asked)[:3]
    except (ref.Unknown, ZeroDivisionError) as refusal:
        return str(refusal)


def judged(of, told, known):
    """The kind of agreement, or None."""
    err, base, quote, at_once = told
    filled = of["fill_base"], of["fill_quote"]
    if err != E.OK:
        if err not in REFUSED:
            return None
        return "refused" if filled == (0, 0) else "not known" if known == "the hour" else None
    if of["refused"]:
        return None
    if not at_once:
        return "not at once" if filled == (0, 0) else None
    if filled != (base, quote):
        return None
    return "none" if base == 0 else "whole" if base == of["want"] else "part"


def judge(cases):
    wrong, kinds = [], collections.Counter()
    for row, *made, key in cases:
        of = dict(zip(books.COLUMNS, row))
        told = foretold(of, *made, key)
        known = by_reference(of, *made)
        kind = judged(of, told, known)
        kinds[kind] += 1
        if (
            kind is None
            or (told[0] == E.OK) != isinstance(known, tuple)
            or known not in (told[1:], str(known))
        ):
            wrong.append((told, known, of))
    assert not wrong, (len(wrong), wrong[0][:2], wrong[0][2])
    return kinds


def test_recorded_books():
    recorded = json.loads(RECORDED.read_text())
    assert recorded["columns"] == books.COLUMNS
    kinds = judge((row, *books.accounts(row), ref.ORACLE_KEY) for row in recorded["rows"])
    assert kinds["whole"] >= 80 and kinds["part"] >= 40 and kinds["none"] >= 30, kinds
    assert kinds["not at once"] >= 30 and kinds["refused"] >= 30, kinds
    of = [dict(zip(recorded["columns"], row)) for row in recorded["rows"]]
    by_older_price = [r for r in of if r["fill_base"] and max(r["posted"], r["mm_slot"]) < r["slot"]]
    assert by_older_price


@pytest.mark.real_program
def test_books_never_seen():
    if books.missing():
        pytest.skip(books.missing())
    kept, refused = [], collections.Counter()

    def cases():
        for row, *made in books.books(SEED, CASES):
            of = dict(zip(books.COLUMNS, row))
            refused[of["refused"]] += 1
            if of["refused"] in BESIDE_THE_VAMM:
                continue
            again = books.accounts(row)
            assert [ref.market(again[1]), ref.guards(again[0]), ref.oracle(again[2], of["slot"])] == [
                ref.market(made[1]),
                ref.guards(made[0]),
                ref.oracle(made[2], of["slot"]),
            ]
            if of["fill_base"] or sum(refused.values()) % 3 == 0:  # what fills tells more than what does not
                kept.append(row)
            yield row, *made, made[1][312:344]

    kinds = judge(cases())
    print(dict(kinds), dict(refused))
    assert kinds["whole"] + kinds["part"] >= CASES // 8, kinds
    if os.environ.get("EK_DEPTH_WRITE"):
        rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in kept)
        columns = json.dumps(books.COLUMNS)
        text = f'{{"columns": {columns},\n"rows": [\n{rows}]}}\n'
        pathlib.Path(os.environ["EK_DEPTH_WRITE"]).write_text(text)
