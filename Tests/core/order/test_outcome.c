/* ek_outcome_of: what became of a ticket that landed (ek_verify.h). */
#include "check.h"
#include "order/ek_outcome.h"

#define SOL 1000000000LL

static ek_ticket ticket(void) {
    return (ek_ticket){.state = EK_TICKET_LANDED,
                       .kind = EK_KIND_TAKE,
                       .direction = EK_SELL,
                       .user_order_id = 7,
                       .next_order_id_before = 6,
                       .size_base_e9 = SOL,
                       .position_before_base_e9 = -9 * SOL,
                       .quote_before_e6 = 1300000000,
                       .quote_entry_before_e6 = 1310000000,
                       .max_ts = 530};
}

/* The User after `filled` of the ticket's sale, its entry in slot 3 with that status. */
static ek_user after(uint64_t filled, uint8_t status) {
    ek_user u;
    memset(&u, 0, sizeof u);
    uint64_t quote = filled * 145 / 1000;
    u.next_order_id = 7;
    u.n_perps = 1;
    u.perps[0] = (ek_perp_position){.base_e9 = -9 * SOL - (int64_t)filled,
                                    .quote_e6 = 1300000000 + (int64_t)quote - 50000,
                                    .quote_entry_e6 = 1310000000 + (int64_t)quote,
                                    .market_index = 0};
    /* an old entry with the same looks: only its id tells it apart */
    u.orders[0] = (ek_order){.order_id = 5,
                             .status = EK_ORDER_FILLED,
                             .market_type = EK_PERP,
                             .direction = EK_SELL,
                             .base_e9 = SOL,
                             .base_filled_e9 = SOL,
                             .quote_filled_e6 = 1,
                             .user_order_id = 7};
    u.orders[3] = (ek_order){.order_id = 6,
                             .status = status,
                             .market_type = EK_PERP,
                             .direction = EK_SELL,
                             .base_e9 = SOL,
                             .base_filled_e9 = filled,
                             .quote_filled_e6 = quote,
                             .user_order_id = 7,
                             .max_ts = 530};
    return u;
}

static ek_outcome outcome(const ek_ticket *t, const ek_user *u, int64_t chain_unix_s) {
    ek_outcome o;
    CHECK_EQ(ek_outcome_of(t, u, chain_unix_s, &o), EK_OK);
    return o;
}

static void by_entry(void) {
    ek_ticket t = ticket();
    ek_user u = after(SOL, EK_ORDER_FILLED);
    ek_outcome o = outcome(&t, &u, 500);
    CHECK_EQ(o.outcome, EK_OUT_FILLED);
    CHECK_EQ(o.found, 1);
    CHECK_EQ(o.order_id, 6);
    CHECK_EQ(o.filled_base_e9, SOL);
    CHECK_EQ(o.quote_source, EK_QUOTE_ORDER);
    CHECK_EQ(o.quote_e6, 145000000);
    CHECK_EQ(o.price_e6, 145000000);
    CHECK_EQ(o.foreign_base_e9, 0);
    u = after(0, EK_ORDER_OPEN);
    o = outcome(&t, &u, 530); /* max_ts itself is not past */
    CHECK_EQ(o.outcome, EK_OUT_RESTING);
    CHECK_EQ(o.price_e6, 0);
    o = outcome(&t, &u, 531);
    CHECK_EQ(o.outcome, EK_OUT_UNFILLED_GONE);
    CHECK_EQ(o.expired_entry, 1);
    u = after(SOL / 4, EK_ORDER_OPEN);
    CHECK_EQ(outcome(&t, &u, 500).outcome, EK_OUT_PARTIAL_RESTING);
    o = outcome(&t, &u, 531);
    CHECK_EQ(o.outcome, EK_OUT_PARTIAL_GONE);
    CHECK_EQ(o.filled_base_e9, SOL / 4);
    CHECK_EQ(o.price_e6, 145000000);
    u = after(SOL / 4, EK_ORDER_CANCELED);
    CHECK_EQ(outcome(&t, &u, 500).outcome, EK_OUT_PARTIAL_GONE);
    u = after(0, EK_ORDER_CANCELED);
    CHECK_EQ(outcome(&t, &u, 500).outcome, EK_OUT_UNFILLED_GONE);
    u.orders[3].max_ts = 0;
    u.orders[3].status = EK_ORDER_OPEN; /* no expiry: rests for ever */
    CHECK_EQ(outcome(&t, &u, INT64_MAX).outcome, EK_OUT_RESTING);
}

static void foreign(void) {
    ek_ticket t = ticket();
    ek_user u = after(SOL, EK_ORDER_FILLED);
    u.perps[0].base_e9 += 2 * SOL; /* someone else bought 2 meanwhile */
    ek_outcome o = outcome(&t, &u, 500);
    CHECK_EQ(o.outcome, EK_OUT_FILLED);
    CHECK_EQ(o.filled_base_e9, SOL);
    CHECK_EQ(o.foreign_base_e9, 2 * SOL);
    CHECK_EQ(o.quote_source, EK_QUOTE_ORDER);
    /* an order placed by hand between the book and ours */
    u = after(SOL, EK_ORDER_FILLED);
    u.next_order_id = 8;
    u.orders[3].order_id = 7;
    u.orders[4] = (ek_order){.order_id = 6,
                             .status = EK_ORDER_OPEN,
                             .market_type = EK_PERP,
                             .direction = EK_BUY,
                             .base_e9 = SOL,
                             .user_order_id = 1};
    o = outcome(&t, &u, 500);
    CHECK_EQ(o.order_id, 7);
    CHECK_EQ(o.outcome, EK_OUT_FILLED);
}

static void without_entry(void) {
    ek_ticket t = ticket();
    ek_user u = after(0, EK_ORDER_INIT);
    memset(&u.orders[3], 0, sizeof u.orders[3]);
    u.next_order_id = 6; /* max_ts had passed when it ran: success, but no order */
    ek_outcome o = outcome(&t, &u, 500);
    CHECK_EQ(o.outcome, EK_OUT_NOT_PLACED);
    CHECK_EQ(o.found, 0);
    u.perps[0].base_e9 -= SOL; /* a resting order of someone else filled: still not ours */
    o = outcome(&t, &u, 500);
    CHECK_EQ(o.outcome, EK_OUT_NOT_PLACED);
    CHECK_EQ(o.filled_base_e9, 0);
    CHECK_EQ(o.foreign_base_e9, -SOL);

    u = after(SOL, EK_ORDER_FILLED);
    memset(&u.orders[3], 0, sizeof u.orders[3]); /* the slot was reused */
    o = outcome(&t, &u, 500);
    CHECK_EQ(o.outcome, EK_OUT_FILLED);
    CHECK_EQ(o.found, 0);
    CHECK_EQ(o.quote_source, EK_QUOTE_ENTRY);
    CHECK_EQ(o.price_e6, 145000000);
    u = after(SOL / 2, EK_ORDER_FILLED);
    memset(&u.orders[3], 0, sizeof u.orders[3]);
    CHECK_EQ(outcome(&t, &u, 500).outcome, EK_OUT_PARTIAL_GONE);
    u = after(0, EK_ORDER_FILLED);
    memset(&u.orders[3], 0, sizeof u.orders[3]);
    CHECK_EQ(outcome(&t, &u, 500).outcome, EK_OUT_UNFILLED_GONE);
    ek_outcome none;
    u = after(SOL, EK_ORDER_FILLED);
    memset(&u.orders[3], 0, sizeof u.orders[3]);
    u.perps[0].base_e9 -= 1; /* more than the order could do */
    CHECK_EQ(ek_outcome_of(&t, &u, 500, &none), EK_E_MISMATCH);
    u.perps[0].base_e9 = -8 * SOL; /* the other way */
    CHECK_EQ(ek_outcome_of(&t, &u, 500, &none), EK_E_MISMATCH);
}

static void buying_back(void) {
    ek_ticket t = ticket();
    t.direction = EK_BUY;
    t.kind = EK_KIND_PLACE;
    ek_user u = after(0, EK_ORDER_INIT);
    memset(&u.orders[3], 0, sizeof u.orders[3]);
    u.perps[0].base_e9 = -8 * SOL;
    u.perps[0].quote_e6 = 1300000000 - 145000000 - 50000; /* fee included */
    ek_outcome o = outcome(&t, &u, 500);
    CHECK_EQ(o.outcome, EK_OUT_FILLED);
    CHECK_EQ(o.quote_source, EK_QUOTE_NET);
    CHECK_EQ(o.price_e6, 145050000);
    /* closed whole: the position is gone from the account, its money unknown */
    t.position_before_base_e9 = -SOL;
    u.n_perps = 0;
    o = outcome(&t, &u, 500);
    CHECK_EQ(o.outcome, EK_OUT_FILLED);
    CHECK_EQ(o.quote_source, EK_QUOTE_NONE);
    CHECK_EQ(o.price_e6, 0);
}

static void cancel(void) {
    ek_ticket t = ticket();
    t.kind = EK_KIND_CANCEL;
    t.target_order_id = 6;
    t.next_order_id_before = 7;
    ek_user u = after(0, EK_ORDER_OPEN);
    CHECK_EQ(outcome(&t, &u, 500).outcome, EK_OUT_RESTING); /* the cancel did nothing */
    u = after(0, EK_ORDER_CANCELED);
    CHECK_EQ(outcome(&t, &u, 500).outcome, EK_OUT_UNFILLED_GONE);
    u = after(SOL / 2, EK_ORDER_CANCELED);
    ek_outcome o = outcome(&t, &u, 500);
    CHECK_EQ(o.outcome, EK_OUT_PARTIAL_GONE);
    CHECK_EQ(o.filled_base_e9, SOL / 2);
    u = after(SOL, EK_ORDER_FILLED); /* it filled before the cancel came */
    CHECK_EQ(outcome(&t, &u, 500).outcome, EK_OUT_FILLED);
    memset(&u.orders[3], 0, sizeof u.orders[3]);
    CHECK_EQ(outcome(&t, &u, 500).outcome, EK_OUT_UNFILLED_GONE);
    t.target_order_id = 0;
    CHECK_EQ(ek_outcome_of(&t, &u, 500, &o), EK_E_RANGE);
}

static void refused(void) {
    ek_ticket t = ticket();
    ek_user u = after(SOL, EK_ORDER_FILLED);
    ek_outcome o;
    u.next_order_id = 5; /* an older book than the one it was built on */
    CHECK_EQ(ek_outcome_of(&t, &u, 500, &o), EK_E_MISMATCH);
    u = after(SOL, EK_ORDER_FILLED);
    u.orders[3].base_filled_e9 = SOL + 1;
    CHECK_EQ(ek_outcome_of(&t, &u, 500, &o), EK_E_MISMATCH);
    t.kind = EK_KIND_NONE;
    CHECK_EQ(ek_outcome_of(&t, &u, 500, &o), EK_E_RANGE);
    t = ticket();
    t.size_base_e9 = 0;
    CHECK_EQ(ek_outcome_of(&t, &u, 500, &o), EK_E_RANGE);
    t = ticket();
    t.position_before_base_e9 = INT64_MIN;
    u.perps[0].base_e9 = INT64_MAX;
    CHECK_EQ(ek_outcome_of(&t, &u, 500, &o), EK_E_OVERFLOW);
}

int main(void) {
    RUN(by_entry);
    RUN(foreign);
    RUN(without_entry);
    RUN(buying_back);
    RUN(cancel);
    RUN(refused);
    return check_end();
}
