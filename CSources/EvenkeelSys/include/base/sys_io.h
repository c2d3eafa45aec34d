/* sys_io.h - whole reads and writes: descriptors, small files, the terminal. */
#ifndef SYS_IO_H
#define SYS_IO_H

#include <stddef.h>
#include <stdint.h>

int sys_isatty(int fd);
/* 1 with the terminal's size; 0 when it is none or does not know it. */
int sys_terminal_size(int fd, int *columns, int *rows);
/* Writes it all (short writes and EINTR handled); 0, or the errno. */
int sys_write_all(int fd, const void *bytes, size_t n);
/* One log line: waits for a stalled reader 100 ms at most, then drops the rest. 0, or the errno (EAGAIN:
 * dropped). */
int sys_write_log(int fd, const void *bytes, size_t n);
/* Reads a whole file into `out`: bytes read, -1 with errno, -2 when it is longer than cap. */
int64_t sys_read_file(const char *path, void *out, size_t cap);
/* The same into memory of its own, up to `max` bytes; free with sys_free. NULL with *os_errno (EFBIG when
 * longer). */
uint8_t *sys_read_alloc(const char *path, size_t max, size_t *len, int *os_errno);
void sys_free(void *p);
/* 1 when something is at that path. Anything but "it is not there" counts as there: a switch that cannot be
 * looked at is on. */
int sys_path_there(const char *path);
const char *sys_errno_text(int os_errno);

#endif
