// The settings the machine runs by, as plain integers. The driver fills them from the config file, the simulator by hand.
import EvenkeelCore
import Text

public enum Mode: UInt8 {
    case paper, live
}

/// What holds for one hedged market.
public struct HedgeRules {
    /// "SOL-PERP", and the venue's spot market of the same asset: "SOL".
    public var perpName = Text("SOL-PERP") { didSet { asset = Agent.asset(of: perpName) } }
    public var spotName = Text("SOL")
    public var useVenueSpot = true
    public var useWalletSpot = true
    /// The other legs.
    public var legs: [Leg] = []
    /// The perp aims for -(spot x ratio) + target.
    public var ratio_ppm = EK_RATIO_ONE_PPM
    public var target_e9: Int64 = 0
    public var tolerance_ppm: UInt32 = 10_000
    public var cooldown_s: UInt32 = 1_800
    public var minTrade_e9: UInt64 = 5_000_000
    public var maxTrade_e9: UInt64 = 50_000_000_000
    public var maxLeverage_e4: UInt32 = 50_000
    public var maxTradesPerDay: UInt32 = 24

    public init() {}

    /// The name of the asset alone, for sentences about sizes: "SOL-PERP" -> "SOL".
    public private(set) var asset = Text("SOL")
}

func asset(of market: Text) -> Text {
    var t = Text()
    for b in market.bytes {
        if b == 0x2D { break }
        t.put(byte: b)
    }
    return t
}

/// What holds for the whole account.
public struct Rules {
    /// What the agent does now, and what its config allows: live may go on on paper by command (Switching.swift), paper never live.
    public var mode = Mode.paper
    public var allowed = Mode.paper
    public var interval_ms: UInt64 = 60_000
    public var timeout_ms: UInt64 = 5_000
    public var maxLatency_ms: UInt64 = 2_000
    public var maxSlotLag: UInt64 = 20

    /// One for each hedged market, in the order of the config file; never empty.
    public var hedges = [HedgeRules()]

    public var maxSlippage_ppm: UInt32 = 5_000
    public var fillTimeout_s: Int64 = 30
    public var feePercentile = 75
    public var maxPriorityFee_lamports: UInt64 = 200_000

    /// Health is critical below the first and worth a warning below the second.
    public var minHealth_bp: UInt32 = 2_000
    public var warnHealth_bp: UInt32 = 5_000
    /// 0: off.
    public var equityFloor_e6: Int64 = 0
    public var maxNotionalDay_e6: Int64 = 0
    /// The genesis hash that nodes must show; nil: any.
    public var genesis: ek_key? = nil
    public var gasReserve_lamports: UInt64 = 20_000_000
    public var maxOracleAge_slots: UInt64 = 25
    public var maxOracleDivergence_ppm: UInt64 = 10_000
    public var maxCost_ppm: UInt64 = 6_000
    public var forceDrift_ppm: Int64 = 100_000
    public var maxFailures: UInt32 = 5
    /// No liquidation price: a simulator that nobody watches saves a quarter of its time.
    public var lean = false

    public init() {}
}

/// Statuses of docs/interface.md, in its words.
public enum Status: UInt8 {
    case balanced, cooldown, dust, blocked, pending, executedLive, executedPaper, partial, unfilled, error, observeOnly, paused

    public var word: StaticString {
        switch self {
        case .balanced: return "balanced"
        case .cooldown: return "cooldown"
        case .dust: return "dust"
        case .blocked: return "blocked"
        case .pending: return "pending"
        case .executedLive: return "executed_live"
        case .executedPaper: return "executed_paper"
        case .partial: return "partial"
        case .unfilled: return "unfilled"
        case .error: return "error"
        case .observeOnly: return "observe_only"
        case .paused: return "paused"
        }
    }

    /// Exit code of `run --once` that ended so.
    public var exitCode: Int32 {
        switch self {
        case .balanced, .cooldown, .dust, .paused, .executedLive, .executedPaper: return 0
        case .blocked, .observeOnly: return 10
        case .pending, .partial, .unfilled, .error: return 11
        }
    }
}

/// A book in the numbers that decisions and people use.
public struct View {
    /// Spot, perp, net delta and drift are what the chain said.
    public var known = false
    /// Collateral, health, leverage and prices are too.
    public var valued = false
    public var a = ek_assessment()
    /// Perp position that counts: the chain's, and in paper mode the ledger on top.
    public var perp_e9: Int64 = 0
    public var net_e9: Int64 = 0
    public var drift_ppm: Int64 = 0
    public var driftKnown = false
    public init() {}

    /// From the oracle price to the liquidation price, in parts per million of the oracle price; nil: there is none.
    public var liqDistance_ppm: Int64? {
        guard a.liq_price_e6 > 0, a.oracle_price_e6 > 0 else { return nil }
        return Int64(clamping: (Int128(a.liq_price_e6) - Int128(a.oracle_price_e6)) * 1_000_000 / Int128(a.oracle_price_e6))
    }
}

/// What the last tick came to.
public struct Report {
    public var status = Status.pending
    public var action: UInt8 = 0                // EK_ACTION_*
    public var size_e9: UInt64 = 0              // of the correction; what filled, where it did not fill whole
    public var price_e6: Int64 = 0
    public var hasSignature = false
    public var signature = [UInt8](repeating: 0, count: 64)
    public var reason = Text()
    public var view = View()
    public var after = View()
    public var gates: [Gate] = []
    public var cooldownLeft_s: Int64 = 0
    public var time_s: Int64 = 0
    public init() {}
}
