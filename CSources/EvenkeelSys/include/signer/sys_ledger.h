/* sys_ledger.h - the signer's ledger in a file: two slots written in turn, so that a torn write costs
 * nothing. Not synced: a power cut may give back the last orders' count, a crash or a restart of any process
 * does not.
 *
 * Only a path at which nothing is makes a new ledger. A file that is empty, cut short or damaged in both
 * slots is refused and left as it is: whoever may truncate a file must not be able to reset a count. A file
 * of version 0.1 (two slots of 1024 bytes) is taken over with its bindings and counts. */
#ifndef SYS_LEDGER_H
#define SYS_LEDGER_H
#include "signer/ek_ledger.h"

enum { SYS_LEDGER_TEXT = 384,
       SYS_LEDGER_SLOT = 8192,
       SYS_LEDGER_BYTES = 2 * SYS_LEDGER_SLOT };

/* Opens the file (mode 0600, a regular file, never through a link) and reads the newer whole slot. Nothing
 * there: it is made when least_generation is 0. A generation below least_generation is refused: somebody put
 * an older file in its place. The descriptor, or -1 with words. */
int sys_ledger_open(const char *path, uint64_t least_generation, ek_ledger *ledger, uint64_t *generation,
                    char text[SYS_LEDGER_TEXT]);
/* Reads it for somebody to look at: nothing is made, taken over or locked. 1, or 0 with words. */
int sys_ledger_look(const char *path, ek_ledger *ledger, char text[SYS_LEDGER_TEXT]);
/* The machine's clocks as the ledger takes them; boot_id: sys_boot_id's. */
void sys_ledger_clock(const uint8_t boot_id[EK_LEDGER_BOOT_ID], ek_ledger_clock *clock);
/* One process at a time works with it: 1 when it is this one, until the descriptor and its copies are closed.
 * Waits at most wait_ms for another's end. */
int sys_ledger_lock(int fd, int wait_ms);
/* And lets it go; -1 is none. */
void sys_ledger_close(int fd);
/* 0, or errno. */
int sys_ledger_store(int fd, const ek_ledger *ledger, uint64_t *generation);
/* One slot's bytes: 1 when whole. For its fuzzer. */
int sys_ledger_read(const uint8_t *bytes, size_t n, ek_ledger *ledger, uint64_t *generation);
/* The same for a slot of version 0.1. */
int sys_ledger_read_old(const uint8_t *bytes, size_t n, ek_ledger *ledger, uint64_t *generation);
#endif
