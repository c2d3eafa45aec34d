#include "snapshot/ek_book.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "../venue/ek_venue_table.h"

/* A price that needs no account is never old: its slot is the latest there can be. */
static const ek_oracle QUOTE_ASSET = {.price_e6 = 1000000,
                                      .raw_price = 1000000,
                                      .exponent = -6,
                                      .posted_slot = UINT64_MAX,
                                      .source = EK_ORACLE_QUOTE_ASSET};

size_t ek_book_size(void) { return sizeof(ek_book); }
const ek_user *ek_book_user(const ek_book *b) { return &b->user; }

void ek_book_reset(ek_book *b, const ek_venue *v, uint64_t slot) {
    EK_ASSERT(v != NULL);
    /* Markets and oracles beyond their counts are never looked at, each is cleared when it is put, and they
     * are nine tenths of the book: they need no clearing. All the rest does: tokens and watched wallets are
     * counted before they are read. */
    memset(b, 0, offsetof(ek_book, perps));
    memset((uint8_t *)b + offsetof(ek_book, tokens), 0, sizeof *b - offsetof(ek_book, tokens));
    b->venue = v;
    b->slot = slot;
    b->authority_is_system = 1;
}

void ek_book_begin(ek_book *b, const ek_plan *p, uint64_t slot) {
    EK_ASSERT(p->n <= EK_PLAN_MAX && p->n_tokens <= EK_BOOK_TOKENS && p->n_watches <= EK_BOOK_WATCHES);
    ek_book_reset(b, p->venue, slot);
    b->authority = p->authority;
    b->payer = p->payer;
    b->user_address = p->user;
    b->user_stats_address = p->user_stats;
    b->state_address = p->state;
    /* Until their accounts are put: not read is not nothing. */
    b->n_tokens = p->n_tokens;
    b->n_watches = p->n_watches;
    for (uint32_t i = 0; i < p->n; i++) {
        const ek_plan_item *item = &p->items[i];
        if (item->role == EK_ROLE_WATCH && item->market_index < b->n_watches)
            b->watches[item->market_index].key = item->key;
        if (item->role != EK_ROLE_TOKEN || item->market_index >= b->n_tokens) continue;
        ek_book_token *t = &b->tokens[item->market_index];
        t->key = item->key;
        t->mint = p->mints[item->market_index];
        t->decimals = 9;
        t->err = EK_E_MISSING;
    }
}

const ek_perp_market *ek_book_perp(const ek_book *b, uint16_t market_index) {
    for (uint32_t i = 0; i < b->n_perps; i++)
        if (b->perps[i].market_index == market_index) return &b->perps[i];
    return NULL;
}
const ek_spot_market *ek_book_spot(const ek_book *b, uint16_t market_index) {
    for (uint32_t i = 0; i < b->n_spots; i++)
        if (b->spots[i].market_index == market_index) return &b->spots[i];
    return NULL;
}

static int named(const char *have, const char *want, size_t n) {
    return strlen(have) == n && memcmp(have, want, n) == 0;
}

const ek_perp_market *ek_book_perp_by_name(const ek_book *b, const char *name, size_t n) {
    for (uint32_t i = 0; i < b->n_perps; i++)
        if (named(b->perps[i].name, name, n)) return &b->perps[i];
    return NULL;
}
const ek_spot_market *ek_book_spot_by_name(const ek_book *b, const char *name, size_t n) {
    for (uint32_t i = 0; i < b->n_spots; i++)
        if (named(b->spots[i].name, name, n)) return &b->spots[i];
    return NULL;
}

const ek_book_oracle_entry *ek_book_oracle(const ek_book *b, const ek_key *key, uint8_t source) {
    for (uint32_t i = 0; i < b->n_oracles; i++)
        if (b->oracles[i].source == source && ek_key_equal(&b->oracles[i].key, key)) return &b->oracles[i];
    return NULL;
}

static ek_err usable(const ek_book *b, const ek_key *key, uint8_t source, const ek_oracle **out) {
    /* source <= 15: the decoder checked it */
    if (!(b->venue->sources & 1u << source)) return EK_E_UNSUPPORTED;
    if (source == EK_ORACLE_QUOTE_ASSET) {
        *out = &QUOTE_ASSET;
        return EK_OK;
    }
    const ek_book_oracle_entry *e = ek_book_oracle(b, key, source);
    if (e == NULL) return EK_E_MISSING;
    if (e->err != EK_OK) return e->err;
    if (e->value.price_e6 <= 0) return EK_E_RANGE;
    *out = &e->value;
    return EK_OK;
}
const ek_book_token *ek_book_token_of(const ek_book *b, const ek_key *mint) {
    for (uint32_t i = 0; i < b->n_tokens; i++)
        if (ek_key_equal(&b->tokens[i].mint, mint)) return &b->tokens[i];
    return NULL;
}
const ek_book_watch *ek_book_watch_of(const ek_book *b, const ek_key *wallet) {
    for (uint32_t i = 0; i < b->n_watches; i++)
        if (ek_key_equal(&b->watches[i].key, wallet)) return &b->watches[i];
    return NULL;
}

ek_err ek_book_perp_oracle(const ek_book *b, uint16_t market_index, const ek_oracle **out) {
    const ek_perp_market *m = ek_book_perp(b, market_index);
    return m ? usable(b, &m->oracle, m->oracle_source, out) : EK_E_MISSING;
}
const uint8_t *ek_book_perp_oracle_raw(const ek_book *b, uint16_t market_index, size_t *len) {
    const ek_perp_market *m = ek_book_perp(b, market_index);
    const ek_book_oracle_entry *e = m ? ek_book_oracle(b, &m->oracle, m->oracle_source) : NULL;
    *len = e ? e->raw_len : 0;
    return e ? e->raw : NULL;
}
ek_err ek_book_spot_oracle(const ek_book *b, uint16_t market_index, const ek_oracle **out) {
    const ek_spot_market *m = ek_book_spot(b, market_index);
    return m ? usable(b, &m->oracle, m->oracle_source, out) : EK_E_MISSING;
}

uint64_t ek_oracle_age_slots(const ek_book *b, const ek_oracle *o) {
    return b->slot > o->posted_slot ? b->slot - o->posted_slot : 0;
}
