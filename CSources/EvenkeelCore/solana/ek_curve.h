/* ek_curve.h - is a compressed point on edwards25519? (internal to ek_crypto.c and its tests)
 *
 * Two independent answers to one question. `fast`: x^2 = (y^2 - 1) / (d y^2 + 1) has a solution exactly when
 * the product of numerator and denominator is a square; needs 64x64 -> 128 bit products, absent on 32-bit
 * targets. `sodium`: libsodium adds the candidate to the identity, which decompresses it without asking for
 * prime order or canonical bytes. */
#ifndef EK_CURVE_H
#define EK_CURVE_H

#include "base/ek_types.h"

#if defined(__SIZEOF_INT128__) && !defined(EK_NO_INT128)
#define EK_CURVE_HAS_FAST 1
int ek_curve_fast(const uint8_t bytes[32]);
#else
#define EK_CURVE_HAS_FAST 0
#endif
int ek_curve_sodium(const uint8_t bytes[32]);

#endif
