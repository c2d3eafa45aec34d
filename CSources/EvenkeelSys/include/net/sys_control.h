/* sys_control.h - the agent's control socket: one line in, one answer out, then closed. Nothing here ever
 * waits.
 *
 * A Unix stream socket of mode 0660. The peer must be root, the agent's own user, or in the group the
 * socket's file belongs to (told by the kernel: SO_PEERCRED, SO_PEERGROUPS); others get nothing. Up to
 * SYS_CONTROL_CLIENTS at once: a client that sends no whole line within SYS_CONTROL_IDLE_MS or does not read
 * its answer for as long is dropped, and when a new one finds no room the oldest that is still silent makes
 * it. */
#ifndef SYS_CONTROL_H
#define SYS_CONTROL_H

#include <stddef.h>
#include <stdint.h>

enum { SYS_CONTROL_LINE = 64, SYS_CONTROL_CLIENTS = 16, SYS_CONTROL_IDLE_MS = 2000 };

typedef struct sys_control sys_control;

/* Binds and listens. A socket file nobody answers on (left by a crash) is replaced; one that is answered is
 * EADDRINUSE. NULL with *os_errno; a path over 107 bytes is ENAMETOOLONG. */
sys_control *sys_control_open(const char *path, int *os_errno);
/* Readable when there is something to do; one descriptor for all clients. */
int sys_control_fd(const sys_control *c);
/* Moves every client on as far as it goes without waiting, and gives out one whole line (without its newline,
 * NUL-terminated): the client's number, to be answered once, at any later time. 0: no line. */
uint32_t sys_control_next(sys_control *c, char line[SYS_CONTROL_LINE]);
/* Keeps a copy, sends what the socket takes now and the rest from sys_control_next; then closes. A client
 * that has gone is no error. */
void sys_control_answer(sys_control *c, uint32_t client, const uint8_t *bytes, size_t n);
/* Clients connected: while there are some, sys_control_next wants to be called every second or so, for the
 * time limits. */
int sys_control_busy(const sys_control *c);
/* Gives answers under way up to wait_ms to leave, stops listening and removes the file. NULL is allowed. */
void sys_control_close(sys_control *c, int wait_ms);

/* The other side: sends a line, reads the whole answer (at most cap bytes); each wait is timeout_ms at most.
 * Bytes read, or -errno. */
int64_t sys_control_ask(const char *path, const char *line, uint8_t *out, size_t cap, int timeout_ms);

#endif
