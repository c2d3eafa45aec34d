"""The arm64 program under an emulator: the same numbers as the native one from the same saved reads,
and the same demo of the seed."""

import base64
import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SYSROOT = ROOT / "build/sysroot-arm64/root"
ARM = ROOT / "bin/evenkeel-arm64"
NATIVE = ROOT / "bin/evenkeel"
VELOCITY = "vELoC1audYbSYVRXn1vPaV8Axoa9oU6BYmNGZZBDZ1P"


@pytest.fixture(scope="session", autouse=True)
def emulated():
    """A wrapper that the end-to-end tests can be pointed at as if it were the program."""
    assert ARM.exists(), "make arm64"
    wrapper = ROOT / "build/arm64/emulated"
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    wrapper.write_text('#!/bin/sh\nexec qemu-aarch64-static -L "%s" "%s" "$@"\n' % (SYSROOT, ARM))
    wrapper.chmod(0o755)
    return wrapper


def run(binary, *arguments):
    p = subprocess.run([str(binary), *arguments], capture_output=True, text=True, timeout=240)
    return p.returncode, p.stdout


def test_it_is_an_arm64_program():
    head = ARM.read_bytes()[:20]
    assert head[:5] == b"\x7fELF\x02" and head[5] == 1 and head[18] == 0xB7


def test_version_names_the_same_layouts(emulated):
    assert run(emulated, "version") == run(NATIVE, "version")


@pytest.mark.parametrize("seeds", ["1..2", "40..41"])
def test_the_simulator_comes_to_the_same_end(emulated, seeds):
    """Every decision, transaction and state image of these seeds goes into the counts."""

    def counts(binary):
        code, out = run(binary, "sim", "--seeds", seeds, "--days", "1")
        assert code == 0, out
        return [line for line in out.splitlines() if not line.startswith("seconds")]

    assert counts(emulated) == counts(NATIVE)


BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58(data):
    n, out = int.from_bytes(data, "big"), ""
    while n:
        n, r = divmod(n, 58)
        out = BASE58[r] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def saved_reads():
    """Saved reads made of the recorded Velocity scenarios, when they are there."""
    shared = Path(os.environ.get("EK_SHARED", ROOT.parent / "shared"))
    if not (shared / "vectors/margin-velocity.json").exists():
        return []
    golden = json.loads((shared / "vectors/margin-velocity.json").read_text())
    state = (shared / "fixtures/velocity/velocity_state.bin").read_bytes()
    reads = []
    for c in golden["cases"][::6]:
        raw = lambda name: base64.b64decode(
            golden["accounts"][c[name]] if c[name].startswith("#") else c[name]
        )
        accounts = [
            (bytes([i]) * 32, VELOCITY, raw(n))
            for i, n in enumerate(("user", "perp_market", "spot_usdt", "spot_sol"), 1)
        ]
        accounts.append((bytes([5]) * 32, VELOCITY, state))
        for name, market in (
            ("oracle_sol", "perp_market"),
            ("oracle_usdt", "spot_usdt"),
            ("oracle_sol", "spot_sol"),
        ):
            key = raw(market)[40:72]  # pubkey, then oracle, after the discriminator
            accounts.append((key, VELOCITY, raw(name)))
        accounts.append((raw("user")[8:40], "1" * 32, b""))  # the owner's wallet
        value = [
            {
                "owner": owner,
                "lamports": 1,
                "executable": False,
                "rentEpoch": 2**64 - 1,
                "space": len(d),
                "data": [base64.b64encode(d).decode(), "base64"],
            }
            for _, owner, d in accounts
        ]
        reads.append(
            {
                "keys": [base58(k) for k, _, _ in accounts],
                "result": {"context": {"slot": c["slot"]}, "value": value},
            }
        )
    return reads


def test_saved_reads_come_to_the_same_numbers(emulated, tmp_path):
    reads = saved_reads()
    if not reads:
        pytest.skip("the recorded scenarios are not here")
    assessed = 0
    for i, read in enumerate(reads):
        path = tmp_path / ("%d.json" % i)
        path.write_text(json.dumps(read))
        native = run(NATIVE, "assess", str(path), "--json")
        assert run(emulated, "assess", str(path), "--json") == native, i
        assessed += native[0] == 0
    assert assessed >= 20, "the native program could not value them either"
