"""The signer's bound as a whole program shows it: the limit in the log, the status, the metrics and `check`;
orders that wait are `blocked` and no failures; closing goes on; `evenkeel signer` with the agent stopped."""

import json

E9 = 10**9


def bound(bench, chain=None, **settings):
    """With the bounds of every user."""
    settings = {"signer__max_loss_usd_per_day": "auto", "signer__max_price_move_pct": "2/10/25", **settings}
    return bench(chain={"perp": -9, **(chain or {})}, **settings)


def shown(agent):
    return json.loads(agent.said("signer", "show", "--json").out)


def test_auto_is_said_and_shown(bench):
    chain, agent = bound(bench)
    assert agent.said("signer", "show").code == 1  # no live start yet
    rows = {r["name"]: r for r in json.loads(agent.said("check", "--json").out)["data"]["rows"]}
    assert "auto will be $" in rows["signer loss"]["value"] and "would do" in rows["signer limits"]["value"]
    running = agent.start()
    running.until("balanced")
    text = agent.said("status").out
    assert "of loss signed in 24 h, at worst" in text, text
    status = agent.command("status", "--json", "-c", agent.config).status
    limit, used = int(status["signed_loss_limit_e6"]), int(status["signed_loss_e6"])
    assert limit == max(10**7, limit) and 0 < used < limit
    assert "the signer signs what loses at worst $" in running.log and "1 % of the equity" in running.log
    held = agent.said("signer", "limit", "500")
    assert held.code == 1 and "stop the agent first" in held.err  # the signer has the file
    seen = shown(agent)
    assert seen["limit_from"] == "auto" and int(seen["limit_e6"]) == limit and int(seen["loss_e6"]) == used
    assert seen["markets"][0]["market"] == "SOL-PERP" and int(seen["markets"][0]["last_e6"]) > 0
    assert running.stop() == 143
    rows = {r["name"]: r for r in json.loads(agent.said("check", "--json").out)["data"]["rows"]}
    assert "signed in 24 hours, at worst" in rows["signer loss"]["value"]


def test_a_used_up_limit_blocks_and_closing_goes_on(bench):
    """Ten cents a day: the correction waits, no failure is counted, and a flatten closes the whole
    position."""
    chain, agent = bound(bench, signer__max_loss_usd_per_day="0.1", agent__loop_interval_seconds="0.3")
    running = agent.start()
    running.until("blocked")
    status = agent.command("status", "--json", "-c", agent.config).status
    gates = {g["name"]: g for g in status["gates"]}
    assert not gates["signer_limit"]["ok"] and "max_loss_usd_per_day" in status["reason"], status["reason"]
    assert "evenkeel signer limit" in status["reason"]
    assert agent.record()["failures_in_row"] in (0, "0") and chain.perp() == -9 * E9
    r = agent.said("flatten", "--yes")
    assert r.code == 0, r
    assert chain.perp() == 0
    assert running.stop() == 143
    assert int(shown(agent)["loss_e6"]) > 10**5  # counted all the same


def test_flatten_passes_the_notional_of_the_day(bench):
    """What was corrected today leaves no room under max_notional_per_day; closing needs none."""
    chain, agent = bound(
        bench,
        gates__max_notional_per_day="200",
        agent__loop_interval_seconds="0.3",
        signer__max_notional_per_day="200",
    )
    running = agent.start()
    running.until("balanced")
    assert chain.perp() == -10 * E9
    r = agent.said("flatten", "--yes")
    assert r.code == 0 and chain.perp() == 0, r
    assert running.stop() == 143


def test_the_operator_sets_limit_and_price(bench):
    chain, agent = bound(bench, hedge__cooldown_seconds=0)
    assert agent.once().status["status"] == "executed_live"
    before = shown(agent)
    r = agent.said("signer", "limit", "77.5")
    assert r.code == 0 and "$77.50" in r.out, r
    assert shown(agent)["limit_from"] == "operator" and shown(agent)["limit_e6"] == "77500000"
    price = int(before["markets"][0]["last_e6"])
    r = agent.said("signer", "price", str(price * 2 / 10**6))
    assert r.code == 0 and "SOL-PERP" in r.out, r
    m = shown(agent)["markets"][0]
    assert int(m["last_e6"]) == int(m["day_low_e6"]) == int(m["day_high_e6"]) == price * 2
    assert int(shown(agent)["loss_e6"]) == int(before["loss_e6"])  # what was signed stays counted
    chain.ctl("set_user", perp=-9)
    r = agent.once()  # the true price is now far from it
    assert r.code == 10 and "max_price_move_pct" in r.err and "evenkeel signer price" in r.err, r
    assert agent.said("signer", "price", str(price / 10**6)).code == 0
    assert agent.said("signer", "limit", "77.5").code == 0
    assert agent.once().status["status"] == "executed_live"
    for words in (("limit", "0"), ("limit", "-5"), ("price", "x"), ("limit",), ("show", "a"), ("raise", "5")):
        assert agent.said("signer", *words).code == 2, words
    agent.set(signer__max_loss_usd_per_day="33")
    r = agent.said("signer", "limit", "500")
    assert r.code == 0 and "wins: $33.00" in r.out
    chain.ctl("set_user", perp=-9)
    agent.once()
    assert shown(agent)["limit_from"] == "config" and shown(agent)["limit_e6"] == "33000000"


def test_a_shrunken_ledger_stops_live_mode(bench):
    chain, agent = bound(bench)
    ledger = agent.home / "state.bin.signer"
    assert agent.once().status["status"] == "executed_live"
    for damaged in (b"", ledger.read_bytes()[:8192]):
        ledger.write_bytes(damaged)
        r = agent.once()
        assert r.code == 11 and "damaged" in r.err, r
        assert ledger.read_bytes() == damaged


def test_paper_and_live_by_command_reset_nothing(bench):
    """Through the control socket, between orders: the limit is used up as if the key had never been away."""
    chain, agent = bound(
        bench,
        signer__max_loss_usd_per_day="2",
        agent__loop_interval_seconds="0.3",
        hedge__cooldown_seconds="0",
    )
    running = agent.start()
    running.until("balanced")
    used, orders = int(shown(agent)["loss_e6"]), 1
    assert used > 0
    for _ in range(8):
        for words in (("paper",), ("live", "--yes")):
            r = agent.command("mode", *words, "-c", agent.config, seconds=60)
            assert r.code == 0, r
        seen = shown(agent)
        assert int(seen["loss_e6"]) >= used and seen["limit_e6"] == "2000000", (used, seen)
        assert seen["markets"][0]["market"] == "SOL-PERP" and int(seen["markets"][0]["last_e6"]) > 0
        used, at = int(seen["loss_e6"]), len(running.lines)
        chain.ctl("set_user", perp=-9)
        status = running.until("executed_live", "blocked", since=at)["status"]
        if status == "blocked":
            break
        orders += 1
        used = int(shown(agent)["loss_e6"])
    assert status == "blocked" and 3 <= orders <= 4 and used <= 2_000_000, (orders, used)
    reason = agent.command("status", "--json", "-c", agent.config).status["reason"]
    assert "max_loss_usd_per_day" in reason, reason
    assert running.stop() == 143
