// The legs of a market's spot: the venue's deposit or borrow, the authority's SOL, tokens in its associated
// accounts, wallets that are only watched, a fixed amount that lies elsewhere. What they hold is read with
// the rest of the book, in the same slot.
import EvenkeelCore
import Model
import Text

extension Hedge {
    /// A token leg leaves its mint to the venue's spot market of the asset.
    package var mintFromVenue: Bool { rules.legs.contains { $0.kind == .token && !$0.hasKey } }

    package func key(of leg: Leg) -> ek_key { leg.hasKey ? leg.key : mint }

    /// Puts the accounts of the legs on the list. Refused: they cannot be counted.
    package func planLegs(_ plan: UnsafeMutablePointer<ek_plan>, authority: ek_key) throws(Refusal) {
        for (i, leg) in rules.legs.enumerated() where leg.kind != .fixed {
            var key = self.key(of: leg)
            for other in rules.legs[0..<i] where other.kind == leg.kind && same(self.key(of: other), key) {
                throw trouble(leg, " is counted twice: the venue's mint of the asset is the one named")
            }
            if leg.kind == .watch && same(key, authority) {
                throw trouble(leg, " is the authority's own wallet: that is the leg wallet:SOL")
            }
            let err = leg.kind == .token ? ek_plan_add_token(plan, &key) : ek_plan_add_watch(plan, &key)
            if err != EK_OK {
                throw trouble(leg, " does not fit: at most 8 tokens and 8 watched wallets are read")
            }
        }
    }

    private func trouble(_ leg: Leg, _ words: StaticString) -> Refusal {
        var t: Text = "spot leg \(name(of: leg))"
        t.put(words)
        return Refusal(t)
    }

    /// "token:SOL", "watch:7Ge...", "fixed:-1.5".
    private func name(of leg: Leg) -> Text {
        var t = Text()
        switch leg.kind {
        case .token where !leg.hasKey || same(leg.key, EK_NATIVE_MINT): t.put("token:\(rules.spotName)")
        case .token: t.put("token:\(key: leg.key)")
        case .watch: t.put("watch:\(key: leg.key)")
        case .fixed:
            t.put("fixed:")
            t.put(number: leg.amount_e9, decimals: 9)
        }
        return t
    }

    /// Calls `each` with the name and the amount of every leg in this view, and whether it is read from the
    /// chain.
    package func eachLeg(_ v: View, _ each: (Text, Int64, Bool) -> Void) {
        if rules.useVenueSpot { each("venue:\(rules.spotName)", v.a.venue_spot_base_e9, true) }
        if rules.useWalletSpot { each("wallet:SOL", v.a.wallet_base_e9, true) }
        var a = v.a
        for (k, leg) in rules.legs.enumerated() {
            each(name(of: leg), ek_assessed_leg(&a, UInt32(k)), leg.kind != .fixed)
        }
    }
}
