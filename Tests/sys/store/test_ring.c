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
    s.network_e6 = -1;
    s.interest_e6 = 2;
    s.slippage_e6 = INT64_MIN;
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
    spoil(8, 1); /* version 3, and the check no longer fits */
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
    page[8] = EK_RING_VERSION + 1;
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
    CHECK(r->failures == 1 && r->dropped == 15 && r->retry_ms == 61000);
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
    CHECK_EQ(sys_ring_sample(r, EK_RING_MINUTES, 25, &s), EK_OK);
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
    CHECK_EQ(r->written_bytes, (57 + 3) * 25 * EK_RING_SAMPLE); /* whole pages: 240 KB */
    sys_ring_close(r);
}

/* A file as version 0.1 left it: `n` minutes and quarters, one correction. */
static void old_file(int n) {
    static uint8_t file[EK_RING_FILE_1];
    uint8_t record[1 + EK_RING_CORRECTION], digest[32];
    memset(file, 0, sizeof file);
    CHECK_EQ(ek_ring_header("velocity", &owner, 3, file), EK_OK);
    file[8] = 1;
    ek_blake2b_256(file, 64, digest);
    memcpy(file + 64, digest, 8);
    for (int ring = EK_RING_MINUTES; ring <= EK_RING_QUARTERS; ring++)
        for (int i = 1; i <= n; i++) {
            ek_sample s = sample(60 * i, i);
            s.seq = (uint32_t)i;
            s.flags = EK_SAMPLE_LAST_OF_GROUP;
            ek_sample_encode(ring, &s, record + 1);
            record[4] = (uint8_t)(ring + 1); /* over the check: what version 1 has of it is sealed anew */
            ek_blake2b_256(record + 4, EK_RING_SAMPLE_1 - 3, digest);
            memcpy(record + 1, digest, 4);
            memcpy(file + ek_ring_place(EK_RING_OLD + ring, s.seq), record + 1, EK_RING_SAMPLE_1);
        }
    ek_ring_correction c = {.seq = 1, .market = "SOL-PERP", .size_base_e9 = 7};
    ek_ring_correction_encode(&c, file + ek_ring_place(EK_RING_OLD + EK_RING_CORRECTIONS, 1));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(write(fd, file, sizeof file) == (ssize_t)sizeof file);
    close(fd);
}

static void an_old_file_is_read_and_carried_over(void) {
    fresh();
    old_file(2000); /* the minutes went round */
    spoil((long)ek_ring_place(EK_RING_OLD + EK_RING_MINUTES, 1500) + 50, 1);
    static sys_ring r;
    ek_sample s;
    ek_vault_split then;
    CHECK_EQ(sys_ring_open_read(path, &r), SYS_RING_OK);
    CHECK_EQ(r.newest[EK_RING_MINUTES], 2000);
    CHECK_EQ(sys_ring_oldest(&r, EK_RING_MINUTES), 2000 - 1472 + 1);
    CHECK_EQ(sys_ring_sample(&r, EK_RING_MINUTES, 1700, &s), EK_OK);
    CHECK(s.equity_e6 == 1700 && s.network_e6 == 0 && s.slippage_e6 == 0 && s.leverage_e2 == UINT16_MAX);
    CHECK_EQ(sys_ring_split_at(&r, 60 * 1600, &then), EK_OK);
    CHECK(then.unix_s == 60 * 1600 && then.equity_e6 == 1600 && then.interest_e6 == 0);
    sys_ring_refresh(&r);
    CHECK_EQ(r.newest[EK_RING_QUARTERS], 2000);
    sys_ring_close(&r);

    sys_ring *w = opened(); /* the agent's: made anew from what is whole */
    for (int again = 0; again < 2; again++) {
        struct stat sb;
        CHECK(stat(path, &sb) == 0 && sb.st_size == (off_t)EK_RING_FILE && (sb.st_mode & 0777) == 0600);
        CHECK(w->version == EK_RING_VERSION && w->writable && w->dropped == 0);
        CHECK_EQ(sys_ring_newest(w, EK_RING_MINUTES), 1471); /* without the rotten one */
        CHECK_EQ(sys_ring_newest(w, EK_RING_QUARTERS), 2000);
        CHECK_EQ(sys_ring_sample(w, EK_RING_MINUTES, 1471, &s), EK_OK);
        CHECK_EQ(s.equity_e6, 2000);
        CHECK_EQ(sys_ring_sample(w, EK_RING_QUARTERS, 1, &s), EK_OK);
        CHECK_EQ(s.equity_e6, 1);
        ek_ring_correction c;
        CHECK_EQ(sys_ring_correction(w, 1, &c), EK_OK);
        CHECK_EQ(c.size_base_e9, 7);
        s = sample(200000, 5);
        if (again) sys_ring_add_sample(w, EK_RING_MINUTES, &s, 0);
        sys_ring_close(w);
        w = opened();
    }
    CHECK_EQ(sys_ring_sample(w, EK_RING_MINUTES, 1472, &s), EK_OK);
    CHECK(s.equity_e6 == 5 && s.slippage_e6 == INT64_MIN);
    sys_ring_close(w);
}

static void an_old_file_stays_where_it_cannot_be_carried_over(void) {
    fresh();
    old_file(10);
    char temporary[80];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    CHECK(mkdir(temporary, 0700) == 0); /* in the way of the new one */
    static sys_ring r;
    CHECK_EQ(sys_ring_open(path, "velocity", &owner, 3, &r), SYS_RING_IO);
    CHECK_EQ(r.fd, -1);
    CHECK(rmdir(temporary) == 0);
    struct stat sb;
    CHECK(stat(path, &sb) == 0 && sb.st_size == (off_t)EK_RING_FILE_1);
    ek_key other = owner;
    other.bytes[0] ^= 1;
    CHECK_EQ(sys_ring_open(path, "velocity", &other, 3, &r), SYS_RING_FOREIGN);
    CHECK(truncate(path, EK_RING_FILE) == 0); /* of neither size */
    CHECK_EQ(sys_ring_open(path, "velocity", &owner, 3, &r), SYS_RING_FOREIGN);
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
    RUN(an_old_file_is_read_and_carried_over);
    RUN(an_old_file_stays_where_it_cannot_be_carried_over);
    unlink(path);
    rmdir(dir);
    return check_end();
}
