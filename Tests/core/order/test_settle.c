/* Settling profit: what it can move, whether that cures an order's margin, and the simulated account after
 * it. */
#include "base/ek_bytes.h"
#include "check.h"
#include "order/ek_order_margin.h"
#include "order/ek_outcome.h"
#include "order/ek_settle.h"
#include "order/ek_verify.h"
#include "sol_book.h"

static ek_book b;
static char text[128];

/* Short 10 at 150, 9.5 of the 10 SOL's initial weight borrowed against at 100 $: 500 $ of profit. */
static void poor_book(void) {
    sol_book(&b);
    b.perps[0].pnl_initial_weight_e4 = 0;
    sol_book_price(&b, 100 * USD);
    b.user.spots[0].balance_type = EK_BORROW;
    b.user.spots[0].scaled_balance_e9 = 700 * (uint64_t)SOL;
}

static void what_can_be_claimed(void) {
    int64_t claim = 7;
    int admits = 7;
    ek_order_params o = ek_order_perp(0, EK_ORDER_MARKET, EK_SELL, SOL);
    poor_book();
    CHECK_EQ(ek_settle_expected(&b, 0, NULL, &claim, NULL), EK_OK);
    CHECK_EQ(claim, 500 * USD);
    /* 800 of weighted SOL against 700 owed and 110 for 11 SOL short: 10 $ are missing */
    int type;
    ek_margin m;
    ek_fault fault;
    CHECK_EQ(ek_margin_if_placed(&b, &o, &type, &m, &fault), EK_OK);
    CHECK(ek_margin_free_e6(&m) < 0 && ek_margin_free_e6(&m) > -11 * USD);
    CHECK_EQ(ek_settle_expected(&b, 0, &o, &claim, &admits), EK_OK);
    CHECK(claim == 500 * USD && admits == 1);
    o.base_e9 = 100 * (uint64_t)SOL; /* 1,100 $ are required, 600 $ are there */
    CHECK_EQ(ek_settle_expected(&b, 0, &o, &claim, &admits), EK_OK);
    CHECK_EQ(admits, 0);
    /* less is owed than is paid: a deposit is left */
    b.user.spots[0].scaled_balance_e9 = 400 * (uint64_t)SOL;
    o.base_e9 = 80 * (uint64_t)SOL; /* 900 required, 800 + 100 there, and the order's cent */
    CHECK_EQ(ek_settle_expected(&b, 0, &o, &claim, &admits), EK_OK);
    CHECK_EQ(admits, 0);
    o.base_e9 -= SOL / 100;
    CHECK_EQ(ek_settle_expected(&b, 0, &o, &claim, &admits), EK_OK);
    CHECK_EQ(admits, 1);

    sol_book_price(&b, 160 * USD); /* a loss */
    CHECK_EQ(ek_settle_expected(&b, 0, &o, &claim, &admits), EK_OK);
    CHECK(claim == 0 && admits == 0);
    b.user.n_perps = 0;
    CHECK_EQ(ek_settle_expected(&b, 0, &o, &claim, &admits), EK_OK);
    CHECK_EQ(claim, 0);
    CHECK_EQ(ek_settle_expected(&b, 4, &o, &claim, &admits), EK_E_MISSING);
    poor_book();
    b.n_spots = 0;
    CHECK_EQ(ek_settle_expected(&b, 0, &o, &claim, &admits), EK_E_MISSING);
    poor_book();
    b.spots[0].cumulative_borrow_interest_e10.lo = b.spots[0].cumulative_deposit_interest_e10.lo = 0;
    CHECK(ek_settle_expected(&b, 0, &o, &claim, &admits) != EK_OK);
}

static void the_instruction(void) {
    ek_ix ix;
    ek_key signer = {{9}};
    poor_book();
    b.spots[0].vault = (ek_key){{0x77}};
    b.spots[0].address = (ek_key){{0x50}};
    b.spots[1].address = (ek_key){{0x51}};
    b.perps[0].address = (ek_key){{0x52}};
    CHECK_EQ(ek_ix_settle(&b, &signer, 0, &ix), EK_OK);
    static const uint8_t data[10] = {0x2b, 0x3d, 0xea, 0x2d, 0x0f, 0x5f, 0x98, 0x99, 0, 0};
    CHECK(ix.data_len == 10 && memcmp(ix.data, data, 10) == 0);
    CHECK_EQ(ix.n_metas, 9);
    CHECK(ek_key_equal(&ix.metas[2].key, &signer) && ix.metas[2].signer);
    CHECK(ek_key_equal(&ix.metas[3].key, &b.spots[0].vault) && !ix.metas[3].writable);
    int written = 0;
    for (int i = 0; i < ix.n_metas; i++) {
        written += ix.metas[i].writable;
        if (ek_key_equal(&ix.metas[i].key, &b.spots[0].address)
            || ek_key_equal(&ix.metas[i].key, &b.perps[0].address))
            CHECK(ix.metas[i].writable);
    }
    CHECK_EQ(written, 3); /* User, quote market, perp market */
    CHECK_EQ(ek_ix_settle(&b, &signer, 3, &ix), EK_E_MISSING);
}

static ek_intent intent(void) {
    return (ek_intent){.kind = EK_KIND_SETTLE, .quote_index_e10 = 10000000000};
}
static void differs(const ek_user *after, const char *part) {
    ek_intent in = intent();
    CHECK_EQ(ek_verify_simulated(&b.user, after, &in, text), EK_E_MISMATCH);
    if (strstr(text, part) == NULL) fprintf(stderr, "%s\n", text);
    CHECK(strstr(text, part) != NULL);
}
/* 500 $ moved from the position into a deposit of 1,000 $. */
static ek_user paid(void) {
    sol_book(&b);
    ek_user u = b.user;
    u.perps[0].quote_e6 -= 500 * USD;
    u.perps[0].settled_pnl_e6 += 500 * USD;
    u.settled_perp_pnl_e6 += 500 * USD;
    u.spots[0].scaled_balance_e9 += 500 * (uint64_t)SOL;
    return u;
}

static void the_simulated_account(void) {
    ek_intent in = intent();
    ek_user u = paid();
    CHECK_EQ(ek_verify_simulated(&b.user, &u, &in, text), EK_OK);
    u.spots[0].scaled_balance_e9 -= SOL;
    differs(&u, "spot 0 balance grew by 499000000000, meant 500000000000");
    u = paid();
    u.spots[0].scaled_balance_e9 = b.user.spots[0].scaled_balance_e9;
    differs(&u, "the quote balance did not grow");
    u = paid();
    u.perps[0].settled_pnl_e6 = b.user.perps[0].settled_pnl_e6;
    differs(&u, "perp 0 settled 0");
    u = paid();
    u.perps[0].settled_pnl_e6 = -USD; /* a loss would be taken from the deposit */
    differs(&u, "perp 0 settled -1000000");
    u = paid();
    u.perps[0].base_e9 += SOL;
    differs(&u, "perp 0 base moved");
    u = paid();
    u.spots[1].scaled_balance_e9 -= 1;
    differs(&u, "spot 1 balance");
    u = paid();
    u.next_order_id++;
    differs(&u, "next order id");
    u = paid();
    u.n_perps = 0;
    differs(&u, "perp 0 base moved");
    u = paid();
    b.user.spots[0].balance_type = EK_BORROW; /* what is owed is paid first */
    u.spots[0].balance_type = EK_BORROW;
    differs(&u, "the quote balance did not grow");
    u.spots[0].scaled_balance_e9 = 500 * (uint64_t)SOL;
    in = intent();
    CHECK_EQ(ek_verify_simulated(&b.user, &u, &in, text), EK_OK);
    u.spots[0].balance_type = EK_DEPOSIT;
    CHECK_EQ(ek_verify_simulated(&b.user, &u, &in, text), EK_OK);
}

static void the_end(void) {
    ek_outcome o;
    ek_user u = paid();
    ek_ticket t = {.kind = EK_KIND_SETTLE, .quote_before_e6 = 1500 * (int64_t)USD, .next_order_id_before = 5};
    CHECK_EQ(ek_outcome_of(&t, &u, 0, &o), EK_OK);
    CHECK(o.outcome == EK_OUT_FILLED && o.found == 1 && o.quote_e6 == 500 * (uint64_t)USD);
    CHECK_EQ(o.filled_base_e9, 0);
    CHECK_EQ(ek_outcome_of(&t, &b.user, 0, &o), EK_OK);
    CHECK(o.outcome == EK_OUT_NOT_PLACED && o.found == 0);
    u.n_perps = 0; /* closed, and all of it paid */
    CHECK_EQ(ek_outcome_of(&t, &u, 0, &o), EK_OK);
    CHECK(o.outcome == EK_OUT_FILLED && o.quote_e6 == 1500 * (uint64_t)USD);
}

int main(void) {
    RUN(what_can_be_claimed);
    RUN(the_instruction);
    RUN(the_simulated_account);
    RUN(the_end);
    return check_end();
}
