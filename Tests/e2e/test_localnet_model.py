"""The embedded chain by itself, both venues: the life of orders, fees, funding, prices, disturbances,
determinism."""

import base64, hashlib, json, pathlib, signal, struct, subprocess

import pytest

import localnet_client as lc
from localnet_client import AUTHORITY, CLOCK, DELEGATE, FULL, STRANGER

pytestmark = pytest.mark.skipif(not lc.binary(), reason="evenkeel is not built (EK_BIN)")
VENUES = ["velocity", "drift"]
# account size, discriminator, offsets of fields that this file reads itself
SIZES = {
    "velocity": {
        "user": 4496,
        "perp_market": 1560,
        "spot_market_sol": 1064,
        "state": 1752,
        "user_stats": 240,
        "oracle_sol": 48,
    },
    "drift": {
        "user": 4376,
        "perp_market": 1216,
        "spot_market_sol": 776,
        "state": 992,
        "user_stats": 240,
        "oracle_sol": 48,
    },
}
NAMES = {
    "user": "User",
    "perp_market": "PerpMarket",
    "spot_market_sol": "SpotMarket",
    "state": "State",
    "user_stats": "UserStats",
    "oracle_sol": "PythLazerOracle",
}


@pytest.fixture(params=VENUES)
def net(request):
    n = lc.localnet("--sub-account", "0", "--keeper-latency", "1", venue=request.param)
    yield n
    n.close()


def data(n, key):
    return base64.b64decode(n.account(n.keys[key])["data"][0])


def ok(answer):
    assert "result" in answer, answer
    return answer["result"]


def test_accounts_are_the_venues(net):
    venue = net.keys["venue"]
    for k, size in SIZES[venue].items():
        d = data(net, k)
        assert len(d) == size, k
        assert d[:8] == hashlib.sha256(("account:" + NAMES[k]).encode()).digest()[:8], k
        assert net.account(net.keys[k])["owner"] == str(net.program)
    u = data(net, "user")
    assert u[8:40] == bytes(AUTHORITY.pubkey()) and u[40:72] == bytes(DELEGATE.pubkey())
    p = data(net, "perp_market")
    name = p[424:456] if venue == "velocity" else p[1000:1032]
    assert name.decode().rstrip() == "SOL-PERP"
    assert net.account(str(net.program))["executable"]


def test_clock_is_readable_with_the_book(net):
    r = net.ask("getMultipleAccounts", [CLOCK, net.keys["user"]], {"encoding": "base64"})
    clock = base64.b64decode(r["value"][0]["data"][0])
    slot, _, _, _, unix = struct.unpack("<QqQQq", clock)
    s = net.ctl("state")
    assert slot == r["context"]["slot"] == s["slot"] and unix == s["ts"]
    net.ctl("warp", slots=16)
    clock = base64.b64decode(net.account(CLOCK)["data"][0])
    assert (
        struct.unpack_from("<Q", clock)[0] == slot + 16 and struct.unpack_from("<q", clock, 32)[0] == unix + 4
    )


def test_take_opens_reduces_closes(net):
    ok(net.send([net.take(FULL, base=10**9)]))
    p = net.perp()
    assert p["base_asset_amount"] == -(10**9) and p["open_asks"] == 0 and p["open_orders"] == 0
    o = net.user()["orders"][0]
    quote = o["quote_asset_amount_filled"]
    num, den = (42, 120_000) if not net.drift else (100, 100_000)
    fee = -(-quote * num // den)
    assert o["status"] == 2 and p["quote_asset_amount"] == quote - fee and p["quote_entry_amount"] == quote
    assert 0.99 * 76_340_750 < quote < 76_340_750  # one SOL, a little under the oracle
    ok(net.send([net.take(FULL, side=0, reduce=1, base=4 * 10**8)]))
    assert net.perp()["base_asset_amount"] == -6 * 10**8
    ok(net.send([net.take(FULL, side=0, reduce=1, base=10**9)]))  # clamped to the position, never flips
    p = net.perp()
    assert p["base_asset_amount"] == 0 and p["quote_asset_amount"] < 0 and p["open_bids"] == 0
    s = net.ctl("summary")
    assert [f["base_e9"] for f in s["fills"]] == [-(10**9), 4 * 10**8, 6 * 10**8]
    assert s["fees_paid_e6"] == sum(f["fee_e6"] for f in s["fills"]) and s["lamports_fees"] == 15_000
    assert s["markets"] == [{"market": "SOL-PERP", "corrections": 3, "fills": 3}]


def test_take_is_all_or_nothing(net):
    net.ctl("model", liquidity=2)
    e = net.send([net.take(FULL, base=3 * 10**9)])["error"]
    assert e["data"]["err"] == {"InstructionError": [0, {"Custom": 6289}]} and net.perp() is None
    ok(net.send([net.take(1 | 100 << 8, base=3 * 10**9)]))  # at least something: the rest stays open
    assert (
        net.perp()["base_asset_amount"] == -2 * 10**9
        and net.live()[0]["base_asset_amount_filled"] == 2 * 10**9
    )
    assert net.perp()["open_asks"] == -(10**9)


def test_price_bound_holds(net):
    e = net.send([net.take(FULL, base=10**9, price=76_400_000)])["error"]  # a sale above the market
    assert "6289" in json.dumps(e) and net.perp() is None
    for _ in range(8):
        net.send([net.take(FULL, base=10**10, price=75_900_000)])  # margin or the bound refuses in the end
        net.ctl("warp", slots=1)
    fills = net.ctl("summary")["fills"]
    assert fills and all(f["price_e6"] >= 75_900_000 for f in fills)


def test_auction_order_is_filled_by_keepers(net):
    ok(net.send([net.place(base=10**9)]))
    assert (
        net.perp()["base_asset_amount"] == 0 and net.perp()["open_asks"] == -(10**9) and len(net.live()) == 1
    )
    o = net.live()[0]
    for _ in range(o["auction_duration"] + 5):
        net.ctl("warp", slots=1)
        if not net.live():
            break
    assert net.perp()["base_asset_amount"] == -(10**9) and not net.live()
    f = net.ctl("summary")["fills"][0]
    assert f["keeper"] and min(o["auction_start_price"], o["auction_end_price"]) <= f["price_e6"]
    assert f["slot"] > o["slot"]
    u = net.user()
    assert u["open_orders"] == u["has_open_order"] == u["open_auctions"] == u["has_open_auction"] == 0


def test_oracle_order_follows_the_oracle(net):
    ok(net.send([net.place(kind=4, start=100_000, end=-400_000, slots=60, offset=-500_000)]))
    net.ctl("reprice", price=80)
    for _ in range(80):
        net.ctl("warp", slots=1)
        if not net.live():
            break
    f = net.ctl("summary")["fills"][0]
    assert 79_400_000 <= f["price_e6"] <= 80_100_000


def test_partial_fills(net):
    net.ctl("model", partial_permille=1000)
    ok(net.send([net.place(base=10**9)]))
    seen = set()
    for _ in range(80):
        net.ctl("warp", slots=1)
        seen.add(net.perp()["base_asset_amount"])
        if not net.live():
            break
    assert len([b for b in seen if -(10**9) < b < 0]) >= 2


def test_expired_order_is_taken_off_for_a_cent(net):
    ts = net.ctl("state")["ts"]
    ok(net.send([net.place(kind=1, price=90_000_000, max_ts=ts + 10)]))
    net.ctl("warp", slots=39)
    assert len(net.live()) == 1  # 9.75 s
    net.ctl("warp", slots=9)
    assert not net.live() and net.perp()["quote_asset_amount"] == -10_000 and net.perp()["open_asks"] == 0
    assert net.ctl("summary")["keeper_fees_e6"] == 10_000


def test_next_place_drops_expired_orders_for_nothing(net):
    net.ctl("model", keeper_latency=100_000)
    ts = net.ctl("state")["ts"]
    ok(net.send([net.place(kind=1, price=90_000_000, max_ts=ts + 2)]))
    net.ctl("warp", slots=16)
    assert len(net.live()) == 1
    ok(net.send([net.place(kind=1, price=90_000_000)]))
    assert (
        len(net.live()) == 1 and net.perp()["quote_asset_amount"] == 0 and net.perp()["open_asks"] == -(10**8)
    )


def test_max_ts_in_the_past_is_skipped_silently(net):
    before = net.user()["next_order_id"]
    ok(net.send([net.place(max_ts=5)]))
    assert not net.live() and net.user()["next_order_id"] == before


def test_refusals(net):
    def code(*ix, **k):
        return net.send(list(ix), **k)["error"]["data"]["err"]["InstructionError"][1]["Custom"]

    assert code(net.place(base=450 * 10**9)) == 6003
    assert code(net.place(net.metas(groups="pooSS"))) == 6036
    assert code(net.take(FULL, net.metas(True, writable_perp=False))) == 6081
    assert code(net.place(bits=1)) == 6050
    assert code(net.place(base=1)) == 6059
    net.ctl("market", exchange_status=255)
    assert code(net.place()) == 6024
    net.ctl("market", exchange_status=0)
    assert not net.live() and net.perp() is None


def test_failed_transaction_still_pays(net):
    before = net.ask("getBalance", str(DELEGATE.pubkey()))["value"]
    sig = ok(
        net.send([lc.limit(300_000), lc.unit_price(10_000), net.place(base=450 * 10**9)], skipPreflight=True)
    )
    st = net.ask("getSignatureStatuses", [sig])["value"][0]
    assert st["err"] == {"InstructionError": [2, {"Custom": 6003}]}
    assert before - net.ask("getBalance", str(DELEGATE.pubkey()))["value"] == 5000 + 3000
    assert net.perp() is None


def test_simulation_changes_nothing(net):
    before = net.ctl("dump")
    r = net.simulate(
        [net.take(FULL)], sigVerify=True, accounts={"encoding": "base64", "addresses": [net.keys["user"]]}
    )["result"]["value"]
    assert r["err"] is None and r["unitsConsumed"] > 0
    after = base64.b64decode(r["accounts"][0]["data"][0])
    assert after != base64.b64decode(before["user"]) and len(after) == SIZES[net.keys["venue"]]["user"]
    assert net.ctl("dump") == before


def test_blockhash_lives_150_slots(net):
    h = net.ask("getLatestBlockhash")["value"]
    tx = net.transaction([net.place(uid=1)])
    net.ctl("warp", slots=150)
    assert net.ask("isBlockhashValid", h["blockhash"])["value"] is True
    assert net.ask("getBlockHeight") <= h["lastValidBlockHeight"]
    ok(net.send(None, tx=tx))
    tx = net.transaction([net.place(uid=2)])
    net.ctl("warp", slots=151)
    e = net.send(None, tx=tx)["error"]
    assert e["code"] == -32002 and e["data"]["err"] == "BlockhashNotFound"
    sig = ok(net.send(None, tx=tx, skipPreflight=True))
    assert net.ask("getSignatureStatuses", [sig])["value"] == [None]


def test_same_bytes_land_once(net):
    tx = net.transaction([net.take(FULL, base=10**8)])
    sig = ok(net.send(None, tx=tx))
    assert net.send(None, tx=tx)["error"]["data"]["err"] == "AlreadyProcessed"
    assert ok(net.send(None, tx=tx, skipPreflight=True)) == sig
    assert net.perp()["base_asset_amount"] == -(10**8)


def test_delayed_sends_land_later(net):
    net.ctl("fault", kind="delay_send", slots=5)
    sig = ok(net.send([net.take(FULL)]))
    assert net.perp() is None
    net.ctl("warp", slots=4)
    assert net.ask("getSignatureStatuses", [sig])["value"] == [None]
    net.ctl("warp", slots=1)
    st = net.ask("getSignatureStatuses", [sig])["value"][0]
    assert st["err"] is None and net.perp()["base_asset_amount"] == -(10**8)


def test_confirmations_grow(net):
    sig = ok(net.send([net.place()]))
    words = []
    for _ in range(34):
        words.append(net.ask("getSignatureStatuses", [sig])["value"][0]["confirmationStatus"])
        net.ctl("warp", slots=1)
    assert words[0] == "processed" and words[1] == "confirmed" and words[32] == "finalized"


def test_funding_accrues_hourly_and_settles_on_a_fill(net):
    net.ctl("set_user", perp=-10)
    net.ctl("warp", slots=1, seconds=7200)
    s = net.ctl("summary")
    assert s["funding_unsettled_e6"] == s["funding_received_e6"] != 0
    before = net.perp()
    owed = s["funding_unsettled_e6"]
    ok(net.send([net.place(kind=1, price=90_000_000)]))
    assert net.perp()["quote_asset_amount"] == before["quote_asset_amount"]  # placing settles nothing
    ok(net.send([net.take(FULL, base=10**8)]))
    f = net.ctl("summary")["fills"][-1]
    assert (
        net.perp()["quote_asset_amount"] == before["quote_asset_amount"] + owed + f["quote_e6"] - f["fee_e6"]
    )
    assert net.user()["cumulative_perp_funding"] == owed and net.ctl("summary")["funding_unsettled_e6"] == 0


def test_mean_funding_pays_the_short():
    n = lc.localnet("--perp", "-10", "--sol", "10", seed=5)
    for _ in range(300):
        n.ctl("warp", slots=1, seconds=3600)
    got = n.ctl("summary")["funding_received_e6"]
    year = got / 300 * 8760 / 1e6 / (10 * 76.34)
    n.close()
    assert 0.05 < year < 0.11


@pytest.mark.parametrize("venue", VENUES)
def test_a_seed_is_a_path(venue):
    def story(seed):
        n = lc.localnet("--volatility", "0.9", "--disturb", "0.03", venue=venue, seed=seed)
        out = []
        for i in range(40):
            if i % 9 == 3:
                ok(n.send([n.take(None, base=10**8)]))
            n.ctl("warp", slots=50)
            out.append(n.ctl("dump"))
        s = n.ctl("summary")
        n.close()
        return out, s

    a, b, c = story(3), story(3), story(4)
    assert a == b and a != c
    assert len(a[1]["disturbances"]) >= 2
    for d in a[1]["disturbances"]:
        before = d["spot_after_e9"] - d["base_e9"]
        assert 0.0099 <= abs(d["base_e9"]) / before <= 0.1001


def test_walk_has_the_volatility_asked_for():
    n = lc.localnet("--volatility", "0.9", seed=11)
    px, moves = 76_340_750, []
    for _ in range(60):
        for _ in range(30):
            n.ctl("warp", slots=300)
        now = n.ctl("state")["sol_price_1e6"]
        moves.append(now / px - 1)
        px = now
    n.close()
    sd = (sum(m * m for m in moves) / len(moves)) ** 0.5
    assert 0.006 < sd < 0.0125


def test_price_file(tmp_path):
    f = tmp_path / "p.csv"
    f.write_text(
        "timestamp_ms,open,high,low,close,volume\n1775020500000,80.00,84,80,81.00,1\n"
        "1775021400000,81.00,84,80,90.00,1\n"
    )
    n = lc.localnet("--prices", str(f))
    assert n.ctl("state")["ts"] == 1775020500 and n.ctl("state")["sol_price_1e6"] == 80_000_000
    n.ctl("warp", slots=1, seconds=450)
    assert n.ctl("state")["sol_price_1e6"] == 80_500_000
    n.ctl("warp", slots=1, seconds=900)
    assert n.ctl("state")["sol_price_1e6"] == 85_500_000
    n.ctl("warp", slots=1, seconds=5000)  # past its end the last close stays (no walk here)
    assert n.ctl("state")["sol_price_1e6"] == 90_000_000
    n.close()


def test_far_jumps_are_not_filled_at_once(net):
    net.ctl("set_price", price=80)
    e = net.send([net.take(FULL, base=10**9)])["error"]
    assert e["data"]["err"] == {"InstructionError": [0, {"Custom": 6289}]}
    net.ctl("warp", slots=60)
    ok(net.send([net.take(FULL, base=10**9)]))


def test_stale_oracle_fills_nothing_at_once(net):
    net.ctl("post_oracle", slot_age=5)
    net.ctl("warp", slots=5)
    e = net.send([net.take(FULL, base=10**9)])["error"]
    assert e["data"]["err"] == {"InstructionError": [0, {"Custom": 6289}]}
    net.ctl("auto_oracle", on=True)
    net.ctl("warp", slots=1)
    ok(net.send([net.take(FULL, base=10**9)]))


def test_command_line():
    b = lc.binary()
    for words, text in (
        (["--port", "99999"], "0 to 65535"),
        (["--venue", "mango"], "velocity or drift"),
        (["--authority", "xyz"], "base58"),
        (["--nope"], "--nope"),
        (["stray"], "stray"),
        (["--prices", "/nonexistent.csv"], "/nonexistent.csv"),
    ):
        p = subprocess.run([b, "localnet", *words], capture_output=True, text=True, timeout=20)
        assert p.returncode == 2 and text in p.stderr and not p.stdout, (words, p)
    p = subprocess.run([b, "localnet", "--help"], capture_output=True, text=True, timeout=20)
    assert p.returncode == 0 and "--venue" in p.stdout


@pytest.mark.parametrize("sig,code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_stops_on_a_signal(sig, code):
    n = lc.localnet()
    n.process.send_signal(sig)
    assert n.process.wait(5) == code
    n.close()


def test_time_runs_with_the_wall():
    n = lc.Node([lc.binary(), "localnet", "--port", "0", "--speed", "100"])
    import time

    a, t = n.ctl("state"), time.monotonic()
    time.sleep(1.0)
    b, dt = n.ctl("state"), time.monotonic() - t
    n.close()
    assert 0.7 * dt < (b["ts"] - a["ts"]) / 100 < 1.3 * dt
    assert abs((b["slot"] - a["slot"]) * 0.25 - (b["ts"] - a["ts"])) <= 2


def test_a_take_in_another_market_fills_at_that_markets_price():
    """Of BTC-PERP, at the quote around its own oracle and not at SOL's; SOL's depth is not used up by it."""
    n = lc.localnet("--usdt", "100000")
    try:
        market = lc.Pubkey.find_program_address([b"perp_market", struct.pack("<H", 1)], n.program)[0]
        oracle = lc.Pubkey(base64.b64decode(n.account(market)["data"][0])[312:344])
        true = struct.unpack_from("<q", base64.b64decode(n.account(oracle)["data"][0]), 8)[0] // 100
        head = [
            lc.AccountMeta(n.key("state"), False, False),
            lc.AccountMeta(n.key("user"), False, True),
            lc.AccountMeta(n.key("user_stats"), False, True),
            lc.AccountMeta(n.key("delegate"), True, False),
        ]
        read = ["oracle_sol", "oracle_usdt", "spot_market_usdt", "spot_market_sol"]
        rest = [lc.AccountMeta(n.key(k), False, False) for k in read]
        rest.insert(2, lc.AccountMeta(oracle, False, False))
        rest += [lc.AccountMeta(n.key("perp_market"), False, False), lc.AccountMeta(market, False, True)]
        for side, worst in ((1, true * 995 // 1000), (0, true * 1005 // 1000)):
            take = n.take(lc.FULL, head + rest, side=side, base=10**8, price=worst // 10**6 * 10**6, market=1)
            assert "result" in n.send([take])
            n.ctl("warp", slots=1)
            fill = n.ctl("summary")["fills"][-1]
            assert fill["market"] == 1 and abs(fill["price_e6"] - true) < true // 200
        assert len(n.ctl("summary")["fills"]) == 2
    finally:
        n.close()
