/* The instruction builders of ek_order.h. */
#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "order/ek_settle.h"
#include "../venue/ek_venue_table.h"
#include "ek_order_wire.h"

/* First eight bytes of sha256("global:<name>"); the same for both venues, which share their instruction
 * names. */
static const uint8_t PLACE[8] = {0x45, 0xa1, 0x5d, 0xca, 0x78, 0x7e, 0x4c, 0xb9};
static const uint8_t TAKE[8] = {0xd5, 0x33, 0x01, 0xbb, 0x6c, 0xdc, 0xe6, 0xe0};
static const uint8_t CANCEL[8] = {0x5f, 0x81, 0xed, 0xf0, 0x08, 0x31, 0xdf, 0x84};
static const uint8_t CANCEL_OWN[8] = {0x6b, 0xd3, 0xfa, 0x85, 0x12, 0x25, 0x39, 0x64};
static const uint8_t SETTLE[8] = {0x2b, 0x3d, 0xea, 0x2d, 0x0f, 0x5f, 0x98, 0x99};
static const uint8_t INTEREST[8] = {0x27, 0xa6, 0x8b, 0xf3, 0x9e, 0xa5, 0x9b, 0xe1};

ek_instruction ek_ix_view(const ek_ix *ix) {
    return (ek_instruction){.program = ix->program,
                            .metas = ix->metas,
                            .n_metas = ix->n_metas,
                            .data = ix->data,
                            .data_len = ix->data_len};
}

/* ---- the markets an instruction touches: three sets, in the order they are listed ---- */

enum { SET_CAP = 20, NO_MARKET = 0xFFFF };

typedef struct {
    uint16_t spots[SET_CAP], perps[SET_CAP];
    ek_key oracles[2 * SET_CAP];
    uint8_t oracle_writable[2 * SET_CAP];
    uint32_t n_spots, n_perps, n_oracles;
    uint16_t written_perp;
    uint8_t quote_written;
    ek_err err;
} touched;

static void add_oracle(touched *t, const ek_key *key, int writable) {
    if (ek_key_is_zero(key)) return; /* the quote asset has none */
    for (uint32_t i = 0; i < t->n_oracles; i++)
        if (ek_key_equal(&t->oracles[i], key)) {
            t->oracle_writable[i] = (uint8_t)(t->oracle_writable[i] || writable);
            return;
        }
    EK_ASSERT(t->n_oracles < 2 * SET_CAP);
    t->oracle_writable[t->n_oracles] = (uint8_t)writable;
    t->oracles[t->n_oracles++] = *key;
}

static int add_index(uint16_t *list, uint32_t *n, uint16_t index, int sorted) {
    uint32_t at = *n;
    for (uint32_t i = 0; i < *n; i++)
        if (list[i] == index) return 0;
    EK_ASSERT(*n < SET_CAP);
    while (sorted && at > 0 && list[at - 1] > index) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = index;
    (*n)++;
    return 1;
}

static void add_spot_oracle(const ek_book *b, touched *t, uint16_t index) {
    const ek_spot_market *m = ek_book_spot(b, index);
    if (m == NULL) t->err = EK_E_MISSING;
    else add_oracle(t, &m->oracle, 0);
}
static void add_perp_oracle(const ek_book *b, touched *t, uint16_t index) {
    const ek_perp_market *m = ek_book_perp(b, index);
    if (m == NULL) {
        t->err = EK_E_MISSING;
        return;
    }
    /* A prelaunch oracle lives off its market's trades, so it is written with it. */
    add_oracle(t, &m->oracle, index == t->written_perp && m->oracle_source == EK_ORACLE_PRELAUNCH);
}

static uint16_t quote_of(const ek_book *b, uint16_t perp) {
    const ek_perp_market *m = ek_book_perp(b, perp);
    return m ? m->quote_spot_index : 0;
}

/* At most 8 spot positions + 9 quote markets, 8 perps + 1: the sets cannot overflow (SET_CAP). */
static void collect(const ek_book *b, touched *t, uint16_t order_market) {
    const ek_user *u = &b->user;
    int sorted = b->venue->metas_by_market;
    uint16_t perps[EK_MAX_PERPS + 1];
    EK_ASSERT(u->n_perps <= EK_MAX_PERPS && u->n_spots <= EK_MAX_SPOTS);
    uint32_t n = 0;
    for (uint32_t i = 0; i < u->n_perps; i++) perps[n++] = u->perps[i].market_index;
    if (order_market != NO_MARKET) perps[n++] = order_market;
    if (sorted) {
        add_index(t->spots, &t->n_spots, 0, 1);
        for (uint32_t i = 0; i < u->n_spots; i++)
            add_index(t->spots, &t->n_spots, u->spots[i].market_index, 1);
        for (uint32_t i = 0; i < n; i++) {
            add_index(t->perps, &t->n_perps, perps[i], 1);
            add_index(t->spots, &t->n_spots, quote_of(b, perps[i]), 1);
        }
        for (uint32_t i = 0; i < t->n_perps; i++) add_perp_oracle(b, t, t->perps[i]);
        for (uint32_t i = 0; i < t->n_spots; i++) add_spot_oracle(b, t, t->spots[i]);
        return;
    }
    for (uint32_t i = 0; i < u->n_spots; i++)
        if (add_index(t->spots, &t->n_spots, u->spots[i].market_index, 0))
            add_spot_oracle(b, t, u->spots[i].market_index);
    for (uint32_t i = 0; i < n; i++) {
        if (add_index(t->perps, &t->n_perps, perps[i], 0)) add_perp_oracle(b, t, perps[i]);
        uint16_t quote = quote_of(b, perps[i]);
        if (add_index(t->spots, &t->n_spots, quote, 0)) add_spot_oracle(b, t, quote);
    }
}

/* ---- metas ---- */

static void push(ek_ix *ix, ek_err *err, const ek_key *key, int signer, int writable) {
    if (ix->n_metas >= EK_IX_METAS) {
        *err = EK_E_FULL;
        return;
    }
    ix->metas[ix->n_metas++] =
        (ek_meta){.key = *key, .signer = (uint8_t)signer, .writable = (uint8_t)writable};
}

static void push_market(const ek_book *b, ek_ix *ix, ek_err *err, int kind, uint16_t index, int writable) {
    ek_key key;
    ek_err found = EK_OK;
    /* A loaded market knows its own address, which saves the search for it. */
    if (kind == EK_ADDR_PERP_MARKET && ek_book_perp(b, index)) key = ek_book_perp(b, index)->address;
    else if (kind == EK_ADDR_SPOT_MARKET && ek_book_spot(b, index)) key = ek_book_spot(b, index)->address;
    else found = ek_venue_address(b->venue, kind, NULL, index, &key);
    if (found != EK_OK) *err = found;
    else push(ix, err, &key, 0, writable);
}

static ek_err push_touched(const ek_book *b, ek_ix *ix, const touched *t) {
    ek_err err = t->err;
    for (uint32_t i = 0; err == EK_OK && i < t->n_oracles; i++)
        push(ix, &err, &t->oracles[i], 0, t->oracle_writable[i]);
    for (uint32_t i = 0; err == EK_OK && i < t->n_spots; i++)
        push_market(b, ix, &err, EK_ADDR_SPOT_MARKET, t->spots[i], t->spots[i] == 0 && t->quote_written);
    for (uint32_t i = 0; err == EK_OK && i < t->n_perps; i++)
        push_market(b, ix, &err, EK_ADDR_PERP_MARKET, t->perps[i], t->perps[i] == t->written_perp);
    return err;
}

/* State, User, [UserStats], signer. */
static void begin(ek_ix *ix, const ek_venue *v, const ek_key *state, const ek_key *user, const ek_key *stats,
                  const ek_key *signer, const uint8_t discriminator[8]) {
    ek_err never = EK_OK;
    memset(ix, 0, sizeof *ix);
    ix->program = v->program;
    push(ix, &never, state, 0, 0);
    push(ix, &never, user, 0, 1);
    if (stats) push(ix, &never, stats, 0, 1);
    push(ix, &never, signer, 1, 0);
    EK_ASSERT(never == EK_OK);
    memcpy(ix->data, discriminator, 8);
    ix->data_len = 8;
}

static ek_err order_ix(const ek_book *b, const ek_key *signer, const ek_order_params *o, int take,
                       int has_condition, uint32_t condition, ek_ix *out) {
    size_t len = 0;
    if (!(b->have & 1u << EK_ROLE_USER)) return EK_E_MISSING;
    begin(out, b->venue, &b->state_address, &b->user_address, take ? &b->user_stats_address : NULL, signer,
          take ? TAKE : PLACE);
    ek_err err = ek_order_encode(b->venue, o, out->data + 8, EK_IX_DATA - 8 - 5, &len);
    if (err != EK_OK) return err;
    ek_writer w = ek_writer_over(out->data, EK_IX_DATA);
    w.len = 8 + len;
    if (take) ek_put_opt_u32(&w, has_condition, condition);
    EK_ASSERT(w.err == EK_OK);
    out->data_len = (uint16_t)w.len;

    touched t;
    memset(&t, 0, sizeof t);
    t.written_perp = take ? o->market_index : NO_MARKET;
    t.quote_written = take && b->venue->take_writes_quote;
    collect(b, &t, o->market_index);
    err = push_touched(b, out, &t);
    if (err == EK_OK && o->bit_flags & EK_BIT_HIGH_LEVERAGE && b->venue->high_leverage_config)
        push_market(b, out, &err, EK_ADDR_HIGH_LEVERAGE_CONFIG, 0, 1);
    return err;
}

ek_err ek_wire_place(const ek_book *b, const ek_key *signer, const ek_order_params *o, ek_ix *out) {
    return order_ix(b, signer, o, 0, 0, 0, out);
}
ek_err ek_wire_take(const ek_book *b, const ek_key *signer, const ek_order_params *o, int has_condition,
                    uint32_t condition, ek_ix *out) {
    return order_ix(b, signer, o, 1, has_condition, condition, out);
}

static int sane(const ek_order_params *o) {
    return o->market_type == EK_PERP && o->base_e9 != 0 && o->base_e9 != UINT64_MAX;
}

ek_err ek_ix_place(const ek_book *b, const ek_key *signer, const ek_order_params *o, ek_ix *out) {
    if (!sane(o) || o->bit_flags & EK_BIT_IOC) return EK_E_RANGE;
    return ek_wire_place(b, signer, o, out);
}
ek_err ek_ix_place_and_take(const ek_book *b, const ek_key *signer, const ek_order_params *o,
                            int has_condition, uint32_t condition, ek_ix *out) {
    if (!sane(o) || (o->bit_flags & EK_BIT_IOC && o->order_type != EK_ORDER_LIMIT)) return EK_E_RANGE;
    return ek_wire_take(b, signer, o, has_condition, condition, out);
}

/* ---- cancels ---- */

ek_err ek_ix_cancel_order(const ek_book *b, const ek_key *signer, uint16_t market_index, int has_id,
                          uint32_t order_id, ek_ix *out) {
    if (!(b->have & 1u << EK_ROLE_USER)) return EK_E_MISSING;
    begin(out, b->venue, &b->state_address, &b->user_address, NULL, signer, CANCEL);
    ek_writer w = ek_writer_over(out->data, EK_IX_DATA);
    w.len = 8;
    ek_put_opt_u32(&w, has_id, order_id);
    out->data_len = (uint16_t)w.len;

    touched t;
    memset(&t, 0, sizeof t);
    t.written_perp = NO_MARKET;
    collect(b, &t, market_index);
    return push_touched(b, out, &t);
}

ek_err ek_ix_cancel_own(const ek_book *b, const ek_key *signer, uint16_t market_index, uint8_t user_order_id,
                        ek_ix *out) {
    if (!(b->have & 1u << EK_ROLE_USER)) return EK_E_MISSING;
    begin(out, b->venue, &b->state_address, &b->user_address, NULL, signer, CANCEL_OWN);
    out->data[8] = user_order_id;
    out->data_len = 9;
    touched t;
    memset(&t, 0, sizeof t);
    t.written_perp = NO_MARKET;
    collect(b, &t, market_index);
    return push_touched(b, out, &t);
}

ek_err ek_ix_probe(const ek_book *b, const ek_key *signer, uint16_t market_index, ek_ix *out) {
    ek_order_params o = ek_order_perp(market_index, EK_ORDER_MARKET, EK_SELL, 0);
    o.price_e6 = 1; /* the worst price it would take, but there is nothing to take */
    return b->venue->can_take ? ek_wire_take(b, signer, &o, 1, EK_TAKE_ALL, out)
                              : ek_wire_place(b, signer, &o, out);
}

/* ---- settling ---- */

ek_err ek_ix_settle(const ek_book *b, const ek_key *signer, uint16_t perp_index, ek_ix *out) {
    const ek_perp_market *m = ek_book_perp(b, perp_index);
    const ek_spot_market *quote = m == NULL ? NULL : ek_book_spot(b, m->quote_spot_index);
    if (!(b->have & 1u << EK_ROLE_USER) || quote == NULL) return EK_E_MISSING;
    ek_err err = EK_OK;
    begin(out, b->venue, &b->state_address, &b->user_address, NULL, signer, SETTLE);
    push(out, &err, &quote->vault, 0, 0);
    out->data[8] = (uint8_t)perp_index;
    out->data[9] = (uint8_t)(perp_index >> 8);
    out->data_len = 10;
    touched t;
    memset(&t, 0, sizeof t);
    t.written_perp = perp_index;
    t.quote_written = 1;
    collect(b, &t, perp_index);
    return err == EK_OK ? push_touched(b, out, &t) : err;
}

/* ---- interest ---- */

ek_err ek_ix_update_interest(const ek_book *b, uint16_t spot_index, ek_ix *out) {
    const ek_spot_market *m = ek_book_spot(b, spot_index);
    if (m == NULL) return EK_E_MISSING;
    ek_err err = EK_OK;
    memset(out, 0, sizeof *out);
    out->program = b->venue->program;
    push(out, &err, &b->state_address, 0, 0);
    push(out, &err, &m->address, 0, 1);
    push(out, &err, &m->oracle, 0, 0);
    push(out, &err, &m->vault, 0, 0);
    EK_ASSERT(err == EK_OK);
    memcpy(out->data, INTEREST, 8);
    out->data_len = 8;
    return EK_OK;
}
