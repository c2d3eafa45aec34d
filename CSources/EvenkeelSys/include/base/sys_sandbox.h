/* sys_sandbox.h - what each role may still ask of the kernel once it has what it needs. The lists are in
 * sys_sandbox_table.h.
 *
 *   signer  only the calls on its list (read, answer, write its counters, exit); anything else kills it at
 *           once
 *   keeper  no network, no exec, no looking into other processes; files: read the key's directory, write the
 *           signer's counters
 *   agent   no exec, no looking into other processes; files: its own, and what name resolution and TLS read.
 *           The key file and the signer's counters are not among them.
 *   web     only the calls on its list (accept, read, answer), everything else fails; no file, no connect, no
 *           process
 *   web's keeper  no exec, no connect, no looking into other processes; writes no file
 * None of them renames, truncates, makes, removes or changes the mode, owner or attributes of a file, by
 * seccomp and so whatever Landlock can do; but the agent may remove its control socket at its end, where that
 * has a directory of its own and Landlock holds it to that. Agent and web's keeper open no file for writing.
 * All: no new privileges, no core dump; keeper and signer cannot be attached to or read through /proc by
 * their own user; no capabilities. A kernel that lacks a feature leaves its bit unset; nothing is skipped in
 * silence: the agent logs what is missing. */
#ifndef SYS_SANDBOX_H
#define SYS_SANDBOX_H

#include <stdint.h>

enum {
    SYS_SANDBOX_STILL = 1,
    SYS_SANDBOX_SECCOMP = 2,
    SYS_SANDBOX_LANDLOCK = 4,
    SYS_SANDBOX_NO_CAPS = 8,
    SYS_SANDBOX_ALL = 15
};

/* Not dumpable, no core, no new privileges. */
uint32_t sys_sandbox_still(void);
/* The same, no file at all and no capability. */
uint32_t sys_sandbox_no_files(void);
uint32_t sys_sandbox_keeper(const char *keypair, const char *ledger);
/* After the last open. */
uint32_t sys_sandbox_signer(void);

typedef struct {
    const char *state, *ring, *control, *config, *token, *keypair;  /* NULL or empty: none */
} sys_sandbox_paths;
uint32_t sys_sandbox_agent(const sys_sandbox_paths *paths);
/* 1 when the key lies in the config's directory or below it: then this process may read the config as it was
 * at the start, and no file that takes its place. */
int sys_key_beside_config(const char *config, const char *keypair);
uint32_t sys_sandbox_web_keeper(void);
/* Once it listens. */
uint32_t sys_sandbox_web(void);

/* What this machine gives, tried in a child that ends at once; each 1 or 0. */
typedef struct {
    uint8_t tried;              /* 0: no child could be made, the rest says nothing */
    uint8_t no_new_privs, seccomp /* a filter was installed and refused an exec */,
        landlock /* its version; 0: none, or it held nothing */;
    uint8_t no_core, not_dumpable, memlock /* a page could be locked */, no_caps;
    uint64_t memlock_bytes;     /* RLIMIT_MEMLOCK; UINT64_MAX: no limit */
} sys_sandbox_look;
void sys_sandbox_look_at(sys_sandbox_look *out);

/* "seccomp, Landlock" of the bits that are not set; empty when all are. */
void sys_sandbox_missing(uint32_t bits, char out[96]);
enum {
    SYS_FILTER_SIGNER = 0,
    SYS_FILTER_KEEPER,
    SYS_FILTER_AGENT,
    SYS_FILTER_AGENT_UNLINKS, /* where Landlock says which files it may remove */
    SYS_FILTER_WEB_KEEPER,
    SYS_FILTER_WEB
};
/* A filter alone. 1 when it holds. */
int sys_sandbox_filter(int role);

#endif
