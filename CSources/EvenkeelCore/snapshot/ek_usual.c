#include "ek_usual.h"

#include <string.h>

#include "base/ek_assert.h"
#include "solana/ek_tx.h"
#include "../text/ek_lex.h"
#include "../venue/ek_venue_table.h"

/* The owners that a book's accounts have: a text compared is a base58 decoding saved. With its closing quote,
 * which no longer text has. */
typedef struct { const char *text; size_t len; const ek_key *key; } owner;
#define OWNER(text, key) {text "\"", sizeof(text), key}
static const owner OWNERS[] = {
    OWNER("vELoC1audYbSYVRXn1vPaV8Axoa9oU6BYmNGZZBDZ1P", &EK_VENUE_VELOCITY.program),
    OWNER("dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH", &EK_VENUE_DRIFT.program),
    OWNER("11111111111111111111111111111111", &EK_SYSTEM_PROGRAM),
    OWNER("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", &EK_TOKEN_PROGRAM),
    OWNER("Sysvar1111111111111111111111111111111111111", &EK_SYSVAR_OWNER),
    OWNER("G6EoTTTgpkNBtVXo96EQp2m6uwwVh2Kt6YidjkmQqoha", &EK_VENUE_DRIFT.pull_owner),
};

#define LENGTH(word) (sizeof(word) - 1)
#define STANDS(at, end, word) ((size_t)((end) - (at)) >= LENGTH(word) && memcmp(at, word, LENGTH(word)) == 0)
#define PASS(word) do { if (!STANDS(at, end, word)) return 0; at += LENGTH(word); } while (0)

/* Number of digits at `at`; 0 when there is no number, or one with a leading zero or more than 19 digits. */
static inline size_t digits(const uint8_t *at, const uint8_t *end, uint64_t *value) {
    uint64_t v = 0;
    size_t n = 0, most = (size_t)(end - at) < 20 ? (size_t)(end - at) : 20;
    for (; n < most; n++) {
        unsigned d = (unsigned)at[n] - '0';
        if (d > 9) break;
        v = v * 10 + d;
    }
    *value = v;
    return n == 20 || (n > 1 && *at == '0') ? 0 : n;
}

static size_t known_owner(const uint8_t *at, size_t left, ek_key *key) {
    for (size_t i = 0; i < sizeof OWNERS / sizeof OWNERS[0]; i++) {
        const owner *o = &OWNERS[i];
        if (*at != (uint8_t)o->text[0] || left < o->len || memcmp(at, o->text, o->len) != 0) continue;
        *key = *o->key;
        return o->len;
    }
    return 0;
}

int ek_usual_account(const uint8_t *base, const uint8_t *at, const uint8_t *end, uint32_t chars,
                     ek_scan_account *acc, const uint8_t **next) {
    static const char AFTER_DATA[] = "\",\"base64\"],\"executable\":";
    uint64_t space;
    size_t n;
    PASS("{\"data\":[\"");
    const uint8_t *text = at;
    if (chars < (size_t)(end - at) && STANDS(at + chars, end, AFTER_DATA)) at += chars;
    else at = ek_lex_plain(at, end);
    EK_ASSERT(base <= text && text <= at && at <= end);
    acc->data_b64.off = (uint32_t)(text - base);
    acc->data_b64.len = (uint32_t)(at - text);
    PASS(AFTER_DATA);
    acc->executable = at < end && *at == 't';
    if (acc->executable) PASS("true");
    else PASS("false");
    PASS(",\"lamports\":");
    if ((n = digits(at, end, &acc->lamports)) == 0) return 0;
    at += n;
    PASS(",\"owner\":\"");
    if (at == end || (n = known_owner(at, (size_t)(end - at), &acc->owner)) == 0) return 0;
    at += n;
    PASS(",\"rentEpoch\":");
    /* the largest there is: rent is never due, as nearly every account says */
    if (STANDS(at, end, "18446744073709551615")) at += 20;
    else if ((n = digits(at, end, &space)) == 0) return 0;
    else at += n;
    PASS(",\"space\":");
    if ((n = digits(at, end, &space)) == 0) return 0;
    at += n;
    PASS("}");
    *next = at;
    return 1;
}
