/* base64 and shortvec: what is accepted is the one spelling of what comes out. */
#include "text/ek_base64.h"
#include "text/ek_codec.h"
#include <stdlib.h>
#include <string.h>

static void need(int ok) {
    if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t n, m;
    uint16_t v;
    uint8_t short_form[3];
    if (size > 4096) return 0;
    /* exact sizes on the heap, so that the sanitizer sees one byte too many */
    uint8_t *out = malloc(size / 4 * 3 + 1);
    char *text = malloc(ek_base64_encoded_len(size) + 1);
    uint8_t *back = malloc(size + 1);
    if (out == NULL || text == NULL || back == NULL) abort();
    ek_err err = ek_base64_decode(data, size, out, size / 4 * 3, &n);
    need(err == EK_OK || err == EK_E_SYNTAX);
    uint8_t *twin = malloc(size / 4 * 3 + 1); /* the portable decoder says the same */
    if (twin == NULL) abort();
    need(ek_base64_decode_portable(data, size, twin, size / 4 * 3, &m) == err
         && (err != EK_OK || (m == n && memcmp(twin, out, n) == 0)));
    free(twin);
    if (err == EK_OK) {
        char *again = malloc(size + 1);
        if (again == NULL) abort();
        need(ek_base64_encode(out, n, again) == size && memcmp(again, data, size) == 0);
        free(again);
        if (n != 0) need(ek_base64_decode(data, size, out, n - 1, &m) == EK_E_FULL);
    }
    n = ek_base64_encode(data, size, text);
    need(n == ek_base64_encoded_len(size));
    need(ek_base64_decode((const uint8_t *)text, n, back, size, &m) == EK_OK && m == size
         && memcmp(back, data, size) == 0);
    if (ek_shortvec_read(data, size, &v, &n) == EK_OK)
        need(ek_shortvec_write(v, short_form) == n && memcmp(short_form, data, n) == 0);
    free(out);
    free(text);
    free(back);
    return 0;
}
