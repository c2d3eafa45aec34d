/* A record in memory, and which slot of a file is believed. Its image: ek_record_image.c. */
#include "ek_record_walk.h"

#include <string.h>

#include "base/ek_assert.h"

EK_SMALL_BEGIN

ek_err ek_record_pick(const uint8_t *file, size_t len, ek_record *out, int *slot, ek_err slot_err[2]) {
    ek_record second;
    *slot = -1;
    slot_err[0] = ek_record_decode(file, len, out);
    slot_err[1] = EK_E_SHORT;
    if (len > EK_RECORD_SLOT)
        slot_err[1] = ek_record_decode(file + EK_RECORD_SLOT, len - EK_RECORD_SLOT, &second);
    if (slot_err[0] == EK_E_VERSION || slot_err[1] == EK_E_VERSION) return EK_E_VERSION;
    if (slot_err[0] != EK_OK && slot_err[1] != EK_OK) return slot_err[0];
    if (slot_err[0] == EK_OK && slot_err[1] == EK_OK && out->generation == second.generation
        && memcmp(file, file + EK_RECORD_SLOT, EK_RECORD_SLOT) != 0)
        return EK_E_MISMATCH;
    if (slot_err[1] == EK_OK && (slot_err[0] != EK_OK || second.generation > out->generation)) {
        *out = second;
        *slot = 1;
    } else {
        *slot = 0;
    }
    return EK_OK;
}

static int set_name(char to[16], const char *from) {
    char name[16] = {0};
    size_t n = 0;
    while (n < sizeof name && from[n] != 0) {
        name[n] = from[n];
        n++;
    }
    if (n == sizeof name || !ek_record_name_ok(name)) return 0;
    memcpy(to, name, sizeof name);
    return 1;
}

ek_err ek_record_init(ek_record *r, const char *venue, const ek_key *authority, uint16_t sub_account) {
    memset(r, 0, sizeof *r);
    if (!set_name(r->venue, venue)) return EK_E_RANGE;
    r->generation = 1;
    r->format = EK_RECORD_VERSION;
    r->authority = *authority;
    r->sub_account = sub_account;
    r->next_user_order_id = 1;
    return EK_OK;
}

int ek_record_find(const ek_record *r, uint16_t perp_index) {
    EK_ASSERT(r->n_markets <= EK_RECORD_MARKETS);
    for (int i = 0; i < r->n_markets; i++)
        if (r->markets[i].perp_index == perp_index) return i;
    return -1;
}

int ek_record_knows(const ek_record *r, const char *name, uint16_t perp_index) {
    char padded[sizeof r->markets[0].name] = {0};
    int known = ek_record_find(r, perp_index);
    return known >= 0 && set_name(padded, name) && memcmp(r->markets[known].name, padded, sizeof padded) == 0;
}

ek_err ek_record_add(ek_record *r, const char *name, uint16_t perp_index, uint32_t *index) {
    ek_market_record fresh;
    memset(&fresh, 0, sizeof fresh);
    if (!set_name(fresh.name, name)) return EK_E_RANGE;
    int known = ek_record_find(r, perp_index);
    if (known >= 0) {
        if (memcmp(r->markets[known].name, fresh.name, sizeof fresh.name) != 0) return EK_E_MISMATCH;
        *index = (uint32_t)known;
        return EK_OK;
    }
    if (r->n_markets >= EK_RECORD_MARKETS) return EK_E_FULL;
    fresh.perp_index = perp_index;
    r->markets[r->n_markets] = fresh;
    *index = r->n_markets++;
    return EK_OK;
}

uint8_t ek_record_take_user_order_id(ek_record *r) {
    uint8_t id = r->next_user_order_id;
    EK_ASSERT(id != 0); /* on the venue 0 is no id */
    r->next_user_order_id = id == UINT8_MAX ? 1 : (uint8_t)(id + 1);
    return id;
}

ek_err ek_record_remember_rate(ek_record *r, const ek_lst_rate *rate) {
    if (rate->lamports == 0 || rate->supply == 0) return EK_E_RANGE;
    EK_ASSERT(r->n_lst_rates <= EK_RECORD_LST_RATES);
    uint32_t at = 0;
    int order = 1;
    while (at < r->n_lst_rates) {
        order = memcmp(r->lst_rates[at].pool.bytes, rate->pool.bytes, sizeof rate->pool.bytes);
        if (order >= 0) break;
        at++;
    }
    if (order != 0 || at == r->n_lst_rates) {
        if (r->n_lst_rates == EK_RECORD_LST_RATES) return EK_E_FULL;
        memmove(&r->lst_rates[at + 1], &r->lst_rates[at], (r->n_lst_rates - at) * sizeof *rate);
        r->n_lst_rates++;
    }
    r->lst_rates[at] = *rate;
    return EK_OK;
}

ek_market_record *ek_record_market(ek_record *r, uint32_t i) {
    return i < r->n_markets ? &r->markets[i] : NULL;
}
const ek_lst_rate *ek_record_lst_rate(const ek_record *r, uint32_t i) {
    return i < r->n_lst_rates ? &r->lst_rates[i] : NULL;
}
ek_ticket *ek_record_ticket(ek_record *r) { return &r->ticket; }
uint8_t *ek_last_signature(ek_last_correction *l) { return l->signature; }
const char *ek_market_record_name(const ek_market_record *m) { return m->name; }
const char *ek_record_venue(const ek_record *r) { return r->venue; }
size_t ek_record_size(void) { return sizeof(ek_record); }

EK_SMALL_END
