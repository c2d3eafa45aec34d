// `assess`: every number of a saved read, offline, by the code that the agent runs. Accounts are recognised
// by owner and discriminator, so the answer of any getMultipleAccounts will do.
import Daemon
import Decide
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

private struct Saved {
    var json: UnsafePointer<UInt8>
    var keys: [ek_key] = []
    var accounts: [ek_scan_account] = []
    var slot: UInt64 = 0
}

private func refuse(_ path: UnsafePointer<CChar>?, _ why: StaticString) -> Int32 {
    Terminal.print("evenkeel: \(c: path): \(why)\n", 2)
    return 1
}

func assessCommand() -> Int32 {
    let help: StaticString = """
        evenkeel assess ACCOUNTS.json [-c FILE] [--json]

        The assessment of a saved read, offline: \
        {"keys":[base58 ...],"result":<the getMultipleAccounts result>}, as
        `evenkeel status --accounts FILE` saves it. \
        With -c the config's hedged markets and spot legs, else SOL-PERP and
        both legs.

        """
    var a = CommonOptions()
    if let code = a.take("c:config= json h:help", 3, help: help) { return code }
    if sys_opts_words(&a.o) != 1 {
        Terminal.print("\(help)", 2)
        return 2
    }
    var rules = Rules()
    if a.config != nil {
        guard let box = loadConfig(a.config, SYS_LOAD_BARE) else { return 2 }
        var words = Text()
        guard let r = Rules(box.config, trouble: &words) else { return Terminal.refuse(words) }
        rules = r
    }
    let path = sys_opts_word(&a.o, 0)
    var len = 0
    var errno: Int32 = 0
    guard let bytes = sys_read_alloc(path, 8 << 20, &len, &errno) else {
        _ = Terminal.refuse("\(c: path): \(c: sys_errno_text(errno))")
        return 1
    }
    defer { sys_free(bytes) }
    guard ek_crypto_init() == EK_OK, let saved = parse(bytes, len) else {
        return refuse(path, """
            is not a saved read: {"keys":[...],"result":{"context":{"slot":N},"value":[...]}}
            """)
    }
    return assess(saved, rules, path, a.flag)
}

private func parse(_ bytes: UnsafePointer<UInt8>, _ len: Int) -> Saved? {
    var root = ek_json()
    var list = ek_json()
    guard ek_json_root(bytes, len, &root) == EK_OK, ek_json_member(root, "keys", &list) == EK_OK,
          ek_json_kind(list) == 0x5B else { return nil }
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
    guard ek_scan_accounts(bytes, len, &result, &s.accounts, 256) == EK_OK,
          Int(result.count) == s.keys.count else {
        return nil
    }
    s.slot = result.slot
    return s
}


/// The venue whose program owns most: the first one that owns any account.
private func venueOf(_ s: Saved) -> OpaquePointer? {
    for v in 0..<ek_venue_count() {
        guard let venue = ek_venue_at(v), let program = ek_venue_program(venue) else { continue }
        for i in 0..<s.keys.count where s.accounts[i].present != 0
            && same(s.accounts[i].owner, program.pointee) {
            return venue
        }
    }
    return nil
}

private func assess(_ saved: Saved, _ rules: Rules, _ path: UnsafePointer<CChar>?, _ json: Bool) -> Int32 {
    guard let venue = venueOf(saved) else {
        return refuse(path, "holds no account of a venue this program knows")
    }
    let book = UnsafeMutableRawPointer.allocate(byteCount: ek_book_size(),
                                                alignment: 16).bindMemory(to: ek_book.self, capacity: 1)
    defer { UnsafeMutableRawPointer(book).deallocate() }
    let cap = 65_536
    let work = UnsafeMutablePointer<UInt8>.allocate(capacity: cap)
    defer { work.deallocate() }
    let plan = UnsafeMutableRawPointer.allocate(byteCount: ek_plan_size(),
                                                alignment: 16).bindMemory(to: ek_plan.self, capacity: 1)
    defer { UnsafeMutableRawPointer(plan).deallocate() }
    ek_book_reset(book, venue, saved.slot)
    guard fillUser(book, saved, work, cap) else { return refuse(path, "holds no User account") }
    var owner = book.pointee.user.authority
    guard ek_plan_init(plan, venue, &owner, book.pointee.user.sub_account_id, nil) == EK_OK else {
        return refuse(path, "holds a User without an authority")
    }
    planHoldings(plan, rules)
    ek_book_begin(book, plan, saved.slot)
    putAccounts(book, saved, work, cap)
    guard book.pointee.have & (1 << UInt32(EK_ROLE_USER)) != 0 else {
        return refuse(path, "holds no User account")
    }
    for i in 0..<saved.keys.count where same(saved.keys[i], book.pointee.user.authority) {
        // A wallet that the node calls absent holds nothing; one that belongs to a program is no wallet.
        book.pointee.authority_lamports = saved.accounts[i].lamports
        book.pointee.authority_is_system = saved.accounts[i].present == 0
            || same(saved.accounts[i].owner, EK_SYSTEM_PROGRAM) ? 1 : 0
        book.pointee.have |= 1 << UInt32(EK_ROLE_AUTHORITY)
    }

    putHoldings(book, plan, saved, work, cap)
    var worst: Int32 = 0
    for hedge in rules.hedges {
        let code = assessMarket(book, hedge, rules, path, venue, json)
        if code != 0 { worst = code }
    }
    return worst
}

/// Every account into the role it has by its discriminator.
private func putAccounts(_ book: UnsafeMutablePointer<ek_book>, _ saved: Saved,
                         _ work: UnsafeMutablePointer<UInt8>, _ cap: Int) {
    // Markets first: how to read an oracle is written in the market that names it.
    let order = [EK_ROLE_STATE, EK_ROLE_USER, EK_ROLE_USER_STATS, EK_ROLE_CLOCK, EK_ROLE_PERP_MARKET,
                 EK_ROLE_SPOT_MARKET,
                 EK_ROLE_ORACLE].map { Int32($0) }
    for role in order {
        for i in 0..<saved.keys.count {
            var account = saved.accounts[i]
            var key = saved.keys[i]
            var n = 0
            guard account.present != 0,
                  ek_scan_data(saved.json, &account, work, cap, &n) == EK_OK, n > 0
            else { continue }
            if role == Int32(EK_ROLE_CLOCK) {
                guard same(key, EK_CLOCK_SYSVAR) else { continue }
            } else if same(key, EK_CLOCK_SYSVAR) { continue }
            // another role's account is refused by its discriminator
            _ = ek_book_put_account(book, role, &key, work, n)
        }
    }
}

/// The first User of the read: whose book it is.
private func fillUser(_ book: UnsafeMutablePointer<ek_book>, _ saved: Saved,
                      _ work: UnsafeMutablePointer<UInt8>, _ cap: Int) -> Bool {
    for i in 0..<saved.keys.count {
        var account = saved.accounts[i]
        var key = saved.keys[i]
        var n = 0
        guard account.present != 0, ek_scan_data(saved.json, &account, work, cap, &n) == EK_OK, n > 0 else {
            continue
        }
        if ek_book_put_account(book, Int32(EK_ROLE_USER), &key, work, n) == EK_OK { return true }
    }
    return false
}

/// Tokens and watched wallets of the configured legs. A mint that only the venue's market names is not looked
/// up here.
private func planHoldings(_ plan: UnsafeMutablePointer<ek_plan>, _ rules: Rules) {
    for h in rules.hedges {
        for leg in h.legs where leg.hasKey {
            var key = leg.key
            _ = leg.kind == .token ? ek_plan_add_token(plan, &key) : ek_plan_add_watch(plan, &key)
        }
    }
}

private func putHoldings(_ book: UnsafeMutablePointer<ek_book>, _ plan: UnsafeMutablePointer<ek_plan>,
                         _ saved: Saved,
                         _ work: UnsafeMutablePointer<UInt8>, _ cap: Int) {
    var fault = ek_fault()
    for k in 0..<ek_plan_count(plan) {
        guard let item = ek_plan_item_at(plan, k), Int32(item.pointee.role) >= Int32(EK_ROLE_TOKEN) else {
            continue
        }
        for i in 0..<saved.keys.count where same(saved.keys[i], item.pointee.key) {
            var account = saved.accounts[i]
            var owner = account.owner
            var n = 0
            let present = account.present != 0 && ek_scan_data(saved.json, &account, work, cap, &n) == EK_OK
            _ = ek_book_put(book, plan, k, &owner, account.lamports, present ? UnsafePointer(work) : nil, n,
                            &fault)
        }
    }
}

private func assessMarket(_ book: UnsafeMutablePointer<ek_book>, _ hedge: HedgeRules, _ rules: Rules,
                          _ path: UnsafePointer<CChar>?,
                          _ venue: OpaquePointer?, _ json: Bool) -> Int32 {
    let named = hedge.perpName.withCString { ek_book_perp_by_name(book, $0, hedge.perpName.count) }
    guard let perp = named else { return refuse(path, "holds no perp market of the hedged name") }
    let spot = hedge.spotName.withCString { ek_book_spot_by_name(book, $0, hedge.spotName.count) }
    var legs = hedge.coreLegs(perp: perp.pointee.market_index, spot: spot?.pointee.market_index ?? 0xFFFF,
                              mint: spot?.pointee.mint ?? ek_key())
    if spot == nil { legs.use_venue = 0 }
    var a = ek_assessment()
    var fault = ek_fault()
    let err = ek_assess(book, &legs, &a, &fault)
    let market = Hedge(hedge)
    (market.perpIndex, market.spotIndex, market.perpFound) = (legs.perp_index, legs.spot_index, err == EK_OK)
    showAssessment(a, err, fault, market.stressNow(book, rules), hedge, venue, json)
    return err == EK_OK ? 0 : 1
}
