// What `assess` prints of one market.
import Decide
import EvenkeelCore
import EvenkeelSys
import Model
import Render
import Rpc
import Text

private func put(_ j: inout Json, _ k: StaticString, _ v: ek_i128) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 48) { p in
        guard let base = p.baseAddress else { return }
        _ = ek_wide_print(v, base)
        j.string(k, "\(c: base)")
    }
}

/// One market's assessment and its stress, as JSON or with one member a line.
func showAssessment(_ a: ek_assessment, _ err: ek_err, _ fault: ek_fault, _ stress: StressPointer?,
                    _ hedge: HedgeRules, _ venue: OpaquePointer?, _ json: Bool) {
    var j = assessmentJson(a, err, fault, hedge, venue)
    if json { putStress(&j, stress) }
    j.close()
    j.close()
    if json {
        Terminal.print("\(j.text)\n")
        return
    }
    printMembers(j.text)
    guard let s = stress else { return }
    var t = Text()
    stressLines(&t, s, hedge.perpName)
    Terminal.print(t)
}

private func assessmentJson(_ a: ek_assessment, _ err: ek_err, _ fault: ek_fault, _ hedge: HedgeRules,
                            _ venue: OpaquePointer?) -> Json {
    var net: Int64 = 0
    var drift: Int64 = 0
    var known: Int32 = 0
    _ = ek_drift_to(a.spot_base_e9, a.perp_base_e9, hedge.ratio_ppm, hedge.target_e9, &net, &drift, &known)
    var j = Json(capacity: 2048)
    j.open()
    j.string("type", "ASSESSMENT")
    j.open("data")
    j.string("venue", textOf(ek_venue_name(venue)))
    j.string("market", hedge.perpName)
    j.int("slot", a.slot)
    j.bool("valued", err == EK_OK)
    var f = fault
    j.string("reason", err == EK_OK ? "" : textOf(ek_fault_text(&f)))
    j.exact("venue_spot_base_e9", a.venue_spot_base_e9)
    j.exact("wallet_spot_base_e9", a.wallet_base_e9)
    let other = Int128(a.spot_base_e9) - Int128(a.venue_spot_base_e9) - Int128(a.wallet_base_e9)
    j.exact("other_spot_base_e9", Int64(clamping: other))
    j.exact("spot_base_e9", a.spot_base_e9)
    j.exact("perp_base_e9", a.perp_base_e9)
    j.exact("net_delta_base_e9", net)
    if known != 0 { j.exact("drift_ppm", drift) } else { j.null("drift_ppm") }
    j.exact("oracle_price_e6", a.oracle_price_e6)
    j.exact("oracle_age_slots", a.oracle_age_slots)
    put(&j, "total_collateral_e6", a.initial.total_collateral_e6)
    put(&j, "initial_margin_e6", a.initial.requirement_e6)
    put(&j, "maintenance_collateral_e6", a.maintenance.total_collateral_e6)
    put(&j, "maintenance_margin_e6", a.maintenance.requirement_e6)
    j.exact("free_collateral_e6", a.free_collateral_e6)
    j.exact("equity_e6", a.equity_e6)
    j.exact("unrealised_pnl_e6", a.unrealised_pnl_e6)
    j.exact("unsettled_funding_e6", a.unsettled_funding_e6)
    j.number("health_pct", Int64(a.health_bp), decimals: 2)
    if a.leverage_infinite != 0 {
        j.null("leverage")
    } else {
        j.number("leverage", Int64(a.leverage_e4), decimals: 4)
    }
    j.exact("liq_price_e6", a.liq_price_e6)
    j.exact("funding_rate_e9", a.funding_rate_e9)
    j.number("funding_rate_annual_pct", a.funding_annual_ppm, decimals: 4)
    return j
}

/// For people: the same members, one a line.
private func printMembers(_ json: Text) {
    var t = Text()
    var depth = 0
    for b in json.bytes {
        switch b {
        case 0x7B: depth += 1; if depth == 2 { t.put("\n") }
        case 0x7D: depth -= 1
        case 0x2C where depth == 2: t.put("\n")
        case 0x22: break
        default: if depth == 2 { t.put(byte: b) }
        }
    }
    t.put("\n")
    Terminal.print(t)
}
