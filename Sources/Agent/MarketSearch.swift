// The hedged markets are found on the venue's list by their names, once, and again when the list grows.
import EvenkeelCore
import Model
import Rpc
import Text

private let marketsPerRead = 20
/// A hedged market that the venue's list did not hold is looked for again after so many ticks.
private let searchAgain_ticks: UInt64 = 10

extension Machine {
    func readMarkets(_ now: Now) {
        let perps = Int(book.pointee.state.n_perp_markets)
        let spots = Int(book.pointee.state.n_spot_markets)
        var keys: [ek_key] = []
        var i = search.cursor
        while i < perps + spots && keys.count < marketsPerRead {
            var key = ek_key()
            let kind = i < perps ? Int32(EK_ADDR_PERP_MARKET) : Int32(EK_ADDR_SPOT_MARKET)
            let index = UInt16(truncatingIfNeeded: i < perps ? i : i - perps)
            if ek_venue_address(venue, kind, nil, index, &key) != EK_OK { break }
            keys.append(key)
            i += 1
        }
        if keys.isEmpty {
            searched(now)
            return
        }
        let e = reading.endpoint
        let m = reading.minSlot
        let id = post(.markets, e) { (r: inout Requests, id: UInt32) -> Bool in
            r.markets(id: id, keys: keys, minSlot: m) { host.post(endpoint: e, id: id, body: $0) }
        }
        if id == 0 { readFailed(Trouble("too many requests under way"), now) }
    }

    /// The list is through. What was not found is named; with nothing found at all there is nothing to do.
    func searched(_ now: Now) {
        search.cursor = 0
        for i in 0..<hedges.count where !hedges[i].found {
            var t = Text("the venue has no ")
            if !hedges[i].perpFound {
                t.put("perp market named \(hedges[i].rules.perpName)")
            } else {
                t.put("spot market named \(hedges[i].rules.spotName)")
            }
            if search.unread > 0 { t.put(" that could be read") }
            hedges[i].missing = t
        }
        // A market that could not be read may be ours: the next tick looks again. Else it is looked for now and then.
        search.again_tick = ticks + (search.unread > 0 ? 1 : searchAgain_ticks)
        if hedges.contains(where: { $0.found }) {
            for h in hedges where !h.missing.isEmpty {
                var t = h.missing
                t.put("; this market is not hedged, the others go on")
                note(.error, t)
            }
            marketsDone(now)
            return
        }
        let why = hedges[0].missing
        for i in 0..<hedges.count { hedges[i].missing = Text() }
        reading.lastError = EK_OK
        reading.attempts = readAttempts
        readFailed(Trouble(why), now)
    }

    func marketsAnswered(_ a: Answer, _ endpoint: Int, _ now: Now) {
        if let t = Answers.wireTrouble(a) {
            readFailed(t, now)
            return
        }
        var result = ek_scan_result()
        var found = [ek_scan_account](repeating: ek_scan_account(), count: marketsPerRead)
        let err = ek_scan_accounts(a.body.baseAddress, a.body.count, &result, &found, UInt32(marketsPerRead))
        if err != EK_OK {
            if err == EK_E_RPC { do throws(Trouble) { _ = try Answers.result(a) } catch { readFailed(error, now); return } }
            readFailed(Trouble("the list of markets could not be read"), now)
            return
        }
        guard result.has_id != 0 && result.id == UInt64(a.id) else {
            readFailed(Trouble("RPC answer belongs to another request"), now)
            return
        }
        let perps = Int(book.pointee.state.n_perp_markets)
        let total = perps + Int(book.pointee.state.n_spot_markets)
        guard Int(result.count) == min(marketsPerRead, total - search.cursor) else {
            readFailed(Trouble("the list of markets came back with another length"), now)
            return
        }
        for k in 0..<Int(result.count) where !matchMarket(a, &found[k], perp: search.cursor + k < perps) { search.unread += 1 }
        search.cursor += Int(result.count)
        if !hedges.contains(where: { !$0.found }) {
            marketsDone(now)
        } else if search.cursor >= total || result.count == 0 {
            searched(now)
        } else {
            readMarkets(now)
        }
    }

    /// False: a market that the venue lists could not be read, so it may be the one that is looked for.
    func matchMarket(_ a: Answer, _ account: inout ek_scan_account, perp: Bool) -> Bool {
        guard let json = a.body.baseAddress, account.present != 0, same(account.owner, ek_venue_program(venue).pointee) else { return false }
        var len = 0
        guard ek_scan_data(json, &account, work, workCap, &len) == EK_OK else { return false }
        var read = false
        var index: UInt16 = 0
        var mint = ek_key()
        if !perp {
            var m = ek_spot_market()
            if ek_decode_spot_market(venue, work, len, &m) == EK_OK { mint = m.mint }
        }
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(EK_NAME_CAP)) { name in
            guard let base = name.baseAddress,
                  ek_market_name(venue, perp ? 1 : 0, work, len, base, &index) == EK_OK else { return }
            read = true
            for k in 0..<hedges.count {
                let wanted = perp ? hedges[k].rules.perpName : hedges[k].rules.spotName
                var i = 0
                while i < wanted.count && base[i] != 0 && UInt8(bitPattern: base[i]) == wanted.bytes[i] { i += 1 }
                guard i == wanted.count && base[i] == 0 else { continue }
                if perp && !hedges[k].perpFound {
                    hedges[k].perpIndex = index
                    hedges[k].perpFound = true
                } else if !perp && hedges[k].spotIndex == 0xFFFF {
                    hedges[k].spotIndex = index
                    hedges[k].mint = mint
                }
            }
        }
        return read
    }

    func marketsDone(_ now: Now) {
        search.found = true
        search.listed = listed
        planHedges()
        for i in 0..<hedges.count where hedges[i].missing.isEmpty {
            var slot: UInt32 = 0
            let err = hedges[i].rules.perpName.withCString { ek_record_add(record, $0, hedges[i].perpIndex, &slot) }
            if err == EK_OK {
                hedges[i].marketSlot = Int(slot)
            } else if err == EK_E_FULL {
                hedges[i].missing = Text("the state file holds the story of eight other markets and has no room for this one: start a new state file")
            } else {
                halted = true
                observeReason = Text("the state file belongs to other markets (")
                observeReason.put("\(c: ek_err_text(err))): move it away or correct the config")
            }
        }
        requests.plan(plan)
        postBook(now)
    }
}
