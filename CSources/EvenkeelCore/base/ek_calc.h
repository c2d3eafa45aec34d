/* ek_calc.h - private: a chain of checked 128-bit steps that is asked once at its end. The first failure
 * sticks in `err`; from then on every step returns 0 and changes nothing, so a formula reads as a formula. */
#ifndef EK_CALC_H
#define EK_CALC_H
#include "base/ek_wide.h"

typedef struct { ek_err err; } ek_calc;
typedef ek_i128 ek_w;

/* In a file that defines EK_CALC_SMALL the steps are calls and not copies: for formulas that few ask for. */
#ifdef EK_CALC_SMALL
#define EK_CALC static __attribute__((noinline, unused))
#else
#define EK_CALC static inline
#endif

/* The smallest steps are written out here, so that a formula is not a row of calls; the rest is ek_wide.c's.
 */
static inline ek_w ek_w0(void) { return (ek_w){.lo = 0, .hi = 0}; }
static inline ek_w ek_wi(int64_t v) { return (ek_w){.lo = (uint64_t)v, .hi = v < 0 ? -1 : 0}; }
static inline ek_w ek_wu(uint64_t v) { return (ek_w){.lo = v, .hi = 0}; }
static inline int ek_w_sign(ek_w a) { return a.hi < 0 ? -1 : (a.hi != 0 || a.lo != 0); }
static inline int ek_w_cmp(ek_w a, ek_w b) {
    return a.hi != b.hi ? (a.hi < b.hi ? -1 : 1) : a.lo < b.lo ? -1 : a.lo > b.lo;
}

EK_CALC ek_w ek_w_step(ek_calc *c, ek_w a, ek_w b, ek_err (*step)(ek_i128, ek_i128, ek_i128 *)) {
    ek_w r = ek_w0();
    if (c->err == EK_OK) c->err = step(a, b, &r);
    return r;
}
#define EK_STEP(name, call) \
    static inline ek_w name(ek_calc *c, ek_w a, ek_w b) { return ek_w_step(c, a, b, call); }
EK_STEP(ek_w_mul, ek_wide_mul)
EK_STEP(ek_w_div, ek_wide_div_trunc)
EK_STEP(ek_w_floor, ek_wide_div_floor)
EK_STEP(ek_w_ceil, ek_wide_div_ceil)
#undef EK_STEP

/* The sum of two's complements overflows when it has another sign than both (than a, and b the other one, for
 * the difference). */
EK_CALC ek_w ek_w_add(ek_calc *c, ek_w a, ek_w b) {
    uint64_t lo = a.lo + b.lo, hi = (uint64_t)a.hi + (uint64_t)b.hi + (lo < a.lo);
    if (((hi ^ (uint64_t)a.hi) & (hi ^ (uint64_t)b.hi)) >> 63 != 0 && c->err == EK_OK) c->err = EK_E_OVERFLOW;
    return c->err == EK_OK ? (ek_w){.lo = lo, .hi = (int64_t)hi} : ek_w0();
}
EK_CALC ek_w ek_w_sub(ek_calc *c, ek_w a, ek_w b) {
    uint64_t lo = a.lo - b.lo, hi = (uint64_t)a.hi - (uint64_t)b.hi - (a.lo < b.lo);
    if ((((uint64_t)a.hi ^ (uint64_t)b.hi) & (hi ^ (uint64_t)a.hi)) >> 63 != 0 && c->err == EK_OK)
        c->err = EK_E_OVERFLOW;
    return c->err == EK_OK ? (ek_w){.lo = lo, .hi = (int64_t)hi} : ek_w0();
}

static inline ek_w ek_w_neg(ek_calc *c, ek_w a) { return ek_w_sub(c, ek_w0(), a); }
static inline ek_w ek_w_abs(ek_calc *c, ek_w a) { return ek_w_sign(a) < 0 ? ek_w_neg(c, a) : a; }
static inline ek_w ek_w_u128(ek_calc *c, ek_u128 v) {
    ek_w r = ek_w0();
    if (c->err == EK_OK) c->err = ek_wide_u128(v, &r);
    return r;
}
static inline ek_w ek_w_sqrt(ek_calc *c, ek_w a) {
    uint64_t r = 0;
    if (c->err == EK_OK) c->err = ek_wide_isqrt(a, &r);
    return ek_wu(r);
}
static inline ek_w ek_w_min(ek_w a, ek_w b) { return ek_w_cmp(a, b) <= 0 ? a : b; }
static inline ek_w ek_w_max(ek_w a, ek_w b) { return ek_w_cmp(a, b) >= 0 ? a : b; }
/* a * b / c toward zero */
static inline ek_w ek_w_muldiv(ek_calc *c, ek_w a, ek_w b, int64_t d) {
    return ek_w_div(c, ek_w_mul(c, a, b), ek_wi(d));
}

#endif
