/* The signer's counters in their file: the newer whole slot counts, a torn write costs nothing, damage is
 * never taken for a fresh start. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "base/ek_bytes.h"
#include "signer/sys_ledger.h"
#include "solana/ek_crypto.h"

static char dir[] = "/tmp/ek-ledger-XXXXXX", path[64];
static ek_ledger ledger;
static uint64_t generation, least;
static char text[SYS_LEDGER_TEXT];

static int opened(void) {
    memset(text, 0, sizeof text);
    return sys_ledger_open(path, least, &ledger, &generation, text);
}
static void flip(off_t at) {
    uint8_t byte = 0;
    int fd = open(path, O_RDWR);
    CHECK_EQ(pread(fd, &byte, 1, at), 1);
    byte ^= 0x40;
    CHECK_EQ(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void stored_and_read(void) {
    int fd = opened();
    CHECK(fd >= 0 && generation == 1 && ledger.refusals == 0);
    for (uint32_t i = 1; i <= 3; i++) {
        ledger.refusals = i;
        CHECK_EQ(sys_ledger_store(fd, &ledger, &generation), 0);
        CHECK_EQ(generation, i + 1);
    }
    close(fd);
    memset(&ledger, 0xFF, sizeof ledger);
    fd = opened();
    CHECK(fd >= 0 && generation == 4 && ledger.refusals == 3);
    close(fd);
}

static void a_torn_write_costs_the_last_one(void) {
    flip(40); /* slot 0 holds generation 4 */
    int fd = opened();
    CHECK(fd >= 0 && generation == 3 && ledger.refusals == 2);
    close(fd);
    flip(SYS_LEDGER_SLOT); /* and now the other one, too */
    CHECK_EQ(opened(), -1);
    CHECK(strstr(text, "damaged; they are not replaced") != NULL);
    flip(SYS_LEDGER_SLOT);
    flip(40);
}

/* Whoever may cut a file short must not reset a count by it. */
static void a_shrunken_file_is_damaged(void) {
    static uint8_t whole[SYS_LEDGER_BYTES];
    int fd = open(path, O_RDWR);
    CHECK_EQ(pread(fd, whole, sizeof whole, 0), SYS_LEDGER_BYTES);
    for (off_t n = SYS_LEDGER_BYTES - 1; n >= 0; n -= n > 8200 || n < 8 ? 1 : n > 8100 ? 7
                                                                                       : 1021) {
        CHECK_EQ(ftruncate(fd, n), 0);
        CHECK_EQ(opened(), -1);
        CHECK(strstr(text, "damaged") != NULL);
        if (n < 1) break;
        if (n > 8300 && n < SYS_LEDGER_BYTES - 20) n = 8300;
    }
    CHECK_EQ(pwrite(fd, whole, sizeof whole, 0), SYS_LEDGER_BYTES);
    close(fd);
    fd = opened();
    CHECK(fd >= 0 && generation == 4);
    close(fd);
}

static void an_older_file_is_refused(void) {
    least = 4;
    int fd = opened();
    CHECK(fd >= 0);
    close(fd);
    least = 5;
    CHECK_EQ(opened(), -1);
    CHECK(strstr(text, "older") != NULL);
    unlink(path);
    CHECK_EQ(opened(), -1); /* and none at all is not a new one */
    least = 0;
    fd = opened();
    CHECK(fd >= 0 && generation == 1);
    close(fd);
}

static void one_at_a_time(void) {
    int mine = opened(), other = opened();
    CHECK(sys_ledger_lock(mine, 0));
    CHECK(!sys_ledger_lock(other, 30));
    close(mine);
    CHECK(sys_ledger_lock(other, 1000));
    close(other);
}

/* A file as version 0.1 wrote it: bindings and counts go on, and its slots are gone afterwards. */
static void taken_over_from_the_first_version(void) {
    static uint8_t old[2048], now[SYS_LEDGER_BYTES];
    const int64_t hour = 500000;
    for (uint64_t g = 6; g <= 7; g++) {
        uint8_t *slot = old + (g & 1) * 1024;
        memcpy(slot, "EKSIGNR1", 8);
        ek_set_u64(slot + 8, g);
        ek_set_u64(slot + 16, (uint64_t)hour);
        ek_set_u64(slot + 24, (uint64_t)hour / 24);
        ek_set_u32(slot + 32, (uint32_t)g); /* orders */
        ek_set_u32(slot + 36, 2);
        ek_set_u64(slot + 40, 1000 + g); /* notional */
        memcpy(slot + 64, "SOL-PERP", 8);
        slot[64 + 48] = 3; /* market index */
        ek_blake2b_256(slot, 528, slot + 528);
    }
    unlink(path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK_EQ(pwrite(fd, old, sizeof old, 0), (ssize_t)sizeof old);
    close(fd);
    fd = opened();
    CHECK(fd >= 0 && generation > 7);
    CHECK(ek_rolling_sum(&ledger.orders) == 7 && ek_rolling_sum(&ledger.notional) == 1007);
    CHECK(ledger.refusals == 2 && ledger.pins[0].market_index == 3 && ledger.limit_from == EK_LIMIT_UNSET);
    CHECK_EQ(pread(fd, now, sizeof now, 0), SYS_LEDGER_BYTES);
    CHECK(memcmp(now, "EKSIGNR2", 8) == 0 && memcmp(now + SYS_LEDGER_SLOT, "EKSIGNR2", 8) == 0);
    CHECK(memcmp(now + 1024, "EKSIGNR1", 8) != 0);
    close(fd);
    /* A crash between the two writes: the old slots are still in front. */
    fd = open(path, O_RDWR);
    CHECK_EQ(pwrite(fd, old, sizeof old, 0), (ssize_t)sizeof old);
    close(fd);
    uint64_t first = generation - 1;
    fd = opened();
    CHECK(fd >= 0 && generation > first && ek_rolling_sum(&ledger.orders) == 7);
    CHECK_EQ(pread(fd, now, sizeof now, 0), SYS_LEDGER_BYTES);
    CHECK_EQ(memcmp(now, "EKSIGNR2", 8), 0);
    close(fd);
    /* Cut down to where the old slots were, there is nothing of them. */
    CHECK_EQ(truncate(path, 2048), 0);
    CHECK_EQ(opened(), -1);
}

static void what_is_no_file(void) {
    char link[80];
    snprintf(link, sizeof link, "%s/link", dir);
    CHECK_EQ(symlink(path, link), 0);
    CHECK_EQ(sys_ledger_open(link, 0, &ledger, &generation, text), -1);
    CHECK(strstr(text, "cannot be opened") != NULL);
    CHECK_EQ(sys_ledger_open(dir, 0, &ledger, &generation, text), -1);
    static uint8_t slot[SYS_LEDGER_SLOT];
    CHECK_EQ(sys_ledger_read(slot, sizeof slot, &ledger, &generation), 0);
    CHECK_EQ(sys_ledger_read(slot, 0, &ledger, &generation), 0);
    unlink(link);
}

int main(void) {
    CHECK_EQ(ek_crypto_init(), EK_OK);
    if (mkdtemp(dir) == NULL) return 1;
    snprintf(path, sizeof path, "%s/ledger", dir);
    RUN(stored_and_read);
    RUN(a_torn_write_costs_the_last_one);
    RUN(a_shrunken_file_is_damaged);
    RUN(an_older_file_is_refused);
    RUN(one_at_a_time);
    RUN(taken_over_from_the_first_version);
    RUN(what_is_no_file);
    unlink(path);
    rmdir(dir);
    return check_end();
}
