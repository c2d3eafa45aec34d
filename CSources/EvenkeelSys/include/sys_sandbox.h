/* sys_sandbox.h - what each role may still ask of the kernel once it has what it needs. The lists are in sys_sandbox_table.h.
 *
 *   signer  only the calls on its list (read, answer, write its counters, exit); anything else kills it at once
 *   keeper  no network, no exec, no looking into other processes; files: read the key's directory, write the signer's counters
 *   agent   no exec (unless it must start other roles), no looking into other processes; files: its own, and what name resolution and TLS read.
 *           The key file and the signer's counters are not among them.
 * All: no new privileges, no core dump; keeper and signer cannot be attached to or read through /proc by their own user; no capabilities.
 * A kernel that lacks a feature leaves its bit unset; nothing is skipped in silence: the agent logs what is missing. */
#ifndef SYS_SANDBOX_H
#define SYS_SANDBOX_H

#include <stdint.h>

enum { SYS_SANDBOX_STILL = 1, SYS_SANDBOX_SECCOMP = 2, SYS_SANDBOX_LANDLOCK = 4, SYS_SANDBOX_NO_CAPS = 8, SYS_SANDBOX_ALL = 15 };

/* Not dumpable, no core, no new privileges. */
uint32_t sys_sandbox_still(void);
uint32_t sys_sandbox_keeper(const char *keypair, const char *ledger);
/* After the last open. */
uint32_t sys_sandbox_signer(void);

typedef struct {
    const char *state, *ring, *control, *config, *token, *keypair;  /* NULL or empty: none */
    int may_exec;                                                   /* this program only, and still inside these limits */
} sys_sandbox_paths;
uint32_t sys_sandbox_agent(const sys_sandbox_paths *paths);

/* "seccomp, Landlock" of the bits that are not set; empty when all are. */
void sys_sandbox_missing(uint32_t bits, char out[96]);
/* For tests: the filters alone. role: 0 signer, 1 keeper, 2 agent, 3 agent that may exec. 1 when it holds. */
int sys_sandbox_filter(int role);

#endif
