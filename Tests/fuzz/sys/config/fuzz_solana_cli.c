/* The few lines init takes from Solana's own config.yml: a value is inside the file, without control bytes,
 * and fits. */
#include "config/sys_config.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char out[40];
    uint8_t *exact = malloc(size == 0 ? 1 : size); /* so that a byte past the end is seen */
    if (size > 0) memcpy(exact, data, size);
    static const char *const keys[] = {"json_rpc_url", "keypair_path", "k"};
    for (int i = 0; i < 3; i++) {
        size_t n = sys_solana_cli_value(exact, size, keys[i], out, sizeof out);
        if (n >= sizeof out) abort();
        if (n > 0 && (strlen(out) != n || memmem(data, size, out, n) == NULL)) abort();
        for (size_t k = 0; k < n; k++)
            if ((unsigned char)out[k] < 0x20) abort();
    }
    free(exact);
    return 0;
}
