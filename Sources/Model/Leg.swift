// A leg of a market's spot: the venue's deposit or borrow, the authority's SOL, tokens in its associated
// accounts, wallets that are only watched, a fixed amount that lies elsewhere.
import EvenkeelCore

package struct Leg {
    package enum Kind: UInt8 { case token, watch, fixed }
    package var kind: Kind
    /// Token: its mint, known from the config or (`hasKey` false) from the venue's spot market of the asset.
    /// Watch: the wallet.
    package var key = ek_key()
    package var hasKey = false
    package var amount_e9: Int64 = 0

    package init(_ kind: Kind) { self.kind = kind }
}

extension HedgeRules {
    /// The legs as the core counts them, with the mint of the venue's spot market.
    package func coreLegs(perp: UInt16, spot: UInt16, mint: ek_key) -> ek_hedge_legs {
        var l = ek_hedge_legs()
        l.perp_index = perp
        l.spot_index = spot
        l.use_venue = useVenueSpot ? 1 : 0
        l.use_wallet = useWalletSpot ? 1 : 0
        for leg in legs {
            guard let to = ek_legs_add(&l) else { break }
            switch leg.kind {
            case .token: to.pointee.kind = UInt8(EK_LEG_TOKEN)
            case .watch: to.pointee.kind = UInt8(EK_LEG_WATCH)
            case .fixed: to.pointee.kind = UInt8(EK_LEG_FIXED)
            }
            to.pointee.key = leg.hasKey ? leg.key : mint
            to.pointee.amount_base_e9 = leg.amount_e9
        }
        return l
    }
}
