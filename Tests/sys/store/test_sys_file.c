#include "check.h"
#include "record_2.h"
#include "solana/ek_crypto.h"
#include "base/sys_io.h"
#include "store/sys_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

static char dir[64] = "/tmp/evenkeel-test-XXXXXX", path[128], other[128];
static uint8_t bytes[3 * EK_RECORD_FILE], before[3 * EK_RECORD_FILE];

static const char *in_dir(char out[128], const char *name) {
    snprintf(out, 128, "%s/%s", dir, name);
    return out;
}

static ek_record fresh(void) {
    ek_record r;
    ek_key key;
    uint32_t at;
    memset(key.bytes, 7, sizeof key.bytes);
    CHECK_EQ(ek_record_init(&r, "velocity", &key, 0), EK_OK);
    CHECK_EQ(ek_record_add(&r, "SOL-PERP", 0, &at), EK_OK);
    return r;
}

static void put_file(const char *name, const void *data, size_t n) {
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(sys_write_all(fd, data, n), 0);
    close(fd);
}

static void life(void) {
    ek_record r = fresh(), got;
    sys_state st, second;
    in_dir(path, "state.bin");
    CHECK_EQ(sys_state_open(path, &st, &got), SYS_STATE_ABSENT);
    CHECK_EQ(st.fd, -1);
    CHECK(strstr(sys_state_text(&st), "does not exist") != NULL);
    CHECK_EQ(sys_state_create(path, &r, &st), SYS_STATE_OK);
    CHECK_EQ(r.generation, 2);
    struct stat sb;
    CHECK_EQ(stat(path, &sb), 0);
    CHECK_EQ(sb.st_size, EK_RECORD_FILE);
    CHECK_EQ(sb.st_mode & 0777, 0600);
    CHECK(sb.st_blocks * 512 >= EK_RECORD_FILE);
    CHECK(access(in_dir(other, "state.bin.new"), F_OK) != 0);

    CHECK_EQ(sys_state_open(path, &second, &got), SYS_STATE_LOCKED); /* held since before it had its name */
    CHECK(strstr(second.text, "locked by another evenkeel") != NULL);
    CHECK_EQ(sys_state_create(path, &got, &second), SYS_STATE_EXISTS);
    CHECK_EQ(sys_state_peek(path, &second, &got), SYS_STATE_OK); /* looking needs no lock */
    CHECK_EQ(got.generation, 2);
    CHECK_EQ(sys_state_store(&second, &got), SYS_STATE_IO);

    for (uint64_t i = 0; i < 5; i++) {
        r.ticks_total = 100 + i;
        int was = st.newest;
        CHECK_EQ(sys_state_store(&st, &r), SYS_STATE_OK);
        CHECK_EQ(r.generation, 3 + i);
        CHECK_EQ(st.newest, 1 - was); /* always the other slot */
    }
    CHECK_EQ(st.stores, 5);
    sys_state_close(&st);
    sys_state_close(&st);
    CHECK_EQ(sys_state_open(path, &st, &got), SYS_STATE_OK);
    CHECK_EQ(got.generation, 7);
    CHECK_EQ(got.ticks_total, 104);
    CHECK_EQ(st.slot_err[0], EK_OK);
    CHECK_EQ(st.slot_err[1], EK_OK);
    sys_state_close(&st);
}

/* A store that fails: the newer slot and the caller's record stay, the next store goes through. */
static void failing_disk(void) {
    ek_record r, got;
    sys_state st;
    CHECK_EQ(sys_state_open(path, &st, &r), SYS_STATE_OK);
    uint64_t generation = r.generation;
    int keep = dup(st.fd), full = open("/dev/full", O_RDWR);
    CHECK(keep >= 0 && full >= 0);
    CHECK(dup2(full, st.fd) >= 0);
    r.paused = 1;
    CHECK_EQ(sys_state_store(&st, &r), SYS_STATE_IO);
    CHECK_EQ(st.os_errno, ENOSPC);
    CHECK(strstr(st.text, "cannot be written") != NULL);
    CHECK_EQ(r.generation, generation);
    CHECK_EQ(st.generation, generation);
    CHECK(dup2(keep, st.fd) >= 0);
    r.mode = 9;
    CHECK_EQ(sys_state_store(&st, &r), SYS_STATE_BAD); /* a record that would not load again */
    CHECK_EQ(r.generation, generation);
    r.mode = 0;
    CHECK_EQ(sys_state_store(&st, &r), SYS_STATE_OK);
    CHECK_EQ(r.generation, generation + 1);
    close(keep);
    close(full);
    sys_state_close(&st);
    CHECK_EQ(sys_state_peek(path, &st, &got), SYS_STATE_OK);
    CHECK_EQ(got.paused, 1);
    CHECK_EQ(got.generation, generation + 1);

    int ro = open(path, O_RDONLY);
    CHECK_EQ(sys_state_open(path, &st, &r), SYS_STATE_OK);
    keep = dup(st.fd);
    CHECK(dup2(ro, st.fd) >= 0); /* as after a read-only remount */
    CHECK_EQ(sys_state_store(&st, &r), SYS_STATE_IO);
    CHECK(st.os_errno != 0);
    close(ro);
    close(keep);
    sys_state_close(&st);
}

/* An open ticket stands in both slots: whichever rots, the other one knows of it. Its end goes into one slot
 * again. */
static void open_ticket(void) {
    ek_record r, got;
    sys_state st;
    uint8_t image[EK_RECORD_FILE];
    CHECK_EQ(sys_state_open(path, &st, &r), SYS_STATE_OK);
    uint64_t generation = r.generation;
    uint32_t market = 0;
    CHECK_EQ(ek_record_add(&r, "SOL-PERP", 0, &market), EK_OK);
    r.ticket.market = (uint8_t)market;
    r.ticket.signature[0] = 1;
    r.ticket.tx_len = 1;
    r.ticket.state = EK_TICKET_JOURNALLED;
    r.ticket.kind = EK_KIND_TAKE;
    r.ticket.action = EK_ACTION_EXPAND_SHORT;
    r.ticket.direction = EK_SELL;
    r.ticket.size_base_e9 = 1000000000;
    CHECK_EQ(sys_state_store(&st, &r), SYS_STATE_OK);
    CHECK_EQ(r.generation, generation + 1);
    CHECK_EQ(sys_read_file(path, bytes, sizeof bytes), EK_RECORD_FILE);
    CHECK(memcmp(bytes, bytes + EK_RECORD_SLOT, EK_RECORD_SLOT) == 0);
    for (size_t slot = 0; slot < 2; slot++) {
        int picked;
        ek_err err[2];
        memcpy(image, bytes, sizeof image);
        memset(image + slot * EK_RECORD_SLOT, 0xFF, EK_RECORD_SLOT);
        CHECK_EQ(ek_record_pick(image, sizeof image, &got, &picked, err), EK_OK);
        CHECK_EQ(got.generation, generation + 1);
        CHECK_EQ(got.ticket.state, EK_TICKET_JOURNALLED);
    }
    ek_ticket_clear(&r.ticket);
    CHECK_EQ(sys_state_store(&st, &r), SYS_STATE_OK);
    CHECK_EQ(sys_read_file(path, bytes, sizeof bytes), EK_RECORD_FILE);
    CHECK(memcmp(bytes, bytes + EK_RECORD_SLOT, EK_RECORD_SLOT) != 0);
    sys_state_close(&st);
    CHECK_EQ(sys_state_open(path, &st, &r), SYS_STATE_OK);
    CHECK_EQ(r.generation, generation + 2);
    CHECK_EQ(r.ticket.state, EK_TICKET_NONE);
    sys_state_close(&st);
}

/* Each cut of a store in progress: the slot written is torn, the other one is what loads. */
static void torn_writes(void) {
    ek_record r, got;
    sys_state st;
    CHECK_EQ(sys_state_open(path, &st, &r), SYS_STATE_OK);
    CHECK_EQ(sys_state_store(&st, &r), SYS_STATE_OK);
    CHECK_EQ(sys_read_file(path, before, sizeof before), EK_RECORD_FILE);
    uint64_t generation = r.generation;
    size_t at = st.newest == 0 ? EK_RECORD_SLOT : 0; /* where the next one goes */
    r.ticks_total++;
    CHECK_EQ(sys_state_store(&st, &r), SYS_STATE_OK);
    sys_state_close(&st);
    CHECK_EQ(sys_read_file(path, bytes, sizeof bytes), EK_RECORD_FILE);
    int wrong = 0;
    for (size_t cut = 0; cut <= EK_RECORD_SLOT; cut++) {
        uint8_t image[EK_RECORD_FILE];
        int slot;
        ek_err err[2];
        memcpy(image, before, sizeof image);
        memcpy(image + at, bytes + at, cut);
        ek_err e = ek_record_pick(image, sizeof image, &got, &slot, err);
        /* the whole new one only when every byte that differs is there */
        int whole = memcmp(image, bytes, sizeof image) == 0;
        wrong += e != EK_OK || got.generation != generation + (uint64_t)whole;
    }
    CHECK_EQ(wrong, 0);
}

static void refused_files(void) {
    ek_record r = fresh(), got;
    sys_state st;
    struct { const char *name; size_t n; uint8_t fill; sys_state_result result; const char *part; } bad[] = {
        {"empty", 0, 0, SYS_STATE_BAD, "is empty; left untouched"},
        {"zeros", EK_RECORD_FILE, 0, SYS_STATE_BAD, "no valid record"},
        {"noise", EK_RECORD_FILE, 0x5A, SYS_STATE_BAD, "no valid record"},
        {"short", 100, 'E', SYS_STATE_BAD, "no valid record"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        in_dir(other, bad[i].name);
        memset(before, bad[i].fill, sizeof before);
        put_file(other, before, bad[i].n);
        CHECK_EQ(sys_state_open(other, &st, &got), bad[i].result);
        CHECK(strstr(st.text, bad[i].part) != NULL);
        CHECK(strstr(st.text, other) != NULL);
        CHECK_EQ(st.fd, -1);
        CHECK_EQ(sys_state_create(other, &r, &st), SYS_STATE_EXISTS);
        CHECK_EQ(sys_read_file(other, bytes, sizeof bytes), bad[i].n); /* untouched */
        CHECK_BYTES(bytes, before, bad[i].n);
    }
    in_dir(other, "link");
    CHECK_EQ(symlink(path, other), 0);
    CHECK_EQ(sys_state_open(other, &st, &got), SYS_STATE_NOT_FILE);
    CHECK(strstr(st.text, "symbolic link") != NULL);
    CHECK_EQ(sys_state_create(other, &r, &st), SYS_STATE_EXISTS);
    in_dir(other, "pipe");
    CHECK_EQ(mkfifo(other, 0600), 0);
    CHECK_EQ(sys_state_open(other, &st, &got), SYS_STATE_NOT_FILE); /* and does not wait for a writer */
    CHECK_EQ(sys_state_peek(other, &st, &got), SYS_STATE_NOT_FILE);
    CHECK_EQ(sys_state_open(dir, &st, &got), SYS_STATE_NOT_FILE);
    CHECK_EQ(sys_state_open("", &st, &got), SYS_STATE_NOT_FILE);
    CHECK_EQ(sys_state_open("/nonexistent/dir/state", &st, &got), SYS_STATE_ABSENT);
    CHECK_EQ(sys_state_create("/nonexistent/dir/state", &r, &st), SYS_STATE_IO);
    memset(bytes, 'a', 300);
    bytes[300] = 0;
    CHECK_EQ(sys_state_open((const char *)bytes, &st, &got), SYS_STATE_NOT_FILE);

    /* written by a newer program in one slot: the older slot is not used */
    CHECK_EQ(sys_read_file(path, bytes, sizeof bytes), EK_RECORD_FILE);
    bytes[8]++;
    ek_blake2b_256(bytes, EK_RECORD_SLOT - 32, bytes + EK_RECORD_SLOT - 32);
    put_file(in_dir(other, "newer"), bytes, EK_RECORD_FILE);
    CHECK_EQ(sys_state_open(other, &st, &got), SYS_STATE_NEWER);
    CHECK_EQ(st.record_err, EK_E_VERSION);
    CHECK(strstr(st.text, "newer evenkeel") != NULL);
}

/* A file of version 0.1: the first store turns the older slot into format 3, the second one the other; an
 * open ticket goes into both at once. Torn anywhere between, one of them loads. Version 0.1 refuses the file
 * from the first whole slot on. */
static void old_format(void) {
    for (int with_ticket = 0; with_ticket < 2; with_ticket++) {
        ek_record r = fresh(), got;
        sys_state st;
        int slot, wrong = 0;
        ek_err err[2];
        if (with_ticket) {
            r.ticket.signature[0] = 1;
            r.ticket.tx_len = 1;
            r.ticket.state = EK_TICKET_SENT;
            r.ticket.kind = EK_KIND_TAKE;
        }
        r.generation = 40;
        CHECK_EQ(r2_encode(&r, before), EK_OK);
        r.generation = with_ticket ? 40 : 41;
        CHECK_EQ(r2_encode(&r, before + EK_RECORD_SLOT), EK_OK);
        put_file(in_dir(other, "old"), before, EK_RECORD_FILE);
        CHECK_EQ(sys_state_open(other, &st, &r), SYS_STATE_OK);
        CHECK_EQ(st.slot_format[0], 2);
        CHECK_EQ(st.slot_format[1], 2);
        CHECK_EQ(r.format, 2);
        CHECK_EQ(r.ticket.state, with_ticket ? EK_TICKET_SENT : EK_TICKET_NONE);
        uint64_t generation = r.generation;
        size_t at = st.newest == 0 ? EK_RECORD_SLOT : 0;
        r.ticks_total = 5;
        CHECK_EQ(sys_state_store(&st, &r), SYS_STATE_OK);
        CHECK_EQ(r.format, 3);
        CHECK_EQ(sys_read_file(other, bytes, sizeof bytes), EK_RECORD_FILE);
        CHECK_EQ(ek_record_format(bytes + at, EK_RECORD_SLOT), 3);
        CHECK_EQ(ek_record_format(bytes + (EK_RECORD_SLOT - at), EK_RECORD_SLOT), with_ticket ? 3 : 2);
        CHECK_EQ(r2_pick(bytes, EK_RECORD_FILE, &got, &slot, err), EK_E_VERSION);
        for (size_t cut = 0; cut <= EK_RECORD_SLOT; cut++) {
            uint8_t image[EK_RECORD_FILE];
            memcpy(image, before, sizeof image);
            memcpy(image + at, bytes + at, cut);
            ek_err e = ek_record_pick(image, sizeof image, &got, &slot, err);
            int whole = memcmp(image + at, bytes + at, EK_RECORD_SLOT) == 0;
            wrong += e != EK_OK || got.generation != generation + (uint64_t)whole
                     || got.ticket.state != r.ticket.state || got.format != (whole ? 3 : 2);
        }
        CHECK_EQ(wrong, 0);
        CHECK_EQ(sys_state_store(&st, &r), SYS_STATE_OK);
        sys_state_close(&st);
        CHECK_EQ(sys_state_peek(other, &st, &got), SYS_STATE_OK);
        CHECK_EQ(st.slot_format[0], 3);
        CHECK_EQ(st.slot_format[1], 3);
        CHECK_EQ(got.ticks_total, 5);
        CHECK_EQ(got.ticket.state, r.ticket.state);
    }
}

/* One slot is enough, and the damaged one is written next. */
static void healing(void) {
    ek_record got;
    sys_state st;
    CHECK_EQ(sys_read_file(path, bytes, sizeof bytes), EK_RECORD_FILE);
    for (int damaged = 0; damaged < 2; damaged++) {
        memcpy(before, bytes, EK_RECORD_FILE);
        before[(size_t)damaged * EK_RECORD_SLOT + 60] ^= 4;
        put_file(in_dir(other, "damaged"), before, EK_RECORD_FILE);
        CHECK_EQ(sys_state_open(other, &st, &got), SYS_STATE_OK);
        CHECK_EQ(st.newest, 1 - damaged);
        CHECK_EQ(st.slot_err[damaged], EK_E_CHECKSUM);
        CHECK_EQ(sys_state_store(&st, &got), SYS_STATE_OK);
        CHECK_EQ(st.newest, damaged);
        sys_state_close(&st);
        CHECK_EQ(sys_state_peek(other, &st, &got), SYS_STATE_OK);
        CHECK_EQ(st.slot_err[0], EK_OK);
        CHECK_EQ(st.slot_err[1], EK_OK);
    }
    /* cut in half by a bad copy: whole again after one store */
    memcpy(before, bytes, EK_RECORD_FILE);
    put_file(in_dir(other, "half"), before, EK_RECORD_SLOT);
    CHECK_EQ(sys_state_open(other, &st, &got), SYS_STATE_OK);
    CHECK_EQ(st.size, EK_RECORD_SLOT);
    CHECK_EQ(sys_state_store(&st, &got), SYS_STATE_OK);
    sys_state_close(&st);
    CHECK_EQ(sys_read_file(other, bytes, sizeof bytes), EK_RECORD_FILE);
}

static void creation(void) {
    ek_record r = fresh(), got;
    sys_state st;
    /* left by a crash in creation: taken away */
    put_file(in_dir(other, "c.new"), "junk", 4);
    in_dir(other, "c");
    CHECK_EQ(sys_state_create(other, &r, &st), SYS_STATE_OK);
    sys_state_close(&st);
    /* another evenkeel is creating it right now */
    in_dir(other, "d.new");
    put_file(other, "", 0);
    int fd = open(other, O_RDWR);
    CHECK_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
    CHECK_EQ(sys_state_create(in_dir(other, "d"), &r, &st), SYS_STATE_LOCKED);
    CHECK(access(in_dir(other, "d.new"), F_OK) == 0); /* not taken away from under it */
    close(fd);
    /* no room: nothing is left behind */
    struct rlimit was, small = {1000, RLIM_INFINITY};
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &was), 0);
    small.rlim_max = was.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    CHECK_EQ(sys_state_create(in_dir(other, "f"), &r, &st), SYS_STATE_IO);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &was), 0);
    CHECK_EQ(st.os_errno, EFBIG);
    CHECK(access(other, F_OK) != 0);
    CHECK(access(in_dir(other, "f.new"), F_OK) != 0);
    r.n_markets = 99;
    CHECK_EQ(sys_state_create(in_dir(other, "g"), &r, &st), SYS_STATE_BAD);
    CHECK(access(other, F_OK) != 0);
    CHECK_EQ(sys_state_open(in_dir(other, "c"), &st, &got), SYS_STATE_OK);
    sys_state_close(&st);
}

/* A child killed in the middle of many stores: the file loads, the generation is one the child had reached.
 */
static void killed(void) {
    uint64_t last = 0;
    for (int round = 0; round < 20; round++) {
        int fds[2];
        CHECK_EQ(pipe(fds), 0);
        pid_t child = fork();
        if (child == 0) {
            ek_record r;
            sys_state st;
            if (sys_state_open(path, &st, &r) != SYS_STATE_OK) _exit(1);
            for (;;) {
                if (sys_state_store(&st, &r) != SYS_STATE_OK) _exit(2);
                if (write(fds[1], &r.generation, sizeof r.generation) != sizeof r.generation) _exit(3);
            }
        }
        close(fds[1]);
        uint64_t seen = 0, g;
        for (int i = 0; i < 3 + round; i++)
            if (read(fds[0], &g, sizeof g) == sizeof g) seen = g;
        kill(child, SIGKILL);
        int status = 0;
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK(WIFSIGNALED(status));
        while (read(fds[0], &g, sizeof g) == sizeof g) seen = g;
        close(fds[0]);
        ek_record r;
        sys_state st;
        CHECK_EQ(sys_state_open(path, &st, &r), SYS_STATE_OK); /* the lock died with the child */
        CHECK(r.generation == seen || r.generation == seen + 1); /* what was reported is on disk */
        CHECK(r.generation > last);
        last = r.generation;
        sys_state_close(&st);
    }
}

int main(void) {
    CHECK_EQ(ek_crypto_init(), EK_OK);
    CHECK(mkdtemp(dir) != NULL);
    RUN(life);
    RUN(failing_disk);
    RUN(open_ticket);
    RUN(torn_writes);
    RUN(refused_files);
    RUN(old_format);
    RUN(healing);
    RUN(creation);
    RUN(killed);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    CHECK_EQ(system(command), 0);
    return check_end();
}
