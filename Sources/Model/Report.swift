// What the last tick saw and did: the value that everything shown is made from.
import EvenkeelCore
import Text

/// A book in the numbers that decisions and people use.
package struct View {
    /// Spot, perp, net delta and drift are what the chain said.
    package var known = false
    /// Collateral, health, leverage and prices are too.
    package var valued = false
    package var a = ek_assessment()
    /// Perp position that counts: the chain's, and in paper mode the ledger on top.
    package var perp_e9: Int64 = 0
    package var net_e9: Int64 = 0
    package var drift_ppm: Int64 = 0
    package var driftKnown = false
    package init() {}

    /// Slots since the older one of the prices that it goes by was posted.
    package var priceAge_slots: UInt64 { max(a.oracle_age_slots, a.spot_age_slots) }

    /// From the oracle price to the liquidation price, in parts per million of the oracle price; nil: there
    /// is none.
    package var liqDistance_ppm: Int64? {
        guard a.liq_price_e6 > 0, a.oracle_price_e6 > 0 else { return nil }
        return move_ppm(a.oracle_price_e6, to: a.liq_price_e6)
    }
}

/// From one price (above 0) to another, in parts per million of the first.
package func move_ppm(_ from_e6: Int64, to to_e6: Int64) -> Int64 {
    Int64(clamping: (Int128(to_e6) - Int128(from_e6)) * 1_000_000 / Int128(from_e6))
}

/// What the last tick came to.
package struct Report {
    /// Which of the hedged markets it is about; nil: the open ticket's, which is hedged no more.
    package var market: Int? = 0
    /// Its name then.
    package var otherMarket = Text()
    package var status = Status.pending
    package var action: UInt8 = 0  // EK_ACTION_*
    package var size_e9: UInt64 = 0  // of the correction; what filled, where it did not fill whole
    package var price_e6: Int64 = 0
    package var hasSignature = false
    package var signature = [UInt8](repeating: 0, count: 64)
    package var reason = Text()
    package var view = View()
    package var after = View()
    package var cooldownLeft_s: Int64 = 0
    package var time_s: Int64 = 0
    /// What the vault earned.
    package var periods = VaultPeriods()

    /// Nothing was corrected so far in this tick.
    package mutating func clearCorrection() {
        after = View()
        action = UInt8(EK_ACTION_NONE)
        size_e9 = 0
        price_e6 = 0
        hasSignature = false
        cooldownLeft_s = 0
    }

    package init() {}
}

/// Since midnight UTC, for seven days, since the start.
package struct VaultPeriods {
    package var today = ek_vault_split()
    package var week = ek_vault_split()
    package var start = ek_vault_split()
    package init() {}
}
