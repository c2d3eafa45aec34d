/* The paths of a tick, each as the agent walks it: the same calls in the same order with the same buffers. */
#include "bench.h"
#include "text/ek_base64.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bench_fail(const char *what, long detail) {
    fprintf(stderr, "benchmark: %s: %s (%ld)\n", what, ek_err_text((ek_err)detail), detail);
    exit(1);
}

void bench_keys(ek_key *authority, ek_key *signer, uint8_t secret[64]) {
    uint8_t seed[32];
    memset(seed, 7, sizeof seed);
    ek_ed25519_from_seed(seed, authority, secret);
    memset(seed, 8, sizeof seed);
    ek_ed25519_from_seed(seed, signer, secret);
}

static uint8_t *slurp(const char *path, size_t *len) {
    FILE *f = fopen(path, "rb");
    if (f == NULL) bench_fail(path, EK_E_MISSING);
    uint8_t *bytes = malloc(1 << 20);
    *len = bytes ? fread(bytes, 1, 1 << 20, f) : 0;
    fclose(f);
    if (*len == 0) bench_fail(path, EK_E_SHORT);
    return bytes;
}

void bench_open(bench_read *r, const char *venue, const char *path) {
    ek_key authority;
    int changed = 1;
    memset(r, 0, sizeof *r);
    r->name = venue;
    r->json = slurp(path, &r->len);
    bench_keys(&authority, &r->signer, r->secret);
    memset(r->blockhash.bytes, 5, 32);
    BENCH_MUST(ek_plan_init(&r->plan, ek_venue_by_name(venue, strlen(venue)), &authority, 0, &r->signer));
    BENCH_MUST(ek_plan_add_perp(&r->plan, 0));
    BENCH_MUST(ek_plan_add_spot(&r->plan, 1));
    /* The answer was asked for with the finished list; the list is finished again from the markets in the
     * answer itself. */
    ek_scan_result res;
    ek_scan_account accs[EK_PLAN_MAX];
    BENCH_MUST(ek_scan_accounts(r->json, r->len, &res, accs, EK_PLAN_MAX));
    while (changed) {
        changed = 0;
        ek_fault fault;
        size_t n = 0;
        uint32_t known = ek_plan_count(&r->plan) < res.count ? ek_plan_count(&r->plan) : res.count;
        ek_book_begin(&r->book, &r->plan, res.slot);
        for (uint32_t i = 0; i < known; i++) {
            if (r->plan.items[i].role == EK_ROLE_ORACLE) continue;
            if (accs[i].present) BENCH_MUST(ek_scan_data(r->json, &accs[i], r->work, sizeof r->work, &n));
            if (ek_book_put(&r->book, &r->plan, i, &accs[i].owner, accs[i].lamports,
                            accs[i].present ? r->work : NULL, n, &fault)
                != EK_OK)
                bench_fail(fault.text, (long)fault.code);
        }
        BENCH_MUST(ek_plan_complete(&r->plan, &r->book, &changed));
    }
    bench_load(r);
}

size_t bench_scan_and_base64(bench_read *r, int portable) {
    ek_scan_result res;
    ek_scan_account accs[EK_PLAN_MAX];
    size_t n = 0, all = 0;
    BENCH_MUST(ek_scan_accounts(r->json, r->len, &res, accs, EK_PLAN_MAX));
    for (uint32_t i = 0; i < res.count; i++) {
        if (accs[i].data_b64.len == 0) continue;
        const uint8_t *text = r->json + accs[i].data_b64.off;
        size_t chars = accs[i].data_b64.len;
        if (portable) BENCH_MUST(ek_base64_decode_portable(text, chars, r->work, sizeof r->work, &n));
        else BENCH_MUST(ek_base64_decode(text, chars, r->work, sizeof r->work, &n));
        all += n;
    }
    return all;
}

void bench_load(bench_read *r) {
    ek_fault fault;
    if (ek_book_load(&r->book, &r->plan, r->json, r->len, r->work, sizeof r->work, &fault) != EK_OK)
        bench_fail(fault.text, (long)fault.code);
}

static void assess(const ek_book *b, ek_assessment *a, int with_liquidation) {
    ek_hedge_legs legs = {.perp_index = 0,
                          .spot_index = 1,
                          .use_venue = 1,
                          .use_wallet = 1,
                          .skip_liquidation = !with_liquidation};
    ek_fault fault;
    if (ek_assess(b, &legs, a, &fault) != EK_OK) bench_fail(fault.text, (long)fault.code);
}

static void decide(const ek_book *b, const ek_assessment *a, ek_decision *out) {
    const ek_perp_market *m = ek_book_perp(b, 0);
    ek_hedge_rules rules = {.tolerance_ppm = 10000,
                            .cooldown_s = 1800,
                            .min_trade_base_e9 = 10000000,
                            .max_trade_base_e9 = 100000000000,
                            .step_base_e9 = m->step_base_e9,
                            .market_min_base_e9 = m->min_order_base_e9};
    ek_moment now = {b->clock.unix_timestamp, b->slot}, never = {0, 0};
    int64_t net, drift;
    int known;
    BENCH_MUST(ek_drift(a->spot_base_e9, a->perp_base_e9, &net, &drift, &known));
    BENCH_MUST(ek_decide(&rules, net, drift, known, a->perp_base_e9, now, never, out));
}

void bench_assess(bench_read *r, int with_liquidation) { assess(&r->book, &r->a, with_liquidation); }
void bench_stress(bench_read *r) {
    ek_stress s;
    ek_fault fault;
    if (ek_stress_calc(&r->book, 0, 1, 5000, &s, &fault) != EK_OK) bench_fail(fault.text, (long)fault.code);
}
void bench_decide(bench_read *r) { decide(&r->book, &r->a, &r->decision); }
void bench_assess_book(const ek_book *b, bench_read *r) {
    assess(b, &r->a, 0);
    decide(b, &r->a, &r->decision);
}

void bench_build(bench_read *r) {
    const ek_perp_market *m = ek_book_perp(&r->book, 0);
    int take = ek_venue_can_take(r->plan.venue);
    uint64_t worst;
    BENCH_MUST(ek_worst_price(r->a.oracle_price_e6, 5000, r->decision.direction, m->tick_price_e6, &worst));
    ek_order_params p = ek_order_perp(0, EK_ORDER_MARKET, r->decision.direction, r->decision.size_base_e9);
    p.reduce_only = r->decision.reduce_only;
    p.user_order_id = 200;
    p.price_e6 = worst;
    if (!take) {
        int64_t bound = (int64_t)worst - r->a.oracle_price_e6;
        p.order_type = EK_ORDER_ORACLE;
        p.price_e6 = 0;
        p.has_auction_start = p.has_auction_end = p.has_oracle_offset = p.has_auction_duration =
            p.has_max_ts = 1;
        p.auction_end_e6 = p.oracle_offset_e6 = bound;
        p.auction_duration = 20;
        p.max_ts = r->book.clock.unix_timestamp + 30;
    }
    ek_fault fault;
    if (ek_order_check(&r->book, &p, 5000, &fault) != EK_OK) bench_fail(fault.text, (long)fault.code);
    ek_ix ix;
    if (take) BENCH_MUST(ek_ix_place_and_take(&r->book, &r->signer, &p, 1, EK_TAKE_ALL, &ix));
    else BENCH_MUST(ek_ix_place(&r->book, &r->signer, &p, &ix));
    uint8_t budget[16];
    ek_cb_set_limit(400000, budget);
    ek_cb_set_price(10000, budget + 5);
    ek_instruction list[3] = {{EK_COMPUTE_BUDGET_PROGRAM, NULL, 0, budget, 5},
                              {EK_COMPUTE_BUDGET_PROGRAM, NULL, 0, budget + 5, 9},
                              ek_ix_view(&ix)};
    BENCH_MUST(ek_message_compile(0, &r->signer, &r->blockhash, list, 3, r->message, sizeof r->message,
                                  &r->message_len));
}

void bench_sign(bench_read *r) {
    uint8_t signature[64];
    ek_ed25519_sign(r->secret, r->message, r->message_len, signature);
    BENCH_MUST(ek_tx_assemble(signature, 1, r->message, r->message_len, r->signed_tx, sizeof r->signed_tx,
                              &r->signed_len));
}
