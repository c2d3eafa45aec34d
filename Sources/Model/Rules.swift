// The settings the machine runs by, as plain integers. The daemon fills them from the config file, the
// simulator by hand.
import EvenkeelCore
import Text

package enum Mode: UInt8 {
    case paper, live
}

/// Whether an order needs another node's agreement.
package enum SecondOpinionRule: UInt8 {
    /// A node that shows nothing usable for a while is counted out.
    case auto
    /// It does, however long that takes.
    case always
    /// Two looks at one node are enough.
    case never
}

/// How long a slot can last: no chain is faster or slower. A measure beyond is one of a chain that stood
/// still, or of a clock that did.
package let slotLengths_us: ClosedRange<UInt64> = 40_000...2_000_000

/// A limit of time that the chain counts in slots; one that is given in slots wins.
struct SlotLimit {
    var ms: UInt64
    var given_slots: UInt64? = nil

    func slots(_ slot_ms: UInt64) -> UInt64 { given_slots ?? ms / max(1, slot_ms) }
}

/// What holds for one hedged market.
package struct HedgeRules {
    /// "SOL-PERP", and the venue's spot market of the same asset: "SOL".
    package var perpName = Text("SOL-PERP") { didSet { asset = Model.asset(of: perpName) } }
    package var spotName = Text("SOL")
    package var useVenueSpot = true
    package var useWalletSpot = true
    /// The other legs.
    package var legs: [Leg] = []
    /// The perp aims for -(spot x ratio) + target.
    package var ratio_ppm = EK_RATIO_ONE_PPM
    package var target_e9: Int64 = 0
    package var tolerance_ppm: UInt32 = 10_000
    package var cooldown_s: UInt32 = 1_800
    package var minTrade_e9: UInt64 = 5_000_000
    package var maxTrade_e9: UInt64 = 50_000_000_000
    package var maxLeverage_e4: UInt32 = 50_000
    package var maxTradesPerDay: UInt32 = 24

    package init() {}

    /// The name of the asset alone, for sentences about sizes: "SOL-PERP" -> "SOL".
    package private(set) var asset = Text("SOL")
}

/// "SOL-PERP" -> "SOL".
package func asset(of market: Text) -> Text {
    var t = Text()
    for b in market.bytes {
        if b == 0x2D { break }
        t.put(byte: b)
    }
    return t
}

/// What holds for the whole account.
package struct Rules {
    /// What the agent does now, and what its config allows: live may go on on paper by command
    /// (ModeSwitch.swift), paper never live.
    package var mode = Mode.paper
    package var allowed = Mode.paper
    package var interval_ms: UInt64 = 60_000
    package var timeout_ms: UInt64 = 5_000
    /// The endpoints' URLs as they may be shown.
    package var endpointNames: [Text] = []
    package var maxLatency_ms: UInt64 = 2_000
    /// How long a slot lasts, as measured (Rpc/SlotPace.swift): what limits of time come to in slots.
    package var slot_ms: UInt64 = 400
    private var lag = SlotLimit(ms: 8_000)
    package var maxSlotLag: UInt64 {
        get { lag.slots(slot_ms) }
        set { lag.given_slots = newValue }
    }
    package var maxLag_ms: UInt64 {
        get { lag.ms }
        set { lag.ms = newValue }
    }
    package var secondOpinion = SecondOpinionRule.auto
    package var secondOpinionWait_ms: UInt64 = 600_000

    /// One for each hedged market, in the order of the config file; never empty.
    package var hedges = [HedgeRules()]

    package var maxSlippage_ppm: UInt32 = 5_000
    package var fillTimeout_s: Int64 = 30
    /// What is to be had at once of an order that cannot be filled whole is taken.
    package var partialFills = true
    /// Open profit beyond this that has stood for an hour is settled; 0: only where margin is short.
    package var settleProfit_e6: Int64 = 0
    package var feePercentile = 75
    package var maxPriorityFee_lamports: UInt64 = 200_000

    /// Health is critical below the first and worth a warning below the second.
    package var minHealth_bp: UInt32 = 2_000
    package var warnHealth_bp: UInt32 = 5_000
    /// Under it the perp is reduced; 0: off.
    package var deleverage_bp: UInt32 = 0
    /// 0: off.
    package var equityFloor_e6: Int64 = 0
    package var maxNotionalDay_e6: Int64 = 0
    /// The genesis hash that nodes must show; nil: any.
    package var genesis: ek_key? = nil
    package var gasReserve_lamports: UInt64 = 20_000_000
    private var oracleAge = SlotLimit(ms: 10_000)
    package var maxOracleAge_slots: UInt64 {
        get { oracleAge.slots(slot_ms) }
        set { oracleAge.given_slots = newValue }
    }
    package var maxOracleAge_ms: UInt64 {
        get { oracleAge.ms }
        set { oracleAge.ms = newValue }
    }
    package var maxOracleDivergence_ppm: UInt64 = 10_000
    package var maxCost_ppm: UInt64 = 6_000
    package var forceDrift_ppm: Int64 = 100_000
    package var maxFailures: UInt32 = 5
    /// How far the chain's clock may be ahead of this machine's: the signer lets orders end no later
    /// (ek_policy.h). More only where both run faster than the wall.
    package var maxClockAhead_s = Int64(EK_POLICY_EXPIRY_S)
    /// No liquidation price: a simulator that nobody watches saves a quarter of its time.
    package var lean = false

    package init() {}
}
