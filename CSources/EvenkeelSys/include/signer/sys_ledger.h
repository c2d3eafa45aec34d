/* sys_ledger.h - the signer's counters in a file: two slots written in turn, so that a torn write costs
 * nothing. Not synced: a power cut may give back the last orders' count, a crash or a restart of any process
 * does not. */
#ifndef SYS_LEDGER_H
#define SYS_LEDGER_H
#include "signer/ek_policy.h"

enum { SYS_LEDGER_TEXT = 384 };

/* Opens or makes the file (mode 0600, a regular file, never through a link) and reads the newer whole slot;
 * an empty file is a fresh ledger. The descriptor, or -1 with words. */
int sys_ledger_open(const char *path, ek_policy_ledger *ledger, uint64_t *generation,
                    char text[SYS_LEDGER_TEXT]);
/* 0, or errno. */
int sys_ledger_store(int fd, const ek_policy_ledger *ledger, uint64_t *generation);
/* One slot's bytes: 1 when whole. For its fuzzer. */
int sys_ledger_read(const uint8_t *bytes, size_t n, ek_policy_ledger *ledger, uint64_t *generation);
#endif
