/* sys_pending.h - alerts that wait, in a file beside the state, so that neither a crash nor a restart
 * swallows them: the queue, which lasting conditions were said, and which corrections were told of. Written
 * only when one of them changes, only as long as it has to be, and not synced: a power cut may lose it, and
 * what it loses is words. Also the memory of refused starts, which a supervisor may repeat for ever. */
#ifndef SYS_PENDING_H
#define SYS_PENDING_H

#include <stddef.h>
#include <stdint.h>

enum { SYS_PENDING_ROOM = 32, SYS_PENDING_TEXT = 400, SYS_PENDING_CONDITIONS = 16, SYS_PENDING_MARKETS = 8,
       SYS_PENDING_IMAGE = 160 + SYS_PENDING_ROOM * (24 + SYS_PENDING_TEXT) + 32 };

typedef struct {
    uint8_t kind, state, level;
    uint16_t len;          /* of the text, which is cut to its room */
    int64_t unix_s;
    uint64_t tick;
    char text[SYS_PENDING_TEXT];
} sys_pending_alert;

typedef struct {           /* when the last correction was that was told of */
    int64_t unix_s;
    uint64_t slot;
} sys_pending_mark;

typedef struct {
    uint32_t n, dropped;
    uint8_t said[SYS_PENDING_CONDITIONS]; /* by kind: 0 not said, else its level + 1 */
    sys_pending_mark marks[SYS_PENDING_MARKETS];
    sys_pending_alert alerts[SYS_PENDING_ROOM];
} sys_pending;

/* Opens or makes the file: mode 0600, a regular file, never through a link. The descriptor, or -1 with errno.
 */
int sys_pending_open(const char *path);
/* 1 when the file held a whole image; else *p is empty, and a damaged one is replaced by the next store. */
int sys_pending_load(int fd, sys_pending *p);
/* 0, or errno. */
int sys_pending_store(int fd, const sys_pending *p);

void sys_pending_close(int fd);

/* The image of p; its length. */
size_t sys_pending_encode(const sys_pending *p, uint8_t out[SYS_PENDING_IMAGE]);
/* 1 when the bytes begin with a whole image. */
int sys_pending_decode(const uint8_t *bytes, size_t n, sys_pending *p);

/* Fixed arrays come into Swift as tuples: these give pointers; NULL past the end. */
sys_pending_alert *sys_pending_at(sys_pending *p, uint32_t i);
char *sys_pending_text(sys_pending_alert *a);
sys_pending_mark *sys_pending_mark_at(sys_pending *p, uint32_t i);
uint8_t *sys_pending_said(sys_pending *p);

/* A start was refused with these words: 1 when that is news (other words than last time, or said longer than
 * again_s ago; it is noted then), or when the file cannot tell. */
int sys_refused_is_news(const char *path, const uint8_t *words, size_t n, int64_t unix_s, int64_t again_s);
/* A start went well. */
void sys_refused_forget(const char *path);

#endif
