// `signer`: the signer's ledger, for the operator. What it may lose and what it believes of prices is raised
// here and nowhere else: nothing that comes over the agent's socket does.
import Daemon
import EvenkeelCore
import EvenkeelSys
import Model
import Rpc
import Text

func signerCommand() -> Int32 {
    var o = sys_opts()
    var config: UnsafePointer<CChar>? = nil
    var market = Text()
    var json = false, help = false
    let bad = options("c:config= market= json h:help", &o) { i, value in
        switch i {
        case 0: config = value
        case 1: market = textOf(value)
        case 2: json = true
        default: help = true
        }
        return true
    }
    if let code = bad { return code }
    if help { return Terminal.help(signerHelp) }
    let verb = textOf(sys_opts_word(&o, 0))
    let words = sys_opts_words(&o)
    if verb == "show" && words == 1 {
        guard let box = loadConfig(config, SYS_LOAD_BARE) else { return 2 }
        return showLedger(box.config, json: json)
    }
    guard words == 2, verb == "limit" || verb == "price" else {
        return Terminal.refuse("usage: evenkeel signer show|limit USD|price USD [--market NAME] -c FILE")
    }
    var usd_e6: Int64 = 0
    let number = textOf(sys_opts_word(&o, 1))
    let read = number.withCString { ek_parse_decimal($0, number.count, 6, &usd_e6) }
    guard read == EK_OK, usd_e6 > 0, usd_e6 <= 1_000_000_000_000_000 else {
        return Terminal.refuse("\(verb): a number of US dollars, more than 0 and with at most 6 decimals")
    }
    guard let box = loadConfig(config, SYS_LOAD_BARE) else { return 2 }
    do throws(LedgerTrouble) {
        let ledger = try SignerLedger(box.config, change: true)
        if verb == "limit" { return try setLimit(ledger, box.config, usd_e6) }
        return try setPrice(ledger, market, usd_e6)
    } catch {
        _ = Terminal.refuse(error.words)
        return 1
    }
}

private let signerHelp: StaticString = """
    evenkeel signer show|limit USD|price USD [--market NAME] -c FILE

      show         the loss limit and what is used of it, the counts,
          and what the signer believes of prices; --json
      limit USD    the worst case of all that may be signed in any 24 hours,
          from the next start on. A number under
                   [signer] max_loss_usd_per_day wins over it
      price USD    the market's price is this: the signer's memory of its prices begins anew with it,
          so that orders
                   are no longer held against a price of earlier in the day. --market where several are bound
    The last two need the agent to be stopped: while it runs its signer has the file.

    """

private func setLimit(_ l: SignerLedger, _ config: ConfigPointer,
    _ usd_e6: Int64) throws(LedgerTrouble) -> Int32 {
    ek_ledger_set_limit(l.ledger, UInt64(usd_e6), UInt8(EK_LIMIT_OPERATOR))
    try l.store()
    Terminal.print("From the next start on, what is signed loses at worst \(usd: usd_e6) in any 24 hours.\n")
    if config.pointee.max_loss_day_e6 != 0 {
        let wins_e6 = Int64(clamping: config.pointee.max_loss_day_e6)
        Terminal.print("""
            But [signer] max_loss_usd_per_day is a number in this config and wins: \(usd: wins_e6).

            """)
    }
    return 0
}

private func setPrice(_ l: SignerLedger, _ market: Text, _ usd_e6: Int64) throws(LedgerTrouble) -> Int32 {
    var bound = 0
    var found: UnsafeMutablePointer<ek_price_memory>? = nil
    var name = Text()
    l.eachMarket { n, m in
        bound += 1
        if market.isEmpty || n.bytes == market.bytes {
            found = m
            name = n
        }
    }
    guard let m = found else {
        if market.isEmpty {
            throw LedgerTrouble(words: "no market is bound yet: the first price that the agent shows does it")
        }
        throw LedgerTrouble(words: "\(market) is not bound; `evenkeel signer show` lists what is")
    }
    if market.isEmpty && bound > 1 {
        throw LedgerTrouble(words: "several markets are bound: name one with --market")
    }
    ek_price_set(m, usd_e6, l.ledger.pointee.time_s)
    try l.store()
    Terminal.print("The price of \(name) is \(usd: usd_e6) for the signer, also for the day behind.\n")
    return 0
}

private func showLedger(_ config: ConfigPointer, json: Bool) -> Int32 {
    do throws(LedgerTrouble) {
        let l = try SignerLedger(config, change: false)
        Terminal.print(json ? ledgerJson(l, config) : ledgerText(l, config))
        return 0
    } catch {
        _ = Terminal.refuse(error.words)
        return 1
    }
}

private func allowed(_ m: UnsafeMutablePointer<ek_price_memory>, _ l: SignerLedger,
    _ config: ConfigPointer) -> ek_price_range {
    let ppm = config.pointee.move_ppm
    var move = ek_price_move(minute_ppm: ppm.0, hour_ppm: ppm.1, total_ppm: ppm.2)
    return ek_price_allowed(m, &move, l.ledger.pointee.time_s)
}

private func limitSource(_ from: UInt8) -> StaticString {
    switch Int(from) {
    case Int(EK_LIMIT_AUTO): return "auto"
    case Int(EK_LIMIT_CONFIG): return "config"
    case Int(EK_LIMIT_OPERATOR): return "operator"
    default: return "unset"
    }
}

private func ledgerText(_ l: SignerLedger, _ config: ConfigPointer) -> Text {
    let g = l.ledger.pointee
    var t = Text()
    if g.limit_from == UInt8(EK_LIMIT_UNSET) {
        t.put(" limit     none yet: the first request settles it\n")
    } else {
        let of: Text = g.limit_from != UInt8(EK_LIMIT_AUTO) ? "" : ", from an equity of \(usd: g.equity_e6)"
        t.put(" limit     \(usd: g.limit_e6) of loss in any 24 hours (\(limitSource(g.limit_from))\(of))\n")
    }
    t.put("""
         used      \(usd: l.loss_e6) at worst
         orders    \(l.orders) in 60 minutes, of \(config.pointee.max_orders_per_hour)
         notional  \(usd: l.notional_e6) in 24 hours, of \(usd: config.pointee.signer_notional_day_e6)
         signed    \(g.signed_total), refused \(g.refused_total), in a row \(g.refusals)

        """)
    l.eachMarket { name, m in
        if m.pointee.last_e6 == 0 {
            t.put(" \(name)  no price yet\n")
            return
        }
        let day = ek_price_of_day(m, g.time_s), next = allowed(m, l, config)
        let range: Text = day.highest_e6 > 0
            ? "   24 h \(usd: day.lowest_e6) to \(usd: day.highest_e6)" : ""
        t.put("""
             \(name)  \(usd: m.pointee.last_e6), \(max(0, g.time_s - m.pointee.last_s)) s ago\(range)   \
            believed now \(usd: next.lowest_e6) to \(usd: next.highest_e6)

            """)
    }
    return t
}

private func ledgerJson(_ l: SignerLedger, _ config: ConfigPointer) -> Text {
    let g = l.ledger.pointee
    var j = Json(into: Text())
    j.open()
    j.string("limit_from", Text(limitSource(g.limit_from)))
    j.exact("limit_e6", Int64(clamping: g.limit_e6))
    j.exact("equity_e6", Int64(clamping: g.equity_e6))
    j.exact("loss_e6", Int64(clamping: l.loss_e6))
    j.exact("notional_e6", Int64(clamping: l.notional_e6))
    j.int("orders", l.orders)
    j.int("signed_total", g.signed_total)
    j.int("refused_total", g.refused_total)
    j.int("refusals", g.refusals)
    j.openList("markets")
    l.eachMarket { name, m in
        let day = ek_price_of_day(m, g.time_s), next = allowed(m, l, config)
        j.open()
        j.string("market", name)
        j.exact("last_e6", m.pointee.last_e6)
        j.int("age_seconds", max(0, g.time_s - m.pointee.last_s))
        j.exact("day_low_e6", day.lowest_e6)
        j.exact("day_high_e6", day.highest_e6)
        j.exact("believed_low_e6", next.lowest_e6)
        j.exact("believed_high_e6", next.highest_e6)
        j.close()
    }
    j.closeList()
    j.close()
    j.text.put("\n")
    return j.text
}
