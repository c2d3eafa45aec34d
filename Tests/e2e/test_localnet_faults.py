"""Faults on demand, and what must not hurt: the same operations as the test node over the real program,
run against both where it is there."""
import base64, http.client, json, random, time

import pytest

import localnet_client as lc
from localnet_client import DELEGATE, FULL


@pytest.fixture(params=["model", "program"])
def net(request):
    if request.param == "program":
        n = lc.program_node()
        if n is None:
            pytest.skip("EK_VELOCITY_SO or the shared test node is absent")
    else:
        if not lc.binary():
            pytest.skip("evenkeel is not built (EK_BIN)")
        n = lc.localnet()
    yield n
    n.close()


@pytest.fixture
def model():
    if not lc.binary():
        pytest.skip("evenkeel is not built (EK_BIN)")
    n = lc.localnet()
    yield n
    n.close()


def req(method="getSlot", *params):
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)}


def test_http_status(net):
    net.ctl("fault", kind="http_status", status=429, n=1)
    status, body = net.raw(req())
    assert status == 429 and json.loads(body)["error"]["code"] == 429
    net.ctl("fault", kind="http_status", status=503)
    assert net.raw(req())[0] == 503
    assert net.raw(req())[0] == 200


def test_broken_bodies(net):
    whole = net.raw(req())[1]
    net.ctl("fault", kind="malformed")
    assert net.raw(req())[1].startswith(b"<html>")
    net.ctl("fault", kind="truncate")
    assert net.raw(req())[1] == whole[:len(whole) // 2]
    net.ctl("fault", kind="empty")
    assert net.raw(req()) == (200, b"")
    assert json.loads(net.raw(req())[1])["id"] == 7


def test_closed_connection(net):
    net.ctl("fault", kind="close")
    with pytest.raises((http.client.HTTPException, OSError)):
        net.raw(req())
    assert net.ask("getSlot") > 0


def test_slow(net):
    net.ctl("fault", kind="slow", ms=400)
    t = time.monotonic()
    net.ask("getSlot")
    assert time.monotonic() - t >= 0.4


def test_rpc_error(net):
    net.ctl("fault", kind="rpc_error", code=-32011, message="history not available", methods=["getBalance"])
    assert net.ask("getSlot") > 0
    e = net.rpc("getBalance", net.keys["authority"])["error"]
    assert e == {"code": -32011, "message": "history not available"}
    assert net.ask("getBalance", net.keys["authority"])["value"] == 10 ** 9


def test_sends_lost_and_answers_lost(net):
    net.ctl("fault", kind="drop_send")
    sig = net.send([net.take(FULL)])["result"]
    assert net.ask("getSignatureStatuses", [sig])["value"] == [None] and net.perp() is None
    net.ctl("fault", kind="exec_http_error", status=500)
    status, _ = net.raw({"jsonrpc": "2.0", "id": 1, "method": "sendTransaction", "params": [
        base64.b64encode(bytes(net.transaction([net.take(FULL, uid=1)]))).decode(), {"encoding": "base64"}]})
    assert status == 500 and net.perp()["base_asset_amount"] == -10 ** 8
    net.ctl("fault", kind="exec_close")
    with pytest.raises((http.client.HTTPException, OSError)):
        net.send([net.take(FULL, uid=2)])
    assert net.perp()["base_asset_amount"] == -2 * 10 ** 8


def test_sick_accounts(net):
    user = net.keys["user"]
    good = net.account(user)
    for kind, what in (("wrong_owner", lambda a: a["owner"] != good["owner"]),
                       ("null_account", lambda a: a is None),
                       ("short_data", lambda a: a["space"] == good["space"] // 2),
                       ("wrong_discriminator", lambda a: base64.b64decode(a["data"][0])[:8] == bytes(8))):
        net.ctl("fault", kind=kind, pubkey=user)
        seen = net.ask("getMultipleAccounts", [net.keys["state"], user], {"encoding": "base64"})["value"][1]
        assert what(seen), kind
        assert net.account(user) == good


def test_behind(net):
    net.ctl("behind", slots=30)
    assert net.rpc("getHealth")["error"]["code"] == -32005
    assert net.send([net.place()])["error"]["code"] == -32005
    net.ctl("clear_faults")
    assert net.ask("getHealth") == "ok"


def test_frozen_node(net):
    slot = net.ctl("freeze")["frozen_slot"]
    net.ctl("warp", slots=20)
    net.ctl("set_user", perp=-3)
    r = net.ask("getAccountInfo", net.keys["user"], {"encoding": "base64"})
    assert r["context"]["slot"] == slot == net.ask("getSlot")
    e = net.rpc("getAccountInfo", net.keys["user"],
                {"encoding": "base64", "minContextSlot": slot + 1})["error"]
    assert e["code"] == -32016 and e["data"] == {"contextSlot": slot}
    net.ctl("unfreeze")
    assert net.ask("getSlot") == slot + 20
    assert net.account(net.keys["user"]) != r["value"]


def test_flapping_replica(net):
    old = net.ctl("snapshot")["slot"]
    net.ctl("warp", slots=10)
    net.ctl("set_user", perp=-3)
    net.ctl("flap", every=3)
    slots = [net.ask("getAccountInfo", net.keys["user"], {"encoding": "base64"})["context"]["slot"]
             for _ in range(6)]
    assert slots == [old + 10, old + 10, old] * 2
    net.ctl("flap", every=0)
    assert net.ask("getSlot") == old + 10


def test_forgotten_blockhashes(net):
    tx = net.transaction([net.place()])
    net.ctl("expire_blockhashes")
    assert net.send(None, tx=tx)["error"]["data"]["err"] == "BlockhashNotFound"
    assert "result" in net.send([net.place()])


def test_oracle_lag_and_price(net):
    net.ctl("oracle_lag", slots=30)
    net.ctl("warp", slots=3)
    s = net.ctl("state")
    assert s["slot"] - s["oracle_posted_slot"] == 30
    net.ctl("set_price", price=81.5)
    assert net.ctl("state")["sol_price_1e6"] == 81_500_000


def test_byte_fill(net):
    net.ctl("set_user", perp=-2, entry_price=76)
    net.send([net.place(side=0, reduce=1, base=10 ** 9)])
    r = net.ctl("fill", price=77.25, fraction=0.5)
    assert r["filled"] and r["base"] == 5 * 10 ** 8 and r["quote"] == 38_625_000 and not r["done"]
    p = net.perp()
    assert p["base_asset_amount"] == -15 * 10 ** 8 and p["open_bids"] == 5 * 10 ** 8
    r = net.ctl("fill", price=77.25)
    assert r["done"] and net.perp()["base_asset_amount"] == -10 ** 9 and not net.live()


def test_log_tells_what_was_sent(net):
    net.send([lc.limit(300_000), lc.unit_price(77), net.take(FULL, uid=9, price=75_500_000)])
    x = net.ctl("log", n=1)[0]
    assert x["result"]["status"] == "landed" and x["result"]["err"] is None
    assert x["fee_payer"] == str(DELEGATE.pubkey())
    d = [i["decoded"] for i in x["instructions"]]
    assert d[0] == {"name": "set_compute_unit_limit", "units": 300_000}
    assert d[1] == {"name": "set_compute_unit_price", "micro_lamports": 77}
    assert d[2]["name"] == "place_and_take_perp_order" and d[2]["success_condition"] == FULL
    assert d[2]["params"]["user_order_id"] == 9 and d[2]["params"]["price"] == 75_500_000
    assert x["instructions"][2]["accounts"][1] == {"pubkey": net.keys["user"], "signer": False,
                                                   "writable": True}


def test_events_show_every_change(net):
    n0 = len(net.ctl("events"))
    net.send([net.place(kind=1, price=90_000_000)])
    net.send([net.take(FULL)])
    e = net.ctl("events", since=n0)
    assert e[0]["orders"] and e[0]["base"] == 0 and e[-1]["base"] == -10 ** 8


def test_batches(net):
    status, body = net.raw([req("getSlot"), req("nope"), {"x": 1}])
    a = json.loads(body)
    assert status == 200 and [("result" in x) for x in a] == [True, False, False]
    assert a[1]["error"]["code"] == -32601
    assert json.loads(net.raw([])[1])["error"]["code"] == -32600
    assert json.loads(net.raw(b"{nonsense")[1])["error"]["code"] == -32700


def test_control_refuses_nonsense(net):
    for q in ({"op": "nope"}, {}, {"op": "poke", "pubkey": "x"}, {"op": "set_lamports", "pubkey": "x"}):
        assert net.raw(q, "/ctl")[0] == 400


def test_keep_alive_and_large_bodies(model):
    c = http.client.HTTPConnection("127.0.0.1", int(model.url.rsplit(":", 1)[1]), timeout=10)
    for _ in range(50):
        c.request("POST", "/", json.dumps(req()))
        r = c.getresponse()
        assert r.status == 200 and json.loads(r.read())["id"] == 7
    c.request("GET", "/health")
    r = c.getresponse()
    assert (r.status, r.read()) == (200, b"ok")
    c.request("POST", "/", json.dumps(
        req("getMultipleAccounts", [model.keys["user"]] * 100, {"encoding": "base64"})))
    assert len(c.getresponse().read()) > 590_000
    c.close()
    c = http.client.HTTPConnection("127.0.0.1", int(model.url.rsplit(":", 1)[1]), timeout=10)
    with pytest.raises((http.client.HTTPException, OSError)):
        c.request("POST", "/", b"x" * (2 << 20))
        c.getresponse().read()
        raise OSError("refused")
    assert model.ask("getHealth") == "ok"


def test_nonsense_does_not_kill(model):
    """Mutated requests, transactions and control operations: answers or refusals, never an end."""
    rnd = random.Random(5)
    good = [json.dumps(req(m, *p)).encode() for m, p in (
        ("getMultipleAccounts", ([model.keys["user"]],
                                 {"encoding": "base64", "dataSlice": {"offset": 8, "length": 16}})),
        ("getSignatureStatuses", (["5" * 88],)), ("getFeeForMessage", ("AQAB",)),
        ("getTransaction", ("1" * 64,)))]
    for _ in range(400):
        b = bytearray(rnd.choice(good))
        for _ in range(rnd.randrange(1, 6)):
            b[rnd.randrange(len(b))] = rnd.choice([rnd.randrange(256), *b'{}[]",:0-9e'])
        model.raw(bytes(b))
    tx = bytes(model.transaction([model.place()]))
    for _ in range(300):
        b = bytearray(tx)
        for _ in range(rnd.randrange(1, 4)):
            b[rnd.randrange(64, len(b))] = rnd.randrange(256)
        model.rpc("simulateTransaction",
                  base64.b64encode(bytes(b[:rnd.choice([len(b), len(b), rnd.randrange(len(b))])])).decode(),
                  {"encoding": "base64", "replaceRecentBlockhash": True})
    wide = [0, 1, -1, 2 ** 63 - 1, -2 ** 63, 2 ** 31, 10 ** 12]
    wider = [0, 1, 2 ** 64 - 1, 2 ** 63, 10 ** 7, 10 ** 18]
    for _ in range(300):
        k = dict(kind=rnd.randrange(5), side=rnd.randrange(2), base=rnd.choice(wider),
                 price=rnd.choice(wider), uid=rnd.randrange(256),
                 reduce=rnd.randrange(2), post=rnd.randrange(4), bits=rnd.randrange(4),
                 max_ts=rnd.choice(wide + [None]),
                 trigger=rnd.choice(wider + [None]), when=rnd.randrange(4), offset=rnd.choice(wide + [None]),
                 slots=rnd.choice([None, 0, 1, 255]), start=rnd.choice(wide + [None]),
                 end=rnd.choice(wide + [None]))
        ix = model.take(rnd.choice([None, 1, FULL]), **k) if rnd.randrange(2) else model.place(**k)
        model.send([ix], skipPreflight=True)
        model.ctl("warp", slots=rnd.randrange(3))
    for _ in range(200):
        op = rnd.choice(["warp", "set_user", "set_price", "oracle_lag", "fill", "market", "model", "fault",
                         "poke", "add_funding", "disturb"])
        fields = rnd.sample(["slots", "seconds", "usdt", "sol", "perp", "price", "conf", "slot_age",
                             "entry_price", "fraction", "kind", "n",
                             "ms", "liquidity", "spread_bps", "usd_per_base", "pubkey", "offset",
                             "hex", "max_slots"], 4)
        q = {"op": op, **{f: rnd.choice([0, 1, -1, 1.5, "x", None, 10 ** 9, -10 ** 9, 2 ** 62])
                          for f in fields}}
        if q.get("slots") and isinstance(q["slots"], (int, float)) and q["slots"] > 10 ** 6:
            q["slots"] = 500
        if isinstance(q.get("max_slots"), int):
            q["max_slots"] = 3
        model.raw(q, "/ctl")
    assert model.process.poll() is None and model.ask("getHealth") in ("ok",)
