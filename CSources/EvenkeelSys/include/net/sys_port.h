/* sys_port.h - may this process serve at an address: for `check`. */
#ifndef SYS_PORT_H
#define SYS_PORT_H

#include <errno.h>
#include <stdint.h>

enum { SYS_PORT_TAKEN = EADDRINUSE };

/* Binds there for a moment, as a server would. 0, or the errno: SYS_PORT_TAKEN, EACCES (a port of root's),
 * EADDRNOTAVAIL (no address of this machine). host: an IPv4 or IPv6 address without brackets; EINVAL for
 * anything else. */
int sys_port_try(const char *host, uint16_t port);
/* An IPv4 address of this machine that is not loopback, as text. 1, or 0: it has none. */
int sys_own_address(char *out, unsigned cap);

#endif
