// The legs of a market's spot: the venue's deposit or borrow, the authority's SOL, tokens in its associated accounts, wallets that are
// only watched, a fixed amount that lies elsewhere. What they hold is read with the rest of the book, in the same slot.
import EvenkeelCore
import Model
import Rpc
import Text

extension Hedge {
    /// A token leg leaves its mint to the venue's spot market of the asset.
    var mintFromVenue: Bool { rules.legs.contains { $0.kind == .token && !$0.hasKey } }

    func key(of leg: Leg) -> ek_key { leg.hasKey ? leg.key : mint }

}

extension Machine {
    /// Puts the accounts of a market's legs on the list; words when they cannot be counted.
    func planLegs(_ h: Hedge) -> Text? {
        for (i, leg) in h.rules.legs.enumerated() where leg.kind != .fixed {
            var key = h.key(of: leg)
            for k in 0..<i where h.rules.legs[k].kind == leg.kind && same(h.key(of: h.rules.legs[k]), key) {
                return legTrouble(h, leg, " is counted twice: the venue's mint of the asset is the one named")
            }
            if leg.kind == .watch && same(key, authority) {
                return legTrouble(h, leg, " is the authority's own wallet: that is the leg wallet:SOL")
            }
            let err = leg.kind == .token ? ek_plan_add_token(plan, &key) : ek_plan_add_watch(plan, &key)
            if err != EK_OK { return legTrouble(h, leg, " does not fit: at most 8 tokens and 8 watched wallets are read") }
        }
        return nil
    }

    private func legTrouble(_ h: Hedge, _ leg: Leg, _ words: StaticString) -> Text {
        var t = Text("spot leg ")
        Self.put(h, leg, &t)
        t.put(words)
        return t
    }

    /// "token:SOL", "watch:7Ge...", "fixed:-1.5".
    static func put(_ h: Hedge, _ leg: Leg, _ t: inout Text) {
        switch leg.kind {
        case .token where !leg.hasKey || same(leg.key, EK_NATIVE_MINT): t.put("token:"); t.put(h.rules.spotName)
        case .token: t.put("token:"); t.put(key: leg.key)
        case .watch: t.put("watch:"); t.put(key: leg.key)
        case .fixed: t.put("fixed:"); t.put(number: leg.amount_e9, decimals: 9)
        }
    }

    /// Calls `each` with the name and the amount of every leg, and whether it is read from the chain.
    package func eachLeg(_ i: Int, _ v: View, _ each: (Text, Int64, Bool) -> Void) {
        let h = hedges[i]
        if h.rules.useVenueSpot {
            each("venue:\(h.rules.spotName)", v.a.venue_spot_base_e9, true)
        }
        if h.rules.useWalletSpot {
            each("wallet:SOL", v.a.wallet_base_e9, true)
        }
        var a = v.a
        for (k, leg) in h.rules.legs.enumerated() {
            var name = Text()
            Self.put(h, leg, &name)
            each(name, ek_assessed_leg(&a, UInt32(k)), leg.kind != .fixed)
        }
    }
}
