/* signed_tx.h - whole transactions for the tests: the program only writes them (ek_tx_assemble), and reads
 * messages. */
#ifndef SIGNED_TX_H
#define SIGNED_TX_H
#include "base/ek_bytes.h"
#include "solana/ek_crypto.h"
#include "solana/ek_tx.h"
#include "text/ek_codec.h"

typedef struct {
    uint16_t n_sigs;
    const uint8_t *sigs; /* n_sigs * 64 */
    ek_tx tx;
} signed_tx;

/* As ek_message_parse; EK_E_RANGE as well when there are not as many signatures as the message asks for. */
static inline ek_err signed_tx_parse(const uint8_t *bytes, size_t n, signed_tx *s) {
    size_t used = 0;
    if (n > EK_TX_MAX) return EK_E_FULL;
    ek_err err = ek_shortvec_read(bytes, n, &s->n_sigs, &used);
    if (err != EK_OK) return err;
    if (n - used < 64u * (size_t)s->n_sigs) return EK_E_SHORT;
    s->sigs = bytes + used;
    used += 64u * (size_t)s->n_sigs;
    err = ek_message_parse(bytes + used, n - used, &s->tx);
    if (err != EK_OK) return err;
    return s->n_sigs == s->tx.n_required ? EK_OK : EK_E_RANGE;
}

/* Every signature against the first keys. */
static inline ek_err signed_tx_verify(const signed_tx *s) {
    for (uint32_t i = 0; i < s->n_sigs; i++) {
        ek_err err =
            ek_ed25519_verify(s->sigs + 64u * i, s->tx.message, s->tx.message_len, ek_tx_key(&s->tx, i));
        if (err != EK_OK) return err;
    }
    return s->n_sigs == 0 ? EK_E_CRYPTO : EK_OK;
}

/* One signature. */
static inline ek_err signed_tx_make(const uint8_t *msg, size_t n, const uint8_t secret[64], uint8_t *out,
                                    size_t cap, size_t *len) {
    uint8_t sig[64];
    ek_ed25519_sign(secret, msg, n, sig);
    return ek_tx_assemble(sig, 1, msg, n, out, cap, len);
}

#endif
