/* sys_control.h - the agent's control socket: one line in, one answer out, then closed.
 *
 * A Unix stream socket of mode 0660. The peer must be root, the agent's own user, or in the agent's group (SO_PEERCRED); others get nothing.
 * A client that sends no whole line within SYS_CONTROL_WAIT_MS, or too long a one, is dropped: it can delay the agent by that at most. */
#ifndef SYS_CONTROL_H
#define SYS_CONTROL_H

#include <stddef.h>
#include <stdint.h>

enum { SYS_CONTROL_LINE = 64, SYS_CONTROL_WAIT_MS = 50 };

/* Binds and listens; returns the descriptor or -errno. A socket file nobody answers on (left by a crash) is replaced; one that is answered
 * is EADDRINUSE. A path over 107 bytes: ENAMETOOLONG. */
int sys_control_listen(const char *path);
/* Takes one waiting client and reads its line (without the newline, NUL-terminated). Returns the client's descriptor, or -1: nobody, not
 * allowed, or no line. */
int sys_control_accept(int fd, char line[SYS_CONTROL_LINE]);
/* Writes the answer without waiting for a slow reader longer than SYS_CONTROL_WAIT_MS, and closes. */
void sys_control_answer(int client, const uint8_t *bytes, size_t n);
/* Stops listening and removes the file. */
void sys_control_close(int fd, const char *path);

/* The other side: sends a line, reads the whole answer (at most cap bytes) within timeout_ms. Bytes read, or -errno. */
int64_t sys_control_ask(const char *path, const char *line, uint8_t *out, size_t cap, int timeout_ms);

#endif
