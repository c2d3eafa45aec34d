#include "ek_curve.h"

#include <sodium.h>

#include "base/ek_bytes.h"

int ek_curve_sodium(const uint8_t bytes[32]) {
    static const uint8_t IDENTITY[32] = {1};
    uint8_t sum[32];
    return crypto_core_ed25519_add(sum, bytes, IDENTITY) == 0;
}

#if EK_CURVE_HAS_FAST
/* Field elements modulo p = 2^255 - 19 in five limbs of 51 bits. A product takes limbs below 2^54 and gives
 * limbs below 2^52, so one addition or one subtraction may stand between two products. */
__extension__ typedef unsigned __int128 wide;
typedef struct { uint64_t v[5]; } fe;
#define MASK51 ((UINT64_C(1) << 51) - 1)

static inline fe fe_carry(wide r0, wide r1, wide r2, wide r3, wide r4) {
    fe out;
    uint64_t c;
    r1 += (uint64_t)(r0 >> 51);
    r2 += (uint64_t)(r1 >> 51);
    r3 += (uint64_t)(r2 >> 51);
    r4 += (uint64_t)(r3 >> 51);
    out.v[0] = (uint64_t)r0 & MASK51;
    out.v[1] = (uint64_t)r1 & MASK51;
    out.v[2] = (uint64_t)r2 & MASK51;
    out.v[3] = (uint64_t)r3 & MASK51;
    out.v[4] = (uint64_t)r4 & MASK51;
    out.v[0] += (uint64_t)(r4 >> 51) * 19u; /* 2^255 = 19 */
    c = out.v[0] >> 51;
    out.v[0] &= MASK51;
    out.v[1] += c;
    return out;
}

/* Not inline: twenty copies of them in a row are 24 KB and no faster. */
static __attribute__((noinline)) fe fe_mul(const fe *a, const fe *b) {
    uint64_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
    uint64_t b0 = b->v[0], b1 = b->v[1], b2 = b->v[2], b3 = b->v[3], b4 = b->v[4];
    uint64_t c1 = b1 * 19u, c2 = b2 * 19u, c3 = b3 * 19u, c4 = b4 * 19u;
    return fe_carry((wide)a0 * b0 + (wide)a1 * c4 + (wide)a2 * c3 + (wide)a3 * c2 + (wide)a4 * c1,
                    (wide)a0 * b1 + (wide)a1 * b0 + (wide)a2 * c4 + (wide)a3 * c3 + (wide)a4 * c2,
                    (wide)a0 * b2 + (wide)a1 * b1 + (wide)a2 * b0 + (wide)a3 * c4 + (wide)a4 * c3,
                    (wide)a0 * b3 + (wide)a1 * b2 + (wide)a2 * b1 + (wide)a3 * b0 + (wide)a4 * c4,
                    (wide)a0 * b4 + (wide)a1 * b3 + (wide)a2 * b2 + (wide)a3 * b1 + (wide)a4 * b0);
}

/* a^(2^n) */
static __attribute__((noinline)) fe fe_square(const fe *a, unsigned n) {
    fe r = *a;
    for (; n > 0; n--) {
        uint64_t a0 = r.v[0], a1 = r.v[1], a2 = r.v[2], a3 = r.v[3], a4 = r.v[4];
        uint64_t d0 = a0 * 2, d1 = a1 * 2, d2 = a2 * 2, m3 = a3 * 19u, m4 = a4 * 19u;
        r = fe_carry(
            (wide)a0 * a0 + (wide)d1 * m4 + (wide)d2 * m3, (wide)d0 * a1 + (wide)d2 * m4 + (wide)a3 * m3,
            (wide)d0 * a2 + (wide)a1 * a1 + (wide)(a3 * 2) * m4,
            (wide)d0 * a3 + (wide)d1 * a2 + (wide)a4 * m4, (wide)d0 * a4 + (wide)d1 * a3 + (wide)a2 * a2);
    }
    return r;
}

/* 1 when a is congruent to the small value k (0 or 1). */
static int fe_is(const fe *a, uint64_t k) {
    uint64_t t[5];
    memcpy(t, a->v, sizeof t);
    for (int pass = 0; pass < 2; pass++) { /* limbs below 2^51, value below 2^255 */
        for (int i = 0; i < 4; i++) {
            t[i + 1] += t[i] >> 51;
            t[i] &= MASK51;
        }
        t[0] += (t[4] >> 51) * 19u;
        t[4] &= MASK51;
    }
    t[1] += t[0] >> 51;
    t[0] &= MASK51;
    uint64_t high = t[1] | t[2] | t[3] | t[4];
    if (high == 0 && t[0] == k) return 1;
    /* k + p = 2^255 - 19 + k is the other spelling below 2^255 */
    return t[1] == MASK51 && t[2] == MASK51 && t[3] == MASK51 && t[4] == MASK51 && t[0] == MASK51 - 18u + k;
}

/* d = -121665/121666 of the curve */
static const fe CURVE_D = {{UINT64_C(0x34dca135978a3), UINT64_C(0x1a8283b156ebd), UINT64_C(0x5e7a26001c029),
                            UINT64_C(0x739c663a03cbb), UINT64_C(0x52036cee2b6ff)}};

int ek_curve_fast(const uint8_t bytes[32]) {
    fe y, y2, u, v, z, t, a, b, c;
    uint64_t w0 = ek_get_u64(bytes), w1 = ek_get_u64(bytes + 8), w2 = ek_get_u64(bytes + 16),
             w3 = ek_get_u64(bytes + 24);
    y.v[0] = w0 & MASK51; /* the top bit is the sign of x: no part of y */
    y.v[1] = (w0 >> 51 | w1 << 13) & MASK51;
    y.v[2] = (w1 >> 38 | w2 << 26) & MASK51;
    y.v[3] = (w2 >> 25 | w3 << 39) & MASK51;
    y.v[4] = (w3 >> 12) & MASK51;
    y2 = fe_square(&y, 1);
    u = y2; /* y^2 - 1, as y^2 + 2p - 1 so that no limb goes below zero */
    u.v[0] += 2 * (MASK51 - 18u) - 1;
    for (int i = 1; i < 5; i++) u.v[i] += 2 * MASK51;
    v = fe_mul(&y2, &CURVE_D);
    v.v[0] += 1;
    z = fe_mul(&u, &v); /* v is never 0: -1/d is no square */
    if (fe_is(&z, 0)) return 1;
    /* z^((p-1)/2) = z^(2^254 - 10), through exponents 2^k - 1 */
    t = fe_square(&z, 1);                            /* 2 */
    a = fe_square(&t, 2), a = fe_mul(&a, &z);        /* 9 */
    b = fe_mul(&a, &t);                              /* 11 */
    c = fe_square(&b, 1), a = fe_mul(&c, &a);        /* 31 = 2^5 - 1 */
    b = fe_square(&a, 5), a = fe_mul(&b, &a);        /* 2^10 - 1 */
    b = fe_square(&a, 10), b = fe_mul(&b, &a);       /* 2^20 - 1 */
    c = fe_square(&b, 20), b = fe_mul(&c, &b);       /* 2^40 - 1 */
    b = fe_square(&b, 10), a = fe_mul(&b, &a);       /* 2^50 - 1 */
    b = fe_square(&a, 50), b = fe_mul(&b, &a);       /* 2^100 - 1 */
    c = fe_square(&b, 100), b = fe_mul(&c, &b);      /* 2^200 - 1 */
    b = fe_square(&b, 50), a = fe_mul(&b, &a);       /* 2^250 - 1 */
    a = fe_square(&a, 2), a = fe_mul(&a, &z);        /* 2^252 - 3 */
    a = fe_square(&a, 2), a = fe_mul(&a, &t);        /* 2^254 - 10 */
    return fe_is(&a, 1);
}
#endif
