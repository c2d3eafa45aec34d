// The log of every transaction that was sent, decoded for people and tests.
import EvenkeelCore
import Text

extension ChainNode {
    func putLog(_ n: Int, _ j: inout Json) {
        j.openList()
        for r in records.suffix(max(0, n)) { put(r, &j) }
        j.closeList()
    }

    private func put(_ r: Record, _ j: inout Json) {
        let t = r.transaction
        j.open()
        j.number("wall", r.wallMs, decimals: 3)
        j.int("slot", r.slot)
        j.string("signature", "\(base58: t.firstSignature)")
        j.int("size", t.raw.count)
        if t.version0 { j.int("version", 0) } else { j.string("version", "legacy") }
        j.string("fee_payer", key: t.keys[0].ek)
        j.int("luts", t.lookups)
        j.openList("signers")
        for k in t.keys.prefix(t.required) { j.item("\(k)") }
        j.closeList()
        j.string("blockhash", key: t.blockhash.ek)
        j.openList("instructions")
        for ix in t.instructions { put(t, ix, &j) }
        j.closeList()
        j.bool("skip_preflight", r.skipPreflight)
        if let f = r.fault { j.string("fault", f.name) } else { j.null("fault") }
        j.open("result")
        j.string("status", r.fate.name)
        if let s = r.reason { j.string("reason", s) }
        if r.fate == .landed || r.fate == .rejected {
            j.int("slot", r.landedSlot)
            j.number("wall", r.landedWallMs, decimals: 3)
            j.int("cu", r.units)
            j.int("fee", r.fee)
        }
        if let e = r.error {
            j.raw("err", e.json)
            j.string("text", e.words)
        } else {
            j.null("err")
        }
        j.openList("logs")
        for l in r.logs { j.item(l) }
        j.closeList()
        j.close()
        j.close()
    }

    private func put(_ t: Transaction, _ ix: Instruction, _ j: inout Json) {
        let program = t.keys[ix.program]
        j.open()
        j.string("program", key: program.ek)
        j.openList("accounts")
        for a in ix.accounts where Int(a) < t.keys.count {
            j.open()
            j.string("pubkey", key: t.keys[Int(a)].ek)
            j.bool("signer", t.isSigner(Int(a)))
            j.bool("writable", t.isWritable(Int(a)))
            j.close()
        }
        j.closeList()
        var hex = Text()
        for b in ix.data { hex.put(hex: b) }
        j.string("data_hex", hex)
        j.open("decoded")
        decoded(program, ix.data, &j)
        j.close()
        j.close()
    }

    private func decoded(_ program: Key, _ d: [UInt8], _ j: inout Json) {
        if program == Known.computeBudget {
            if d.count >= 5 && d[0] == 2 {
                j.string("name", "set_compute_unit_limit")
                j.int("units", d.u32(1))
            } else if d.count >= 9 && d[0] == 3 {
                j.string("name", "set_compute_unit_price")
                j.int("micro_lamports", d.u64(1))
            } else {
                j.string("name", "compute_budget")
            }
            return
        }
        guard program == layout.program, d.count >= 8 else {
            j.string("name", "unknown")
            return
        }
        var a = Args(d)
        switch d.u64(0) {
        case Ix.place, Ix.take:
            let take = d.u64(0) == Ix.take
            j.string("name", take ? "place_and_take_perp_order" : "place_perp_order")
            let p = OrderParams(&a, wide: layout.velocity)
            put(p, &j)
            if take {
                if a.flag() {
                    j.int("success_condition", a.int(UInt32.self))
                } else {
                    j.null("success_condition")
                }
            }
        case Ix.settlePnl:
            j.string("name", "settle_pnl")
            j.int("market_index", a.int(UInt16.self))
        case Ix.cancel:
            j.string("name", "cancel_order")
            if a.flag() { j.int("order_id", a.int(UInt32.self)) } else { j.null("order_id") }
        case Ix.cancelByUserId:
            j.string("name", "cancel_order_by_user_id")
            j.int("user_order_id", a.int(UInt8.self))
        case Ix.cancelOrders: j.string("name", "cancel_orders")
        default: j.string("name", "unknown")
        }
        if a.broken { j.string("decode_error", "too short") }
    }

    private func put(_ p: OrderParams, _ j: inout Json) {
        func optional<T: FixedWidthInteger>(_ k: StaticString, _ v: T?) {
            if let v { j.int(k, v) } else { j.null(k) }
        }
        j.open("params")
        j.int("order_type", p.type); j.int("market_type", p.marketType); j.int("direction", p.direction)
        j.int("user_order_id", p.userId); j.int("base_asset_amount", p.base); j.int("price", p.price)
        j.int("market_index", p.market); j.int("reduce_only", p.reduceOnly ? 1 : 0)
        j.int("post_only", p.postOnly)
        j.int("bit_flags", p.bitFlags)
        optional("max_ts", p.maxTs)
        optional("trigger_price", p.triggerPrice)
        j.int("trigger_condition", p.triggerCondition)
        optional("oracle_price_offset", p.offset)
        optional("auction_duration", p.duration)
        optional("auction_start_price", p.auctionStart)
        optional("auction_end_price", p.auctionEnd)
        j.close()
    }
}
