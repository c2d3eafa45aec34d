/* base58: decode then encode gives the text back; encode then decode gives the bytes back; fixed and general forms agree. */
#include "text/ek_codec.h"
#include <stdlib.h>
#include <string.h>

static void need(int ok) {
    if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t bytes[EK_BASE58_MAX_TEXT], sig[64];
    char text[EK_BASE58_MAX_TEXT + 1], fixed[EK_SIG_TEXT];
    size_t n, m;
    ek_key key;
    ek_err err = ek_base58_decode((const char *)data, size, bytes, sizeof bytes, &n);
    int as_key = ek_key_from_base58((const char *)data, size, &key) == EK_OK;
    int as_sig = ek_sig_from_base58((const char *)data, size, sig) == EK_OK;
    need(as_key == (err == EK_OK && n == 32) && as_sig == (err == EK_OK && n == 64));
    if (as_key) need(memcmp(key.bytes, bytes, 32) == 0);
    if (as_sig) need(memcmp(sig, bytes, 64) == 0);
    if (err == EK_OK && n <= EK_BASE58_MAX_BYTES) {
        need(ek_base58_encode(bytes, n, text, sizeof text, &m) == EK_OK);
        need(m == size && memcmp(text, data, m) == 0 && text[m] == 0);
        if (n != 0) need(ek_base58_decode((const char *)data, size, bytes, n - 1, &m) == EK_E_FULL);
    }
    if (size <= EK_BASE58_MAX_BYTES) {
        need(ek_base58_encode(data, size, text, sizeof text, &n) == EK_OK);
        need(ek_base58_decode(text, n, bytes, size, &m) == EK_OK && m == size && memcmp(bytes, data, m) == 0);
        need(n == 0 || ek_base58_encode(data, size, text, n, &m) == EK_E_FULL);
    } else {
        need(ek_base58_encode(data, size, text, sizeof text, &n) == EK_E_RANGE);
    }
    if (size >= 64) {
        need(ek_base58_encode(data, 64, text, sizeof text, &n) == EK_OK && ek_sig_to_base58(data, fixed) == n);
        need(strcmp(fixed, text) == 0);
    }
    if (size >= 32) {
        memcpy(key.bytes, data, 32);
        need(ek_base58_encode(data, 32, text, sizeof text, &n) == EK_OK && ek_key_to_base58(&key, fixed) == n);
        need(strcmp(fixed, text) == 0);
    }
    return 0;
}
