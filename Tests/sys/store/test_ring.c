/* ek_ring and sys_ring: the history's records and its file, whole, damaged, foreign, full and on a disk that
 * refuses. */
#include "check.h"
#include "solana/ek_crypto.h"
#include "store/ek_record.h"
#include "store/sys_ring.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/ek-ring-XXXXXX", path[64];
static ek_key owner;

static ek_sample sample(int64_t unix_s, int64_t equity) {
    ek_sample s;
    memset(&s, 0, sizeof s);
    s.unix_s = unix_s;
    s.slot = (uint64_t)unix_s * 2;
    s.equity_e6 = equity;
    s.delta_e6 = -equity;
    s.perp_price_e6 = INT64_MAX;
    s.leverage_e2 = UINT16_MAX;
    s.drift_ppm = INT32_MIN;
    return s;
}

static sys_ring *opened(void) {
    static sys_ring r;
    CHECK_EQ(sys_ring_open(path, "velocity", &owner, 3, &r), SYS_RING_OK);
    return &r;
}

static void fresh(void) { unlink(path); }

static void spoil(long at, uint8_t with) {
    int fd = open(path, O_RDWR);
    uint8_t b;
    CHECK(pread(fd, &b, 1, at) == 1);
    b ^= with;
    CHECK(pwrite(fd, &b, 1, at) == 1);
    close(fd);
}

static void a_sample_comes_back_whole(void) {
    uint8_t bytes[EK_RING_SAMPLE];
    ek_sample s = sample(1786205390, -7), back;
    s.seq = 9;
    ek_sample_encode(EK_RING_MINUTES, &s, bytes);
    CHECK_EQ(ek_sample_decode(EK_RING_MINUTES, bytes, sizeof bytes, &back), EK_OK);
    CHECK(memcmp(&s, &back, sizeof s) == 0);
    /* of the other ring */
    CHECK_EQ(ek_sample_decode(EK_RING_QUARTERS, bytes, sizeof bytes, &back), EK_E_CHECKSUM);
    CHECK_EQ(ek_sample_decode(EK_RING_MINUTES, bytes, sizeof bytes - 1, &back), EK_E_SHORT);
    CHECK_EQ(ek_ring_seq_at(EK_RING_MINUTES, 8, bytes, sizeof bytes), 9);
    CHECK_EQ(ek_ring_seq_at(EK_RING_MINUTES, 9, bytes, sizeof bytes), 0); /* in a wrong place */
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 0x10;
        CHECK(ek_sample_decode(EK_RING_MINUTES, bytes, sizeof bytes, &back) != EK_OK);
        bytes[i] ^= 0x10;
    }
    memset(bytes, 0, sizeof bytes);
    CHECK_EQ(ek_sample_decode(EK_RING_MINUTES, bytes, sizeof bytes, &back), EK_E_MISSING);
}

static void the_file_has_its_size_at_once(void) {
    fresh();
    sys_ring *r = opened();
    struct stat sb;
    CHECK(stat(path, &sb) == 0 && sb.st_size == (off_t)EK_RING_FILE && (sb.st_mode & 0777) == 0600);
    CHECK(EK_RING_FILE + EK_RECORD_FILE <= 1u << 20);
    CHECK(sb.st_blocks * 512 >= (blkcnt_t)EK_RING_FILE);
    sys_ring_close(r);
    sys_ring_close(r); /* twice is harmless */
}

static void what_was_written_is_found_again(void) {
    fresh();
    sys_ring *r = opened();
    ek_sample s;
    for (int i = 0; i < 5000; i++) { /* three times round */
        s = sample(1000 + i * 60, i);
        sys_ring_add_sample(r, EK_RING_MINUTES, &s, 0);
        if (i % 15 == 0) sys_ring_add_sample(r, EK_RING_QUARTERS, &s, 0);
    }
    ek_ring_correction c;
    memset(&c, 0, sizeof c);
    memcpy(c.market, "SOL-PERP", 8);
    c.size_base_e9 = 150000000;
    c.signature[63] = 0xFF;
    sys_ring_add_correction(r, &c, 0);
    for (int again = 0; again < 2; again++) {
        CHECK_EQ(sys_ring_newest(r, EK_RING_MINUTES), 5000);
        CHECK_EQ(sys_ring_oldest(r, EK_RING_MINUTES), 5000 - EK_RING_MINUTES_CAP + 1);
        CHECK_EQ(sys_ring_sample(r, EK_RING_MINUTES, 5000, &s), EK_OK);
        CHECK_EQ(s.equity_e6, 4999);
        CHECK_EQ(sys_ring_sample(r, EK_RING_MINUTES, sys_ring_oldest(r, EK_RING_MINUTES), &s), EK_OK);
        CHECK_EQ(s.equity_e6, 5000 - (int)EK_RING_MINUTES_CAP);
        CHECK_EQ(sys_ring_sample(r, EK_RING_MINUTES, sys_ring_oldest(r, EK_RING_MINUTES) - 1, &s),
                 EK_E_MISSING);
        CHECK_EQ(sys_ring_sample(r, EK_RING_MINUTES, 5001, &s), EK_E_MISSING);
        CHECK_EQ(sys_ring_find(r, EK_RING_MINUTES, 1000 + 4500 * 60), 4501);
        CHECK_EQ(sys_ring_find(r, EK_RING_MINUTES, 0), sys_ring_oldest(r, EK_RING_MINUTES));
        CHECK_EQ(sys_ring_find(r, EK_RING_MINUTES, INT64_MAX), 5001);
        ek_ring_correction back;
        CHECK_EQ(sys_ring_correction(r, 1, &back), EK_OK);
        CHECK(strcmp(back.market, "SOL-PERP") == 0 && back.signature[63] == 0xFF
              && back.size_base_e9 == 150000000);
        sys_ring_close(r);
        r = opened();
    }
    sys_ring_close(r);
}

static void a_rotten_record_is_skipped(void) {
    fresh();
    sys_ring *r = opened();
    for (int i = 0; i < 100; i++) {
        ek_sample s = sample(1000 + i, i);
        sys_ring_add_sample(r, EK_RING_MINUTES, &s, 0);
    }
    sys_ring_close(r);
    for (uint32_t seq = 50; seq < 60; seq++) spoil((long)ek_ring_place(EK_RING_MINUTES, seq) + 77, 0x40);
    /* the newest too: counting goes on from the one before */
    spoil((long)ek_ring_place(EK_RING_MINUTES, 100) + 3, 1);
    r = opened();
    ek_sample s;
    CHECK_EQ(sys_ring_newest(r, EK_RING_MINUTES), 99);
    CHECK_EQ(sys_ring_sample(r, EK_RING_MINUTES, 55, &s), EK_E_CHECKSUM);
    CHECK_EQ(sys_ring_sample(r, EK_RING_MINUTES, 60, &s), EK_OK);
    CHECK(sys_ring_find(r, EK_RING_MINUTES, 1040) == 41 && sys_ring_find(r, EK_RING_MINUTES, 1070) == 71);
    sys_ring_close(r);
}

static void a_reader_follows_beside_the_writer(void) {
    fresh();
    sys_ring *w = opened();
    static sys_ring r;
    ek_sample s = sample(5, 5);
    CHECK_EQ(sys_ring_open_read(path, &r), SYS_RING_OK);
    sys_ring_add_sample(w, EK_RING_MINUTES, &s, 0);
    sys_ring_refresh(&r);
    CHECK_EQ(sys_ring_newest(&r, EK_RING_MINUTES), 0); /* still in the writer's memory */
    CHECK_EQ(sys_ring_flush(w, 0), 0);
    sys_ring_refresh(&r);
    CHECK_EQ(sys_ring_newest(&r, EK_RING_MINUTES), 1);
    for (int i = 0; i < 4 * (int)EK_RING_MINUTES_CAP; i++) sys_ring_add_sample(w, EK_RING_MINUTES, &s, 0);
    sys_ring_refresh(&r); /* gone round four times meanwhile */
    CHECK_EQ(sys_ring_newest(&r, EK_RING_MINUTES), 4 * EK_RING_MINUTES_CAP);
    spoil((long)ek_ring_place(EK_RING_MINUTES, 4 * EK_RING_MINUTES_CAP + 1) + 9, 0);
    CHECK_EQ(sys_ring_flush(w, 0), 0);
    sys_ring_refresh(&r);
    CHECK_EQ(sys_ring_newest(&r, EK_RING_MINUTES), 4 * EK_RING_MINUTES_CAP + 1);
    CHECK_EQ(sys_ring_sample(&r, EK_RING_MINUTES, 4 * EK_RING_MINUTES_CAP + 1, &s), EK_OK);
    sys_ring_add_sample(&r, EK_RING_MINUTES, &s, 0); /* a reader writes nothing */
    CHECK_EQ(sys_ring_newest(&r, EK_RING_MINUTES), 4 * EK_RING_MINUTES_CAP + 1);
    sys_ring_close(&r);
    sys_ring_close(w);
}

static void a_foreign_file_is_left_alone(void) {
    fresh();
    sys_ring_close(opened());
    static sys_ring r;
    ek_key other = owner;
    other.bytes[0] ^= 1;
    CHECK_EQ(sys_ring_open(path, "velocity", &other, 3, &r), SYS_RING_FOREIGN);
    CHECK_EQ(sys_ring_open(path, "drift", &owner, 3, &r), SYS_RING_FOREIGN);
    CHECK_EQ(sys_ring_open(path, "velocity", &owner, 4, &r), SYS_RING_FOREIGN);
    CHECK(strstr(sys_ring_text(&r), "another account") != NULL && r.fd == -1);
    uint8_t page[EK_RING_PAGE];
    CHECK_EQ(ek_ring_header("velocity", &owner, 3, page), EK_OK);
    CHECK_EQ(ek_ring_header_check(page, sizeof page, "velocity", &owner, 3), EK_OK);
    CHECK_EQ(ek_ring_header("a name of 16 by.", &owner, 3, page), EK_E_RANGE);
    spoil(8, 2); /* version 3, and the check no longer fits */
    CHECK_EQ(sys_ring_open(path, "velocity", &owner, 3, &r), SYS_RING_FOREIGN);
    CHECK(truncate(path, 100) == 0);
    CHECK_EQ(sys_ring_open(path, "velocity", &owner, 3, &r), SYS_RING_FOREIGN);
    struct stat sb;
    CHECK(stat(path, &sb) == 0 && sb.st_size == 100); /* never replaced */
    fresh();
    CHECK_EQ(sys_ring_open_read(path, &r), SYS_RING_ABSENT);
    CHECK(mkdir(path, 0700) == 0);
    CHECK(sys_ring_open(path, "velocity", &owner, 3, &r) != SYS_RING_OK);
    CHECK(rmdir(path) == 0);
}

static void a_newer_file_is_told_apart(void) {
    uint8_t page[EK_RING_PAGE], digest[32];
    CHECK_EQ(ek_ring_header("velocity", &owner, 3, page), EK_OK);
    page[8] = 2;
    ek_blake2b_256(page, 64, digest);
    memcpy(page + 64, digest, 8);
    CHECK_EQ(ek_ring_header_known(page, sizeof page), EK_E_VERSION);
}

static void a_disk_that_refuses_costs_samples_and_is_tried_again_later(void) {
    fresh();
    sys_ring *r = opened();
    int good = r->fd;
    r->fd = open(path, O_RDONLY); /* every write is EBADF now */
    ek_sample s = sample(1, 1);
    for (int i = 0; i < 40; i++) sys_ring_add_sample(r, EK_RING_MINUTES, &s, 1000);
    /* one try, a page kept, the rest lost */
    CHECK(r->failures == 1 && r->dropped == 8 && r->retry_ms == 61000);
    CHECK_EQ(sys_ring_flush(r, 60999), EBADF);
    CHECK_EQ(r->failures, 1);
    CHECK_EQ(sys_ring_flush(r, 61000), EBADF);
    CHECK(r->failures == 2 && r->retry_ms == 61000 + 120000);
    for (uint64_t t = 0; r->failures < 12; t += 60000) sys_ring_flush(r, t);
    CHECK(r->retry_ms % 60000 <= 1000);
    close(r->fd);
    r->fd = good;
    CHECK_EQ(sys_ring_flush(r, r->retry_ms), 0);
    CHECK(r->failures == 0 && r->unwritten[EK_RING_MINUTES] == 0);
    CHECK_EQ(sys_ring_sample(r, EK_RING_MINUTES, 32, &s), EK_OK);
    sys_ring_close(r);
}

static void a_quiet_day_writes_little(void) {
    fresh();
    sys_ring *r = opened();
    for (int i = 0; i < 1440; i++) {
        ek_sample s = sample(i * 60, i);
        sys_ring_add_sample(r, EK_RING_MINUTES, &s, 0);
        if (i % 15 == 0) sys_ring_add_sample(r, EK_RING_QUARTERS, &s, 0);
    }
    CHECK(r->written_bytes == 1440 * EK_RING_SAMPLE + 96 * EK_RING_SAMPLE && r->written_bytes <= 256 * 1024);
    sys_ring_close(r);
}

int main(void) {
    CHECK(mkdtemp(dir) != NULL && ek_crypto_init() == EK_OK);
    snprintf(path, sizeof path, "%s/state.bin.ring", dir);
    owner.bytes[7] = 7;
    RUN(a_sample_comes_back_whole);
    RUN(the_file_has_its_size_at_once);
    RUN(what_was_written_is_found_again);
    RUN(a_rotten_record_is_skipped);
    RUN(a_reader_follows_beside_the_writer);
    RUN(a_foreign_file_is_left_alone);
    RUN(a_newer_file_is_told_apart);
    RUN(a_disk_that_refuses_costs_samples_and_is_tried_again_later);
    RUN(a_quiet_day_writes_little);
    unlink(path);
    rmdir(dir);
    return check_end();
}
