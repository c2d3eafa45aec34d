#include "signer/sys_ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/ek_bytes.h"
#include "base/sys_clock.h"
#include "solana/ek_crypto.h"
#include "../base/sys_write.h"

/* A slot: magic 8, generation 8, ledger, BLAKE2b-256 of the bytes before. */
enum { BODY = 16 + sizeof(ek_ledger),
       WHOLE = BODY + 32 };
static const char MAGIC[] = "EKSIGNR2"; /* eight bytes of it */
_Static_assert((int)WHOLE <= (int)SYS_LEDGER_SLOT, "a slot holds a ledger");

/* Of version 0.1: the ledger was 512 bytes. */
enum { OLD_SLOT = 1024,
       OLD_BODY = 16 + 512,
       OLD_WHOLE = OLD_BODY + 32,
       OLD_PINS = 16 + 48 };
static const char OLD_MAGIC[] = "EKSIGNR1";

static int is_whole(const uint8_t *bytes, size_t n, const char *magic, size_t body) {
    uint8_t check[32];
    if (n < body + 32 || memcmp(bytes, magic, 8) != 0) return 0;
    ek_blake2b_256(bytes, body, check);
    return memcmp(check, bytes + body, 32) == 0;
}

int sys_ledger_read(const uint8_t *bytes, size_t n, ek_ledger *ledger, uint64_t *generation) {
    if (!is_whole(bytes, n, MAGIC, BODY)) return 0;
    memcpy(generation, bytes + 8, 8);
    memcpy(ledger, bytes + 16, sizeof *ledger);
    return *generation > 0 && *generation < UINT64_MAX - 2 && ek_ledger_valid(ledger);
}

/* Its counts were of a clock hour and a UTC day; they become counts of that hour's last second, so that they
 * hold no shorter than they did. */
int sys_ledger_read_old(const uint8_t *bytes, size_t n, ek_ledger *ledger, uint64_t *generation) {
    if (!is_whole(bytes, n, OLD_MAGIC, OLD_BODY)) return 0;
    int64_t hour = ek_get_i64(bytes + 16);
    *generation = ek_get_u64(bytes + 8);
    if (hour < 0 || hour > (int64_t)1 << 32 || *generation == 0 || *generation >= UINT64_MAX - 4) return 0;
    memset(ledger, 0, sizeof *ledger);
    ledger->begun = 1;
    ledger->time_s = hour * 3600 + 3599;
    ek_rolling_turn(&ledger->orders, EK_ROLLING_HOUR_S, ledger->time_s);
    ek_rolling_turn(&ledger->notional, EK_ROLLING_DAY_S, ledger->time_s);
    ek_rolling_turn(&ledger->loss, EK_ROLLING_DAY_S, ledger->time_s);
    ek_rolling_add(&ledger->orders, ek_get_u32(bytes + 32));
    ledger->refusals = ek_get_u32(bytes + 36);
    ek_rolling_add(&ledger->notional, ek_get_u64(bytes + 40));
    ledger->signed_total = ek_get_u64(bytes + 48);
    ledger->refused_total = ek_get_u64(bytes + 56);
    memcpy(ledger->pins, bytes + OLD_PINS, sizeof ledger->pins);
    return ek_ledger_valid(ledger);
}

int sys_ledger_store(int fd, const ek_ledger *ledger, uint64_t *generation) {
    static uint8_t bytes[SYS_LEDGER_SLOT];
    uint64_t next = *generation + 1;
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, MAGIC, 8);
    memcpy(bytes + 8, &next, 8);
    memcpy(bytes + 16, ledger, sizeof *ledger);
    ek_blake2b_256(bytes, BODY, bytes + BODY);
    int err = sys_write_at(fd, bytes, sizeof bytes, (off_t)((next & 1) * SYS_LEDGER_SLOT));
    if (err == 0) *generation = next;
    return err;
}

int sys_ledger_lock(int fd, int wait_ms) {
    int64_t ends = sys_mono_ms() + wait_ms;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return 0;
        if (sys_mono_ms() >= ends) return 0;
        nanosleep(&(struct timespec){.tv_sec = 0, .tv_nsec = 10000000}, NULL);
    }
    return 1;
}

void sys_ledger_close(int fd) {
    if (fd >= 0) close(fd);
}

/* The newer whole slot of a file of n bytes, of this version or the one before. 0: none. */
static int newest(const uint8_t *bytes, size_t n, ek_ledger *ledger, uint64_t *generation) {
    static ek_ledger other;
    uint64_t newer = 0;
    *generation = 0;
    for (size_t at = 0; n == SYS_LEDGER_BYTES && at < n; at += SYS_LEDGER_SLOT)
        if (sys_ledger_read(bytes + at, SYS_LEDGER_SLOT, &other, &newer) && newer > *generation) {
            *ledger = other;
            *generation = newer;
        }
    if (*generation > 0) return 1;
    /* A crash while the old file was taken over leaves it whole in front of a new slot that is not. */
    for (size_t at = 0; at < 2 * OLD_SLOT && at < n; at += OLD_SLOT)
        if (sys_ledger_read_old(bytes + at, n - at, &other, &newer) && newer > *generation) {
            *ledger = other;
            *generation = newer;
        }
    return *generation > 0;
}

static int refuse(int fd, const char *path, const char *why, char text[SYS_LEDGER_TEXT]) {
    snprintf(text, SYS_LEDGER_TEXT, "%s: the signer's counters %s", path, why);
    if (fd >= 0) close(fd);
    return -1;
}

int sys_ledger_look(const char *path, ek_ledger *ledger, char text[SYS_LEDGER_TEXT]) {
    static uint8_t bytes[SYS_LEDGER_BYTES];
    uint64_t generation = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        int err = errno;
        if (err == ENOENT) refuse(-1, path, "are not there yet: the first live start makes them", text);
        else refuse(-1, path, strerror(err), text);
        return 0;
    }
    ssize_t n = pread(fd, bytes, sizeof bytes, 0);
    if (n < 0 || !newest(bytes, (size_t)n, ledger, &generation)) {
        refuse(fd, path, "are damaged, or it is no such file", text);
        return 0;
    }
    close(fd);
    return 1;
}

void sys_ledger_clock(const uint8_t boot_id[EK_LEDGER_BOOT_ID], ek_ledger_clock *clock) {
    clock->unix_s = sys_unix_ms() / 1000;
    clock->boot_s = sys_boot_ms() / 1000;
    memcpy(clock->boot_id, boot_id, EK_LEDGER_BOOT_ID);
}

/* A new ledger, written at once: a file without a slot would be taken for a damaged one. */
static int make(const char *path, ek_ledger *ledger, uint64_t *generation, char text[SYS_LEDGER_TEXT]) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return refuse(-1, path, strerror(errno), text);
    memset(ledger, 0, sizeof *ledger);
    *generation = 0;
    int err = sys_ledger_store(fd, ledger, generation);
    if (err == 0) return fd;
    unlink(path); /* ours: O_EXCL made it */
    return refuse(fd, path, strerror(err), text);
}

/* The first slot of this version goes behind the old ones, so that a crash meanwhile loses nothing; the
 * second goes over them, so that nobody can go back to them by cutting the file short. */
static int take_over(int fd, size_t n, const ek_ledger *ledger, uint64_t *generation) {
    if (n < SYS_LEDGER_BYTES) {
        *generation = (*generation | 1) + 1; /* even: the next one is odd and goes into the second slot */
        if (sys_ledger_store(fd, ledger, generation) != 0) return 0;
    }
    return sys_ledger_store(fd, ledger, generation) == 0;
}

int sys_ledger_open(const char *path, uint64_t least_generation, ek_ledger *ledger, uint64_t *generation,
                    char text[SYS_LEDGER_TEXT]) {
    static uint8_t bytes[SYS_LEDGER_BYTES];
    struct stat sb;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT && least_generation == 0) return make(path, ledger, generation, text);
    if (fd < 0) {
        char why[200];
        snprintf(why, sizeof why, "cannot be opened: %s", strerror(errno));
        return refuse(fd, path, why, text);
    }
    ssize_t n = -1;
    if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode)) n = pread(fd, bytes, sizeof bytes, 0);
    if (n < 0) return refuse(fd, path, "cannot be read, or it is no regular file", text);
    if (sb.st_size > SYS_LEDGER_BYTES || !newest(bytes, (size_t)n, ledger, generation))
        return refuse(fd, path, "are damaged; they are not replaced: remove the file when you know why",
                      text);
    if (*generation < least_generation)
        return refuse(fd, path, "are older than the ones that were written last; nothing is signed with them",
                      text);
    if (memcmp(bytes, OLD_MAGIC, 8) == 0 || memcmp(bytes + OLD_SLOT, OLD_MAGIC, 8) == 0) {
        if (!take_over(fd, (size_t)n, ledger, generation))
            return refuse(fd, path, "cannot be taken over from version 0.1", text);
    }
    return fd;
}
