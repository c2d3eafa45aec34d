/* ek_fee_paid: the fee of a fill, told from the position's quote and from nothing else (ek_fee.h). */
#include "check.h"
#include "order/ek_fee.h"

#define SOL 1000000000LL
enum { FEE = 50750, QUOTE = 145000000 };

/* A short that sold one more: quote came in, the fee went out of it, and its funding was settled on the way.
 */
typedef struct { ek_ticket t; ek_outcome o; ek_fee_mark mark; ek_user now; } fill;

static fill sale(void) {
    fill f;
    ek_user before;
    memset(&f, 0, sizeof f);
    memset(&before, 0, sizeof before);
    before.n_perps = 2;
    before.cumulative_perp_funding_e6 = 700;
    before.perps[0] = (ek_perp_position){.market_index = 3, .base_e9 = SOL, .last_cumulative_funding_e9 = 17};
    before.perps[1] = (ek_perp_position){
        .market_index = 0, .base_e9 = -9 * SOL, .quote_e6 = 1300000000, .settled_pnl_e6 = -40};
    ek_fee_mark_of(&before, 0, &f.mark);
    f.t = (ek_ticket){.kind = EK_KIND_TAKE,
                      .direction = EK_SELL,
                      .size_base_e9 = SOL,
                      .position_before_base_e9 = -9 * SOL,
                      .quote_before_e6 = 1300000000};
    f.o = (ek_outcome){.outcome = EK_OUT_FILLED,
                       .found = 1,
                       .quote_source = EK_QUOTE_ORDER,
                       .filled_base_e9 = SOL,
                       .quote_e6 = QUOTE};
    f.now = before;
    f.now.perps[1].base_e9 = -10 * SOL;
    f.now.perps[1].quote_e6 = 1300000000 + QUOTE - FEE;
    return f;
}

static int64_t paid(const fill *f, ek_err want) {
    int64_t fee = 0;
    CHECK_EQ(ek_fee_paid(&f->t, &f->o, &f->mark, &f->now, &fee), want);
    return fee;
}

static void both_sides(void) {
    fill f = sale();
    CHECK_EQ(paid(&f, EK_OK), FEE);
    f.o.quote_source = EK_QUOTE_ENTRY;
    CHECK_EQ(paid(&f, EK_OK), FEE);
    f.t.direction = EK_BUY;
    f.now.perps[1].quote_e6 = 1300000000 - QUOTE - FEE;
    CHECK_EQ(paid(&f, EK_OK), FEE);
    f.now.perps[1].quote_e6 = 1300000000 - QUOTE + 12; /* a rebate */
    CHECK_EQ(paid(&f, EK_OK), -12);
}

/* Funding that came in and pnl that went out to the cash are no fees. */
static void what_was_settled(void) {
    fill f = sale();
    f.now.cumulative_perp_funding_e6 += 9000;
    f.now.perps[1].quote_e6 += 9000;
    f.now.perps[1].settled_pnl_e6 += 123456;
    f.now.perps[1].quote_e6 -= 123456;
    CHECK_EQ(paid(&f, EK_OK), FEE);
    /* a ticket of an earlier process: all of it looks like fee, which the caller must notice */
    f.mark.known = 0;
    CHECK_EQ(paid(&f, EK_OK), FEE + 123456 - 9000);
    f.mark.known = 1;
    /* the other position's funding is in the account's sum as well */
    f.now.perps[0].last_cumulative_funding_e9 = 18;
    paid(&f, EK_E_MISSING);
    f = sale();
    f.now.n_perps = 1;
    f.now.perps[0] = f.now.perps[1];
    paid(&f, EK_E_MISSING);
}

/* The rest of an order that a keeper cleared away. */
static void flat_fee(void) {
    fill f = sale();
    f.o = (ek_outcome){.outcome = EK_OUT_UNFILLED_GONE, .found = 1};
    f.now.perps[1].quote_e6 = 1300000000 - 10000;
    CHECK_EQ(paid(&f, EK_OK), 10000);
    f.o.found = 0;
    paid(&f, EK_E_MISSING);
}

static void not_to_be_told(void) {
    fill f = sale();
    f.o.foreign_base_e9 = 1;
    paid(&f, EK_E_MISSING);
    f = sale();
    f.o.quote_source = EK_QUOTE_NET;
    paid(&f, EK_E_MISSING);
    f = sale();
    f.now.perps[1].market_index = 4;
    paid(&f, EK_E_MISSING);
    f = sale();
    f.t.kind = EK_KIND_CANCEL;
    paid(&f, EK_E_MISSING);
    f = sale();
    f.o.outcome = EK_OUT_RESTING;
    paid(&f, EK_E_MISSING);
    f = sale();
    f.o.quote_e6 = UINT64_MAX;
    paid(&f, EK_E_OVERFLOW);
    f = sale();
    f.t.quote_before_e6 = INT64_MIN;
    paid(&f, EK_E_OVERFLOW);
}

int main(void) {
    RUN(both_sides);
    RUN(what_was_settled);
    RUN(flat_fee);
    RUN(not_to_be_told);
    return check_end();
}
