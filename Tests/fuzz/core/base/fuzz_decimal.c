/* Decimals: what parses prints back to the same number, and prints to a text that parses. First byte: number
 * of decimals. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ek_fixed.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    if (n < 1) return 0;
    unsigned decimals = bytes[0] % 20;
    char *text = malloc(n);
    if (text == NULL) return 0;
    memcpy(text, bytes + 1, n - 1);
    int64_t v, again;
    if (ek_parse_decimal(text, n - 1, decimals, &v) == EK_OK) {
        char out[32];
        size_t len = ek_print_decimal(v, decimals, (unsigned)(bytes[0] / 20), out, sizeof out);
        if (len == 0 || len >= sizeof out || out[len] != 0) abort();
        if (ek_parse_decimal(out, len, decimals, &again) != EK_OK || again != v) abort();
    }
    free(text);
    return 0;
}
