/* The image of a record in a slot: the frame, which is the same in every format, and the checks of ranges.
 * The payload is sections (ek_record_sections.c), or one row of fields in old files (ek_record_old.c). */
#include "ek_record_walk.h"

#include <string.h>

#include "base/ek_assert.h"
#include "solana/ek_crypto.h"
#include "venue/ek_account.h"

EK_SMALL_BEGIN

#define FRAME 24u
#define DIGEST_AT (EK_RECORD_SLOT - 32u)
#define ROOM (DIGEST_AT - FRAME)
static const uint8_t magic[8] = {'E', 'V', 'E', 'N', 'K', 'E', 'E', 'L'};

int ek_record_name_ok(const char name[16]) {
    int n = 0;
    while (n < 16 && name[n] > 0x20 && name[n] < 0x7F) n++;
    if (n == 0 || n == 16) return 0;
    for (; n < 16; n++)
        if (name[n] != 0) return 0;
    return 1;
}

static int zero(const uint8_t *p, size_t n) {
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++) any |= p[i];
    return any == 0;
}

static int market_ok(const ek_market_record *m) {
    return ek_record_name_ok(m->name) && m->paper.active <= 1 && m->last.action <= EK_ACTION_REDUCE_SHORT
           && m->last.outcome < EK_OUTCOMES && m->last.mode <= EK_MODE_LIVE && m->last.price_e6 >= 0
           && m->notional_today_e6 >= 0 && m->paper.notional_today_e6 >= 0;
}

/* An open ticket must carry what resolving it needs; no ticket must carry nothing at all. */
static int ticket_ok(const ek_ticket *t, uint8_t n_markets) {
    if (t->state >= EK_TICKET_STATES || t->kind >= EK_KINDS || t->action > EK_ACTION_REDUCE_SHORT
        || t->direction > EK_SELL || t->reduce_only > 1 || t->drift_known > 1 || t->outcome >= EK_OUTCOMES
        || t->tx_len > EK_TICKET_TX_MAX)
        return 0;
    if (t->state == EK_TICKET_NONE)
        return t->kind == EK_KIND_NONE && t->tx_len == 0 && zero(t->signature, sizeof t->signature);
    return t->kind != EK_KIND_NONE && t->market < n_markets && t->tx_len > 0
           && !zero(t->signature, sizeof t->signature);
}

/* Ascending by pool, so that one content has one image. */
static int lst_rates_ok(const ek_record *r) {
    if (r->n_lst_rates > EK_RECORD_LST_RATES) return 0;
    for (uint8_t i = 0; i < r->n_lst_rates; i++) {
        const ek_lst_rate *l = &r->lst_rates[i];
        if (l->lamports == 0 || l->supply == 0) return 0;
        if (i > 0 && memcmp(l[-1].pool.bytes, l->pool.bytes, sizeof l->pool.bytes) >= 0) return 0;
    }
    return 1;
}

static int record_ok(const ek_record *r) {
    if (r->generation == 0 || !ek_record_name_ok(r->venue) || r->mode > EK_MODE_HELD || r->paused > 1
        || r->breaker_open > 1 || r->n_markets > EK_RECORD_MARKETS || r->next_user_order_id == 0
        || r->vault.known > 1 || r->vault.mode > EK_MODE_LIVE || r->clustered > 1 || !lst_rates_ok(r)
        || !ek_record_kept_ok(r))
        return 0;
    for (uint8_t i = 0; i < r->n_markets; i++) {
        if (!market_ok(&r->markets[i])) return 0;
        for (uint8_t j = 0; j < i; j++)
            if (r->markets[j].perp_index == r->markets[i].perp_index) return 0;
    }
    for (uint32_t i = 0; i < EK_VAULT_BALANCES; i++)
        if (r->vault.balances[i].balance_type > EK_BORROW) return 0;
    return ticket_ok(&r->ticket, r->n_markets);
}

ek_err ek_record_encode(const ek_record *r, uint8_t out[EK_RECORD_SLOT]) {
    if (!record_ok(r)) return EK_E_RANGE;
    size_t n = 0;
    memset(out, 0, EK_RECORD_SLOT);
    ek_err err = ek_record_sections_write(r, out + FRAME, ROOM, &n);
    if (err != EK_OK) return err;
    EK_ASSERT(n <= ROOM);
    memcpy(out, magic, sizeof magic);
    ek_set_u32(out + 8, EK_RECORD_VERSION);
    ek_set_u32(out + 12, (uint32_t)n);
    ek_set_u64(out + 16, r->generation);
    ek_blake2b_256(out, DIGEST_AT, out + DIGEST_AT);
    return EK_OK;
}

uint32_t ek_record_format(const uint8_t *slot, size_t len) {
    return len >= 12 && memcmp(slot, magic, sizeof magic) == 0 ? ek_get_u32(slot + 8) : 0;
}

ek_err ek_record_decode(const uint8_t *slot, size_t len, ek_record *r) {
    if (len < EK_RECORD_SLOT) return EK_E_SHORT;
    if (zero(slot, EK_RECORD_SLOT)) return EK_E_MISSING;
    if (memcmp(slot, magic, sizeof magic) != 0) return EK_E_SYNTAX;
    uint8_t digest[32];
    ek_blake2b_256(slot, DIGEST_AT, digest);
    if (memcmp(digest, slot + DIGEST_AT, sizeof digest) != 0) return EK_E_CHECKSUM;
    uint32_t version = ek_get_u32(slot + 8), n = ek_get_u32(slot + 12);
    if (version > EK_RECORD_VERSION) return EK_E_VERSION;
    if (version == 0 || n > ROOM || !zero(slot + FRAME + n, ROOM - n)) return EK_E_RANGE;

    ek_record got;
    memset(&got, 0, sizeof got);
    got.generation = ek_get_u64(slot + 16);
    got.format = version;
    ek_err err = version < EK_RECORD_VERSION ? ek_record_old_read(version, slot + FRAME, n, &got)
                                             : ek_record_sections_read(slot + FRAME, n, &got);
    if (err != EK_OK) return err;
    if (!record_ok(&got)) return EK_E_RANGE;
    *r = got;
    return EK_OK;
}

EK_SMALL_END
