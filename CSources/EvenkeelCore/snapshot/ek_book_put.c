/* ek_book.h: one account into the book by its role. */
#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "snapshot/ek_book.h"

static ek_err put_perp(ek_book *b, const uint8_t *data, size_t len) {
    if (b->n_perps >= EK_BOOK_PERPS) return EK_E_FULL;
    ek_perp_market *m = &b->perps[b->n_perps];
    ek_err err = ek_decode_perp_market(b->venue, data, len, m);
    if (err != EK_OK) return err;
    if (ek_book_perp(b, m->market_index)) return EK_E_MISMATCH;
    b->n_perps++;
    return EK_OK;
}
static ek_err put_spot(ek_book *b, const uint8_t *data, size_t len) {
    if (b->n_spots >= EK_BOOK_SPOTS) return EK_E_FULL;
    ek_spot_market *m = &b->spots[b->n_spots];
    ek_err err = ek_decode_spot_market(b->venue, data, len, m);
    if (err != EK_OK) return err;
    if (ek_book_spot(b, m->market_index)) return EK_E_MISMATCH;
    b->n_spots++;
    return EK_OK;
}

/* A new book has no User yet: then its room is clear, and the largest struct of all is not cleared twice. */
static ek_err put_user(ek_book *b, const uint8_t *data, size_t len) {
    if (b->have & 1u << EK_ROLE_USER) return ek_decode_user(b->venue, data, len, &b->user);
    ek_err err = ek_decode_user_cleared(b->venue, data, len, &b->user);
    if (err != EK_OK) memset(&b->user, 0, sizeof b->user);
    return err;
}

static ek_err put_oracle_as(ek_book *b, const ek_key *key, uint8_t source, const uint8_t *data, size_t len) {
    if (source == EK_ORACLE_QUOTE_ASSET || ek_book_oracle(b, key, source)) return EK_OK;
    if (b->n_oracles >= EK_BOOK_ORACLES) return EK_E_FULL;
    ek_book_oracle_entry *e = &b->oracles[b->n_oracles];
    memset(e, 0, sizeof *e);
    e->key = *key;
    e->source = source;
    e->raw_len = (uint8_t)(len < sizeof e->raw ? len : sizeof e->raw);
    memcpy(e->raw, data, e->raw_len);
    e->err = ek_decode_oracle(b->venue, source, data, len, &e->value);
    /* Bytes that are not this kind of oracle condemn the read; a value that cannot be used condemns only
     * those who need it. */
    if (e->err == EK_E_SHORT || e->err == EK_E_LENGTH || e->err == EK_E_DISCRIMINATOR) return e->err;
    b->n_oracles++;
    return EK_OK;
}

/* One oracle account may serve several markets, even with different sources: each source is one entry. */
static ek_err put_oracle(ek_book *b, const ek_key *key, const uint8_t *data, size_t len) {
    ek_err err = EK_OK;
    for (uint32_t i = 0; err == EK_OK && i < b->n_perps; i++)
        if (ek_key_equal(&b->perps[i].oracle, key))
            err = put_oracle_as(b, key, b->perps[i].oracle_source, data, len);
    for (uint32_t i = 0; err == EK_OK && i < b->n_spots; i++)
        if (ek_key_equal(&b->spots[i].oracle, key))
            err = put_oracle_as(b, key, b->spots[i].oracle_source, data, len);
    return err;
}

ek_err ek_book_put_account(ek_book *b, int role, const ek_key *key, const uint8_t *data, size_t len) {
    ek_err err;
    EK_ASSERT(b->venue != NULL && b->n_perps <= EK_BOOK_PERPS && b->n_spots <= EK_BOOK_SPOTS
              && b->n_oracles <= EK_BOOK_ORACLES);
    switch (role) {
    case EK_ROLE_STATE: err = ek_decode_state(b->venue, data, len, &b->state); break;
    case EK_ROLE_USER: err = put_user(b, data, len); break;
    case EK_ROLE_USER_STATS: err = ek_decode_user_stats(b->venue, data, len, &b->stats); break;
    case EK_ROLE_CLOCK: err = ek_decode_clock(data, len, &b->clock); break;
    case EK_ROLE_PERP_MARKET: return put_perp(b, data, len);
    case EK_ROLE_SPOT_MARKET: return put_spot(b, data, len);
    case EK_ROLE_ORACLE: return put_oracle(b, key, data, len);
    default: return EK_E_RANGE;
    }
    if (err == EK_OK) b->have |= 1u << role;
    return err;
}
