/* base64 and compact-u16. (base58: ek_base58.c) */
#include "text/ek_codec.h"

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "../base/ek_cpu.h"
#include "ek_base64.h"

#if EK_BASE64_HAS_AVX2
#include <immintrin.h>
#endif

/* One table a position in the group of four: the six bits of a digit already shifted to where they stand in
 * the little-endian word of the three bytes, so a group is four loads and three ORs. A character that is no
 * digit has BAD set. */
#define BAD 0x80000000u
#define SIX(c)                                                       \
    ((c) >= 'A' && (c) <= 'Z'   ? (uint32_t)((c) - 'A')              \
     : (c) >= 'a' && (c) <= 'z' ? (uint32_t)((c) - 'a' + 26)         \
     : (c) >= '0' && (c) <= '9' ? (uint32_t)((c) - '0' + 52)         \
     : (c) == '+'               ? 62u                                \
     : (c) == '/'               ? 63u                                \
                                : BAD)
#define AT0(v) ((v) == BAD ? BAD : (v) << 2)
#define AT1(v) ((v) == BAD ? BAD : (v) >> 4 | ((v) & 15u) << 12)
#define AT2(v) ((v) == BAD ? BAD : ((v) >> 2) << 8 | ((v) & 3u) << 22)
#define AT3(v) ((v) == BAD ? BAD : (v) << 16)
#define ROW4(F, c) F(SIX(c)), F(SIX((c) + 1)), F(SIX((c) + 2)), F(SIX((c) + 3))
#define ROW16(F, c) ROW4(F, c), ROW4(F, (c) + 4), ROW4(F, (c) + 8), ROW4(F, (c) + 12)
#define ROW64(F, c) ROW16(F, c), ROW16(F, (c) + 16), ROW16(F, (c) + 32), ROW16(F, (c) + 48)
#define TABLE(F) { ROW64(F, 0), ROW64(F, 64), ROW64(F, 128), ROW64(F, 192) }
static const uint32_t T0[256] = TABLE(AT0), T1[256] = TABLE(AT1), T2[256] = TABLE(AT2), T3[256] = TABLE(AT3);

static inline uint32_t group(const uint8_t *p) { return T0[p[0]] | T1[p[1]] | T2[p[2]] | T3[p[3]]; }

/* Decodes as many whole groups as it likes of n characters (a multiple of 4) without padding; the number of
 * characters read. Sets BAD in *bad for a character that is no digit. */
typedef size_t (*wide_decoder)(const uint8_t *text, size_t n, uint8_t *out, uint32_t *bad);

#if EK_BASE64_HAS_AVX2
/* 32 characters at a time, by W. Mula's method: two tables by the low and the high half of a character have a
 * common bit exactly when it is no digit; a third one by the high half says how far it lies from its value
 * ('/' has its own entry). */
#define BOTH(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)
/* 32 characters as 24 bytes in the low 24 of 32; what is no digit leaves a bit in *wrong. */
__attribute__((target("avx2"), always_inline)) static inline __m256i decode32(const uint8_t *text,
                                                                              __m256i *wrong) {
    const __m256i low_kind =
        BOTH(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A);
    const __m256i high_kind =
        BOTH(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
    const __m256i distance = BOTH(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i order = BOTH(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m256i slash = _mm256_set1_epi8('/');
    __m256i c = _mm256_loadu_si256((const __m256i *)(const void *)text);
    /* 0x2F keeps the half that a shuffle looks at */
    __m256i high = _mm256_and_si256(_mm256_srli_epi32(c, 4), slash);
    *wrong =
        _mm256_or_si256(*wrong, _mm256_and_si256(_mm256_shuffle_epi8(low_kind, _mm256_and_si256(c, slash)),
                                                 _mm256_shuffle_epi8(high_kind, high)));
    __m256i v =
        _mm256_add_epi8(c, _mm256_shuffle_epi8(distance, _mm256_add_epi8(_mm256_cmpeq_epi8(c, slash), high)));
    /* four sixes to 24 bits */
    v = _mm256_madd_epi16(_mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140)),
                          _mm256_set1_epi32(0x00011000));
    return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(v, order),
                                       _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
}
__attribute__((target("avx2"), always_inline)) static inline void put24(uint8_t *out, __m256i v) {
    _mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(v));
    _mm_storel_epi64((__m128i *)(void *)(out + 16), _mm256_extracti128_si256(v, 1));
}
__attribute__((target("avx2"))) static size_t decode_avx2(const uint8_t *text, size_t n, uint8_t *out,
                                                          uint32_t *bad) {
    __m256i wrong = _mm256_setzero_si256();
    if (n < 32) return 0;
    const uint8_t *at = text, *last = text + (n - 32);
    /* a whole store's eight bytes too many are written over by the next ones */
    for (; last - at >= 48; at += 64, out += 48) {
        _mm256_storeu_si256((__m256i *)(void *)out, decode32(at, &wrong));
        _mm256_storeu_si256((__m256i *)(void *)(out + 24), decode32(at + 32, &wrong));
    }
    for (; at < last; at += 32, out += 24) put24(out, decode32(at, &wrong));
    put24(out - (at - last) / 4 * 3, decode32(last, &wrong)); /* the end, perhaps partly for a second time */
    if (!_mm256_testz_si256(wrong, wrong)) *bad |= BAD;
    return n;
}
int ek_base64_is_wide(void) { return ek_cpu_avx2(); }
#else
int ek_base64_is_wide(void) { return 0; }
#endif

static ek_err decode(const uint8_t *text, size_t n, uint8_t *out, size_t cap, size_t *out_len,
                     wide_decoder wide) {
    if (n % 4 != 0) return EK_E_SYNTAX;
    if (n == 0) {
        *out_len = 0;
        return EK_OK;
    }
    size_t pad = text[n - 1] != '=' ? 0 : text[n - 2] != '=' ? 1 : 2;
    size_t len = n / 4 * 3 - pad;
    if (len > cap) return EK_E_FULL;
    const uint8_t *p = text, *last = text + (n - 4);
    uint8_t *q = out;
    uint32_t bad = 0;
    if (wide != NULL) {
        size_t done = wide(p, (size_t)(last - p), q, &bad);
        p += done;
        q += done / 4 * 3;
    }
    /* Four groups make exactly twelve bytes: two stores, none past them. The last group may be padded and
     * stays out. */
    for (; last - p >= 16; p += 16, q += 12) {
        uint32_t a = group(p), b = group(p + 4), c = group(p + 8), d = group(p + 12);
        bad |= a | b | c | d;
        ek_set_u64(q, (a & 0xFFFFFFu) | (uint64_t)b << 24 | (uint64_t)c << 48);
        ek_set_u32(q + 8, (c >> 16 & 0xFFu) | d << 8);
    }
    for (; p < last; p += 4, q += 3) {
        uint32_t v = group(p);
        bad |= v;
        q[0] = (uint8_t)v;
        q[1] = (uint8_t)(v >> 8);
        q[2] = (uint8_t)(v >> 16);
    }
    uint32_t v = T0[p[0]] | T1[p[1]];
    if (pad < 2) v |= T2[p[2]];
    if (pad < 1) v |= T3[p[3]];
    bad |= v;
    if (bad & BAD) return EK_E_SYNTAX;
    q[0] = (uint8_t)v;
    if (pad < 2) q[1] = (uint8_t)(v >> 8);
    if (pad < 1) q[2] = (uint8_t)(v >> 16);
    /* Bits that no byte takes must be zero: two spellings of one data would both pass otherwise. */
    if (pad == 1 && v >> 16 != 0) return EK_E_SYNTAX;
    if (pad == 2 && v >> 8 != 0) return EK_E_SYNTAX;
    *out_len = len;
    return EK_OK;
}

ek_err ek_base64_decode_portable(const uint8_t *text, size_t n, uint8_t *out, size_t cap, size_t *out_len) {
    return decode(text, n, out, cap, out_len, NULL);
}

ek_err ek_base64_decode(const uint8_t *text, size_t n, uint8_t *out, size_t cap, size_t *out_len) {
#if EK_BASE64_HAS_AVX2
    if (ek_base64_is_wide()) return decode(text, n, out, cap, out_len, decode_avx2);
#endif
    return ek_base64_decode_portable(text, n, out, cap, out_len);
}

static const char DIGITS[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t ek_base64_encode(const uint8_t *in, size_t n, char *out) {
    char *q = out;
    size_t i = 0;
    for (; n - i >= 3; i += 3, q += 4) {
        uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        q[0] = DIGITS[v >> 18];
        q[1] = DIGITS[v >> 12 & 63u];
        q[2] = DIGITS[v >> 6 & 63u];
        q[3] = DIGITS[v & 63u];
    }
    if (n - i != 0) {
        uint32_t v = (uint32_t)in[i] << 16 | (n - i == 2 ? (uint32_t)in[i + 1] << 8 : 0u);
        q[0] = DIGITS[v >> 18];
        q[1] = DIGITS[v >> 12 & 63u];
        q[2] = n - i == 2 ? DIGITS[v >> 6 & 63u] : '=';
        q[3] = '=';
        q += 4;
    }
    EK_ASSERT((size_t)(q - out) == ek_base64_encoded_len(n));
    return (size_t)(q - out);
}

ek_err ek_shortvec_read(const uint8_t *in, size_t n, uint16_t *value, size_t *used) {
    uint32_t v = 0;
    for (size_t i = 0; i < 3; i++) {
        if (i >= n) return EK_E_SHORT;
        uint8_t b = in[i];
        /* a last byte of zero adds nothing: there is a shorter form */
        if (b == 0 && i != 0) return EK_E_SYNTAX;
        v |= (uint32_t)(b & 0x7Fu) << (7 * i);
        if (b < 0x80u) {
            if (v > 0xFFFFu) return EK_E_RANGE;
            *value = (uint16_t)v;
            *used = i + 1;
            return EK_OK;
        }
    }
    return EK_E_RANGE;
}

size_t ek_shortvec_write(uint16_t value, uint8_t out[3]) {
    size_t n = 0;
    uint32_t v = value;
    while (v >= 0x80u) {
        out[n++] = (uint8_t)(v | 0x80u);
        v >>= 7;
    }
    out[n++] = (uint8_t)v;
    return n;
}
