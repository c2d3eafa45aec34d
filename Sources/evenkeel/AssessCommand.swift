// `assess`: every number of a saved read, offline, by the code the agent runs. The accounts are told apart by owner and discriminator, so
// a read saved by anybody's getMultipleAccounts will do.
import Agent
import EvenkeelCore
import EvenkeelSys
import Kit

private struct Saved {
    var json: UnsafePointer<UInt8>
    var keys: [ek_key] = []
    var accounts: [ek_scan_account] = []
    var slot: UInt64 = 0
}

private func refuse(_ path: UnsafePointer<CChar>?, _ words: StaticString) -> Int32 {
    var t = Text("evenkeel: ")
    t.put(c: path)
    t.put(": ")
    t.put(words)
    t.put("\n")
    Words.print(t, 2)
    return 1
}

func assessCommand() -> Int32 {
    let help: StaticString = """
        evenkeel assess ACCOUNTS.json [-c FILE] [--json]

        The assessment of a saved read, offline: {"keys":[base58 ...],"result":<the getMultipleAccounts result>}, as
        `evenkeel status --accounts FILE` saves it. With -c the config's hedged markets (one after the other) and spot legs, else SOL-PERP and both legs.

        """
    var a = Asked()
    if let code = a.take("c:config= json h:help", 3, help: help) { return code }
    if sys_opts_words(&a.o) != 1 {
        Words.print(help, 2)
        return 2
    }
    var rules = Rules()
    if a.config != nil {
        guard let box = loadConfig(a.config, SYS_LOAD_BARE) else { return 2 }
        var words = Text()
        guard let r = Rules(box.config, trouble: &words) else { return Words.refuse(words) }
        rules = r
    }
    let path = sys_opts_word(&a.o, 0)
    var len = 0
    var errno: Int32 = 0
    guard let bytes = sys_read_alloc(path, 8 << 20, &len, &errno) else {
        var t = Text()
        t.put(c: path)
        t.put(": ")
        t.put(c: sys_errno_text(errno))
        _ = Words.refuse(t)
        return 1
    }
    defer { sys_free(bytes) }
    guard ek_crypto_init() == EK_OK, let saved = parse(bytes, len) else {
        return refuse(path, "is not a saved read: {\"keys\":[...],\"result\":{\"context\":{\"slot\":N},\"value\":[...]}}")
    }
    return assess(saved, rules, path, a.flag)
}

private func parse(_ bytes: UnsafePointer<UInt8>, _ len: Int) -> Saved? {
    var root = ek_json()
    var list = ek_json()
    guard ek_json_root(bytes, len, &root) == EK_OK, ek_json_member(root, "keys", &list) == EK_OK, ek_json_kind(list) == 0x5B else { return nil }
    var s = Saved(json: bytes)
    var it = ek_json_over(list)
    var item = ek_json()
    while s.keys.count <= 256 && ek_json_next(&it, nil, &item) != 0 {
        var k = ek_key()
        guard ek_json_key(item, &k) == EK_OK else { return nil }
        s.keys.append(k)
    }
    s.accounts = [ek_scan_account](repeating: ek_scan_account(), count: 256)
    var result = ek_scan_result()
    guard ek_scan_accounts(bytes, len, &result, &s.accounts, 256) == EK_OK, Int(result.count) == s.keys.count else { return nil }
    s.slot = result.slot
    return s
}

private func same(_ a: ek_key, _ b: ek_key) -> Bool {
    withUnsafeBytes(of: a) { x in withUnsafeBytes(of: b) { y in x.elementsEqual(y) } }
}

/// The venue whose program owns most: the first one that owns any account.
private func venueOf(_ s: Saved) -> OpaquePointer? {
    for v in 0..<ek_venue_count() {
        guard let venue = ek_venue_at(v), let program = ek_venue_program(venue) else { continue }
        for i in 0..<s.keys.count where s.accounts[i].present != 0 && same(s.accounts[i].owner, program.pointee) { return venue }
    }
    return nil
}

private func assess(_ saved: Saved, _ rules: Rules, _ path: UnsafePointer<CChar>?, _ json: Bool) -> Int32 {
    guard let venue = venueOf(saved) else { return refuse(path, "holds no account of a venue this program knows") }
    let book = UnsafeMutableRawPointer.allocate(byteCount: ek_book_size(), alignment: 16).bindMemory(to: ek_book.self, capacity: 1)
    defer { UnsafeMutableRawPointer(book).deallocate() }
    let cap = 65_536
    let work = UnsafeMutablePointer<UInt8>.allocate(capacity: cap)
    defer { work.deallocate() }
    let plan = UnsafeMutableRawPointer.allocate(byteCount: ek_plan_size(), alignment: 16).bindMemory(to: ek_plan.self, capacity: 1)
    defer { UnsafeMutableRawPointer(plan).deallocate() }
    ek_book_reset(book, venue, saved.slot)
    guard fillUser(book, saved, work, cap) else { return refuse(path, "holds no User account") }
    var owner = book.pointee.user.authority
    guard ek_plan_init(plan, venue, &owner, book.pointee.user.sub_account_id, nil) == EK_OK else { return refuse(path, "holds a User of no authority") }
    planHoldings(plan, rules)
    ek_book_begin(book, plan, saved.slot)
    // Markets first: how to read an oracle is written in the market that names it.
    let order: [Int32] = [Int32(EK_ROLE_STATE), Int32(EK_ROLE_USER), Int32(EK_ROLE_USER_STATS), Int32(EK_ROLE_CLOCK), Int32(EK_ROLE_PERP_MARKET),
                          Int32(EK_ROLE_SPOT_MARKET), Int32(EK_ROLE_ORACLE)]
    for role in order {
        for i in 0..<saved.keys.count {
            var account = saved.accounts[i]
            var key = saved.keys[i]
            var n = 0
            guard account.present != 0, ek_scan_data(saved.json, &account, work, cap, &n) == EK_OK, n > 0 else { continue }
            if role == Int32(EK_ROLE_CLOCK) {
                guard same(key, EK_CLOCK_SYSVAR) else { continue }
            } else if same(key, EK_CLOCK_SYSVAR) { continue }
            _ = ek_book_put_account(book, role, &key, work, n)      // another role's account is refused by its discriminator
        }
    }
    guard book.pointee.have & (1 << UInt32(EK_ROLE_USER)) != 0 else { return refuse(path, "holds no User account") }
    for i in 0..<saved.keys.count where same(saved.keys[i], book.pointee.user.authority) {
        // A wallet that the node calls absent holds nothing; one that belongs to a program is no wallet.
        book.pointee.authority_lamports = saved.accounts[i].lamports
        book.pointee.authority_is_system = saved.accounts[i].present == 0 || same(saved.accounts[i].owner, EK_SYSTEM_PROGRAM) ? 1 : 0
        book.pointee.have |= 1 << UInt32(EK_ROLE_AUTHORITY)
    }

    putHoldings(book, plan, saved, work, cap)
    var worst: Int32 = 0
    for hedge in rules.hedges {
        let code = assessMarket(book, hedge, path, venue, json)
        if code != 0 { worst = code }
    }
    return worst
}

/// The first User of the read: whose book it is.
private func fillUser(_ book: UnsafeMutablePointer<ek_book>, _ saved: Saved, _ work: UnsafeMutablePointer<UInt8>, _ cap: Int) -> Bool {
    for i in 0..<saved.keys.count {
        var account = saved.accounts[i]
        var key = saved.keys[i]
        var n = 0
        guard account.present != 0, ek_scan_data(saved.json, &account, work, cap, &n) == EK_OK, n > 0 else { continue }
        if ek_book_put_account(book, Int32(EK_ROLE_USER), &key, work, n) == EK_OK { return true }
    }
    return false
}

/// Tokens and watched wallets of the configured legs. A mint that only the venue's market names is not looked up here.
private func planHoldings(_ plan: UnsafeMutablePointer<ek_plan>, _ rules: Rules) {
    for h in rules.hedges {
        for leg in h.legs where leg.hasKey {
            var key = leg.key
            _ = leg.kind == .token ? ek_plan_add_token(plan, &key) : ek_plan_add_watch(plan, &key)
        }
    }
}

private func putHoldings(_ book: UnsafeMutablePointer<ek_book>, _ plan: UnsafeMutablePointer<ek_plan>, _ saved: Saved,
                         _ work: UnsafeMutablePointer<UInt8>, _ cap: Int) {
    var fault = ek_fault()
    for k in 0..<ek_plan_count(plan) {
        guard let item = ek_plan_item_at(plan, k), Int32(item.pointee.role) >= Int32(EK_ROLE_TOKEN) else { continue }
        for i in 0..<saved.keys.count where same(saved.keys[i], item.pointee.key) {
            var account = saved.accounts[i]
            var owner = account.owner
            var n = 0
            let present = account.present != 0 && ek_scan_data(saved.json, &account, work, cap, &n) == EK_OK
            _ = ek_book_put(book, plan, k, &owner, account.lamports, present ? UnsafePointer(work) : nil, n, &fault)
        }
    }
}

private func assessMarket(_ book: UnsafeMutablePointer<ek_book>, _ hedge: HedgeRules, _ path: UnsafePointer<CChar>?, _ venue: OpaquePointer?,
                          _ json: Bool) -> Int32 {
    guard let perp = hedge.perpName.withCString({ ek_book_perp_by_name(book, $0, hedge.perpName.count) }) else {
        return refuse(path, "holds no perp market of the hedged name")
    }
    let spot = hedge.spotName.withCString { ek_book_spot_by_name(book, $0, hedge.spotName.count) }
    var legs = hedge.coreLegs(perp: perp.pointee.market_index, spot: spot?.pointee.market_index ?? 0xFFFF, mint: spot?.pointee.mint ?? ek_key())
    if spot == nil { legs.use_venue = 0 }
    var a = ek_assessment()
    var fault = ek_fault()
    let err = ek_assess(book, &legs, &a, &fault)
    show(a, err, fault, hedge, venue, json)
    return err == EK_OK ? 0 : 1
}

private func put(_ j: inout Json, _ k: StaticString, _ v: ek_i128) {
    var t = Text()
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 48) { p in
        guard let base = p.baseAddress else { return }
        _ = ek_wide_print(v, base)
        t.put(c: base)
    }
    j.string(k, t)
}

private func show(_ a: ek_assessment, _ err: ek_err, _ fault: ek_fault, _ hedge: HedgeRules, _ venue: OpaquePointer?, _ json: Bool) {
    var net: Int64 = 0
    var drift: Int64 = 0
    var known: Int32 = 0
    _ = ek_drift_to(a.spot_base_e9, a.perp_base_e9, hedge.ratio_ppm, hedge.target_e9, &net, &drift, &known)
    var j = Json(capacity: 2048)
    j.open()
    j.string("type", "ASSESSMENT")
    j.open("data")
    j.string("venue", textOf(ek_venue_name(venue)))
    j.string("market", hedge.perpName)
    j.int("slot", a.slot)
    j.bool("valued", err == EK_OK)
    var why = Text()
    if err != EK_OK { var f = fault; why.put(c: ek_fault_text(&f)) }
    j.string("reason", why)
    j.exact("venue_spot_base_e9", a.venue_spot_base_e9)
    j.exact("wallet_spot_base_e9", a.wallet_base_e9)
    j.exact("other_spot_base_e9", Int64(clamping: Int128(a.spot_base_e9) - Int128(a.venue_spot_base_e9) - Int128(a.wallet_base_e9)))
    j.exact("spot_base_e9", a.spot_base_e9)
    j.exact("perp_base_e9", a.perp_base_e9)
    j.exact("net_delta_base_e9", net)
    if known != 0 { j.exact("drift_ppm", drift) } else { j.null("drift_ppm") }
    j.exact("oracle_price_e6", a.oracle_price_e6)
    j.exact("oracle_age_slots", a.oracle_age_slots)
    put(&j, "total_collateral_e6", a.initial.total_collateral_e6)
    put(&j, "initial_margin_e6", a.initial.requirement_e6)
    put(&j, "maintenance_collateral_e6", a.maintenance.total_collateral_e6)
    put(&j, "maintenance_margin_e6", a.maintenance.requirement_e6)
    j.exact("free_collateral_e6", a.free_collateral_e6)
    j.exact("equity_e6", a.equity_e6)
    j.exact("unrealised_pnl_e6", a.unrealised_pnl_e6)
    j.exact("unsettled_funding_e6", a.unsettled_funding_e6)
    j.number("health_pct", Int64(a.health_bp), decimals: 2)
    if a.leverage_infinite != 0 { j.null("leverage") } else { j.number("leverage", Int64(a.leverage_e4), decimals: 4) }
    j.exact("liq_price_e6", a.liq_price_e6)
    j.exact("funding_rate_e9", a.funding_rate_e9)
    j.number("funding_rate_annual_pct", a.funding_annual_ppm, decimals: 4)
    j.close()
    j.close()
    if json {
        j.text.put("\n")
        Words.print(j.text)
        return
    }
    // For people the same members, one a line.
    var t = Text()
    var depth = 0
    for b in j.text.bytes {
        switch b {
        case 0x7B: depth += 1; if depth == 2 { t.put("\n") }
        case 0x7D: depth -= 1
        case 0x2C where depth == 2: t.put("\n")
        case 0x22: break
        default: if depth == 2 { t.put(byte: b) }
        }
    }
    t.put("\n")
    Words.print(t)
}
