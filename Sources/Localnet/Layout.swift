// Where the fields of each venue's accounts lie. This is the chain's own table, written from the venues' facts,
// and not from the core's, so that the two sides check each other.

struct UserLayout {
    let size: Int
    let perps: Int, perpStride: Int
    let orders: Int, orderStride: Int
    let perpIsolated: Int, perpMaxRatio: Int, perpMarket: Int, perpOpenOrders: Int, perpFlag: Int
    let orderOffsetWide: Bool        // oracle_price_offset: i64 (Velocity) or i32 (Drift)
    let orderId: Int, orderMarket: Int, orderStatus: Int
    // total_deposits; withdraws +8, social loss +16, settled pnl +24, spot fees +32, funding +40, freed +48,
    // last slot +56
    let totals: Int
    // max_margin_ratio +4, next_liquidation_id +8, sub_account +10, status +12, margin trading +13, idle +14,
    // open_orders +15, has_open_order +16, open_auctions +17, has_open_auction +18
    let nextOrderId: Int
    let poolId: Int
    let equityFloor: Int             // 0: the venue has none
    // The same in both venues.
    let spots = 104, spotStride = 40, name = 72, authority = 8, delegate = 40
    var maxMarginRatio: Int { nextOrderId + 4 }
    var subAccount: Int { nextOrderId + 10 }
    var status: Int { nextOrderId + 12 }
    var openOrders: Int { nextOrderId + 15 }
    var lastActiveSlot: Int { totals + 56 }
}

struct PerpLayout {
    let size: Int
    let baseLong: Int, baseShort: Int, quoteAmount: Int, entryLong: Int, entryShort: Int, beLong: Int,
        beShort: Int
    let maxOpenInterest: Int, cumLong: Int, cumShort: Int
    let oracle: Int, pnlPool: Int, name: Int, lastFundingRate: Int, lastFundingTs: Int, netUnsettled: Int
    let stepSize: Int, tickSize: Int, minOrderSize: Int, maxImbalance: Int, expiryTs: Int
    let imf: Int, pnlImf: Int, liquidatorFee: Int, marginInitial: Int, marginMaintenance: Int
    let pnlWeightInitial: Int, pnlWeightMaintenance: Int, usersWithBase: Int
    let marketIndex: Int, status: Int, contractType: Int, tier: Int, paused: Int, quoteSpotIndex: Int,
        feeAdjustment: Int
    let lastFillPrice: Int, poolId: Int, oracleSource: Int
    let markTwap: Int, markTwap5: Int, markTwapTs: Int, bidTwap: Int, askTwap: Int, markStd: Int, oracleStd: Int
    let volume24h: Int, lastTradeTs: Int, funding24h: Int, fundingPeriod: Int
    let mmPrice: Int, mmSlot: Int, lastFundingOracleTwap: Int
    let lastOraclePrice: Int         // conf +8, delay +16, twap +24, twap 5 min +32, twap ts +40
    let lastOracleValid: Int
    let baseReserve: Int, quoteReserve: Int, sqrtK: Int, peg: Int, baseWithAmm: Int
    let longSpread: Int, shortSpread: Int
    let slotDelayOverride: Int
}

struct SpotLayout {
    let size: Int
    let insuranceFund: Int
    let depositBalance: Int, borrowBalance: Int, cumDeposit: Int, cumBorrow: Int
    let lastOraclePrice: Int         // conf +8, delay +16, twap +24, twap 5 min +32, twap ts +40
    let guardThreshold: Int, lastInterestTs: Int, stepSize: Int
    // initial asset, maintenance asset +4, initial liability +8, maintenance liability +12, imf +16
    let weights: Int
    let optimalUtilization: Int, decimals: Int, marketIndex: Int
    let ordersEnabled: Int, oracleSource: Int, status: Int, assetTier: Int, paused: Int
    let scaleStart: Int, poolId: Int
    let oracle = 40, mint = 72, vault = 104, name = 136
}

struct StateLayout {
    let size: Int
    // divergence, twap divergence, stale amm, stale margin, conf, volatile: 6 x 8 bytes
    let signer: Int, perpFees: Int, guardRails: Int
    let liquidationBuffer: Int, numberOfPerps: Int, numberOfSpots: Int
    let minAuction: Int, exchangeStatus: Int, featureBits: Int
    let feeNumerators: [UInt32]
    let feeDenominator: UInt32
    let makerRebate: (UInt32, UInt32)
    let flatFillerFee: Int
}

struct StatsLayout {
    let size = 240
    let totalFee: Int, volumeMaker: Int, volumeTaker: Int, volumeFiller: Int
    let stamps: Int                  // three i64: maker, taker, filler
    let subAccounts: Int
}

/// A class, so that what needs it holds a reference and not a copy of two hundred numbers.
final class Layout {
    let velocity: Bool
    let program: Key
    let user: UserLayout, perp: PerpLayout, spot: SpotLayout, state: StateLayout, stats: StatsLayout
    let stateSeed: StaticString, signerSeed: StaticString
    let statusReduceOnly: UInt8, statusSettlement: UInt8
    let quoteName: StaticString
    let solOracle: Key, quoteOracle: Key

    init(velocity: Bool, program: Key, user: UserLayout, perp: PerpLayout, spot: SpotLayout, state: StateLayout,
         stats: StatsLayout,
         stateSeed: StaticString, signerSeed: StaticString, statusReduceOnly: UInt8, statusSettlement: UInt8,
         quoteName: StaticString,
         solOracle: Key, quoteOracle: Key) {
        self.velocity = velocity
        self.program = program
        self.user = user
        self.perp = perp
        self.spot = spot
        self.state = state
        self.stats = stats
        self.stateSeed = stateSeed
        self.signerSeed = signerSeed
        self.statusReduceOnly = statusReduceOnly
        self.statusSettlement = statusSettlement
        self.quoteName = quoteName
        self.solOracle = solOracle
        self.quoteOracle = quoteOracle
    }
}

/// First eight bytes of sha256("account:<Name>").
enum Disc {
    static let user: UInt64 = 0xec3a_97ef_e35f_759f
    static let stats: UInt64 = 0xe320_4f7a_1b88_dfb0
    static let perp: UInt64 = 0xf737_f56b_2c0c_df0a
    static let spot: UInt64 = 0x2741_41a8_6b08_b164
    static let state: UInt64 = 0xb1b6_4b68_5e6b_92d8
    static let lazer: UInt64 = 0x8579_5122_f9a1_079f
}
