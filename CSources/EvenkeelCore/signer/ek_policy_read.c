/* Reads a message as the signer sees it: every instruction, account and byte of data must have its known
 * place. */
#include "ek_policy_read.h"

#include <string.h>

#include "base/ek_bytes.h"
#include "base/ek_fixed.h"
#include "order/ek_ticket.h"
#include "solana/ek_tx.h"
#include "../venue/ek_venue_table.h"

EK_SMALL_BEGIN

/* First eight bytes of sha256("global:<name>"); written down a second time on purpose: the builder's table is
 * not this one's witness. */
static const uint8_t PLACE[8] = {0x45, 0xa1, 0x5d, 0xca, 0x78, 0x7e, 0x4c, 0xb9};
static const uint8_t TAKE[8] = {0xd5, 0x33, 0x01, 0xbb, 0x6c, 0xdc, 0xe6, 0xe0};
static const uint8_t INTEREST[8] = {0x27, 0xa6, 0x8b, 0xf3, 0x9e, 0xa5, 0x9b, 0xe1};
static const uint8_t SETTLE[8] = {0x2b, 0x3d, 0xea, 0x2d, 0x0f, 0x5f, 0x98, 0x99};
static const uint8_t CANCEL[8] = {0x6b, 0xd3, 0xfa, 0x85, 0x12, 0x25, 0x39, 0x64}; /* by user_order_id */

enum { SIGNATURE_FEE = 5000 };

/* ---- form ---- */

static uint32_t form_fault(const ek_policy *p, const ek_tx *tx) {
    uint8_t used[256] = {0};
    if (tx->version != EK_TX_LEGACY || tx->n_required != 1 || tx->n_luts != 0 || tx->n_keys > 255)
        return EK_REFUSE_FORM;
    if (!ek_key_equal(ek_tx_key(tx, 0), &p->own)) return EK_REFUSE_PAYER;
    used[0] = 1;
    for (uint32_t i = 0; i < tx->n_ixs; i++) {
        used[tx->ixs[i].program_index] = 1;
        for (uint32_t a = 0; a < tx->ixs[i].n_accounts; a++) used[tx->ixs[i].accounts[a]] = 1;
    }
    for (uint32_t i = 0; i < tx->n_keys; i++) {
        if (!used[i]) return EK_REFUSE_FORM;
        for (uint32_t j = 0; j < i; j++)
            if (ek_key_equal(ek_tx_key(tx, i), ek_tx_key(tx, j))) return EK_REFUSE_FORM;
    }
    return EK_REFUSE_NOTHING;
}

/* ---- compute budget ---- */

typedef struct {
    uint8_t has_limit, has_price;
    uint32_t limit;
    uint64_t price;
} budget;

static int read_budget(const ek_tx_ix *ix, budget *b) {
    if (ix->n_accounts != 0 || ix->data_len == 0) return 0;
    if (ix->data[0] == 2 && ix->data_len == 5 && !b->has_limit) {
        b->has_limit = 1;
        b->limit = ek_get_u32(ix->data + 1);
        return 1;
    }
    if (ix->data[0] == 3 && ix->data_len == 9 && !b->has_price) {
        b->has_price = 1;
        b->price = ek_get_u64(ix->data + 1);
        return 1;
    }
    return 0;
}

static uint32_t fee_fault(const ek_policy *p, const budget *b, uint64_t *lamports) {
    uint64_t priority = 0, fee = 0;
    if (!b->has_limit || b->limit == 0 || b->limit > p->limits.max_compute_units) return EK_REFUSE_BUDGET;
    if (ek_mul_div_ceil_u64(b->limit, b->price, 1000000, &priority) != EK_OK
        || ek_add_u64(priority, SIGNATURE_FEE, &fee) != EK_OK)
        return EK_REFUSE_FEE;
    *lamports = fee;
    return fee > p->limits.max_fee_lamports ? EK_REFUSE_FEE : EK_REFUSE_NOTHING;
}

/* ---- interest ---- */

/* The update of a spot market's interest: anybody may have it done, nobody signs it, and it moves nothing
 * of the account's. It names its market as written, and neither the payer nor the account. */
static int updates_interest(const ek_policy *p, const ek_tx *tx, const ek_tx_ix *ix) {
    if (ix->data_len != sizeof INTEREST || memcmp(ix->data, INTEREST, sizeof INTEREST) != 0) return 0;
    if (ix->n_accounts != 4) return 0;
    for (uint32_t a = 0; a < ix->n_accounts; a++) {
        const ek_key *key = ek_tx_ix_key(tx, ix, a);
        if (ix->accounts[a] == 0 || ek_key_equal(key, &p->user) || ek_key_equal(key, &p->user_stats))
            return 0;
        if (ek_tx_is_writable(tx, ix->accounts[a]) != (a == 1)) return 0;
    }
    return ek_key_equal(ek_tx_ix_key(tx, ix, 0), &p->state);
}

/* An instruction before the last has this account written for it. */
static int is_updated(const ek_tx *tx, const ek_key *key) {
    for (uint32_t i = 0; i + 1u < tx->n_ixs; i++)
        if (tx->ixs[i].n_accounts == 4 && ek_key_equal(ek_tx_ix_key(tx, &tx->ixs[i], 1), key)) return 1;
    return 0;
}

/* ---- accounts ---- */

/* Account a of the venue's instruction is `key`, and written or not as it must be. The payer is written as
 * payer. */
static int is_account(const ek_tx *tx, const ek_tx_ix *ix, uint32_t a, const ek_key *key, int writable) {
    const ek_key *k = ek_tx_ix_key(tx, ix, a);
    return k != NULL && ek_key_equal(k, key) && ek_tx_is_writable(tx, ix->accounts[a]) == writable;
}

static uint32_t account_fault(const ek_policy *p, const ek_tx *tx, const ek_tx_ix *ix,
                              const ek_policy_claim *c, ek_policy_message *m) {
    int take = ek_kind_takes(m->kind), settle = m->kind == EK_KIND_SETTLE;
    uint32_t a = take ? 4 : 3;
    ek_key market, oracle = ek_get_key(c->oracle);
    if (ix->n_accounts < a) return EK_REFUSE_ACCOUNT;
    if (!is_account(tx, ix, 0, &p->state, 0)) return EK_REFUSE_ACCOUNT;
    if (!is_account(tx, ix, 1, &p->user, 1)) return EK_REFUSE_USER;
    if (take && !is_account(tx, ix, 2, &p->user_stats, 1)) return EK_REFUSE_USER;
    if (ix->accounts[a - 1] != 0) return EK_REFUSE_ACCOUNT; /* the signer: key 0, the payer */
    if (ek_venue_address(p->venue, EK_ADDR_PERP_MARKET, NULL, c->market_index, &market) != EK_OK)
        return EK_REFUSE_MARKET;
    int listed = 0;
    if (settle && !ek_venue_can_take(p->venue)) return EK_REFUSE_INSTRUCTION; /* tried on no other venue */
    for (; a < ix->n_accounts; a++) {
        const ek_key *key = ek_tx_ix_key(tx, ix, a);
        int written = ek_tx_is_writable(tx, ix->accounts[a]);
        int is_market = ek_key_equal(key, &market), is_oracle = ek_key_equal(key, &oracle);
        listed |= is_market;
        m->names_oracle = (uint8_t)(m->names_oracle || is_oracle);
        int is_quote = ek_key_equal(key, &p->quote_market);
        int must = settle ? is_market || is_quote
                          : take && (is_market || (p->venue->take_writes_quote && is_quote));
        if (written != must && !(take && written && is_updated(tx, key))) return EK_REFUSE_ACCOUNT;
    }
    /* A cancel for an account without a position in the market need not name it. */
    return listed || m->kind == EK_KIND_CANCEL ? EK_REFUSE_NOTHING : EK_REFUSE_MARKET;
}

/* ---- data ---- */

static ek_err read_optional(ek_reader *r, uint8_t *has, void *value, size_t n) {
    ek_err err = ek_read_bool(r, has);
    return err == EK_OK && *has ? ek_read_bytes(r, value, n) : err;
}

static ek_err read_order(const ek_venue *v, ek_reader *r, ek_order_params *o) {
    int32_t narrow = 0;
    ek_err err;
    if ((err = ek_read_u8(r, &o->order_type)) != EK_OK || (err = ek_read_u8(r, &o->market_type)) != EK_OK
        || (err = ek_read_u8(r, &o->direction)) != EK_OK || (err = ek_read_u8(r, &o->user_order_id)) != EK_OK
        || (err = ek_read_u64(r, &o->base_e9)) != EK_OK || (err = ek_read_u64(r, &o->price_e6)) != EK_OK
        || (err = ek_read_u16(r, &o->market_index)) != EK_OK
        || (err = ek_read_bool(r, &o->reduce_only)) != EK_OK || (err = ek_read_u8(r, &o->post_only)) != EK_OK
        || (err = ek_read_u8(r, &o->bit_flags)) != EK_OK
        || (err = read_optional(r, &o->has_max_ts, &o->max_ts, 8)) != EK_OK
        || (err = read_optional(r, &o->has_trigger_price, &o->trigger_price_e6, 8)) != EK_OK
        || (err = ek_read_u8(r, &o->trigger_condition)) != EK_OK)
        return err;
    if (v->offset_is_i32) {
        err = read_optional(r, &o->has_oracle_offset, &narrow, 4);
        o->oracle_offset_e6 = narrow;
    } else {
        err = read_optional(r, &o->has_oracle_offset, &o->oracle_offset_e6, 8);
    }
    if (err != EK_OK || (err = read_optional(r, &o->has_auction_duration, &o->auction_duration, 1)) != EK_OK
        || (err = read_optional(r, &o->has_auction_start, &o->auction_start_e6, 8)) != EK_OK
        || (err = read_optional(r, &o->has_auction_end, &o->auction_end_e6, 8)) != EK_OK)
        return err;
    if (!v->has_builder_fields) return EK_OK;
    if ((err = read_optional(r, &o->has_builder, &o->builder_index, 1)) != EK_OK) return err;
    return read_optional(r, &o->has_builder_fee, &o->builder_fee_tenth_bps, 2);
}

/* What was read, encoded by the builder's own encoder, must be the bytes that were read. */
static int same_again(const ek_venue *v, const ek_order_params *o, const uint8_t *bytes, size_t n) {
    uint8_t again[EK_IX_DATA];
    size_t len = 0;
    return ek_order_encode(v, o, again, sizeof again, &len) == EK_OK && len == n
           && memcmp(again, bytes, n) == 0;
}

static uint32_t data_fault(const ek_venue *v, const ek_tx_ix *ix, ek_policy_message *m) {
    if (ix->data_len < 8) return EK_REFUSE_INSTRUCTION;
    ek_reader r = ek_reader_over(ix->data + 8, ix->data_len - 8u);
    if (memcmp(ix->data, CANCEL, 8) == 0) {
        m->kind = EK_KIND_CANCEL;
        /* By the id that the agent gave it: an order of somebody else's has none of these. */
        if (ek_read_u8(&r, &m->user_order_id) != EK_OK) return EK_REFUSE_DATA;
    } else if (memcmp(ix->data, SETTLE, 8) == 0) {
        m->kind = EK_KIND_SETTLE;
        if (ek_read_u16(&r, &m->order.market_index) != EK_OK) return EK_REFUSE_DATA;
    } else if (memcmp(ix->data, PLACE, 8) == 0 || memcmp(ix->data, TAKE, 8) == 0) {
        m->kind = memcmp(ix->data, TAKE, 8) == 0 ? EK_KIND_TAKE : EK_KIND_PLACE;
        if (read_order(v, &r, &m->order) != EK_OK) return EK_REFUSE_DATA;
        size_t len = (size_t)(r.at - (ix->data + 8));
        if (!same_again(v, &m->order, ix->data + 8, len)) return EK_REFUSE_DATA;
        if (m->kind == EK_KIND_TAKE && read_optional(&r, &m->has_condition, &m->condition, 4) != EK_OK)
            return EK_REFUSE_DATA;
        /* By its condition: a part, or all (anything else is no shape of ours). */
        if (m->has_condition && m->condition == EK_TAKE_SOME) m->kind = EK_KIND_TAKE_PART;
    } else {
        return EK_REFUSE_INSTRUCTION;
    }
    return ek_left(&r) == 0 ? EK_REFUSE_NOTHING : EK_REFUSE_DATA;
}

uint32_t ek_policy_read(const ek_policy *p, const uint8_t *message, size_t n, const ek_policy_claim *claim,
                        ek_policy_message *out) {
    ek_tx tx;
    budget b = {0, 0, 0, 0};
    memset(out, 0, sizeof *out);
    if (ek_message_parse(message, n, &tx) != EK_OK) return EK_REFUSE_MESSAGE;
    uint32_t fault = form_fault(p, &tx);
    if (fault != EK_REFUSE_NOTHING) return fault;
    if (tx.n_ixs == 0) return EK_REFUSE_INSTRUCTION;
    for (uint32_t i = 0; i < tx.n_ixs; i++) {
        const ek_key *program = ek_tx_key(&tx, tx.ixs[i].program_index);
        int last = i + 1u == tx.n_ixs;
        if (ek_key_equal(program, &EK_COMPUTE_BUDGET_PROGRAM)) {
            if (last) return EK_REFUSE_INSTRUCTION;
            if (!read_budget(&tx.ixs[i], &b)) return EK_REFUSE_BUDGET;
        } else if (!ek_key_equal(program, ek_venue_program(p->venue))
                   || (!last && !updates_interest(p, &tx, &tx.ixs[i]))) {
            return EK_REFUSE_INSTRUCTION;
        }
    }
    fault = fee_fault(p, &b, &out->lamports);
    if (fault == EK_REFUSE_NOTHING) fault = data_fault(p->venue, &tx.ixs[tx.n_ixs - 1u], out);
    if (fault == EK_REFUSE_NOTHING) fault = account_fault(p, &tx, &tx.ixs[tx.n_ixs - 1u], claim, out);
    return fault;
}

EK_SMALL_END
