/* sys_notify.h - telling the supervisor how it goes: systemd's notification protocol, one datagram a message,
 * and journald's stream.
 *
 * The protocol is a handful of NAME=VALUE lines sent to the Unix datagram socket that $NOTIFY_SOCKET names; a
 * path, or with a leading @ an abstract name. libsystemd would bring it at the cost of a library of 828 KB
 * and its own dependencies into a process that holds a key. */
#ifndef SYS_NOTIFY_H
#define SYS_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

/* A connected descriptor; -1: there is no $NOTIFY_SOCKET; else -errno (a name that is neither a path nor
 * abstract: -EINVAL). The variable is removed from the environment, so that started processes do not speak
 * for this one. */
int sys_notify_open(void);
/* One message ("READY=1\nSTATUS=…"). Never waits: 0, or the errno (EAGAIN: the supervisor does not read; the
 * message is lost). */
int sys_notify_send(int fd, const void *bytes, size_t n);
/* How long the supervisor waits for a sign of life, in microseconds; 0: it does not ($WATCHDOG_USEC, for this
 * pid by $WATCHDOG_PID). */
uint64_t sys_notify_watchdog_us(void);
/* 1 when fd is the stream that $JOURNAL_STREAM names: lines on it are read by journald, which takes a
 * priority prefix. */
int sys_is_journal(int fd);

#endif
