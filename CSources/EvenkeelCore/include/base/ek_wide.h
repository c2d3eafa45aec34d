/* ek_wide.h - signed 128-bit integers as two words.
 *
 * Why: sizes times prices leave 64 bits, Swift cannot import __int128 and 32-bit ARM has none. `ek_i128`
 * (ek_types.h) is two's complement, value = hi * 2^64 + lo. Where the compiler has __int128 the .c uses it;
 * elsewhere, or with -DEK_NO_INT128, a two-word twin with the same results (both are run by the tests).
 *
 * Every function is exact or says why not: EK_E_OVERFLOW when the result leaves the type, EK_E_RANGE for a
 * division by zero or the root of a negative number. On an error *out is untouched. Pure, no allocation.
 * Cost: add 1 ns, multiply and divide 2 to 20 ns native; the twin's divide is a bit loop (about 0.3 us). */
#ifndef EK_WIDE_H
#define EK_WIDE_H
#include "base/ek_types.h"

/* Unsigned 128 bits, for account fields only (open interest, interest indices, scaled totals). */
typedef struct { uint64_t lo, hi; } ek_u128;

ek_i128 ek_wide_i64(int64_t v);
ek_i128 ek_wide_u64(uint64_t v);
/* EK_E_OVERFLOW above 2^127 - 1. */
ek_err ek_wide_u128(ek_u128 v, ek_i128 *out);

/* -1, 0 or 1. */
int ek_wide_cmp(ek_i128 a, ek_i128 b);
int ek_wide_sign(ek_i128 a);

ek_err ek_wide_neg(ek_i128 a, ek_i128 *out);
ek_err ek_wide_mul(ek_i128 a, ek_i128 b, ek_i128 *out);

/* Quotients rounded toward zero, toward minus infinity, toward plus infinity. */
ek_err ek_wide_div_trunc(ek_i128 a, ek_i128 b, ek_i128 *out);
ek_err ek_wide_div_floor(ek_i128 a, ek_i128 b, ek_i128 *out);
ek_err ek_wide_div_ceil(ek_i128 a, ek_i128 b, ek_i128 *out);

/* Largest r with r * r <= a. */
ek_err ek_wide_isqrt(ek_i128 a, uint64_t *out);

/* Narrowing: EK_E_OVERFLOW when it does not fit. */
ek_err ek_wide_to_i64(ek_i128 a, int64_t *out);
ek_err ek_wide_to_u64(ek_i128 a, uint64_t *out);
/* Saturated: totals for people and status. */
int64_t ek_clamp_i64(ek_i128 a);

/* Unsigned, for full-range u64 products: exact, and EK_E_RANGE when b is 0. */
ek_u128 ek_wide_umul(uint64_t a, uint64_t b);
ek_err ek_wide_udivmod(ek_u128 a, ek_u128 b, ek_u128 *quotient, ek_u128 *remainder);

/* Decimal text with sign, NUL-terminated; returns its length (at most 40). */
size_t ek_wide_print(ek_i128 a, char out[41]);

#endif
