/* ek_codec.h - base58, base64 and compact-u16 ("shortvec"), the three text and length codings of Solana.
 *
 * base58: Bitcoin's alphabet, most significant digit first, one leading '1' for each leading zero byte. Every
 * byte string has exactly one text and every text is the text of one byte string, so a decode that succeeds
 * is canonical. Not for secrets: time and memory access depend on the data. */
#ifndef EK_CODEC_H
#define EK_CODEC_H

#include "base/ek_types.h"

#define EK_BASE58_MAX_BYTES 128u /* longest input of the general encoder */
#define EK_BASE58_MAX_TEXT 175u  /* and its longest text */
#define EK_KEY_TEXT 45u          /* buffer for a key: 32..44 digits and a NUL */
#define EK_SIG_TEXT 89u          /* buffer for a signature: 64..88 digits and a NUL */

/* The general encoder, quadratic in n: n <= 128 else EK_E_RANGE; text is NUL-terminated, *out_len leaves the
 * NUL out, cap must hold text and NUL else EK_E_FULL. Nothing is the text of nothing. */
ek_err ek_base58_encode(const uint8_t *in, size_t n, char *out, size_t cap, size_t *out_len);

/* Fixed sizes, the fast path (tens of ns for a key). Decoders: EK_E_SYNTAX for a wrong character or a text
 * that is not of exactly 32 (64) bytes; the output is written only on success. Encoders cannot fail; they
 * return the text's length and NUL-terminate. The all-zero key is 32 times '1'. */
ek_err ek_key_from_base58(const char *text, size_t n, ek_key *out);
size_t ek_key_to_base58(const ek_key *key, char out[45]);
ek_err ek_sig_from_base58(const char *text, size_t n, uint8_t sig[64]);
size_t ek_sig_to_base58(const uint8_t sig[64], char out[89]);

/* base64 of RFC 4648 section 4, padded. The decoder is strict: length a multiple of 4, '=' only at the end,
 * the unused bits of the last digit zero, no white space: else EK_E_SYNTAX. Too long for cap: EK_E_FULL,
 * checked before anything is written. On a syntax error the output buffer may hold bytes of the good part.
 * `out` must not overlap `text`. The encoder writes ek_base64_encoded_len(n) characters and no NUL, and
 * returns that number. */
ek_err ek_base64_decode(const uint8_t *text, size_t n, uint8_t *out, size_t cap, size_t *out_len);
size_t ek_base64_encode(const uint8_t *in, size_t n, char *out);
static inline size_t ek_base64_encoded_len(size_t n) { return (n + 2) / 3 * 4; }

/* compact-u16: 7 bits a byte, low first, at most 3 bytes, minimal form only (as the runtime demands).
 * read: EK_E_SHORT when the bytes end inside it; EK_E_SYNTAX for a longer-than-needed form; EK_E_RANGE past
 * 65535. write: returns 1, 2 or 3. */
ek_err ek_shortvec_read(const uint8_t *in, size_t n, uint16_t *value, size_t *used);
size_t ek_shortvec_write(uint16_t value, uint8_t out[3]);

#endif
