/* The rules of format 3 (ek_record.h), each with a record that a later program, or a forger, could write. */
#include "check.h"
#include "full_record.h"
#include "solana/ek_crypto.h"

#define FRAME 24u

static uint8_t image[EK_RECORD_SLOT], other[EK_RECORD_SLOT];
static ek_record out;

static uint16_t u16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static void set_u16(uint8_t *p, size_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}
static size_t payload(void) { return u16(image + 12); }

static void seal(void) { ek_blake2b_256(image, EK_RECORD_SLOT - 32, image + EK_RECORD_SLOT - 32); }

static ek_err decoded(void) {
    seal();
    return ek_record_decode(image, sizeof image, &out);
}

static void fresh(void) {
    ek_record r = full_record();
    CHECK_EQ(ek_record_encode(&r, image), EK_OK);
    CHECK_EQ(ek_record_encode(&r, other), EK_OK);
}

/* Where a section's head is. */
static uint8_t *find(uint16_t tag) {
    for (uint8_t *p = image + FRAME; p < image + FRAME + payload(); p += 4 + u16(p + 2))
        if (u16(p) == tag) return p;
    CHECK(!"the tag is there");
    return image + FRAME;
}

/* The bytes from `at` on move by `by`; the frame's length follows. */
static void shift(uint8_t *at, long by) {
    uint8_t *end = image + FRAME + payload();
    size_t n = (size_t)(end - at);
    memmove(at + by, at, n);
    if (by < 0) memset(end + by, 0, (size_t)-by);
    set_u16(image + 12, (size_t)((long)payload() + by));
}

/* A section's end moves by `by`: what is new is 0xEE. */
static void resize(uint16_t tag, long by) {
    uint8_t *p = find(tag), *end = p + 4 + u16(p + 2);
    shift(end, by);
    if (by > 0) memset(end, 0xEE, (size_t)by);
    set_u16(p + 2, (size_t)((long)u16(p + 2) + by));
}

static void removed(uint16_t tag) {
    uint8_t *p = find(tag);
    shift(p + 4 + u16(p + 2), -(long)(4 + u16(p + 2)));
}

static void appended(uint16_t tag, size_t n) {
    uint8_t *p = image + FRAME + payload();
    set_u16(p, tag);
    set_u16(p + 2, n);
    memset(p + 4, 0xDD, n);
    set_u16(image + 12, payload() + 4 + n);
}

static int same_when_written(void) {
    static uint8_t again[EK_RECORD_SLOT];
    CHECK_EQ(ek_record_encode(&out, again), EK_OK);
    return memcmp(again, other, sizeof again) == 0;
}

static void longer(void) {
    static const uint16_t fields[] = {EK_TAG_IDENTITY, EK_TAG_SWITCHES, EK_TAG_COUNTS, EK_TAG_TICKET,
                                      EK_TAG_VAULT, EK_TAG_PROOF, EK_TAG_CLUSTER, EK_TAG_BALANCES};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        fresh();
        resize(fields[i], 9);
        CHECK_EQ(decoded(), EK_OK);
        CHECK(same_when_written()); /* the known part is all there, the rest is not kept */
    }
    static const uint16_t tables[] = {EK_TAG_MARKETS, EK_TAG_DAYS, EK_TAG_LAST,
                                      EK_TAG_PAPER, EK_TAG_VAULT_MARKETS, EK_TAG_LST_RATES};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        fresh();
        uint8_t *p = find(tables[i]);
        size_t row = u16(p + 4);
        CHECK_EQ(u16(p + 6), 2);
        set_u16(p + 2, 4 + 2 * (row + 3));
        set_u16(p + 4, row + 3);
        shift(p + 8 + row, 3);
        memset(p + 8 + row, 0xEE, 3);
        shift(p + 8 + row + 3 + row, 3);
        memset(p + 8 + row + 3 + row, 0xEE, 3);
        CHECK_EQ(decoded(), EK_OK);
        CHECK(same_when_written());
    }
}

/* Rows as they were before slippage was a part. */
static void before_slippage(void) {
    fresh();
    uint8_t *p = find(EK_TAG_VAULT_MARKETS), *rows = p + 8;
    memmove(rows + 56, rows + 72, 56);
    resize(EK_TAG_VAULT_MARKETS, -32);
    set_u16(p + 4, 56);
    CHECK_EQ(decoded(), EK_OK);
    CHECK_EQ(out.markets[1].vault.delta_e6, 16);
    CHECK_EQ(out.markets[1].vault.slippage_e6, 0);
    CHECK_EQ(out.markets[1].vault.slippage_due_e6, 0);
}

static void shorter(void) {
    fresh();
    resize(EK_TAG_PROOF, -4); /* before the length of a slot */
    CHECK_EQ(decoded(), EK_OK);
    CHECK_EQ(out.slot_us, 0);
    fresh();
    resize(EK_TAG_PROOF, -8); /* before next_order_id there was the slot alone */
    CHECK_EQ(decoded(), EK_OK);
    CHECK_EQ(out.proof.slot, 438024299);
    CHECK_EQ(out.proof.next_order_id, 0);
    fresh();
    resize(EK_TAG_PROOF, -3); /* cut in the middle of a number */
    CHECK_EQ(decoded(), EK_E_RANGE);
    fresh();
    resize(EK_TAG_VAULT, -24); /* before network fees, interest and yield were parts */
    CHECK_EQ(decoded(), EK_OK);
    CHECK_EQ(out.vault.fees_e6, -6);
    CHECK_EQ(out.vault.network_e6, 0);
    CHECK_EQ(out.vault.yield_e6, 0);
    fresh();
    resize(EK_TAG_VAULT, -32);
    CHECK_EQ(decoded(), EK_OK);
    CHECK_EQ(out.vault.funding_e6, -5);
    CHECK_EQ(out.vault.fees_e6, 0);
    fresh();
    resize(EK_TAG_BALANCES, -19);
    CHECK_EQ(decoded(), EK_OK);
    CHECK_EQ(out.vault.balances[6].amount, -6);
    CHECK_EQ(out.vault.balances[7].scaled_balance_e9, 0);
    fresh(); /* rows for one of two markets */
    resize(EK_TAG_VAULT_MARKETS, -72);
    set_u16(find(EK_TAG_VAULT_MARKETS) + 6, 1);
    CHECK_EQ(decoded(), EK_OK);
    CHECK_EQ(out.markets[0].vault.leg.spot_base_e9, 17);
    CHECK_EQ(out.markets[1].vault.delta_e6, 0);
    before_slippage();
    static const uint16_t needed[] = {EK_TAG_IDENTITY, EK_TAG_SWITCHES, EK_TAG_COUNTS, EK_TAG_TICKET};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        fresh();
        resize(needed[i], needed[i] == EK_TAG_SWITCHES ? -4 : -8);
        CHECK_EQ(decoded(), EK_E_RANGE);
    }
}

static void missing(void) {
    static const uint16_t needed[] = {EK_TAG_IDENTITY, EK_TAG_SWITCHES, EK_TAG_COUNTS,
                                      EK_TAG_TICKET, EK_TAG_MARKETS, EK_TAG_DAYS};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        fresh();
        removed(needed[i]);
        CHECK_EQ(decoded(), EK_E_RANGE);
    }
    fresh();
    removed(EK_TAG_TRANSACTION); /* an open ticket without its bytes */
    CHECK_EQ(decoded(), EK_E_RANGE);
    fresh();
    for (uint16_t tag = EK_TAG_LAST; tag <= EK_TAG_LAST_KNOWN; tag++) removed(tag);
    CHECK_EQ(decoded(), EK_OK);
    CHECK_EQ(out.n_markets, 2);
    CHECK_EQ(out.markets[1].trades_today, 3);
    CHECK_EQ(out.markets[1].last.outcome, EK_OUT_NONE);
    CHECK_EQ(out.markets[1].paper.active, 0);
    CHECK_EQ(out.markets[1].paper.trades_today, 2); /* a day's count of paper is a day's count */
    CHECK_EQ(out.vault.known, 0);
    CHECK_EQ(out.proof.slot, 0);
    CHECK_EQ(out.clustered, 0);
    CHECK_EQ(out.n_lst_rates, 0);
    fresh();
    set_u16(image + 12, 0);
    memset(image + FRAME, 0, EK_RECORD_SLOT - FRAME);
    CHECK_EQ(decoded(), EK_E_RANGE); /* nothing at all */
}

static void order(void) {
    fresh();
    set_u16(find(EK_TAG_PROOF), 0);
    CHECK_EQ(decoded(), EK_E_RANGE);
    fresh();
    set_u16(find(EK_TAG_LST_RATES), EK_TAG_CLUSTER); /* twice */
    CHECK_EQ(decoded(), EK_E_RANGE);
    fresh();
    appended(EK_TAG_PROOF, 12); /* out of order */
    CHECK_EQ(decoded(), EK_E_RANGE);
    fresh();
    set_u16(find(EK_TAG_BALANCES) + 2, 161); /* past the payload */
    CHECK_EQ(decoded(), EK_E_RANGE);
    fresh();
    set_u16(image + 12, payload() + 3); /* less than a head is left */
    CHECK_EQ(decoded(), EK_E_RANGE);
    fresh();
    set_u16(image + 12, payload() - 1);
    CHECK_EQ(decoded(), EK_E_RANGE);
}

static void tables(void) {
    fresh();
    set_u16(find(EK_TAG_MARKETS) + 6, 3); /* more rows than bytes */
    CHECK_EQ(decoded(), EK_E_RANGE);
    fresh();
    resize(EK_TAG_LAST, 1); /* bytes that are no row */
    CHECK_EQ(decoded(), EK_E_RANGE);
    fresh();
    resize(EK_TAG_PAPER, 49); /* a row of a third market */
    set_u16(find(EK_TAG_PAPER) + 6, 3);
    CHECK_EQ(decoded(), EK_E_RANGE);
    fresh();
    resize(EK_TAG_DAYS, -40); /* a market without its day */
    set_u16(find(EK_TAG_DAYS) + 6, 1);
    CHECK_EQ(decoded(), EK_E_RANGE);
    fresh();
    resize(EK_TAG_CLUSTER, -1);
    removed(EK_TAG_BALANCES);
    uint8_t *p = find(EK_TAG_LST_RATES);
    set_u16(p + 2, 3); /* less than a table's head */
    set_u16(image + 12, payload() - (4 + 2 * 56 - 3));
    memset(p + 7, 0, 4 + 2 * 56 - 3);
    CHECK_EQ(decoded(), EK_E_RANGE);
    /* counts from a table are bounded before a row is read */
    static const struct {
        uint16_t tag;
        size_t rows;
    } most[] = {{EK_TAG_MARKETS, 9}, {EK_TAG_LST_RATES, 17}};
    for (size_t i = 0; i < 2; i++) {
        fresh();
        p = find(most[i].tag);
        size_t row = u16(p + 4);
        resize(most[i].tag, (long)(row * (most[i].rows - 2)));
        set_u16(find(most[i].tag) + 6, most[i].rows);
        CHECK_EQ(decoded(), EK_E_RANGE);
    }
}

static void of_a_newer_program(void) {
    fresh();
    appended(EK_TAG_LAST_KNOWN + 1, 0);
    appended(0x1234, 100);
    appended(EK_TAG_MUST_KNOW - 1, EK_RECORD_KEPT - 4 - 104 - 4);
    CHECK_EQ(decoded(), EK_OK);
    CHECK_EQ(out.kept_len, EK_RECORD_KEPT);
    memcpy(other, image, sizeof other);
    CHECK(same_when_written()); /* byte for byte */
    out.kept[1] = 0x13;         /* tags no longer ascend: not written */
    CHECK_EQ(ek_record_encode(&out, image), EK_E_RANGE);

    fresh();
    appended(EK_TAG_LAST_KNOWN + 1, EK_RECORD_KEPT - 3); /* one byte more than there is room for */
    CHECK_EQ(decoded(), EK_E_VERSION);
    fresh();
    appended(EK_TAG_MUST_KNOW, 0);
    CHECK_EQ(decoded(), EK_E_VERSION);
    fresh(); /* also when it stands beside a number that only the newer program knows */
    find(EK_TAG_SWITCHES)[4] = 77;
    CHECK_EQ(decoded(), EK_E_RANGE);
    appended(0xFFFF, 1);
    CHECK_EQ(decoded(), EK_E_VERSION);
    /* and its sibling is not used: it is the past */
    static uint8_t file[EK_RECORD_FILE];
    ek_err err[2];
    int slot;
    memcpy(file, other, sizeof other);
    memcpy(file + EK_RECORD_SLOT, image, sizeof image);
    CHECK_EQ(ek_record_pick(file, sizeof file, &out, &slot, err), EK_E_VERSION);
    CHECK_EQ(slot, -1);
    CHECK_EQ(ek_record_format(image, sizeof image), EK_RECORD_VERSION);
}

static void rates(void) {
    ek_record r = full_record();
    ek_lst_rate rate = {{{0}}, 1, 1, 1};
    CHECK_EQ(ek_record_lst_rate(&r, 0)->pool.bytes[0], 8); /* ascending, whatever came first */
    CHECK_EQ(ek_record_lst_rate(&r, 1)->pool.bytes[0], 9);
    CHECK(ek_record_lst_rate(&r, 2) == NULL);
    rate.pool.bytes[0] = 8;
    rate.epoch = 900;
    CHECK_EQ(ek_record_remember_rate(&r, &rate), EK_OK); /* in the place of the older one */
    CHECK_EQ(r.n_lst_rates, 2);
    CHECK_EQ(ek_record_lst_rate(&r, 0)->epoch, 900);
    for (uint8_t i = 0; i < 14; i++) {
        rate.pool.bytes[0] = (uint8_t)(200 - i);
        CHECK_EQ(ek_record_remember_rate(&r, &rate), EK_OK);
    }
    CHECK_EQ(r.n_lst_rates, EK_RECORD_LST_RATES);
    CHECK_EQ(ek_record_encode(&r, image), EK_OK);
    CHECK_EQ(decoded(), EK_OK);
    CHECK_EQ(ek_record_lst_rate(&out, 15)->pool.bytes[0], 200);
    rate.pool.bytes[0] = 1;
    CHECK_EQ(ek_record_remember_rate(&r, &rate), EK_E_FULL);
    rate.pool.bytes[0] = 200;
    CHECK_EQ(ek_record_remember_rate(&r, &rate), EK_OK);
    rate.supply = 0;
    CHECK_EQ(ek_record_remember_rate(&r, &rate), EK_E_RANGE);
    rate.supply = 1;
    rate.lamports = 0;
    CHECK_EQ(ek_record_remember_rate(&r, &rate), EK_E_RANGE);
    r.lst_rates[3].lamports = 0;
    CHECK_EQ(ek_record_encode(&r, image), EK_E_RANGE);
    r = full_record();
    r.lst_rates[1].pool = r.lst_rates[0].pool; /* twice */
    CHECK_EQ(ek_record_encode(&r, image), EK_E_RANGE);
    r = full_record();
    r.clustered = 2;
    CHECK_EQ(ek_record_encode(&r, image), EK_E_RANGE);
    r = full_record();
    r.vault.balances[3].balance_type = 2;
    CHECK_EQ(ek_record_encode(&r, image), EK_E_RANGE);
}

/* The numbers that the header and docs/architecture.md state. */
static void sizes(void) {
    ek_record r = full_record();
    uint32_t at;
    static const char *const names[] = {"AA-PERP", "BB-PERP", "CC-PERP", "DD-PERP", "EE-PERP", "FF-PERP"};
    for (uint16_t i = 0; i < 6; i++) CHECK_EQ(ek_record_add(&r, names[i], (uint16_t)(10 + i), &at), EK_OK);
    ek_lst_rate rate = {{{0}}, 1, 1, 1};
    for (uint8_t i = 0; i < 14; i++) {
        rate.pool.bytes[0] = (uint8_t)(100 + i);
        CHECK_EQ(ek_record_remember_rate(&r, &rate), EK_OK);
    }
    r.ticket.tx_len = EK_TICKET_TX_MAX;
    CHECK_EQ(ek_record_encode(&r, image), EK_OK);
    CHECK_EQ(payload(), 5596);
    appended(EK_TAG_LAST_KNOWN + 1, EK_RECORD_KEPT - 4);
    CHECK_EQ(decoded(), EK_OK);
    CHECK_EQ(ek_record_encode(&out, other), EK_OK);
    CHECK_BYTES(image, other, sizeof image);
    CHECK_EQ(payload(), 6620);
}

int main(void) {
    CHECK_EQ(ek_crypto_init(), EK_OK);
    RUN(longer);
    RUN(shorter);
    RUN(missing);
    RUN(order);
    RUN(tables);
    RUN(of_a_newer_program);
    RUN(rates);
    RUN(sizes);
    return check_end();
}
