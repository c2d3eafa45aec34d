/* The signer's counters in their file: the newer whole slot counts, a torn write costs nothing, damage is
 * never taken for a fresh start. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "signer/sys_ledger.h"
#include "solana/ek_crypto.h"

static char dir[] = "/tmp/ek-ledger-XXXXXX", path[64];
static ek_policy_ledger ledger;
static uint64_t generation;
static char text[SYS_LEDGER_TEXT];

static int opened(void) {
    memset(text, 0, sizeof text);
    return sys_ledger_open(path, &ledger, &generation, text);
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
    CHECK(fd >= 0 && generation == 0 && ledger.orders == 0);
    for (uint32_t i = 1; i <= 3; i++) {
        ledger.orders = i;
        CHECK_EQ(sys_ledger_store(fd, &ledger, &generation), 0);
        CHECK_EQ(generation, i);
    }
    close(fd);
    memset(&ledger, 0xFF, sizeof ledger);
    fd = opened();
    CHECK(fd >= 0 && generation == 3 && ledger.orders == 3);
    close(fd);
}

static void a_torn_write_costs_the_last_one(void) {
    flip(1024 + 40); /* slot 1 holds generation 3 */
    int fd = opened();
    CHECK(fd >= 0 && generation == 2 && ledger.orders == 2);
    close(fd);
    flip(0); /* and now the other one, too */
    CHECK_EQ(opened(), -1);
    CHECK(strstr(text, "damaged; they are not replaced") != NULL);
    flip(0);
    CHECK_EQ(truncate(path, 1030), 0);
    fd = opened();
    CHECK(fd >= 0 && generation == 2);
    close(fd);
}

static void what_is_no_file(void) {
    char link[80];
    snprintf(link, sizeof link, "%s/link", dir);
    CHECK_EQ(symlink(path, link), 0);
    CHECK_EQ(sys_ledger_open(link, &ledger, &generation, text), -1);
    CHECK(strstr(text, "cannot be opened") != NULL);
    CHECK_EQ(sys_ledger_open(dir, &ledger, &generation, text), -1);
    uint8_t slot[1024] = {0};
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
    RUN(what_is_no_file);
    unlink(path);
    rmdir(dir);
    return check_end();
}
