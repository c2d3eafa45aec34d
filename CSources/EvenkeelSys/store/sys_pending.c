#include "store/sys_pending.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ek_bytes.h"
#include "solana/ek_crypto.h"
#include "../base/sys_write.h"

static const char MAGIC[] = "EKALERT1"; /* eight bytes of it */
enum { DIGEST = 32, FIXED = 160, HEAD = 24, REFUSED = 8 + DIGEST };

size_t sys_pending_encode(const sys_pending *p, uint8_t out[SYS_PENDING_IMAGE]) {
    uint32_t count = p->n < SYS_PENDING_ROOM ? p->n : SYS_PENDING_ROOM;
    size_t n = FIXED;
    memset(out, 0, FIXED);
    memcpy(out, MAGIC, 8);
    ek_set_u32(out + 8, count);
    ek_set_u32(out + 12, p->dropped);
    memcpy(out + 16, p->said, sizeof p->said);
    for (uint32_t i = 0; i < SYS_PENDING_MARKETS; i++) {
        ek_set_u64(out + 32 + 16 * i, (uint64_t)p->marks[i].unix_s);
        ek_set_u64(out + 40 + 16 * i, p->marks[i].slot);
    }
    for (uint32_t i = 0; i < count; i++) {
        const sys_pending_alert *a = &p->alerts[i];
        uint16_t len = a->len < SYS_PENDING_TEXT ? a->len : SYS_PENDING_TEXT;
        memset(out + n, 0, HEAD);
        out[n] = a->kind;
        out[n + 1] = a->state;
        out[n + 2] = a->level;
        ek_set_u32(out + n + 4, len);
        ek_set_u64(out + n + 8, (uint64_t)a->unix_s);
        ek_set_u64(out + n + 16, a->tick);
        memcpy(out + n + HEAD, a->text, len);
        n += HEAD + len;
    }
    ek_blake2b_256(out, n, out + n);
    return n + DIGEST;
}

int sys_pending_decode(const uint8_t *bytes, size_t n, sys_pending *p) {
    uint8_t check[DIGEST];
    memset(p, 0, sizeof *p);
    if (n < FIXED + DIGEST || memcmp(bytes, MAGIC, 8) != 0) return 0;
    uint32_t count = ek_get_u32(bytes + 8);
    size_t at = FIXED;
    if (count > SYS_PENDING_ROOM) return 0;
    for (uint32_t i = 0; i < count; i++) {
        if (n - at < HEAD + DIGEST) return 0;
        uint32_t len = ek_get_u32(bytes + at + 4);
        if (len > SYS_PENDING_TEXT || n - at < HEAD + len + DIGEST) return 0;
        at += HEAD + len;
    }
    ek_blake2b_256(bytes, at, check);
    if (memcmp(check, bytes + at, DIGEST) != 0) return 0;
    p->n = count;
    p->dropped = ek_get_u32(bytes + 12);
    memcpy(p->said, bytes + 16, sizeof p->said);
    for (uint32_t i = 0; i < SYS_PENDING_MARKETS; i++) {
        p->marks[i].unix_s = (int64_t)ek_get_u64(bytes + 32 + 16 * i);
        p->marks[i].slot = ek_get_u64(bytes + 40 + 16 * i);
    }
    at = FIXED;
    for (uint32_t i = 0; i < count; i++) {
        sys_pending_alert *a = &p->alerts[i];
        a->kind = bytes[at];
        a->state = bytes[at + 1];
        a->level = bytes[at + 2];
        a->len = (uint16_t)ek_get_u32(bytes + at + 4);
        a->unix_s = (int64_t)ek_get_u64(bytes + at + 8);
        a->tick = ek_get_u64(bytes + at + 16);
        memcpy(a->text, bytes + at + HEAD, a->len);
        at += HEAD + a->len;
    }
    return 1;
}

static int open_own(const char *path, int how) {
    struct stat sb;
    int fd = open(path, how | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0) return -1;
    if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode)) return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

int sys_pending_open(const char *path) { return open_own(path, O_RDWR | O_CREAT); }

int sys_pending_load(int fd, sys_pending *p) {
    uint8_t bytes[SYS_PENDING_IMAGE];
    ssize_t n = pread(fd, bytes, sizeof bytes, 0);
    return sys_pending_decode(bytes, n < 0 ? 0 : (size_t)n, p);
}

int sys_pending_store(int fd, const sys_pending *p) {
    uint8_t bytes[SYS_PENDING_IMAGE];
    return sys_write_at(fd, bytes, sys_pending_encode(p, bytes), 0);
}

void sys_pending_close(int fd) { close(fd); }

sys_pending_alert *sys_pending_at(sys_pending *p, uint32_t i) {
    return i < SYS_PENDING_ROOM ? &p->alerts[i] : NULL;
}
char *sys_pending_text(sys_pending_alert *a) { return a->text; }
sys_pending_mark *sys_pending_mark_at(sys_pending *p, uint32_t i) {
    return i < SYS_PENDING_MARKETS ? &p->marks[i] : NULL;
}
uint8_t *sys_pending_said(sys_pending *p) { return p->said; }

int sys_refused_is_news(const char *path, const uint8_t *words, size_t n, int64_t unix_s, int64_t again_s) {
    uint8_t was[REFUSED], is[REFUSED];
    ek_set_u64(is, (uint64_t)unix_s);
    ek_blake2b_256(words, n, is + 8);
    int fd = open_own(path, O_RDWR | O_CREAT);
    if (fd < 0) return 1;
    int news = 1;
    if (pread(fd, was, sizeof was, 0) == (ssize_t)sizeof was && memcmp(was + 8, is + 8, DIGEST) == 0) {
        int64_t said = (int64_t)ek_get_u64(was);
        /* a clock that went back proves nothing */
        news = said < 0 || unix_s < said || unix_s - said >= again_s;
    }
    if (news) (void)sys_write_at(fd, is, sizeof is, 0);
    close(fd);
    return news;
}

void sys_refused_forget(const char *path) { (void)unlink(path); }
