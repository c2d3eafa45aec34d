/* sys_write.h - all bytes to their place in a file, or why not. For the files beside the state and the state
 * itself. */
#ifndef SYS_WRITE_H
#define SYS_WRITE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Goes on after an interruption and after a part. 0, or the errno; then any part of it may be written.
 * Nothing is synced. */
int sys_write_at(int fd, const void *bytes, size_t n, off_t at);

#endif
