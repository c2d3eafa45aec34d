/* base58: what is decoded is what a plain reading of the digits gives; encode then decode gives the bytes
 * back; fixed and general forms agree. */
#include "text/ek_codec.h"
#include <stdlib.h>
#include <string.h>

static void need(int ok) {
    if (!ok) abort();
}

/* Digit by digit into a long number, a byte at a time; nothing of the core's way. The number of bytes, or -1
 * for a wrong character. */
static int plainly(const uint8_t *text, size_t n, uint8_t *out, size_t cap) {
    static const char DIGITS[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    uint8_t number[256] = {0}; /* least significant first */
    size_t used = 0, zeros = 0;
    for (size_t i = 0; i < n; i++) {
        const char *digit = text[i] == 0 ? NULL : strchr(DIGITS, text[i]);
        if (digit == NULL) return -1;
        if (used == 0 && digit == DIGITS) zeros++;
        unsigned carry = (unsigned)(digit - DIGITS);
        for (size_t j = 0; j < used || carry != 0; j++) {
            carry += 58u * (j < used ? number[j] : 0u);
            number[j] = (uint8_t)carry;
            carry >>= 8;
            if (j == used) used++;
        }
    }
    if (zeros + used > cap) return (int)(zeros + used);
    memset(out, 0, zeros);
    for (size_t j = 0; j < used; j++) out[zeros + j] = number[used - 1 - j];
    return (int)(zeros + used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t bytes[64], back[EK_BASE58_MAX_BYTES], sig[64];
    char text[EK_BASE58_MAX_TEXT + 1], fixed[EK_SIG_TEXT];
    size_t n;
    ek_key key;
    int plain = size <= 200 ? plainly(data, size, bytes, sizeof bytes) : -1;
    int as_key = ek_key_from_base58((const char *)data, size, &key) == EK_OK;
    int as_sig = ek_sig_from_base58((const char *)data, size, sig) == EK_OK;
    need(as_key == (plain == 32) && as_sig == (plain == 64));
    if (as_key) need(memcmp(key.bytes, bytes, 32) == 0);
    if (as_sig) need(memcmp(sig, bytes, 64) == 0);
    if (as_key) need(ek_key_to_base58(&key, fixed) == size && memcmp(fixed, data, size) == 0);
    if (as_sig) need(ek_sig_to_base58(sig, fixed) == size && memcmp(fixed, data, size) == 0);
    if (size <= EK_BASE58_MAX_BYTES) {
        need(ek_base58_encode(data, size, text, sizeof text, &n) == EK_OK);
        need(plainly((const uint8_t *)text, n, back, sizeof back) == (int)size
             && memcmp(back, data, size) == 0);
        need(n == 0 || ek_base58_encode(data, size, text, n, &n) == EK_E_FULL);
    } else {
        need(ek_base58_encode(data, size, text, sizeof text, &n) == EK_E_RANGE);
    }
    if (size >= 64) {
        need(ek_base58_encode(data, 64, text, sizeof text, &n) == EK_OK
             && ek_sig_to_base58(data, fixed) == n);
        need(strcmp(fixed, text) == 0);
    }
    if (size >= 32) {
        memcpy(key.bytes, data, 32);
        need(ek_base58_encode(data, 32, text, sizeof text, &n) == EK_OK
             && ek_key_to_base58(&key, fixed) == n);
        need(strcmp(fixed, text) == 0);
    }
    return 0;
}
