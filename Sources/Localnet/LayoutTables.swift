// The two layout tables. Velocity: deployed ABI of August 2026. Drift v2: March 2026. See docs/venues.md.

extension Layout {
    static let velocityTable = Layout(
        velocity: true,
        program: Key("vELoC1audYbSYVRXn1vPaV8Axoa9oU6BYmNGZZBDZ1P"),
        user: UserLayout(size: 4496, perps: 424, perpStride: 80, orders: 1064, orderStride: 104,
                         perpIsolated: 64, perpMaxRatio: 74, perpMarket: 76, perpOpenOrders: 78, perpFlag: 79,
                         orderOffsetWide: true, orderId: 80, orderMarket: 84, orderStatus: 86,
                         totals: 4392, nextOrderId: 4456, poolId: 4475, equityFloor: 4480),
        perp: PerpLayout(size: 1304, baseLong: 40, baseShort: 56, quoteAmount: 72, entryLong: 88,
                         entryShort: 104,
                         beLong: 120, beShort: 136, maxOpenInterest: 152, cumLong: 184, cumShort: 200,
                         oracle: 312, pnlPool: 344, name: 424,
                         lastFundingRate: 496, lastFundingTs: 520, netUnsettled: 528,
                         stepSize: 544, tickSize: 552, minOrderSize: 792, maxImbalance: 560, expiryTs: 568,
                         imf: 600, pnlImf: 604, liquidatorFee: 608, marginInitial: 616, marginMaintenance: 620,
                         pnlWeightInitial: 624, pnlWeightMaintenance: 628, usersWithBase: 632,
                         marketIndex: 640, status: 642, contractType: 643, tier: 644, paused: 645,
                         quoteSpotIndex: 646,
                         feeAdjustment: 648, lastFillPrice: 656, poolId: 664, oracleSource: 673,
                         markTwap: 680, markTwap5: 688, markTwapTs: 696, bidTwap: 704, askTwap: 712,
                         markStd: 720, oracleStd: 728, volume24h: 744, lastTradeTs: 768, funding24h: 776,
                         fundingPeriod: 784,
                         mmPrice: 800, mmSlot: 808, lastFundingOracleTwap: 840, lastOraclePrice: 848,
                         lastOracleValid: 836,
                         baseReserve: 936, quoteReserve: 952, sqrtK: 1048, peg: 1032, baseWithAmm: 1064,
                         longSpread: 1264, shortSpread: 1268, slotDelayOverride: 674),
        spot: SpotLayout(size: 808, insuranceFund: 168, depositBalance: 296, borrowBalance: 312,
                         cumDeposit: 328, cumBorrow: 344,
                         lastOraclePrice: 456, guardThreshold: 544, lastInterestTs: 584, stepSize: 608,
                         weights: 656,
                         optimalUtilization: 684, decimals: 696, marketIndex: 700, ordersEnabled: 702,
                         oracleSource: 703,
                         status: 704, assetTier: 705, paused: 706, scaleStart: 736, poolId: 746),
        state: StateLayout(size: 1752, signer: 488, perpFees: 552, guardRails: 1288, liquidationBuffer: 1352,
                           numberOfPerps: 1358, numberOfSpots: 1360, minAuction: 1363, exchangeStatus: 1366,
                           featureBits: 1374,
                           feeNumerators: [42, 36, 33, 30, 27, 24, 24, 24, 24, 24], feeDenominator: 120_000,
                           makerRebate: (3, 120_000), flatFillerFee: 904),
        stats: StatsLayout(totalFee: 72, volumeMaker: 104, volumeTaker: 112, volumeFiller: 120, stamps: 128,
                           subAccounts: 160),
        stateSeed: "velocity_state", signerSeed: "velocity_signer",
        statusReduceOnly: 2, statusSettlement: 3, quoteName: "USDT",
        solOracle: Key("2k3UHX6ehRFzx5fTVvbL6FwXhMjkucjJDL9MuVKLo8TV"),
        quoteOracle: Key("Dai8hT1YRBBm5rBSJUSKcdR11psM55LVAkshbypfC4k4"))

    static let driftTable = Layout(
        velocity: false,
        program: Key("dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH"),
        user: UserLayout(size: 4376, perps: 424, perpStride: 96, orders: 1192, orderStride: 96,
                         perpIsolated: 72, perpMaxRatio: 90, perpMarket: 92, perpOpenOrders: 94, perpFlag: 95,
                         orderOffsetWide: false, orderId: 76, orderMarket: 80, orderStatus: 82,
                         totals: 4272, nextOrderId: 4336, poolId: 4356, equityFloor: 0),
        perp: PerpLayout(size: 1216, baseLong: 304, baseShort: 320, quoteAmount: 384, entryLong: 400,
                         entryShort: 416,
                         beLong: 432, beShort: 448, maxOpenInterest: 368, cumLong: 608, cumShort: 624,
                         oracle: 40, pnlPool: 976, name: 1000,
                         lastFundingRate: 480, lastFundingTs: 792, netUnsettled: 944,
                         stepSize: 808, tickSize: 816, minOrderSize: 824, maxImbalance: 1072, expiryTs: 1080,
                         imf: 1120, pnlImf: 1124, liquidatorFee: 1128, marginInitial: 1136,
                         marginMaintenance: 1140,
                         pnlWeightInitial: 1144, pnlWeightMaintenance: 1148, usersWithBase: 1152,
                         marketIndex: 1160, status: 1162, contractType: 1163, tier: 1164, paused: 1165,
                         quoteSpotIndex: 1166,
                         feeAdjustment: 1168, lastFillPrice: 1184, poolId: 1173, oracleSource: 926,
                         markTwap: 752, markTwap5: 760, markTwapTs: 888, bidTwap: 736, askTwap: 744,
                         markStd: 872, oracleStd: 880, volume24h: 840, lastTradeTs: 864, funding24h: 504,
                         fundingPeriod: 800,
                         mmPrice: 912, mmSlot: 832, lastFundingOracleTwap: 968, lastOraclePrice: 72,
                         lastOracleValid: 927,
                         baseReserve: 176, quoteReserve: 192, sqrtK: 256, peg: 272, baseWithAmm: 336,
                         longSpread: 904, shortSpread: 908, slotDelayOverride: 935),
        spot: SpotLayout(size: 776, insuranceFund: 304, depositBalance: 432, borrowBalance: 448,
                         cumDeposit: 464, cumBorrow: 480,
                         lastOraclePrice: 168, guardThreshold: 528, lastInterestTs: 568, stepSize: 592,
                         weights: 640,
                         optimalUtilization: 668, decimals: 680, marketIndex: 684, ordersEnabled: 686,
                         oracleSource: 687,
                         status: 688, assetTier: 689, paused: 690, scaleStart: 720, poolId: 735),
        state: StateLayout(size: 992, signer: 104, perpFees: 168, guardRails: 888, liquidationBuffer: 960,
                           numberOfPerps: 966, numberOfSpots: 968, minAuction: 971, exchangeStatus: 974,
                           featureBits: 982,
                           feeNumerators: [100, 90, 80, 70, 60, 50, 50, 50, 50, 50], feeDenominator: 100_000,
                           makerRebate: (20, 100_000), flatFillerFee: 520),
        stats: StatsLayout(totalFee: 72, volumeMaker: 128, volumeTaker: 136, volumeFiller: 144, stamps: 152,
                           subAccounts: 184),
        stateSeed: "drift_state", signerSeed: "drift_signer",
        statusReduceOnly: 6, statusSettlement: 7, quoteName: "USDC",
        solOracle: Key("3m6i4RFWEDw2Ft4tFHPJtYgmpPe21k56M3FHeWYrgGBz"),
        quoteOracle: Key("9VCioxmni2gDLv11qufWzT3RDERhQE4iY5Gf7NTfYyAV"))
}

enum Known {
    static let system = Key()
    static let computeBudget = Key("ComputeBudget111111111111111111111111111111")
    static let clock = Key("SysvarC1ock11111111111111111111111111111111")
    static let sysvarOwner = Key("Sysvar1111111111111111111111111111111111111")
    static let upgradeableLoader = Key("BPFLoaderUpgradeab1e11111111111111111111111")
    static let wrappedSol = Key("So11111111111111111111111111111111111111112")
    static let usdtMint = Key("Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB")
    static let usdcMint = Key("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v")
    /// Mainnet's genesis hash: a client that checks the cluster finds what it expects.
    static let genesis = Key("5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d")
}
