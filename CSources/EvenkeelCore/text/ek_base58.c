/* base58, both ways. Numbers move between base 2^32 (bytes) and base 58^5 (five digits a limb), so that the
 * work is multiplications by known powers and one carry pass instead of a long division a digit. */
#include <string.h>

#include "base/ek_assert.h"
#include "text/ek_codec.h"
#include "ek_base58_tables.h"

#define RADIX 656356768u /* 58^5 */

/* Short loops of constant length stay a third faster written out, which a build for size would not do by
 * itself: every account of an answer names its owner in base58. */
#if defined __clang__
#define WRITTEN_OUT _Pragma("clang loop unroll(full)")
#else
#define WRITTEN_OUT _Pragma("GCC unroll 18")
#endif

static const char DIGITS[59] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* Value of a character, 255 for one that is no digit. Built from the ranges of the alphabet (no 0, I, O, l).
 */
static inline uint8_t digit_value(uint8_t c) {
    static const uint8_t VALUE[128] = {
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0,   1,   2,   3,   4,   5,   6,   7,
        8,   255, 255, 255, 255, 255, 255, 255, 9,   10,  11,  12,  13,  14,  15,  16,  255, 17,  18,
        19,  20,  21,  255, 22,  23,  24,  25,  26,  27,  28,  29,  30,  31,  32,  255, 255, 255, 255,
        255, 255, 33,  34,  35,  36,  37,  38,  39,  40,  41,  42,  43,  255, 44,  45,  46,  47,  48,
        49,  50,  51,  52,  53,  54,  55,  56,  57,  255, 255, 255, 255, 255};
    return c < 128 ? VALUE[c] : 255;
}

static inline uint32_t load_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline void store_be32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* Five digits of one limb, most significant first. */
static inline void limb_digits(uint32_t v, uint8_t d[5]) {
    WRITTEN_OUT for (int i = 4; i >= 0; i--) {
        d[i] = (uint8_t)(v % 58u);
        v /= 58u;
    }
}

/* Drops the leading zero digits that do not stand for a zero byte, and spells the rest. */
static size_t spell(const uint8_t *raw, size_t n_raw, size_t zero_bytes, char *out) {
    size_t skip = 0;
    while (skip < n_raw && raw[skip] == 0) skip++;
    /* a leading zero byte always leaves at least one leading zero digit in the fixed width */
    skip -= zero_bytes;
    for (size_t i = skip; i < n_raw; i++) out[i - skip] = DIGITS[raw[i]];
    out[n_raw - skip] = 0;
    return n_raw - skip;
}

static inline size_t leading_zeros(const uint8_t *p, size_t n) {
    size_t z = 0;
    while (z < n && p[z] == 0) z++;
    return z;
}

/* ---- fixed sizes ---- */

/* Carries once from the low end; every limb but the first ends below 58^5. */
static inline void carry58(uint64_t *mid, unsigned n) {
    for (unsigned j = n - 1; j > 0; j--) {
        mid[j - 1] += mid[j] / RADIX;
        mid[j] %= RADIX;
    }
}

size_t ek_key_to_base58(const ek_key *key, char out[45]) {
    uint64_t mid[9] = {0};
    uint8_t raw[45];
    for (unsigned i = 0; i < 8; i++) {
        uint64_t w = load_be32(key->bytes + 4 * i);
        WRITTEN_OUT for (unsigned j = 0; j < 8; j++) mid[j + 1] += w * TO58_32[i][j];
    }
    carry58(mid, 9);
    for (unsigned j = 0; j < 9; j++) limb_digits((uint32_t)mid[j], raw + 5 * j);
    return spell(raw, 45, leading_zeros(key->bytes, 32), out);
}

size_t ek_sig_to_base58(const uint8_t sig[64], char out[89]) {
    uint64_t mid[18] = {0};
    uint8_t raw[90];
    for (unsigned i = 0; i < 16; i++) {
        uint64_t w = load_be32(sig + 4 * i);
        if (i == 8) { /* the one column that would pass 2^64 */
            mid[15] += mid[16] / RADIX;
            mid[16] %= RADIX;
        }
        WRITTEN_OUT for (unsigned j = 0; j < 17; j++) mid[j + 1] += w * TO58_64[i][j];
    }
    carry58(mid, 18);
    for (unsigned j = 0; j < 18; j++) limb_digits((uint32_t)mid[j], raw + 5 * j);
    return spell(raw, 90, leading_zeros(sig, 64), out);
}

/* n characters right-aligned into `limbs` groups of five digits. 0 when a character is no digit. */
static inline int gather(const char *text, size_t n, uint32_t *limb, unsigned limbs) {
    uint8_t raw[90];
    uint8_t bad = 0;
    size_t width = (size_t)limbs * 5u;
    memset(raw, 0, width - n);
    for (size_t i = 0; i < n; i++) {
        uint8_t d = digit_value((uint8_t)text[i]);
        bad |= d;
        raw[width - n + i] = d;
    }
    if (bad & 0x80u) return 0; /* digits are below 64, so only the mark has the top bit */
    for (unsigned i = 0; i < limbs; i++) {
        const uint8_t *d = raw + 5 * i;
        limb[i] = (((d[0] * 58u + d[1]) * 58u + d[2]) * 58u + d[3]) * 58u + d[4];
    }
    return 1;
}

static inline size_t leading_ones(const char *text, size_t n) {
    size_t z = 0;
    while (z < n && text[z] == '1') z++;
    return z;
}

ek_err ek_key_from_base58(const char *text, size_t n, ek_key *out) {
    uint32_t limb[9];
    uint64_t word[8] = {0};
    ek_key k;
    if (n < 32 || n > 44 || !gather(text, n, limb, 9)) return EK_E_SYNTAX;
    for (unsigned i = 0; i < 9; i++)
        WRITTEN_OUT for (unsigned j = 0; j < 8; j++) word[j] += (uint64_t)limb[i] * FROM58_32[i][j];
    WRITTEN_OUT for (unsigned j = 7; j > 0; j--) word[j - 1] += word[j] >> 32;
    if (word[0] >> 32 != 0) return EK_E_SYNTAX;
    WRITTEN_OUT for (unsigned j = 0; j < 8; j++) store_be32(k.bytes + 4 * j, (uint32_t)word[j]);
    /* text of fewer or more bytes */
    if (leading_zeros(k.bytes, 32) != leading_ones(text, n)) return EK_E_SYNTAX;
    *out = k;
    return EK_OK;
}

ek_err ek_sig_from_base58(const char *text, size_t n, uint8_t sig[64]) {
    uint32_t limb[18];
    uint64_t word[16] = {0};
    uint8_t s[64];
    if (n < 64 || n > 88 || !gather(text, n, limb, 18)) return EK_E_SYNTAX;
    for (unsigned i = 0; i < 18; i++)
        WRITTEN_OUT for (unsigned j = 0; j < 16; j++) word[j] += (uint64_t)limb[i] * FROM58_64[i][j];
    for (unsigned j = 15; j > 0; j--) word[j - 1] += word[j] >> 32;
    if (word[0] >> 32 != 0) return EK_E_SYNTAX;
    for (unsigned j = 0; j < 16; j++) store_be32(s + 4 * j, (uint32_t)word[j]);
    if (leading_zeros(s, 64) != leading_ones(text, n)) return EK_E_SYNTAX;
    memcpy(sig, s, 64);
    return EK_OK;
}

/* ---- any length ---- */

ek_err ek_base58_encode(const uint8_t *in, size_t n, char *out, size_t cap, size_t *out_len) {
    /* 128 bytes are 175 digits: 35 limbs, and one so that a zero byte finds its zero digit */
    uint32_t limb[36] = {0};
    uint8_t raw[180 + EK_BASE58_MAX_BYTES];
    char text[EK_BASE58_MAX_TEXT + EK_BASE58_MAX_BYTES + 1];
    unsigned used = 0;
    if (n > EK_BASE58_MAX_BYTES) return EK_E_RANGE;
    size_t zeros = leading_zeros(in, n);
    for (size_t i = zeros; i < n;) {
        uint64_t carry = 0;
        unsigned shift = 0;
        for (; i < n && shift < 32; i++, shift += 8) carry = carry << 8 | in[i];
        for (unsigned j = 0; j < used || carry != 0; j++) {
            uint64_t v = ((uint64_t)limb[j] << shift) + carry;
            limb[j] = (uint32_t)(v % RADIX);
            carry = v / RADIX;
            if (j == used) used++;
        }
    }
    memset(raw, 0, zeros);
    for (unsigned j = 0; j < used; j++) limb_digits(limb[used - 1 - j], raw + zeros + 5 * j);
    size_t len = spell(raw, zeros + (size_t)used * 5u, zeros, text);
    EK_ASSERT(len <= EK_BASE58_MAX_TEXT);
    if (cap < len + 1) return EK_E_FULL;
    memcpy(out, text, len + 1);
    *out_len = len;
    return EK_OK;
}
