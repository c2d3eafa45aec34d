/* The file of the alerts that wait. Any bytes are read or refused; what is read is inside its bounds and
 * comes back as it was. */
#include "solana/ek_crypto.h"
#include "store/sys_pending.h"
#include <stdlib.h>
#include <string.h>

static void need(int ok) {
    if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    static sys_pending p, again;
    static uint8_t image[SYS_PENDING_IMAGE];
    static uint8_t sealed[SYS_PENDING_IMAGE + 32];
    if (ek_crypto_init() != EK_OK) return 0;
    if (sys_pending_decode(bytes, n, &p) == 0) need(p.n == 0 && p.dropped == 0);
    /* The digest in its place, so that what lies behind it is reached too. */
    if (n < 160 || n > SYS_PENDING_IMAGE - 32) return 0;
    memcpy(sealed, bytes, n);
    memcpy(sealed, "EKALERT1", 8);
    ek_blake2b_256(sealed, n, sealed + n);
    if (!sys_pending_decode(sealed, n + 32, &p)) return 0;
    need(p.n <= SYS_PENDING_ROOM);
    for (uint32_t i = 0; i < p.n; i++) need(p.alerts[i].len <= SYS_PENDING_TEXT);
    size_t k = sys_pending_encode(&p, image);
    need(k <= SYS_PENDING_IMAGE && sys_pending_decode(image, k, &again) && again.n == p.n
         && again.dropped == p.dropped);
    need(memcmp(&p, &again, sizeof p) == 0);
    return 0;
}
