#include "base/ek_wide.h"

/* Only the wide product and the wide quotient differ between targets; signs, carries and rounding are one
 * code for both. */
#if defined(__SIZEOF_INT128__) && !defined(EK_NO_INT128)

__extension__ typedef unsigned __int128 native_u128;

ek_u128 ek_wide_umul(uint64_t a, uint64_t b) {
    native_u128 p = (native_u128)a * b;
    return (ek_u128){.lo = (uint64_t)p, .hi = (uint64_t)(p >> 64)};
}

static void divmod(ek_u128 a, ek_u128 b, ek_u128 *q, ek_u128 *r) {
    if ((a.hi | b.hi) == 0) { /* nearly all: one instruction instead of a call */
        /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): every caller refuses 0 first */
        *q = (ek_u128){.lo = a.lo / b.lo, .hi = 0};
        *r = (ek_u128){.lo = a.lo % b.lo, .hi = 0};
        return;
    }
    native_u128 x = ((native_u128)a.hi << 64) | a.lo, y = ((native_u128)b.hi << 64) | b.lo;
    native_u128 quot = x / y, rem = x - quot * y;
    *q = (ek_u128){.lo = (uint64_t)quot, .hi = (uint64_t)(quot >> 64)};
    *r = (ek_u128){.lo = (uint64_t)rem, .hi = (uint64_t)(rem >> 64)};
}

#else

ek_u128 ek_wide_umul(uint64_t a, uint64_t b) {
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0, m1 = a1 * b0 + (low >> 32), m2 = a0 * b1 + (uint32_t)m1;
    return (ek_u128){.lo = (m2 << 32) | (uint32_t)low, .hi = a1 * b1 + (m1 >> 32) + (m2 >> 32)};
}

/* Schoolbook, one bit at a time: the remainder never reaches 2 * b, so its lost top bit only means
 * "subtract". */
static void divmod(ek_u128 a, ek_u128 b, ek_u128 *q, ek_u128 *r) {
    ek_u128 quot = {0, 0}, rem = {0, 0};
    for (int i = 127; i >= 0; i--) {
        uint64_t bit = (i >= 64 ? a.hi >> (i - 64) : a.lo >> i) & 1u, top = rem.hi >> 63;
        rem.hi = (rem.hi << 1) | (rem.lo >> 63);
        rem.lo = (rem.lo << 1) | bit;
        if (top || rem.hi > b.hi || (rem.hi == b.hi && rem.lo >= b.lo)) {
            rem.hi = rem.hi - b.hi - (rem.lo < b.lo);
            rem.lo -= b.lo;
            if (i >= 64) quot.hi |= (uint64_t)1 << (i - 64);
            else quot.lo |= (uint64_t)1 << i;
        }
    }
    *q = quot;
    *r = rem;
}

#endif

static int u_less(ek_u128 a, ek_u128 b) { return a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo); }
static int u_zero(ek_u128 a) { return (a.hi | a.lo) == 0; }
static ek_u128 u_negate(ek_u128 a) {
    ek_u128 r = {.lo = 0u - a.lo, .hi = 0u - a.hi - (a.lo != 0)};
    return r;
}
static ek_u128 u_add(ek_u128 a, ek_u128 b) {
    ek_u128 r = {.lo = a.lo + b.lo, .hi = a.hi + b.hi};
    r.hi += r.lo < a.lo;
    return r;
}
static ek_u128 bits_of(ek_i128 a) { return (ek_u128){.lo = a.lo, .hi = (uint64_t)a.hi}; }
static ek_i128 from_bits(ek_u128 a) {
    /* Two's complement by definition of ek_i128; the cast is implementation-defined in C11 and wraps in gcc
     * and clang. */
    return (ek_i128){.lo = a.lo, .hi = (int64_t)a.hi};
}
static ek_u128 magnitude(ek_i128 a) { return a.hi < 0 ? u_negate(bits_of(a)) : bits_of(a); }

static const uint64_t TOP_BIT = (uint64_t)1 << 63;

/* A magnitude with a sign; 2^127 fits only as a negative. */
static ek_err with_sign(ek_u128 m, int negative, ek_i128 *out) {
    if (m.hi > TOP_BIT || (m.hi == TOP_BIT && (m.lo != 0 || !negative))) return EK_E_OVERFLOW;
    *out = from_bits(negative ? u_negate(m) : m);
    return EK_OK;
}

ek_i128 ek_wide_i64(int64_t v) { return (ek_i128){.lo = (uint64_t)v, .hi = v < 0 ? -1 : 0}; }
ek_i128 ek_wide_u64(uint64_t v) { return (ek_i128){.lo = v, .hi = 0}; }
ek_err ek_wide_u128(ek_u128 v, ek_i128 *out) { return with_sign(v, 0, out); }

int ek_wide_cmp(ek_i128 a, ek_i128 b) {
    if (a.hi != b.hi) return a.hi < b.hi ? -1 : 1;
    return a.lo < b.lo ? -1 : a.lo > b.lo;
}
int ek_wide_sign(ek_i128 a) { return a.hi < 0 ? -1 : (a.hi != 0 || a.lo != 0); }

ek_err ek_wide_neg(ek_i128 a, ek_i128 *out) { return with_sign(magnitude(a), a.hi >= 0, out); }

ek_err ek_wide_mul(ek_i128 a, ek_i128 b, ek_i128 *out) {
    if ((a.hi | b.hi) == 0) { /* two factors of 64 bits without a sign: at most 2^128 - 2^65 + 1 */
        ek_u128 p = ek_wide_umul(a.lo, b.lo);
        if (p.hi >= TOP_BIT) return EK_E_OVERFLOW;
        *out = from_bits(p);
        return EK_OK;
    }
    ek_u128 x = magnitude(a), y = magnitude(b);
    if (x.hi != 0 && y.hi != 0) return EK_E_OVERFLOW;
    ek_u128 r = ek_wide_umul(x.lo, y.lo);
    /* At most one of the two cross products is not zero. */
    ek_u128 cross = x.hi != 0 ? ek_wide_umul(x.hi, y.lo) : ek_wide_umul(x.lo, y.hi);
    if (cross.hi != 0 || r.hi + cross.lo < r.hi) return EK_E_OVERFLOW;
    r.hi += cross.lo;
    return with_sign(r, (a.hi < 0) != (b.hi < 0), out);
}

ek_err ek_wide_udivmod(ek_u128 a, ek_u128 b, ek_u128 *quotient, ek_u128 *remainder) {
    if (u_zero(b)) return EK_E_RANGE;
    divmod(a, b, quotient, remainder);
    return EK_OK;
}

/* `away` picks which sign of an inexact quotient is moved one step away from zero: -1 negative (floor), 1
 * positive (ceil), 0 none. */
static ek_err divide(ek_i128 a, ek_i128 b, int away, ek_i128 *out) {
    /* most: one instruction; a quotient that is moved is no all-ones, as b is 2 at least then */
    if ((a.hi | b.hi) == 0 && b.lo != 0) {
        uint64_t whole = a.lo / b.lo;
        *out = (ek_i128){.lo = whole + (away == 1 && whole * b.lo != a.lo), .hi = 0};
        return EK_OK;
    }
    ek_u128 y = magnitude(b), q, r;
    if (u_zero(y)) return EK_E_RANGE;
    int negative = (a.hi < 0) != (b.hi < 0);
    divmod(magnitude(a), y, &q, &r);
    if (!u_zero(r) && away == (negative ? -1 : 1)) q = u_add(q, (ek_u128){.lo = 1, .hi = 0});
    return with_sign(q, negative, out);
}
ek_err ek_wide_div_trunc(ek_i128 a, ek_i128 b, ek_i128 *out) { return divide(a, b, 0, out); }
ek_err ek_wide_div_floor(ek_i128 a, ek_i128 b, ek_i128 *out) { return divide(a, b, -1, out); }
ek_err ek_wide_div_ceil(ek_i128 a, ek_i128 b, ek_i128 *out) { return divide(a, b, 1, out); }

ek_err ek_wide_isqrt(ek_i128 a, uint64_t *out) {
    if (a.hi < 0) return EK_E_RANGE;
    ek_u128 n = bits_of(a);
    if (u_zero(n)) {
        *out = 0;
        return EK_OK;
    }
    /* Newton from above: the start is a power of two not below the root, and the sequence falls until it is
     * the floor. */
    int bits = n.hi ? 128 - __builtin_clzll(n.hi) : 64 - __builtin_clzll(n.lo);
    int half = (bits + 1) / 2; /* at most 64, reached only by values of 127 bits */
    if (n.hi == 0) {
        uint64_t x = (uint64_t)1 << half;
        for (uint64_t y = (x + n.lo / x) >> 1; y < x; y = (x + n.lo / x) >> 1) x = y;
        *out = x;
        return EK_OK;
    }
    ek_u128 x = half >= 64 ? (ek_u128){.lo = 0, .hi = 1} : (ek_u128){.lo = (uint64_t)1 << half, .hi = 0};
    for (;;) {
        ek_u128 q, r;
        divmod(n, x, &q, &r);
        ek_u128 y = u_add(x, q);
        y.lo = (y.lo >> 1) | (y.hi << 63);
        y.hi >>= 1;
        if (!u_less(y, x)) break;
        x = y;
    }
    *out = x.lo;
    return EK_OK;
}

ek_err ek_wide_to_i64(ek_i128 a, int64_t *out) {
    int64_t v = (int64_t)a.lo;
    if (a.hi != (v < 0 ? -1 : 0)) return EK_E_OVERFLOW;
    *out = v;
    return EK_OK;
}
ek_err ek_wide_to_u64(ek_i128 a, uint64_t *out) {
    if (a.hi != 0) return EK_E_OVERFLOW;
    *out = a.lo;
    return EK_OK;
}

int64_t ek_clamp_i64(ek_i128 a) {
    int64_t v;
    if (ek_wide_to_i64(a, &v) == EK_OK) return v;
    return a.hi < 0 ? INT64_MIN : INT64_MAX;
}

size_t ek_wide_print(ek_i128 a, char out[41]) {
    char digits[40];
    size_t n = 0, len = 0;
    ek_u128 m = magnitude(a);
    do {
        ek_u128 r;
        divmod(m, (ek_u128){.lo = 10, .hi = 0}, &m, &r);
        digits[n++] = (char)('0' + r.lo);
    } while (!u_zero(m));
    if (a.hi < 0) out[len++] = '-';
    while (n > 0) out[len++] = digits[--n];
    out[len] = 0;
    return len;
}
