"""The configuration through its own entry: the contract's sample, init's file,
numbers against Python's decimals, and noise."""

import ctypes as c
import os
import pathlib
import re
from decimal import Decimal

import pytest
from hypothesis import example, given, settings, strategies as st

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("EK_SHARED") or ROOT.parent / "shared")
OK, SYNTAX, RANGE, MISSING, MISMATCH = 0, 4, 2, 8, 14
KEY = "7NL2qWArf2BbEBBH1vTRZCsoNqFATTddH6h8GkVvrLpG"
BASE = f"[rpc]\nurl = https://a.example\n[account]\nauthority = {KEY}\n[hedge SOL-PERP]\n"


class Config:
    def __init__(self, lib):
        self.lib = lib
        self.lib.sys_config_size.restype = c.c_size_t
        self.block = c.create_string_buffer(self.lib.sys_config_size())
        self.text = c.create_string_buffer(512)
        for name in ("url", "url_shown"):
            getattr(self.lib, "sys_config_" + name).restype = c.c_char_p

    def parse(self, content, name=b"F", paper=0):
        if isinstance(content, str):
            content = content.encode()
        exact = (c.c_uint8 * len(content)).from_buffer_copy(content) if content else None
        err = self.lib.sys_config_parse(name, exact, c.c_size_t(len(content)), paper, self.block, self.text)
        return err, self.text.value.decode("utf-8", "replace")


@pytest.fixture(scope="module")
def config(sys_core):
    return Config(sys_core)


def test_the_contracts_sample_is_accepted(config, monkeypatch):
    contract = SHARED / "CONTRACT.md"
    if not contract.exists():
        pytest.skip("CONTRACT.md is not here (EK_SHARED)")
    sample = re.search(r"```ini\n(.*?)```", contract.read_text(), re.S).group(1)
    monkeypatch.setenv("RPC_KEY", "k3y")
    assert config.parse(sample) == (OK, "")
    assert config.lib.sys_config_url(config.block, 0) == b"https://rpc.example/?api-key=k3y"
    assert config.lib.sys_config_url_shown(config.block, 0) == "https://rpc.example/…".encode()
    live = sample.replace("mode = paper", "mode = live")
    assert config.parse(live) == (OK, "")
    monkeypatch.delenv("RPC_KEY")
    err, text = config.parse(sample)
    assert err == RANGE and "RPC_KEY is neither in the environment" in text


def test_inits_file_is_complete(config, tmp_path):
    path = tmp_path / "evenkeel.conf"
    assert config.lib.sys_config_write(str(path).encode(), None, 0, None) == 0
    written = path.read_text()
    err, text = config.parse(written)
    assert err == MISMATCH and "[rpc] url: at least one is needed" in text
    err, text = config.parse(written.replace("[rpc]\n", "[rpc]\nurl = https://a.example\n"))
    assert err == MISMATCH and "mode = paper: needs [account] authority" in text
    filled = written.replace("[rpc]\n", "[rpc]\nurl = https://a.example\n")
    filled = filled.replace("# authority =\n", f"authority = {KEY}\n")
    assert config.parse(filled) == (OK, "")
    contract = SHARED / "CONTRACT.md"
    if contract.exists():
        sample = re.search(r"```ini\n(.*?)```", contract.read_text(), re.S).group(1)
        keys = re.findall(r"^(\w+) *=", sample, re.M)
        # What stands in the contract keeps its meaning; more came on top.
        assert set(keys) <= set(re.findall(r"^(?:# )?(\w+) *=", written, re.M))
    before = path.read_bytes()
    assert config.lib.sys_config_write(str(path).encode(), None, 0, None) == 17  # EEXIST
    assert path.read_bytes() == before


def test_the_reference_names_every_key(config, tmp_path):
    path = tmp_path / "table.md"
    with open(path, "wb") as f:
        assert config.lib.config_markdown(f.fileno()) == 0
    rows = path.read_text().splitlines()
    table = (pathlib.Path(__file__).parents[2] / "CSources/EvenkeelSys/config/sys_config_table.c").read_text()
    assert len(rows) == 2 + len(re.findall(r'^    \{"\w+", "\w+", KIND_', table, re.M)) > 34
    assert all(row.count("|") == 6 for row in rows)


# section, key, decimals, lowest, highest, lowest itself allowed
NUMBERS = [
    ("agent", "loop_interval_seconds", 3, "0.1", "86400", True),
    ("rpc", "timeout_ms", 0, "100", "120000", True),
    ("rpc", "max_slot_lag", 0, "0", "100000", True),
    ("account", "sub_account", 0, "0", "65535", True),
    ("hedge SOL-PERP", "drift_tolerance_pct", 4, "0", "50", False),
    ("hedge SOL-PERP", "hedge_ratio_pct", 4, "0", "200", True),
    ("hedge SOL-PERP", "target_delta", 9, "-1000000", "1000000", True),
    ("hedge SOL-PERP", "cooldown_seconds", 0, "0", "2592000", True),
    ("hedge SOL-PERP", "max_leverage", 4, "0", "100", False),
    ("order", "max_slippage_pct", 4, "0", "20", False),
    ("order", "max_priority_fee_lamports", 0, "0", "1000000000", True),
    ("gates", "min_health_pct", 2, "0", "100", True),
    ("gates", "gas_reserve_sol", 9, "0", "1000", True),
    ("gates", "max_cost_bps", 2, "0", "10000", False),
]


@given(
    st.sampled_from(NUMBERS),
    st.decimals(-10, 10**7, places=10).map(lambda d: d.normalize()) | st.decimals(0, 100, places=2),
)
@settings(max_examples=800, deadline=None)
def test_numbers_are_accepted_exactly_in_their_range(config, row, value):
    section, key, decimals, low, high, inclusive = row
    text = f"{value:f}"
    sections = {
        "rpc": "[rpc]\nurl = https://a.example\n",
        "account": f"[account]\nauthority = {KEY}\n",
        "hedge SOL-PERP": "[hedge SOL-PERP]\n",
    }
    sections[section] = sections.get(section, f"[{section}]\n") + f"{key} = {text}\n"
    err, said = config.parse("".join(sections.values()))
    inside = (Decimal(low) <= value if inclusive else Decimal(low) < value) and value <= Decimal(high)
    fits = value == round(value, decimals)
    assert (err == OK) == (inside and fits), said
    if err != OK:
        assert re.fullmatch(rf"F:\d+: {key} = {re.escape(text)}: must .+", said)


@given(st.binary(max_size=400))
@example(b"[rpc]\nurl = \xff\xfe\n")
@example(b"\xef\xbb\xbf[agent]\xef\xbb\xbf\n")
@settings(max_examples=500, deadline=None)
def test_noise_is_an_error_with_a_place(config, noise):
    err, text = config.parse(noise)
    assert err != OK
    assert text.startswith("F:") and len(text) > 5


LINES = st.sampled_from(
    [
        "[agent]",
        "[rpc]",
        "[venue]",
        "[account]",
        "[hedge SOL-PERP]",
        "[hedge BTC-PERP]",
        "[order]",
        "[gates]",
        "[web]",
        "[alerts]",
        "[x]",
        "mode = paper",
        "mode = live",
        "url = https://b.example/?s3cret",
        "url = http://c.example/s3cret",
        "timeout_ms = 5",
        "timeout_ms = 500",
        "name = drift",
        "keypair = /k",
        f"authority = {KEY}",
        "sub_account = 1",
        "spot = venue:SOL",
        "max_failures = 3",
        "listen =",
        "listen = 0.0.0.0:1",
        "token_file = /t",
        "webhook = https://h.example/s3cret",
        "",
        "# c",
        "; c",
        " x",
        "x",
        "x = 1",
    ]
)


@given(st.lists(LINES, max_size=25), st.sampled_from(["\n", "\r\n"]), st.booleans())
@settings(max_examples=1000, deadline=None)
def test_any_mix_of_lines_is_judged_by_the_rules(config, lines, end, last):
    """A small second judge: sections once, keys in their sections and once, nothing before a section.
    And no secret in any text."""
    err, text = config.parse(end.join(lines) + (end if last else ""))
    assert "s3cret" not in text
    homes = {
        "mode": "[agent]",
        "url": "[rpc]",
        "timeout_ms": "[rpc]",
        "name": "[venue]",
        "keypair": "[account]",
        "authority": "[account]",
        "sub_account": "[account]",
        "max_failures": "[gates]",
        "listen": "[web]",
        "token_file": "[web]",
        "webhook": "[alerts]",
    }
    section, seen, wrong = None, set(), None
    for number, line in enumerate(lines, 1):
        if line == "" or line[0] in "#;":
            continue
        key = line.split(" = ")[0].removesuffix(" =")
        if line.startswith("["):
            bad = line == "[x]" or line in seen
            section = line
            seen.add(line)
        elif line[0] == " " or "=" not in line or section is None:
            bad = True
        else:
            home = "[hedge SOL-PERP]" if key == "spot" else homes.get(key)
            bad = (
                home != section
                or ((section, key) in seen and key != "url")
                or line in ("timeout_ms = 5", "url = http://c.example/s3cret")
            )
            seen.add((section, key))
        if bad:
            wrong = number
            break
    if wrong is not None and lines.count("url = https://b.example/?s3cret") <= 8:
        assert err in (SYNTAX, RANGE) and text.startswith(f"F:{wrong}: "), text
    elif err != OK and lines.count("url = https://b.example/?s3cret") <= 8:
        assert err == MISMATCH, text
    if err == OK:
        assert any(line.startswith("url") for line in lines) and any(
            line.startswith("[hedge") for line in lines
        )
