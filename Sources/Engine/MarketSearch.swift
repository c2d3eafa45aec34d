// The hedged markets are found on the venue's list by their names, once, and again when the list grows. Where
// there are several hosts, what one of them told gets its row in the record only when others say the same.
import Accounting
import Decide
import EvenkeelCore
import Model
import Rpc
import Text

private let marketsPerRead = 20
/// A hedged market that the venue's list did not hold is looked for again after so many ticks.
private let searchAgain_ticks: UInt64 = 10

extension Machine {
    /// How many markets the venue has.
    private var listed: Int {
        Int(book.pointee.state.n_perp_markets) + Int(book.pointee.state.n_spot_markets)
    }

    /// The venue lists more markets than when one of ours was looked for in vain, or that was a while ago:
    /// one node's word, once.
    func lookForMarketsAgain() {
        guard reader.search.found, hedges.contains(where: { !$0.found }),
            listed != reader.search.listed || ticks >= reader.search.again_tick
        else { return }
        reader.search.found = false
        reader.search.unread = 0
        reader.search.unknown.clear()
        reader.search.cursor = 0
        for h in hedges where !h.found { h.forget() }
    }

    func readMarkets(_ now: Now) {
        let perps = Int(book.pointee.state.n_perp_markets)
        var keys: [ek_key] = []
        var i = reader.search.cursor
        while i < listed && keys.count < marketsPerRead {
            var key = ek_key()
            let kind = i < perps ? Int32(EK_ADDR_PERP_MARKET) : Int32(EK_ADDR_SPOT_MARKET)
            let index = UInt16(truncatingIfNeeded: i < perps ? i : i - perps)
            if ek_venue_address(account.venue, kind, nil, index, &key) != EK_OK { break }
            keys.append(key)
            i += 1
        }
        if keys.isEmpty {
            searched(now)
            return
        }
        if reader.search.cursor == 0 { reader.search.endpoint = listEndpoint(now) }
        let (e, m) = (reader.search.endpoint, reader.reading.minSlot)
        let posted = post(.markets, e) { r, id in
            r.markets(id: id, keys: keys, minSlot: m) { effects.post(endpoint: e, id: id, body: $0) }
        }
        if !posted { readFailed(Trouble("too many requests under way"), now) }
    }

    /// The book's own, unless its list was of no use before and there is another one.
    private func listEndpoint(_ now: Now) -> Int {
        let vain = reader.search.vainBy
        if vain & bit(readEndpoint) == 0 { return readEndpoint }
        for e in 0..<endpoints.all.count where vain & bit(e) == 0 && isHeard(e, now) { return e }
        reader.search.vainBy = 0
        return readEndpoint
    }

    private func isHeard(_ e: Int, _ now: Now) -> Bool {
        !endpoints.all[e].foreign && endpoints.all[e].restUntil_ms <= now.mono_ms
    }

    /// So many hosts must say the same of the venue's list.
    func hostsNeeded(_ now: Now) -> Int { 1 + min(endpoints.quorum - 1, others(now)) }

    /// The list is through. What was not found is named; with nothing found at all there is nothing to do.
    private func searched(_ now: Now) {
        reader.search.cursor = 0
        let unread: StaticString = reader.search.unread > 0 ? " that could be read" : ""
        for h in hedges where !h.found {
            h.missing =
                h.perpFound
                ? "the venue has no spot market named \(h.rules.spotName)\(unread)"
                : "the venue has no perp market named \(h.rules.perpName)\(unread)"
        }
        reader.search.vainBy |= bit(reader.search.endpoint)
        let sure = reader.search.vainBy.nonzeroBitCount >= hostsNeeded(now)
        // A market that could not be read may be ours, and another host may show it: the next tick looks
        // again. Else it is looked for now and then.
        reader.search.again_tick = ticks + (reader.search.unread > 0 || !sure ? 1 : searchAgain_ticks)
        if hedges.contains(where: { $0.found }) {
            for h in hedges where !h.missing.isEmpty && sure {
                note(.error, "\(h.missing); this market is not hedged, the others are")
            }
            marketsDone(now)
            return
        }
        var why = hedges[0].missing
        if !sure { why = "endpoint \(reader.search.endpoint + 1) alone says so far: \(why)" }
        for h in hedges { h.missing = Text() }
        let unknown = reader.search.unknown
        reader.reading.layoutUnknown = !unknown.isEmpty
        reader.reading.attempts = readAttempts
        readFailed(Trouble(unknown.isEmpty ? why : "\(why): \(unknown)"), now)
    }

    func marketsAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        do throws(Trouble) { try takeMarkets(a) } catch {
            reader.search.cursor = 0
            readFailed(error, now)
            return
        }
        if !hedges.contains(where: { !$0.found }) {
            marketsDone(now)
        } else if reader.search.cursor >= listed {
            searched(now)
        } else {
            readMarkets(now)
        }
    }

    private func takeMarkets(_ a: Answer) throws(Trouble) {
        let cursor = reader.search.cursor
        var found = try marketAccounts(a, min(marketsPerRead, listed - cursor))
        let perps = Int(book.pointee.state.n_perp_markets)
        for k in found.indices where !matchMarket(a, &found[k], at: cursor + k, perps) {
            reader.search.unread += 1
        }
        reader.search.cursor += found.count
    }

    /// The accounts of an answer that was asked for so many markets.
    private func marketAccounts(_ a: Answer, _ wanted: Int) throws(Trouble) -> [ek_scan_account] {
        if let t = Answers.wireTrouble(a) { throw t }
        var result = ek_scan_result()
        var found = [ek_scan_account](repeating: ek_scan_account(), count: marketsPerRead)
        let err = ek_scan_accounts(a.body.baseAddress, a.body.count, &result, &found, UInt32(marketsPerRead))
        if err == EK_E_RPC { _ = try Answers.result(a) }
        if err != EK_OK { throw Trouble("the list of markets could not be read") }
        guard result.has_id != 0 && result.id == UInt64(a.id) else {
            throw Trouble("RPC answer belongs to another request")
        }
        guard Int(result.count) == wanted, wanted > 0 else {
            throw Trouble("the list of markets came back with another length")
        }
        found.removeLast(marketsPerRead - wanted)
        return found
    }

    /// False: a market that the venue lists could not be read, so it may be the one that is looked for.
    private func matchMarket(_ a: Answer, _ listed: inout ek_scan_account, at i: Int, _ perps: Int) -> Bool {
        let perp = i < perps
        func take(_ name: UnsafePointer<CChar>, _ index: UInt16, _ mint: ek_key) {
            for h in hedges where nameIs(perp ? h.rules.perpName : h.rules.spotName, name) {
                if perp && !h.perpFound {
                    h.perpIndex = index
                    h.perpFound = true
                } else if !perp && h.spotIndex == 0xFFFF {
                    h.spotIndex = index
                    h.mint = mint
                }
            }
        }
        return readMarket(a, &listed, perp: perp, unread: { sayUnknown(i, perps, $0) }, each: take)
    }

    /// Calls `each` with a market's name, index and, of a spot market, mint. False: it cannot be read;
    /// `unread` is called with the length where that is for its layout.
    private func readMarket(
        _ a: Answer, _ listed: inout ek_scan_account, perp: Bool, unread: (Int) -> Void = { _ in },
        each: (UnsafePointer<CChar>, UInt16, ek_key) -> Void
    ) -> Bool {
        let (venue, work) = (account.venue, books.work)
        guard let json = a.body.baseAddress, listed.present != 0,
            same(listed.owner, ek_venue_program(venue).pointee)
        else { return false }
        var len = 0
        guard ek_scan_data(json, &listed, work.baseAddress, work.count, &len) == EK_OK else { return false }
        var mint = ek_key()
        if !perp {
            var m = ek_spot_market()
            if ek_decode_spot_market(venue, work.baseAddress, len, &m) == EK_OK { mint = m.mint }
        }
        var index: UInt16 = 0
        var read = false
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(EK_NAME_CAP)) { name in
            guard let base = name.baseAddress,
                ek_market_name(venue, perp ? 1 : 0, work.baseAddress, len, base, &index) == EK_OK
            else {
                unread(len)
                return
            }
            read = true
            each(base, index, mint)
        }
        return read
    }

    private func sayUnknown(_ i: Int, _ perps: Int, _ len: Int) {
        let perp = i < perps
        var key = ek_key()
        let kind = Int32(perp ? EK_ADDR_PERP_MARKET : EK_ADDR_SPOT_MARKET)
        _ = ek_venue_address(account.venue, kind, nil, UInt16(clamping: perp ? i : i - perps), &key)
        let name: StaticString = perp ? "PerpMarket" : "SpotMarket"
        reader.search.unknown = """
            \(name) \(key: key): \(len) bytes, not as layout \(c: ek_venue_layout(account.venue)) has them; \
            update evenkeel
            """
    }

    private func nameIs(_ wanted: Text, _ name: UnsafePointer<CChar>) -> Bool {
        var i = 0
        while i < wanted.count && name[i] != 0 && UInt8(bitPattern: name[i]) == wanted.bytes[i] { i += 1 }
        return i == wanted.count && name[i] == 0
    }

    private func marketsDone(_ now: Now) {
        reader.search.found = true
        if !hedges.contains(where: { !$0.found }) { reader.search.vainBy = 0 }
        reader.search.listed = listed
        for h in hedges where h.found && h.recordIndex == nil { h.namedBy |= bit(reader.search.endpoint) }
        planHedges()
        takeRows(now)
        requests.bodies.plan(books.plan)
        postBook(now)
    }

    // MARK: what other hosts say of it

    private func waitsForRow(_ h: Hedge) -> Bool { h.found && h.missing.isEmpty && h.recordIndex == nil }

    /// Gives the markets that enough hosts have named their rows in the record, and asks the others.
    func takeRows(_ now: Now) {
        for h in hedges where waitsForRow(h) {
            let known = h.rules.perpName.withCString { ek_record_knows(record, $0, h.perpIndex) } != 0
            if known || h.namedBy.nonzeroBitCount >= hostsNeeded(now) { takeRow(h) }
        }
        guard hedges.contains(where: waitsForRow) else { return }
        var keys: [ek_key] = []
        for h in hedges where waitsForRow(h) {
            for (kind, index) in accountsOf(h) {
                var key = ek_key()
                _ = ek_venue_address(account.venue, kind, nil, index, &key)
                keys.append(key)
            }
        }
        if keys.count > marketsPerRead { keys.removeLast(keys.count - marketsPerRead) }
        for e in 0..<endpoints.all.count where isHeard(e, now) && !requests.has(.names, at: e) {
            let news = hedges.contains { waitsForRow($0) && ($0.namedBy | $0.unnamedBy) & bit(e) == 0 }
            if !news { continue }
            _ = post(.names, e) { r, id in
                r.markets(id: id, keys: keys, minSlot: 0) { effects.post(endpoint: e, id: id, body: $0) }
            }
        }
    }

    private func accountsOf(_ h: Hedge) -> [(Int32, UInt16)] {
        let perp = (Int32(EK_ADDR_PERP_MARKET), h.perpIndex)
        return h.spotIndex == 0xFFFF ? [perp] : [perp, (Int32(EK_ADDR_SPOT_MARKET), h.spotIndex)]
    }

    func namesAnswered(_ a: Answer, _ e: Int, _ now: Now) {
        let asked = hedges.filter(waitsForRow)
        var wanted = 0
        for h in asked { wanted += accountsOf(h).count }
        var found: [ek_scan_account]
        do throws(Trouble) { found = try marketAccounts(a, min(wanted, marketsPerRead)) } catch { return }
        var k = 0
        for h in asked {
            var named = true
            for (kind, index) in accountsOf(h) where k < found.count {
                let perp = kind == Int32(EK_ADDR_PERP_MARKET)
                var fits = false
                _ = readMarket(a, &found[k], perp: perp) { name, at, mint in
                    fits =
                        at == index && nameIs(perp ? h.rules.perpName : h.rules.spotName, name)
                        && (perp || same(mint, h.mint))
                }
                named = named && fits
                k += 1
            }
            if named { h.namedBy |= bit(e) } else { h.unnamedBy |= bit(e) }
            if h.unnamedBy.nonzeroBitCount >= endpoints.quorum { lookElsewhere(h, now) }
        }
        takeRows(now)
    }

    /// What was found is wrong: the next tick looks for it at another host.
    func lookElsewhere(_ h: Hedge, _ now: Now) {
        if others(now) == 0 || h.recordIndex != nil { return }
        reader.search.vainBy |= bit(reader.search.endpoint)
        reader.search.again_tick = ticks + 1
        requests.drop(.names)
        h.forget()
    }

    /// The market's row in the record: the name and index in it are kept for good.
    func takeRow(_ h: Hedge) {
        var slot: UInt32 = 0
        let err = h.rules.perpName.withCString { ek_record_add(record, $0, h.perpIndex, &slot) }
        if err == EK_OK {
            h.recordIndex = slot
        } else if err == EK_E_FULL {
            h.missing = """
                the state file holds the story of eight other markets and has no room for this one: \
                start a new \
                state file
                """
        } else {
            journal.halt(
                """
                the state file belongs to other markets (\(c: ek_err_text(err))): move it away or \
                correct the config
                """)
        }
    }
}
