#include "store/ek_ring.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "solana/ek_crypto.h"

EK_SMALL_BEGIN

#define HEADER_CHECKED 64u
#define CORRECTION_BYTES 183u /* of EK_RING_CORRECTION; the rest is zeros */
static const uint8_t magic[8] = {'E', 'V', 'E', 'N', 'R', 'I', 'N', 'G'};
static const struct { uint16_t page, size, capacity; } parts[EK_RING_OLD + EK_RINGS] = {
    {1, EK_RING_SAMPLE, EK_RING_MINUTES_CAP},
    {1 + 59, EK_RING_SAMPLE, EK_RING_QUARTERS_CAP},
    {1 + 59 + 117, EK_RING_CORRECTION, EK_RING_CORRECTIONS_CAP},
    {1, EK_RING_SAMPLE_1, 46 * 32},
    {1 + 46, EK_RING_SAMPLE_1, 91 * 32},
    {1 + 46 + 91, EK_RING_CORRECTION, EK_RING_CORRECTIONS_CAP},
};
#define SAMPLES_A_PAGE (EK_RING_PAGE / EK_RING_SAMPLE)
_Static_assert(EK_RING_MINUTES_CAP == 59 * SAMPLES_A_PAGE, "minutes fill whole pages");
_Static_assert(EK_RING_QUARTERS_CAP == 117 * SAMPLES_A_PAGE, "quarters fill whole pages");
_Static_assert(EK_RING_CORRECTIONS_CAP *EK_RING_CORRECTION == 32 * EK_RING_PAGE,
               "corrections fill whole pages");

static int known(int ring) { return ring >= 0 && ring < EK_RING_OLD + EK_RINGS; }
uint32_t ek_ring_offset(int ring) { return known(ring) ? parts[ring].page * EK_RING_PAGE : 0; }
uint32_t ek_ring_record_size(int ring) { return known(ring) ? parts[ring].size : 0; }
uint32_t ek_ring_capacity(int ring) { return known(ring) ? parts[ring].capacity : 0; }
uint32_t ek_ring_place(int ring, uint32_t seq) {
    if (!known(ring) || seq == 0) return 0;
    uint32_t size = parts[ring].size, at = (seq - 1) % parts[ring].capacity, a_page = EK_RING_PAGE / size;
    return ek_ring_offset(ring) + at / a_page * EK_RING_PAGE + at % a_page * size;
}

/* ---- header ---- */
static uint64_t header_check(const uint8_t *page) {
    uint8_t digest[32];
    ek_blake2b_256(page, HEADER_CHECKED, digest);
    return ek_get_u64(digest);
}

ek_err ek_ring_header(const char *venue, const ek_key *authority, uint16_t sub_account,
                      uint8_t out[EK_RING_PAGE]) {
    size_t n = strlen(venue);
    if (n == 0 || n > 15) return EK_E_RANGE;
    memset(out, 0, EK_RING_PAGE);
    memcpy(out, magic, sizeof magic);
    ek_set_u32(out + 8, EK_RING_VERSION);
    ek_set_u16(out + 12, sub_account);
    memcpy(out + 16, venue, n);
    memcpy(out + 32, authority->bytes, sizeof authority->bytes);
    ek_set_u64(out + HEADER_CHECKED, header_check(out));
    return EK_OK;
}

ek_err ek_ring_header_known(const uint8_t *page, size_t len) {
    if (len < EK_RING_PAGE) return EK_E_SHORT;
    uint8_t any = 0;
    for (size_t i = 0; i < EK_RING_PAGE; i++) any |= page[i];
    if (any == 0) return EK_E_MISSING;
    if (memcmp(page, magic, sizeof magic) != 0) return EK_E_SYNTAX;
    if (ek_get_u64(page + HEADER_CHECKED) != header_check(page)) return EK_E_CHECKSUM;
    uint32_t version = ek_ring_header_version(page);
    if (version == 0) return EK_E_RANGE;
    return version > EK_RING_VERSION ? EK_E_VERSION : EK_OK;
}

uint32_t ek_ring_header_version(const uint8_t *page) { return ek_get_u32(page + 8); }

ek_err ek_ring_header_check(const uint8_t *page, size_t len, const char *venue, const ek_key *authority,
                            uint16_t sub_account) {
    uint8_t mine[EK_RING_PAGE];
    ek_err err = ek_ring_header_known(page, len);
    if (err == EK_OK) err = ek_ring_header(venue, authority, sub_account, mine);
    if (err != EK_OK) return err;
    ek_set_u32(mine + 8, ek_ring_header_version(page));
    return memcmp(page, mine, HEADER_CHECKED) == 0 ? EK_OK : EK_E_MISMATCH;
}

/* ---- records: 4 bytes of check, then the fields ---- */
static uint32_t record_check(int ring, const uint8_t *record, size_t size) {
    uint8_t in[EK_RING_CORRECTION], digest[32];
    in[0] = (uint8_t)(ring % EK_RING_OLD + 1);
    memcpy(in + 1, record + 4, size - 4);
    ek_blake2b_256(in, size - 3, digest);
    return ek_get_u32(digest);
}

static ek_err record_whole(int ring, const uint8_t *in, size_t len) {
    size_t size = ek_ring_record_size(ring);
    if (size == 0 || len < size) return EK_E_SHORT;
    if (ek_get_u32(in + 4) == 0) {
        uint8_t any = 0;
        for (size_t i = 0; i < size; i++) any |= in[i];
        return any == 0 ? EK_E_MISSING : EK_E_CHECKSUM;
    }
    return ek_get_u32(in) == record_check(ring, in, size) ? EK_OK : EK_E_CHECKSUM;
}

uint32_t ek_ring_seq_at(int ring, uint32_t at, const uint8_t *in, size_t len) {
    if (!known(ring) || at >= parts[ring].capacity || record_whole(ring, in, len) != EK_OK) return 0;
    uint32_t seq = ek_get_u32(in + 4);
    return (seq - 1) % parts[ring].capacity == at ? seq : 0;
}

/* One walk for both directions: what is written and what is read cannot differ. */
typedef struct {
    uint8_t *at;
    const uint8_t *end; /* of an older record: a field behind it stays 0 */
    int reading;
} walk;
static void w(walk *k, void *field, size_t n) {
    if (k->at == k->end) return;
    if (k->reading) memcpy(field, k->at, n);
    else memcpy(k->at, field, n);
    k->at += n;
}
#define W(field) w(k, &(field), sizeof(field))

static void walk_sample(walk *k, ek_sample *s) {
    W(s->seq);
    W(s->slot);
    W(s->unix_s);
    W(s->market);
    W(s->mode);
    W(s->status);
    W(s->flags);
    W(s->health_bp);
    W(s->leverage_e2);
    W(s->drift_ppm);
    W(s->funding_hourly_ppb);
    W(s->equity_e6);
    W(s->collateral_e6);
    W(s->flows_e6);
    W(s->funding_e6);
    W(s->fees_e6);
    W(s->spot_base_e9);
    W(s->perp_base_e9);
    W(s->spot_price_e6);
    W(s->perp_price_e6);
    W(s->basis_e6);
    W(s->delta_e6);
    W(s->network_e6);
    W(s->interest_e6);
    W(s->yield_e6);
    W(s->slippage_e6);
}

static void walk_correction(walk *k, ek_ring_correction *c) {
    W(c->seq);
    W(c->slot);
    W(c->unix_s);
    W(c->market);
    W(c->action);
    W(c->outcome);
    W(c->mode);
    W(c->size_base_e9);
    W(c->price_e6);
    W(c->oracle_price_e6);
    W(c->fee_e6);
    W(c->fee_lamports);
    W(c->drift_before_ppm);
    W(c->drift_after_ppm);
    W(c->spot_base_e9);
    W(c->perp_base_e9);
    W(c->signature);
    W(c->landing);
}

void ek_sample_encode(int ring, const ek_sample *s, uint8_t out[EK_RING_SAMPLE]) {
    ek_sample copy = *s;
    walk k = {out + 4, NULL, 0};
    memset(out, 0, EK_RING_SAMPLE);
    walk_sample(&k, &copy);
    EK_ASSERT(k.at == out + EK_RING_SAMPLE);
    ek_set_u32(out, record_check(ring, out, EK_RING_SAMPLE));
}

ek_err ek_sample_decode(int ring, const uint8_t *in, size_t len, ek_sample *out) {
    uint8_t copy[EK_RING_SAMPLE];
    uint32_t size = ek_ring_record_size(ring);
    if (size > EK_RING_SAMPLE) return EK_E_RANGE;
    ek_err err = record_whole(ring, in, len);
    if (err != EK_OK) return err;
    memcpy(copy, in, size);
    memset(out, 0, sizeof *out);
    walk k = {copy + 4, copy + size, 1};
    walk_sample(&k, out);
    return EK_OK;
}

void ek_ring_correction_encode(const ek_ring_correction *c, uint8_t out[EK_RING_CORRECTION]) {
    ek_ring_correction copy = *c;
    copy.market[sizeof copy.market - 1] = 0;
    walk k = {out + 4, NULL, 0};
    memset(out, 0, EK_RING_CORRECTION);
    walk_correction(&k, &copy);
    EK_ASSERT(k.at == out + CORRECTION_BYTES);
    ek_set_u32(out, record_check(EK_RING_CORRECTIONS, out, EK_RING_CORRECTION));
}

ek_err ek_ring_correction_decode(const uint8_t *in, size_t len, ek_ring_correction *out) {
    uint8_t copy[EK_RING_CORRECTION];
    ek_err err = record_whole(EK_RING_CORRECTIONS, in, len);
    if (err != EK_OK) return err;
    memcpy(copy, in, sizeof copy);
    memset(out, 0, sizeof *out);
    walk k = {copy + 4, NULL, 1};
    walk_correction(&k, out);
    return out->market[sizeof out->market - 1] == 0 ? EK_OK : EK_E_RANGE;
}

char *ek_ring_correction_market(ek_ring_correction *c) { return c->market; }
uint8_t *ek_ring_correction_signature(ek_ring_correction *c) { return c->signature; }

EK_SMALL_END
