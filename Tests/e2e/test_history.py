"""The history ring beside the state: written by a run, never in the way of one."""
import struct
from pathlib import Path

import pytest

from test_statuses import ended

SAMPLE = "<IIQqBBBBHHii11q"


def samples(path):
    raw = Path(path).read_bytes()
    assert len(raw) == 696_320 and raw[:8] == b"EVENRING"
    rows = [struct.unpack_from(SAMPLE, raw, 4096 + 128 * i) for i in range(1472)]
    return [r for r in rows if r[1]]


def test_a_run_leaves_samples_and_its_correction(bench):
    chain, agent = bench(chain={"perp": -9})
    s = ended(agent.once(), 0, "executed_live")
    rows = samples(str(agent.state) + ".ring")
    assert [r[1] for r in rows] == list(range(1, len(rows) + 1)) and len(rows) >= 2
    assert rows[-1][18] == int(s["after"]["perp_base_e9"])
    for r in rows:                                  # equity = flows + funding + fees + basis + delta + what is left: cents
        assert abs(r[12] - r[14] - r[15] - r[16] - r[21] - r[22]) < 10_000
    raw = Path(str(agent.state) + ".ring").read_bytes()[565_248:565_248 + 256]
    assert raw[24:40].rstrip(b"\0") == b"SOL-PERP" and struct.unpack_from("<Q", raw, 43)[0] == round(s["correction_size"] * 10**9)


@pytest.mark.parametrize("what", ["junk", "empty", "directory", "newer"])
def test_a_history_that_cannot_be_used_never_stops_trading(bench, what):
    chain, agent = bench(chain={"perp": -9})
    ring = Path(str(agent.state) + ".ring")
    if what == "directory":
        ring.mkdir()
    else:
        ring.write_bytes({"junk": b"not a ring" * 100, "empty": b"", "newer": b"EVENRING\2\0\0\0" + bytes(5000)}[what])
        before = ring.read_bytes()
    r = agent.once()
    ended(r, 0, "executed_live")
    assert ".ring" in r.err and "level=warn" in r.err
    if what != "directory":
        assert ring.read_bytes() == before          # left as it is
