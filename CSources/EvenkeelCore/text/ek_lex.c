#include "ek_lex.h"

#include "base/ek_bytes.h"
#include "text/ek_json.h"
#include "../base/ek_cpu.h"

#if defined(__SSE2__) && !defined(EK_NO_SIMD)
#include <immintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__) && !defined(EK_NO_SIMD)
#include <arm_neon.h>
#endif

const uint8_t *ek_lex_plain_bytewise(const uint8_t *at, const uint8_t *end) {
    while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\') at++;
    return at;
}

#if defined(__SSE2__) && !defined(EK_NO_SIMD)
/* 0xFF in each byte that ends plain text. As signed bytes, "below 0x20" also holds for 0x80 and above. */
static inline __m128i stops16(const uint8_t *p) {
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i low = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    return _mm_or_si128(low, _mm_or_si128(quote, slash));
}
/* The same test, 64 bytes a turn in half as many instructions: account data is four fifths of an answer.
 * Stops before the last bytes. */
__attribute__((target("avx2"))) static const uint8_t *pass_plain_avx2(const uint8_t *at, const uint8_t *end) {
    const __m256i space = _mm256_set1_epi8(0x20), quote = _mm256_set1_epi8('"'),
                  slash = _mm256_set1_epi8('\\');
    for (; end - at >= 64; at += 64) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)at),
                b = _mm256_loadu_si256((const __m256i *)(const void *)(at + 32));
        __m256i low = _mm256_cmpgt_epi8(space, _mm256_min_epi8(a, b));
        __m256i x = _mm256_or_si256(_mm256_cmpeq_epi8(a, quote), _mm256_cmpeq_epi8(a, slash));
        __m256i y = _mm256_or_si256(_mm256_cmpeq_epi8(b, quote), _mm256_cmpeq_epi8(b, slash));
        __m256i stop = _mm256_or_si256(low, _mm256_or_si256(x, y));
        if (!_mm256_testz_si256(stop, stop)) break;
    }
    return at;
}

const uint8_t *ek_lex_plain(const uint8_t *at, const uint8_t *end) {
    if (end - at >= 16) { /* most strings end here: names and short values */
        uint32_t hit = (uint32_t)_mm_movemask_epi8(stops16(at));
        if (hit != 0) return at + __builtin_ctz(hit);
        at += 16;
    }
    if (end - at >= 128 && ek_cpu_avx2()) at = pass_plain_avx2(at, end);
    while (end - at >= 64) {
        __m128i a = stops16(at), b = stops16(at + 16), c = stops16(at + 32), d = stops16(at + 48);
        if (_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d))) != 0) {
            uint64_t hit = (uint64_t)(uint32_t)_mm_movemask_epi8(a)
                           | (uint64_t)(uint32_t)_mm_movemask_epi8(b) << 16
                           | (uint64_t)(uint32_t)_mm_movemask_epi8(c) << 32
                           | (uint64_t)(uint32_t)_mm_movemask_epi8(d) << 48;
            return at + __builtin_ctzll(hit);
        }
        at += 64;
    }
    while (end - at >= 16) {
        uint32_t hit = (uint32_t)_mm_movemask_epi8(stops16(at));
        if (hit != 0) return at + __builtin_ctz(hit);
        at += 16;
    }
    return ek_lex_plain_bytewise(at, end);
}
#elif defined(__ARM_NEON) && defined(__aarch64__) && !defined(EK_NO_SIMD)
const uint8_t *ek_lex_plain(const uint8_t *at, const uint8_t *end) {
    while (end - at >= 16) {
        uint8x16_t v = vld1q_u8(at);
        uint8x16_t low = vcltq_s8(vreinterpretq_s8_u8(v), vdupq_n_s8(0x20));
        uint8x16_t quote = vceqq_u8(v, vdupq_n_u8('"')), slash = vceqq_u8(v, vdupq_n_u8('\\'));
        if (vmaxvq_u8(vorrq_u8(low, vorrq_u8(quote, slash))) != 0) break;
        at += 16;
    }
    return ek_lex_plain_bytewise(at, end);
}
#else
/* Eight bytes at a time. The subtractions may mark a byte above a true mark too, never below, and only "is
 * there any" is asked. */
const uint8_t *ek_lex_plain(const uint8_t *at, const uint8_t *end) {
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    while (end - at >= 8) {
        uint64_t v = ek_get_u64(at), quote = v ^ (ones * '"'), slash = v ^ (ones * '\\');
        uint64_t hit = v | (v - ones * 0x20) | (quote - ones) | (slash - ones);
        if (hit & tops) {
            const uint8_t *stop = ek_lex_plain_bytewise(at, at + 8);
            if (stop != at + 8) return stop;
        }
        at += 8;
    }
    return ek_lex_plain_bytewise(at, end);
}
#endif

static inline int hex_value(uint8_t c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
/* Four hex digits at p, or -1. */
static int32_t hex4(const uint8_t *p, const uint8_t *end) {
    int32_t v = 0;
    if (end - p < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int h = hex_value(p[i]);
        if (h < 0) return -1;
        v = v << 4 | h;
    }
    return v;
}

/* Length of the escape at p (which stands on the backslash), 0 when it is none. A surrogate must come as a
 * pair. */
static size_t escape_length(const uint8_t *p, const uint8_t *end) {
    if (end - p < 2) return 0;
    switch (p[1]) {
    case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't': return 2;
    case 'u': break;
    default: return 0;
    }
    int32_t v = hex4(p + 2, end);
    if (v < 0 || (v >= 0xDC00 && v <= 0xDFFF)) return 0;
    if (v < 0xD800 || v > 0xDBFF) return 6;
    if (end - p < 12 || p[6] != '\\' || p[7] != 'u') return 0;
    v = hex4(p + 8, end);
    return v >= 0xDC00 && v <= 0xDFFF ? 12 : 0;
}

/* Length of the UTF-8 sequence at p (first byte 0x80 or above), 0 when it is none: the table of RFC 3629. */
static size_t utf8_length(const uint8_t *p, const uint8_t *end) {
    uint8_t c = p[0], low = 0x80, high = 0xBF;
    size_t n;
    if (c >= 0xC2 && c <= 0xDF) n = 2;
    else if (c >= 0xE0 && c <= 0xEF) n = 3;
    else if (c >= 0xF0 && c <= 0xF4) n = 4;
    else return 0;
    if (c == 0xE0) low = 0xA0;       /* shorter form exists */
    else if (c == 0xED) high = 0x9F; /* surrogates */
    else if (c == 0xF0) low = 0x90;  /* shorter form exists */
    else if (c == 0xF4) high = 0x8F; /* past U+10FFFF */
    if ((size_t)(end - p) < n || p[1] < low || p[1] > high) return 0;
    for (size_t i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xBF) return 0;
    return n;
}

ek_err ek_lex_string(ek_lex *x, ek_lex_text *text) {
    const uint8_t *p = x->at + 1;
    text->at = p;
    text->escaped = 0;
    for (;;) {
        p = ek_lex_plain(p, x->end);
        if (p == x->end || *p < 0x20) return EK_E_SYNTAX;
        if (*p == '"') {
            text->end = p;
            x->at = p + 1;
            return EK_OK;
        }
        size_t n = *p == '\\' ? escape_length(p, x->end) : utf8_length(p, x->end);
        if (n == 0) return EK_E_SYNTAX;
        if (*p == '\\') text->escaped = 1;
        p += n;
    }
}

static inline int is_digit(const ek_lex *x) { return x->at < x->end && *x->at >= '0' && *x->at <= '9'; }

/* int = zero / digit1-9 *digit; 0 when there is no such thing here. */
static int pass_int(ek_lex *x) {
    if (x->at < x->end && *x->at == '-') x->at++;
    if (!is_digit(x)) return 0;
    if (*x->at++ == '0') return !is_digit(x);
    while (is_digit(x)) x->at++;
    return 1;
}

static ek_err pass_number(ek_lex *x) {
    if (!pass_int(x)) return EK_E_SYNTAX;
    if (x->at < x->end && *x->at == '.') {
        x->at++;
        if (!is_digit(x)) return EK_E_SYNTAX;
        while (is_digit(x)) x->at++;
    }
    if (x->at < x->end && (*x->at | 0x20) == 'e') {
        x->at++;
        if (x->at < x->end && (*x->at == '+' || *x->at == '-')) x->at++;
        if (!is_digit(x)) return EK_E_SYNTAX;
        while (is_digit(x)) x->at++;
    }
    return EK_OK;
}

ek_err ek_lex_integer(ek_lex *x, int *negative, uint64_t *magnitude) {
    uint64_t v = 0;
    const uint8_t *p = x->at;
    if (!pass_int(x)) return EK_E_SYNTAX;
    if (x->at < x->end && (*x->at == '.' || (*x->at | 0x20) == 'e')) return EK_E_SYNTAX;
    *negative = *p == '-';
    for (p += *negative; p < x->at; p++) {
        uint64_t d = (uint64_t)(*p - '0');
        if (v > UINT64_MAX / 10 || (v == UINT64_MAX / 10 && d > UINT64_MAX % 10)) return EK_E_RANGE;
        v = v * 10 + d;
    }
    *magnitude = v;
    return EK_OK;
}

ek_err ek_lex_to_u64(int negative, uint64_t magnitude, uint64_t *out) {
    if (negative) return EK_E_RANGE;
    *out = magnitude;
    return EK_OK;
}

ek_err ek_lex_to_i64(int negative, uint64_t magnitude, int64_t *out) {
    const uint64_t top = (uint64_t)INT64_MAX;
    if (magnitude > top + (negative ? 1u : 0u)) return EK_E_RANGE;
    if (!negative) *out = (int64_t)magnitude;
    else *out = magnitude == top + 1 ? INT64_MIN : -(int64_t)magnitude;
    return EK_OK;
}

ek_err ek_lex_word(ek_lex *x) {
    size_t left = (size_t)(x->end - x->at);
    size_t n = left >= 4 && (memcmp(x->at, "true", 4) == 0 || memcmp(x->at, "null", 4) == 0) ? 4
               : left >= 5 && memcmp(x->at, "false", 5) == 0                                 ? 5
                                                                                             : 0;
    if (n == 0) return EK_E_SYNTAX;
    x->at += n;
    return EK_OK;
}

/* A key and its colon. */
static ek_err pass_key(ek_lex *x) {
    ek_lex_text text;
    if (ek_lex_peek(x) != '"') return EK_E_SYNTAX;
    ek_err err = ek_lex_string(x, &text);
    if (err != EK_OK) return err;
    return ek_lex_take(x, ':') ? EK_OK : EK_E_SYNTAX;
}

ek_err ek_lex_value(ek_lex *x, unsigned open) {
    /* one bit for each open level below `open`, lowest the innermost: 1 object, 0 array */
    uint64_t objects = 0;
    unsigned depth = 0;
    ek_lex_text text;
    ek_err err;
    for (;;) {
        uint8_t c = ek_lex_peek(x);
        if (c == '{' || c == '[') {
            if (open + depth >= EK_JSON_MAX_DEPTH) return EK_E_RANGE;
            depth++;
            objects = objects << 1 | (c == '{');
            x->at++;
            if (!ek_lex_take(x, c == '{' ? '}' : ']')) {
                if (c == '{' && (err = pass_key(x)) != EK_OK) return err;
                continue; /* its first value */
            }
            depth--;
            objects >>= 1;
        } else if (c == '"') {
            if ((err = ek_lex_string(x, &text)) != EK_OK) return err;
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            if ((err = pass_number(x)) != EK_OK) return err;
        } else if ((err = ek_lex_word(x)) != EK_OK) {
            return err;
        }
        /* a value is complete: close what ends here, or go on to the next value */
        for (;;) {
            if (depth == 0) return EK_OK;
            if (ek_lex_take(x, ',')) {
                if ((objects & 1) && (err = pass_key(x)) != EK_OK) return err;
                break;
            }
            if (!ek_lex_take(x, (objects & 1) ? '}' : ']')) return EK_E_SYNTAX;
            depth--;
            objects >>= 1;
        }
    }
}

/* UTF-8 of one code point. */
static size_t utf8_put(uint32_t c, uint8_t out[4]) {
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t LEAD[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6) out[i] = (uint8_t)(0x80u | (c & 0x3Fu));
    out[0] = (uint8_t)(LEAD[n] | c);
    return n;
}

/* The next character of a checked string: its bytes into piece, their number returned, *p moved past its
 * spelling. */
static size_t next_character(const uint8_t **p, const uint8_t *end, uint8_t piece[4]) {
    const uint8_t *s = *p;
    uint32_t c;
    if (*s != '\\') {
        piece[0] = *s;
        *p = s + 1;
        return 1;
    }
    *p = s + 2;
    switch (s[1]) {
    case 'b': piece[0] = '\b'; return 1;
    case 'f': piece[0] = '\f'; return 1;
    case 'n': piece[0] = '\n'; return 1;
    case 'r': piece[0] = '\r'; return 1;
    case 't': piece[0] = '\t'; return 1;
    case 'u': break;
    default: piece[0] = s[1]; return 1; /* " \ / stand for themselves */
    }
    c = (uint32_t)hex4(s + 2, end);
    *p = s + 6;
    if (c >= 0xD800 && c <= 0xDBFF) {
        c = 0x10000u + ((c - 0xD800u) << 10) + ((uint32_t)hex4(s + 8, end) - 0xDC00u);
        *p = s + 12;
    }
    return utf8_put(c, piece);
}

ek_err ek_lex_unescape(const ek_lex_text *text, uint8_t *out, size_t cap, size_t *len) {
    const uint8_t *p = text->at;
    uint8_t piece[4];
    size_t n = 0;
    while (p < text->end) {
        size_t k = next_character(&p, text->end, piece);
        if (cap - n < k) return EK_E_FULL;
        memcpy(out + n, piece, k);
        n += k;
    }
    *len = n;
    return EK_OK;
}

int ek_lex_equals(const ek_lex_text *text, const char *word, size_t n) {
    const uint8_t *p = text->at;
    uint8_t piece[4];
    size_t at = 0;
    if (!text->escaped) return (size_t)(text->end - text->at) == n && memcmp(text->at, word, n) == 0;
    while (p < text->end) {
        size_t k = next_character(&p, text->end, piece);
        if (n - at < k || memcmp(word + at, piece, k) != 0) return 0;
        at += k;
    }
    return at == n;
}
