/* The file of the alerts that wait, and the memory of refused starts. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "solana/ek_crypto.h"
#include "store/sys_pending.h"

static char home[] = "/tmp/ekpendXXXXXX";
static char path[64];

static void fill(sys_pending *p, uint32_t n) {
    memset(p, 0, sizeof *p);
    p->n = n;
    p->dropped = 3;
    p->said[5] = 2;
    for (uint32_t i = 0; i < SYS_PENDING_MARKETS; i++)
        p->marks[i] = (sys_pending_mark){-(int64_t)i, i * 1000ull};
    for (uint32_t i = 0; i < n; i++) {
        sys_pending_alert *a = sys_pending_at(p, i);
        *a = (sys_pending_alert){.kind = (uint8_t)(i % 11),
                                 .state = 1,
                                 .level = 2,
                                 .len = (uint16_t)(i * 13 % (SYS_PENDING_TEXT + 1)),
                                 .unix_s = 1800000000 + i,
                                 .tick = i};
        memset(sys_pending_text(a), 'a' + (int)i % 26, a->len);
    }
}

static void comes_back(void) {
    static sys_pending p, q;
    for (uint32_t n = 0; n <= SYS_PENDING_ROOM; n++) {
        int fd = sys_pending_open(path);
        CHECK(fd >= 0);
        fill(&p, n);
        CHECK_EQ(sys_pending_store(fd, &p), 0);
        CHECK_EQ(sys_pending_load(fd, &q), 1);
        CHECK_BYTES(&p, &q, sizeof p);
        sys_pending_close(fd);
    }
    /* A short image over a long one. */
    int fd = sys_pending_open(path);
    fill(&p, 0);
    CHECK_EQ(sys_pending_store(fd, &p), 0);
    CHECK_EQ(sys_pending_load(fd, &q), 1);
    CHECK_EQ(q.n, 0);
    sys_pending_close(fd);
    CHECK(sys_pending_at(&q, SYS_PENDING_ROOM) == NULL
          && sys_pending_mark_at(&q, SYS_PENDING_MARKETS) == NULL);
}

static void every_flipped_byte_is_seen(void) {
    static sys_pending p, q;
    static uint8_t image[SYS_PENDING_IMAGE];
    fill(&p, 4);
    size_t n = sys_pending_encode(&p, image);
    CHECK_EQ(sys_pending_decode(image, n, &q), 1);
    for (size_t i = 0; i < n; i++) {
        image[i] ^= 0x40;
        CHECK_EQ(sys_pending_decode(image, n, &q), 0);
        CHECK_EQ(q.n, 0);
        image[i] ^= 0x40;
        CHECK_EQ(sys_pending_decode(image, i, &q), 0);
    }
}

static void only_a_file_of_its_own(void) {
    char other[80];
    snprintf(other, sizeof other, "%s/link", home);
    CHECK_EQ(symlink(path, other), 0);
    CHECK_EQ(sys_pending_open(other), -1);
    CHECK_EQ(sys_pending_open(home), -1);
    struct stat sb;
    CHECK_EQ(stat(path, &sb), 0);
    CHECK_EQ(sb.st_mode & 0777, 0600);
    unlink(other);
}

static int news(const char *words, int64_t at) {
    return sys_refused_is_news(path, (const uint8_t *)words, strlen(words), at, 3600);
}

static void a_refusal_is_news_once(void) {
    unlink(path);
    CHECK_EQ(news("no key", 1000), 1);
    CHECK_EQ(news("no key", 1010), 0);
    CHECK_EQ(news("no key", 4599), 0);
    CHECK_EQ(news("no key", 4600), 1);   /* an hour after it was said */
    CHECK_EQ(news("no key", 4601), 0);
    CHECK_EQ(news("locked", 4602), 1);
    CHECK_EQ(news("no key", 4603), 1);
    CHECK_EQ(news("no key", 4000), 1);   /* the clock went back */
    sys_refused_forget(path);
    CHECK_EQ(news("no key", 4001), 1);
    CHECK_EQ(sys_refused_is_news("/nonexistent/x", (const uint8_t *)"a", 1, 1, 3600), 1);
    CHECK_EQ(sys_refused_is_news("/nonexistent/x", (const uint8_t *)"a", 1, 2, 3600), 1);
    int fd = open(path, O_WRONLY);
    static const uint8_t bad[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    CHECK_EQ(pwrite(fd, bad, 8, 0), 8);
    close(fd);
    CHECK_EQ(news("no key", 4002), 1);
}

int main(void) {
    CHECK_EQ(ek_crypto_init(), EK_OK);
    CHECK(mkdtemp(home) != NULL);
    snprintf(path, sizeof path, "%s/pending", home);
    RUN(comes_back);
    RUN(every_flipped_byte_is_seen);
    RUN(only_a_file_of_its_own);
    RUN(a_refusal_is_news_once);
    unlink(path);
    rmdir(home);
    return check_end();
}
