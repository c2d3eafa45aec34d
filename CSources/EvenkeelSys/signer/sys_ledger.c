#include "signer/sys_ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ek_bytes.h"
#include "solana/ek_crypto.h"
#include "../base/sys_write.h"

/* A slot: magic 8, generation 8, ledger 512, BLAKE2b-256 of the 528 bytes before. */
enum { SLOT = 1024, BODY = 16 + sizeof(ek_policy_ledger), WHOLE = BODY + 32 };
static const char MAGIC[] = "EKSIGNR1"; /* eight bytes of it */

int sys_ledger_read(const uint8_t *bytes, size_t n, ek_policy_ledger *ledger, uint64_t *generation) {
    uint8_t check[32];
    if (n < WHOLE || memcmp(bytes, MAGIC, 8) != 0) return 0;
    ek_blake2b_256(bytes, BODY, check);
    if (memcmp(check, bytes + BODY, 32) != 0) return 0;
    memcpy(generation, bytes + 8, 8);
    memcpy(ledger, bytes + 16, sizeof *ledger);
    for (uint32_t i = 0; i < EK_POLICY_MARKETS; i++)
        if (ledger->pins[i].name[15] != 0) return 0;
    return *generation > 0 && *generation < UINT64_MAX;
}

int sys_ledger_store(int fd, const ek_policy_ledger *ledger, uint64_t *generation) {
    uint8_t bytes[WHOLE];
    uint64_t next = *generation + 1;
    memcpy(bytes, MAGIC, 8);
    memcpy(bytes + 8, &next, 8);
    memcpy(bytes + 16, ledger, sizeof *ledger);
    ek_blake2b_256(bytes, BODY, bytes + BODY);
    int err = sys_write_at(fd, bytes, sizeof bytes, (off_t)((next & 1) * SLOT));
    if (err == 0) *generation = next;
    return err;
}

int sys_ledger_open(const char *path, ek_policy_ledger *ledger, uint64_t *generation,
                    char text[SYS_LEDGER_TEXT]) {
    uint8_t bytes[2 * SLOT];
    ek_policy_ledger other;
    uint64_t newer = 0;
    struct stat sb;
    memset(ledger, 0, sizeof *ledger);
    *generation = 0;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0) {
        snprintf(text, SYS_LEDGER_TEXT, "%s: the signer's counters cannot be opened: %s", path,
                 strerror(errno));
        return -1;
    }
    ssize_t n = -1;
    if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode)) n = pread(fd, bytes, sizeof bytes, 0);
    if (n < 0) {
        snprintf(text, SYS_LEDGER_TEXT, "%s: the signer's counters cannot be read, or it is no regular file",
                 path);
        close(fd);
        return -1;
    }
    for (size_t at = 0; at < sizeof bytes; at += SLOT) {
        size_t left = (size_t)n > at ? (size_t)n - at : 0;
        if (sys_ledger_read(bytes + at, left, &other, &newer) && newer > *generation) {
            *ledger = other;
            *generation = newer;
        }
    }
    if (n > 0 && *generation == 0) {
        snprintf(
            text, SYS_LEDGER_TEXT,
            "%s: the signer's counters are damaged; they are not replaced: remove the file when you know why",
            path);
        close(fd);
        return -1;
    }
    return fd;
}
