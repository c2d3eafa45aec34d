/* sys_ring.h - the history file (format: ek_ring.h): the agent appends, everybody else reads beside it.
 *
 * History only. Nothing here is synced and nothing here may hold up a tick: records are gathered in memory
 * and written a page (4 KB) at a time, when the page is full or sys_ring_flush is called. A crash loses at
 * most the page under way; a torn one is skipped when read. One sample a minute is 58 page writes a day for
 * the minutes and 4 for the quarters: 240 KB.
 *
 * A file of version 1 is read as it is; the agent writes what it holds into a new one that takes its place.
 *
 * A write that fails keeps its page and is tried again after 1, 2, 4 ... 60 minutes; samples that find no
 * room meanwhile are counted in `dropped` and lost. */
#ifndef SYS_RING_H
#define SYS_RING_H

#include "store/ek_ring.h"
#include "store/ek_vault.h"

typedef enum {
    SYS_RING_OK = 0,
    SYS_RING_ABSENT,  /* for readers: no such file */
    SYS_RING_FOREIGN, /* not a history file, or another account's: left as it is */
    SYS_RING_NEWER,   /* written by a newer evenkeel: left as it is */
    SYS_RING_IO       /* os_errno */
} sys_ring_result;

typedef struct {
    int fd;                       /* -1: closed, every call is then harmless */
    uint8_t writable;
    uint8_t version;              /* of the file: 1 or EK_RING_VERSION */
    int os_errno;                 /* of the last failure */
    uint32_t newest[EK_RINGS];    /* seq of the newest record; 0: none */
    uint32_t unwritten[EK_RINGS]; /* the last so many records are only in `page` */
    uint8_t page[EK_RINGS][EK_RING_PAGE]; /* the page under way */
    uint32_t failures;            /* writes in a row that failed */
    uint64_t retry_ms;            /* not tried again before this */
    uint64_t dropped, written_bytes;
    char text[384];               /* the last failure in words, with the path */
} sys_ring;

/* For the agent, which holds the state's lock: opens PATH, or makes it (preallocated, mode 0600, under a
 * temporary name first), and finds the newest records: about 5 ms. One of version 1 is made anew from what it
 * holds, once, and only a whole copy takes its place. Anything but SYS_RING_OK leaves *r
 * closed. */
sys_ring_result sys_ring_open(const char *path, const char *venue, const ek_key *authority,
                              uint16_t sub_account, sys_ring *r);
/* For readers: read only, any account's. sys_ring_refresh finds what was written since. */
sys_ring_result sys_ring_open_read(const char *path, sys_ring *r);
void sys_ring_refresh(sys_ring *r);

/* Appends with the next seq (s->seq is set). now_ms: the monotonic clock, for the retries. ring:
 * EK_RING_MINUTES or EK_RING_QUARTERS. */
void sys_ring_add_sample(sys_ring *r, int ring, ek_sample *s, uint64_t now_ms);
void sys_ring_add_correction(sys_ring *r, ek_ring_correction *c, uint64_t now_ms);
/* Writes what is only in memory. 0, or an errno; waiting for a retry is the errno of the failure. */
int sys_ring_flush(sys_ring *r, uint64_t now_ms);
/* Flushes once more and closes. */
void sys_ring_close(sys_ring *r);

/* Record `seq`; EK_E_MISSING: overwritten, not yet there or never was; EK_E_CHECKSUM: damaged, skip it. */
ek_err sys_ring_sample(sys_ring *r, int ring, uint32_t seq, ek_sample *out);
ek_err sys_ring_correction(sys_ring *r, uint32_t seq, ek_ring_correction *out);
/* Oldest seq that can still be there; 1 when nothing was ever written. To read a ring: for seq = oldest ..
 * newest[ring]. */
uint32_t sys_ring_oldest(const sys_ring *r, int ring);
/* seq of the first sample at or after unix_s; newest + 1 when there is none. Damaged records are passed over.
 * Times never go back in a ring except when the wall clock was stepped; then the place is near, not exact. */
uint32_t sys_ring_find(sys_ring *r, int ring, int64_t unix_s);

/* How the money stood at unix_s or soon after: the first whole group of samples from there on, in the finest
 * ring that reaches back so far. EK_E_MISSING: the history does not reach. About 20 reads. */
ek_err sys_ring_split_at(sys_ring *r, int64_t unix_s, ek_vault_split *out);

/* Pointers for Swift. */
uint32_t sys_ring_newest(const sys_ring *r, int ring);
const char *sys_ring_text(const sys_ring *r);

#endif
