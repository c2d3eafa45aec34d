/* sys_process.h - this process: its environment, signals, memory and end. */
#ifndef SYS_PROCESS_H
#define SYS_PROCESS_H

#include <stdint.h>

/* NULL when unset. */
const char *sys_env(const char *name);
void sys_exit(int code);

/* SIGINT, SIGTERM and SIGHUP become readable on the descriptor instead of interrupting; SIGPIPE is ignored.
 * -1 with errno. Started processes inherit the blocked set: they call sys_signals_default first. */
int sys_signals_open(void);
/* Next signal number (2, 15, 1), or 0 when none waits. */
int sys_signals_next(int fd);
/* Default actions, nothing blocked. */
void sys_signals_default(void);

/* Resident bytes of this process, or 0. */
uint64_t sys_resident_bytes(void);

#endif
