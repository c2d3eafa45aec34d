/* The key file's reader over a file in memory: accepted only when the bytes are the pair, refused with a text
 * otherwise. */
#include "solana/ek_crypto.h"
#include "signer/sys_keyfile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void need(int ok) {
    if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int fd = -1;
    static char path[64], text[384];
    if (fd < 0) {
        fd = memfd_create("key", MFD_CLOEXEC);
        need(fd >= 0 && fchmod(fd, 0600) == 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    need(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    sys_key key;
    ek_err err = sys_key_load(path, &key, text);
    need((err == EK_OK) == (text[0] == 0) && (err == EK_OK) == (key.secret != NULL));
    if (err == EK_OK) {
        ek_key pub;
        uint8_t secret[64];
        ek_ed25519_from_seed(key.secret, &pub, secret);
        need(memcmp(secret, sys_key_secret(&key), 64) == 0 && memcmp(pub.bytes, key.pub.bytes, 32) == 0);
    } else {
        need(err == EK_E_SYNTAX || err == EK_E_CRYPTO);
    }
    sys_key_free(&key);
    return 0;
}
