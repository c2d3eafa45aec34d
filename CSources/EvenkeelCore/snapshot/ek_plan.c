#include "snapshot/ek_plan.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "snapshot/ek_book.h"
#include "solana/ek_crypto.h"
#include "solana/ek_tx.h"
#include "../venue/ek_venue_table.h"

EK_SMALL_BEGIN

size_t ek_plan_size(void) { return sizeof(ek_plan); }
uint32_t ek_plan_count(const ek_plan *p) { return p->n; }
const ek_plan_item *ek_plan_item_at(const ek_plan *p, uint32_t i) { return i < p->n ? &p->items[i] : NULL; }

const char *ek_role_name(int role) {
    static const char *const NAMES[] = {
        "State",      "User",   "UserStats",     "Clock", "authority wallet", "payer wallet", "PerpMarket",
        "SpotMarket", "oracle", "token account", "mint",  "watched wallet"};
    return role >= 0 && role < (int)(sizeof NAMES / sizeof NAMES[0]) ? NAMES[role] : "account";
}

static ek_err append(ek_plan *p, const ek_key *key, uint8_t role, uint16_t market_index, uint8_t perp) {
    EK_ASSERT(p->n <= EK_PLAN_MAX && role <= EK_ROLE_WATCH);
    if (p->n == EK_PLAN_MAX) return EK_E_FULL;
    ek_plan_item *item = &p->items[p->n++];
    memset(item, 0, sizeof *item);
    item->key = *key;
    item->role = role;
    item->market_index = market_index;
    item->perp = perp;
    return EK_OK;
}

static ek_err add_market(ek_plan *p, uint8_t role, int kind, uint16_t market_index) {
    for (uint32_t i = 0; i < p->n; i++)
        if (p->items[i].role == role && p->items[i].market_index == market_index) return EK_OK;
    ek_key key;
    ek_err err = ek_venue_address(p->venue, kind, NULL, market_index, &key);
    return err == EK_OK ? append(p, &key, role, market_index, role == EK_ROLE_PERP_MARKET) : err;
}
ek_err ek_plan_add_perp(ek_plan *p, uint16_t market_index) {
    return add_market(p, EK_ROLE_PERP_MARKET, EK_ADDR_PERP_MARKET, market_index);
}
ek_err ek_plan_add_spot(ek_plan *p, uint16_t market_index) {
    return add_market(p, EK_ROLE_SPOT_MARKET, EK_ADDR_SPOT_MARKET, market_index);
}

ek_err ek_plan_init(ek_plan *p, const ek_venue *v, const ek_key *authority, uint16_t sub_account,
                    const ek_key *payer) {
    memset(p, 0, sizeof *p);
    p->venue = v;
    p->authority = *authority;
    p->payer = payer ? *payer : *authority;
    p->sub_account = sub_account;
    ek_err err = ek_venue_address(v, EK_ADDR_STATE, NULL, 0, &p->state);
    if (err == EK_OK) err = ek_venue_address(v, EK_ADDR_USER, authority, sub_account, &p->user);
    if (err == EK_OK) err = ek_venue_address(v, EK_ADDR_USER_STATS, authority, 0, &p->user_stats);
    if (err != EK_OK) return err;
    append(p, &p->state, EK_ROLE_STATE, 0, 0);
    append(p, &p->user, EK_ROLE_USER, 0, 0);
    append(p, &p->user_stats, EK_ROLE_USER_STATS, 0, 0);
    append(p, &EK_CLOCK_SYSVAR, EK_ROLE_CLOCK, 0, 0);
    append(p, &p->authority, EK_ROLE_AUTHORITY, 0, 0);
    if (!ek_key_equal(&p->authority, &p->payer)) append(p, &p->payer, EK_ROLE_PAYER, 0, 0);
    return ek_plan_add_spot(p, 0); /* margin prices the quote asset always */
}

ek_err ek_plan_add_token(ek_plan *p, const ek_key *mint) {
    for (uint32_t i = 0; i < p->n_tokens; i++)
        if (ek_key_equal(&p->mints[i], mint)) return EK_OK;
    if (p->n_tokens >= EK_BOOK_TOKENS || p->n + 2 > EK_PLAN_MAX) return EK_E_FULL;
    ek_seed seeds[3] = {{p->authority.bytes, 32}, {EK_TOKEN_PROGRAM.bytes, 32}, {mint->bytes, 32}};
    ek_key key;
    uint8_t bump;
    ek_err err = ek_find_pda(seeds, 3, &EK_ATA_PROGRAM, &key, &bump);
    if (err != EK_OK) return err;
    p->mints[p->n_tokens] = *mint;
    append(p, &key, EK_ROLE_TOKEN, p->n_tokens, 0);
    if (!ek_key_equal(mint, &EK_NATIVE_MINT)) append(p, mint, EK_ROLE_MINT, p->n_tokens, 0);
    p->n_tokens++;
    return EK_OK;
}

ek_err ek_plan_add_watch(ek_plan *p, const ek_key *wallet) {
    for (uint32_t i = 0; i < p->n; i++)
        if (p->items[i].role == EK_ROLE_WATCH && ek_key_equal(&p->items[i].key, wallet)) return EK_OK;
    if (p->n_watches >= EK_BOOK_WATCHES) return EK_E_FULL;
    ek_err err = append(p, wallet, EK_ROLE_WATCH, p->n_watches, 0);
    if (err == EK_OK) p->n_watches++;
    return err;
}

/* An oracle that cannot be valued is not read: what needs it says so. A price without an account needs no
 * reading. */
static ek_err add_oracle(ek_plan *p, const ek_key *key, uint8_t source, uint16_t market_index, uint8_t perp) {
    if (source == EK_ORACLE_QUOTE_ASSET || !(p->venue->sources & 1u << source)) return EK_OK;
    for (uint32_t i = 0; i < p->n; i++)
        if (p->items[i].role == EK_ROLE_ORACLE && ek_key_equal(&p->items[i].key, key)) return EK_OK;
    return append(p, key, EK_ROLE_ORACLE, market_index, perp);
}

ek_err ek_plan_complete(ek_plan *p, const ek_book *b, int *changed) {
    uint16_t before = p->n;
    *changed = 0;
    if (!(b->have & 1u << EK_ROLE_USER)) return EK_E_MISSING;
    const ek_user *u = &b->user;
    ek_err err = EK_OK;
    for (uint32_t i = 0; err == EK_OK && i < u->n_spots; i++)
        err = ek_plan_add_spot(p, u->spots[i].market_index);
    for (uint32_t i = 0; err == EK_OK && i < u->n_perps; i++)
        err = ek_plan_add_perp(p, u->perps[i].market_index);
    for (uint32_t i = 0; err == EK_OK && i < EK_MAX_ORDERS; i++) {
        const ek_order *o = &u->orders[i];
        if (o->status != EK_ORDER_OPEN) continue;
        err = o->market_type == EK_PERP ? ek_plan_add_perp(p, o->market_index)
                                        : ek_plan_add_spot(p, o->market_index);
    }
    for (uint32_t i = 0; err == EK_OK && i < b->n_perps; i++) {
        err = ek_plan_add_spot(p, b->perps[i].quote_spot_index);
        if (err == EK_OK)
            err = add_oracle(p, &b->perps[i].oracle, b->perps[i].oracle_source, b->perps[i].market_index, 1);
    }
    for (uint32_t i = 0; err == EK_OK && i < b->n_spots; i++)
        err = add_oracle(p, &b->spots[i].oracle, b->spots[i].oracle_source, b->spots[i].market_index, 0);
    *changed = p->n != before;
    return err;
}

EK_SMALL_END
