#include "store/sys_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ek_assert.h"
#include "../base/sys_write.h"

static sys_ring_result failed(sys_ring *r, sys_ring_result result, const char *path, int os_errno,
                              const char *what) {
    r->os_errno = os_errno;
    snprintf(r->text, sizeof r->text, "%s: %s%s%s", path, what, os_errno != 0 ? ": " : "",
             os_errno != 0 ? strerror(os_errno) : "");
    if (r->fd >= 0) close(r->fd);
    r->fd = -1;
    return result;
}

static int read_whole(int fd, uint8_t *to, size_t n, off_t at) {
    for (size_t got = 0; got < n;) {
        ssize_t k = pread(fd, to + got, n - got, at + (off_t)got);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return errno;
        if (k == 0) return ENODATA;
        got += (size_t)k;
    }
    return 0;
}

/* What ek_ring calls a ring of this file. */
static int known_as(const sys_ring *r, int ring) { return r->version == 1 ? EK_RING_OLD + ring : ring; }

/* ---- opening ---- */
static void find_newest(sys_ring *r, int ring) {
    uint8_t page[EK_RING_PAGE];
    int name = known_as(r, ring);
    uint32_t size = ek_ring_record_size(name), capacity = ek_ring_capacity(name),
             a_page = EK_RING_PAGE / size;
    r->newest[ring] = 0;
    for (uint32_t at = 0; at < capacity; at++) {
        if (at % a_page == 0 && read_whole(r->fd, page, sizeof page, ek_ring_place(name, at + 1)) != 0) {
            at += a_page - 1;
            continue;
        }
        uint32_t seq = ek_ring_seq_at(name, at, page + at % a_page * size, size);
        if (seq > r->newest[ring] && seq < UINT32_MAX) r->newest[ring] = seq;
    }
}

static sys_ring_result open_known(const char *path, int flags, const char *venue, const ek_key *authority,
                                  uint16_t sub, sys_ring *r) {
    uint8_t page[EK_RING_PAGE];
    struct stat sb;
    r->fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (r->fd < 0)
        return failed(r, errno == ENOENT ? SYS_RING_ABSENT : SYS_RING_IO, path, errno,
                      "history cannot be opened");
    if (fstat(r->fd, &sb) != 0) return failed(r, SYS_RING_IO, path, errno, "history cannot be looked at");
    if (!S_ISREG(sb.st_mode))
        return failed(r, SYS_RING_FOREIGN, path, 0, "is not a regular file; no history is kept");
    int err = read_whole(r->fd, page, sizeof page, 0);
    if (err != 0 && err != ENODATA) return failed(r, SYS_RING_IO, path, err, "history cannot be read");
    ek_err e = err != 0        ? EK_E_SHORT
               : venue != NULL ? ek_ring_header_check(page, sizeof page, venue, authority, sub)
                               : ek_ring_header_known(page, sizeof page);
    if (e == EK_E_VERSION)
        return failed(r, SYS_RING_NEWER, path, 0,
                      "was written by a newer evenkeel; no history is kept until it is moved away");
    if (e == EK_E_MISMATCH)
        return failed(r, SYS_RING_FOREIGN, path, 0,
                      "is the history of another account; none is kept until it is moved away");
    r->version = e == EK_OK ? (uint8_t)ek_ring_header_version(page) : 0;
    if (e != EK_OK || sb.st_size != (off_t)(r->version == 1 ? EK_RING_FILE_1 : EK_RING_FILE))
        return failed(r, SYS_RING_FOREIGN, path, 0,
                      "is no whole history file; none is kept until it is moved away");
    for (int ring = 0; ring < EK_RINGS; ring++) find_newest(r, ring);
    return SYS_RING_OK;
}

/* What an older file holds, oldest first; what is damaged in it is left behind. */
static int carry_over(sys_ring *from, sys_ring *to) {
    if (from == NULL) return 0;
    for (int ring = 0; ring < EK_RINGS; ring++)
        for (uint32_t seq = sys_ring_oldest(from, ring); seq <= from->newest[ring]; seq++) {
            ek_sample s;
            ek_ring_correction c;
            if (ring != EK_RING_CORRECTIONS && sys_ring_sample(from, ring, seq, &s) == EK_OK)
                sys_ring_add_sample(to, ring, &s, 0);
            if (ring == EK_RING_CORRECTIONS && sys_ring_correction(from, seq, &c) == EK_OK)
                sys_ring_add_correction(to, &c, 0);
        }
    return sys_ring_flush(to, 0);
}

static void begin(sys_ring *r) {
    memset(r, 0, sizeof *r);
    r->fd = -1;
    r->version = EK_RING_VERSION;
}

/* `older`: a file of version 1 whose place it takes, or NULL. */
static sys_ring_result make(const char *path, const char *venue, const ek_key *authority, uint16_t sub,
                            sys_ring *older, sys_ring *r) {
    begin(r);
    uint8_t header[EK_RING_PAGE];
    char temporary[300];
    int n = snprintf(temporary, sizeof temporary, "%s.new", path);
    if (n < 0 || (size_t)n >= sizeof temporary)
        return failed(r, SYS_RING_IO, path, ENAMETOOLONG, "history cannot be made");
    if (ek_ring_header(venue, authority, sub, header) != EK_OK)
        return failed(r, SYS_RING_IO, path, EINVAL, "history cannot be made");
    unlink(temporary); /* what a crash left; the state's lock says that nobody else makes one */
    r->fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (r->fd < 0) return failed(r, SYS_RING_IO, path, errno, "history cannot be made");
    int err = posix_fallocate(r->fd, 0, EK_RING_FILE);
    if (err == 0) err = sys_write_at(r->fd, header, sizeof header, 0);
    r->writable = err == 0;
    if (err == 0) err = carry_over(older, r);
    if (err == 0 && rename(temporary, path) != 0) err = errno;
    if (err == 0) return SYS_RING_OK;
    unlink(temporary);
    return failed(r, SYS_RING_IO, path, err, "history cannot be made");
}

sys_ring_result sys_ring_open(const char *path, const char *venue, const ek_key *authority,
                              uint16_t sub_account, sys_ring *r) {
    begin(r);
    sys_ring_result result = open_known(path, O_RDWR, venue, authority, sub_account, r);
    if (result == SYS_RING_ABSENT) return make(path, venue, authority, sub_account, NULL, r);
    if (result == SYS_RING_OK && r->version == 1) {
        sys_ring older = *r;
        result = make(path, venue, authority, sub_account, &older, r);
        close(older.fd);
    }
    r->writable = result == SYS_RING_OK;
    return result;
}

sys_ring_result sys_ring_open_read(const char *path, sys_ring *r) {
    begin(r);
    return open_known(path, O_RDONLY, NULL, NULL, 0, r);
}

void sys_ring_refresh(sys_ring *r) {
    if (r->fd < 0 || r->writable) return;
    uint8_t record[EK_RING_CORRECTION];
    for (int ring = 0; ring < EK_RINGS; ring++) {
        int name = known_as(r, ring);
        uint32_t size = ek_ring_record_size(name);
        /* One damaged record must not hide what came after it: look a page ahead. */
        for (uint32_t ahead = 1; ahead <= EK_RING_PAGE / size + 1; ahead++) {
            uint32_t want = r->newest[ring] + ahead, at = (want - 1) % ek_ring_capacity(name);
            if (read_whole(r->fd, record, size, ek_ring_place(name, want)) != 0) break;
            uint32_t seq = ek_ring_seq_at(name, at, record, size);
            if (seq == want) {
                r->newest[ring] = want;
                ahead = 0;
            } else if (seq > want) { /* it went round since */
                find_newest(r, ring);
                break;
            }
        }
    }
}

/* ---- appending ---- */
static int write_ring(sys_ring *r, int ring) {
    uint32_t n = r->unwritten[ring], size = ek_ring_record_size(ring), a_page = EK_RING_PAGE / size;
    if (n == 0) return 0;
    uint32_t first = r->newest[ring] - n + 1; /* never more than the page under way */
    uint32_t in_page = (first - 1) % a_page;
    EK_ASSERT(n <= r->newest[ring] && in_page + n <= a_page);
    int err = sys_write_at(r->fd, r->page[ring] + in_page * size, n * size, ek_ring_place(ring, first));
    if (err != 0) return err;
    r->unwritten[ring] = 0;
    r->written_bytes += n * size;
    return 0;
}

int sys_ring_flush(sys_ring *r, uint64_t now_ms) {
    if (r->fd < 0 || !r->writable) return 0;
    if (r->failures > 0 && now_ms < r->retry_ms) return r->os_errno;
    int err = 0;
    for (int ring = 0; ring < EK_RINGS && err == 0; ring++) err = write_ring(r, ring);
    r->os_errno = err;
    if (err == 0) {
        r->failures = 0;
        return 0;
    }
    uint64_t minutes = r->failures < 6 ? 1u << r->failures : 60;
    r->failures++;
    r->retry_ms = now_ms + (minutes < 60 ? minutes : 60) * 60000;
    snprintf(r->text, sizeof r->text, "the history cannot be written: %s", strerror(err));
    return err;
}

/* The place in memory for the next record; NULL when the page under way is full and cannot be written. */
static uint8_t *next_place(sys_ring *r, int ring, uint64_t now_ms) {
    uint32_t size = ek_ring_record_size(ring), a_page = EK_RING_PAGE / size,
             in_page = r->newest[ring] % a_page;
    if (r->fd < 0 || !r->writable || r->newest[ring] >= UINT32_MAX - 1) return NULL;
    if (in_page == 0 && r->unwritten[ring] != 0 && sys_ring_flush(r, now_ms) != 0) {
        r->dropped++;
        return NULL;
    }
    return r->page[ring] + in_page * size;
}

static void added(sys_ring *r, int ring, uint64_t now_ms) {
    r->newest[ring]++;
    r->unwritten[ring]++;
    /* A full page of one ring goes alone: the other pages fill at their own pace. */
    if (r->newest[ring] % (EK_RING_PAGE / ek_ring_record_size(ring)) != 0 || r->failures > 0) return;
    if (write_ring(r, ring) != 0) sys_ring_flush(r, now_ms);
}

void sys_ring_add_sample(sys_ring *r, int ring, ek_sample *s, uint64_t now_ms) {
    if (ek_ring_record_size(ring) != EK_RING_SAMPLE) return;
    uint8_t *place = next_place(r, ring, now_ms);
    if (place == NULL) return;
    s->seq = r->newest[ring] + 1;
    ek_sample_encode(ring, s, place);
    added(r, ring, now_ms);
}

void sys_ring_add_correction(sys_ring *r, ek_ring_correction *c, uint64_t now_ms) {
    uint8_t *place = next_place(r, EK_RING_CORRECTIONS, now_ms);
    if (place == NULL) return;
    c->seq = r->newest[EK_RING_CORRECTIONS] + 1;
    ek_ring_correction_encode(c, place);
    added(r, EK_RING_CORRECTIONS, now_ms);
}

void sys_ring_close(sys_ring *r) {
    if (r->fd < 0) return;
    r->failures = 0;
    sys_ring_flush(r, 0);
    close(r->fd);
    r->fd = -1;
}

/* ---- reading ---- */
uint32_t sys_ring_newest(const sys_ring *r, int ring) {
    return ring >= 0 && ring < EK_RINGS ? r->newest[ring] : 0;
}
const char *sys_ring_text(const sys_ring *r) { return r->text; }

uint32_t sys_ring_oldest(const sys_ring *r, int ring) {
    uint32_t newest = sys_ring_newest(r, ring), capacity = ek_ring_capacity(known_as(r, ring));
    return newest > capacity ? newest - capacity + 1 : 1;
}

static ek_err fetch(sys_ring *r, int ring, uint32_t seq, uint8_t *record) {
    int name = known_as(r, ring);
    uint32_t size = ek_ring_record_size(name);
    if (r->fd < 0 || seq == 0 || seq > r->newest[ring] || seq < sys_ring_oldest(r, ring)) return EK_E_MISSING;
    if (r->newest[ring] - seq < r->unwritten[ring]) {
        memcpy(record, r->page[ring] + (seq - 1) % (EK_RING_PAGE / size) * size, size);
    } else if (read_whole(r->fd, record, size, ek_ring_place(name, seq)) != 0) {
        return EK_E_CHECKSUM;
    }
    uint32_t found = ek_ring_seq_at(name, (seq - 1) % ek_ring_capacity(name), record, size);
    return found == seq ? EK_OK : found == 0 ? EK_E_CHECKSUM : EK_E_MISSING;
}

ek_err sys_ring_sample(sys_ring *r, int ring, uint32_t seq, ek_sample *out) {
    uint8_t record[EK_RING_SAMPLE];
    if (ek_ring_record_size(ring) != EK_RING_SAMPLE) return EK_E_RANGE;
    ek_err err = fetch(r, ring, seq, record);
    return err == EK_OK ? ek_sample_decode(known_as(r, ring), record, sizeof record, out) : err;
}

ek_err sys_ring_correction(sys_ring *r, uint32_t seq, ek_ring_correction *out) {
    uint8_t record[EK_RING_CORRECTION];
    ek_err err = fetch(r, EK_RING_CORRECTIONS, seq, record);
    return err == EK_OK ? ek_ring_correction_decode(record, sizeof record, out) : err;
}

uint32_t sys_ring_find(sys_ring *r, int ring, int64_t unix_s) {
    uint32_t low = sys_ring_oldest(r, ring), end = sys_ring_newest(r, ring) + 1, high = end;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2, at = middle;
        ek_sample s;
        ek_err err = EK_E_MISSING;
        /* over what is damaged */
        while (at < high && (err = sys_ring_sample(r, ring, at, &s)) != EK_OK) at++;
        if (at >= high || err != EK_OK || s.unix_s >= unix_s) high = middle;
        else low = at + 1;
    }
    return low < end ? low : end;
}

/* The group that begins at `seq`: the account's money in each sample, the markets' parts added up. */
static ek_err group_at(sys_ring *r, int ring, uint32_t seq, ek_vault_split *out) {
    ek_sample s;
    uint64_t basis = 0, delta = 0, slippage = 0;
    for (uint32_t k = 0; k < 8; k++) {
        ek_err err = sys_ring_sample(r, ring, seq + k, &s);
        if (err != EK_OK) return err;
        basis += (uint64_t)s.basis_e6;
        delta += (uint64_t)s.delta_e6;
        slippage += (uint64_t)s.slippage_e6;
        if ((s.flags & EK_SAMPLE_LAST_OF_GROUP) == 0) continue;
        *out = (ek_vault_split){.unix_s = s.unix_s,
                                .equity_e6 = s.equity_e6,
                                .funding_e6 = s.funding_e6,
                                .fees_e6 = s.fees_e6,
                                .slippage_e6 = (int64_t)slippage,
                                .network_e6 = s.network_e6,
                                .basis_e6 = (int64_t)basis,
                                .delta_e6 = (int64_t)delta,
                                .interest_e6 = s.interest_e6,
                                .yield_e6 = s.yield_e6,
                                .flows_e6 = s.flows_e6};
        ek_vault_rest(out);
        return EK_OK;
    }
    return EK_E_SYNTAX;
}

ek_err sys_ring_split_at(sys_ring *r, int64_t unix_s, ek_vault_split *out) {
    for (int ring = EK_RING_MINUTES; ring <= EK_RING_QUARTERS; ring++) {
        ek_sample oldest;
        uint32_t first = sys_ring_find(r, ring, INT64_MIN), seq = sys_ring_find(r, ring, unix_s);
        while (first <= r->newest[ring] && sys_ring_sample(r, ring, first, &oldest) != EK_OK) first++;
        if (first > r->newest[ring] || oldest.unix_s > unix_s) continue;
        /* The first may be the rest of a group that was half overwritten, or the one after damage: try a few.
         */
        for (uint32_t tries = 0; tries < 64 && seq <= r->newest[ring]; tries++, seq++) {
            ek_sample before, s;
            if (sys_ring_sample(r, ring, seq, &s) != EK_OK) continue;
            if (seq > 1 && sys_ring_sample(r, ring, seq - 1, &before) == EK_OK
                && (before.flags & EK_SAMPLE_LAST_OF_GROUP) == 0)
                continue;
            if (group_at(r, ring, seq, out) == EK_OK) return EK_OK;
        }
    }
    return EK_E_MISSING;
}
