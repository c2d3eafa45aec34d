#include "solana/ek_crypto.h"

#include <sodium.h>
#include <string.h>

#include "base/ek_assert.h"
#include "ek_curve.h"

ek_err ek_crypto_init(void) { return sodium_init() < 0 ? EK_E_CRYPTO : EK_OK; }

/* libsodium's hashes return 0 always: there is nothing to pass on. */
void ek_sha256(const void *bytes, size_t n, uint8_t out[32]) { (void)crypto_hash_sha256(out, bytes, n); }

void ek_blake2b_256(const void *bytes, size_t n, uint8_t out[32]) {
    (void)crypto_generichash_blake2b(out, 32, bytes, n, NULL, 0);
}

void ek_ed25519_from_seed(const uint8_t seed[32], ek_key *pub, uint8_t secret[64]) {
    (void)crypto_sign_ed25519_seed_keypair(pub->bytes, secret, seed);
}

void ek_ed25519_sign(const uint8_t secret[64], const uint8_t *msg, size_t n, uint8_t sig[64]) {
    (void)crypto_sign_ed25519_detached(sig, NULL, msg, n, secret);
}

ek_err ek_ed25519_verify(const uint8_t sig[64], const uint8_t *msg, size_t n, const ek_key *pub) {
    return crypto_sign_ed25519_verify_detached(sig, msg, n, pub->bytes) == 0 ? EK_OK : EK_E_CRYPTO;
}

int ek_on_curve(const uint8_t bytes[32]) {
#if EK_CURVE_HAS_FAST
    return ek_curve_fast(bytes);
#else
    return ek_curve_sodium(bytes);
#endif
}

static const char MARKER[] = "ProgramDerivedAddress"; /* 21 bytes, its NUL left out */

/* What is hashed: 16 seeds of 32 with the bump as the last, the program, the marker. Returns its length, 0
 * when a seed is too long. */
#define PREIMAGE_MAX (EK_SEEDS_MAX * 32u + 32u + 21u)
static size_t preimage(const ek_seed *seeds, uint32_t n, const ek_key *program, uint8_t *out,
                       size_t *bump_at) {
    size_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (seeds[i].len > 32) return 0;
        if (seeds[i].len != 0) memcpy(out + at, seeds[i].bytes, seeds[i].len);
        at += seeds[i].len;
    }
    *bump_at = at++;
    memcpy(out + at, program->bytes, 32);
    memcpy(out + at + 32, MARKER, sizeof MARKER - 1);
    return at + 32 + sizeof MARKER - 1;
}

ek_err ek_find_pda(const ek_seed *seeds, uint32_t n, const ek_key *program, ek_key *out, uint8_t *bump) {
    uint8_t bytes[PREIMAGE_MAX];
    size_t bump_at;
    if (n >= EK_SEEDS_MAX) return EK_E_RANGE;
    size_t len = preimage(seeds, n, program, bytes, &bump_at);
    if (len == 0) return EK_E_RANGE;
    EK_ASSERT(len <= sizeof bytes && bump_at < len);
    for (unsigned b = 255; b > 0; b--) { /* 0 is never tried: the runtime's loop ends before it */
        bytes[bump_at] = (uint8_t)b;
        ek_sha256(bytes, len, out->bytes);
        if (!ek_on_curve(out->bytes)) {
            *bump = (uint8_t)b;
            return EK_OK;
        }
    }
    return EK_E_CRYPTO;
}
