/* ek_crypto.h - hashes, ed25519 and program-derived addresses, over libsodium.
 *
 * Call ek_crypto_init once before anything else here. Signing is deterministic (RFC 8032). */
#ifndef EK_CRYPTO_H
#define EK_CRYPTO_H

#include "base/ek_types.h"

/* Makes libsodium ready; may be called again. EK_E_CRYPTO when the library refuses. */
ek_err ek_crypto_init(void);

void ek_sha256(const void *bytes, size_t n, uint8_t out[32]);

/* BLAKE2b with a 32-byte digest, no key. */
void ek_blake2b_256(const void *bytes, size_t n, uint8_t out[32]);

/* secret = seed followed by the public key, the 64 bytes of a Solana keypair file. About 20 us. */
void ek_ed25519_from_seed(const uint8_t seed[32], ek_key *pub, uint8_t secret[64]);
/* About 20 us for a message of 400 bytes. The public half in `secret` goes into the signature: it must be the
 * seed's. */
void ek_ed25519_sign(const uint8_t secret[64], const uint8_t *msg, size_t n, uint8_t sig[64]);
/* EK_OK or EK_E_CRYPTO. Refuses what libsodium refuses: small-order keys and non-canonical scalars. */
ek_err ek_ed25519_verify(const uint8_t sig[64], const uint8_t *msg, size_t n, const ek_key *pub);

/* 1 when the 32 bytes decompress to a point of the curve by Solana's rule (curve25519-dalek's decompress: the
 * bytes need not be canonical, the point need not be of prime order; libsodium's is_valid_point asks for both
 * and is wrong here). Not for secrets. About 4 us. */
int ek_on_curve(const uint8_t bytes[32]);

/* Program-derived addresses: sha256(seeds, [bump], program, "ProgramDerivedAddress"), accepted when it is off
 * the curve. At most 16 seeds, the bump counted, of at most 32 bytes each: else EK_E_RANGE. */
typedef struct { const uint8_t *bytes; uint8_t len; } ek_seed;
#define EK_SEEDS_MAX 16u
/* The first bump from 255 down to 1 that gives an address; n <= 15. EK_E_CRYPTO when none does. About 9 us.
 */
ek_err ek_find_pda(const ek_seed *seeds, uint32_t n, const ek_key *program, ek_key *out, uint8_t *bump);

#endif
