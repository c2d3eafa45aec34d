/* sys_spawn.h - starting this program again in another role (demo's chain), and a scratch directory of its
 * own. */
#ifndef SYS_SPAWN_H
#define SYS_SPAWN_H

#include <stddef.h>
#include <stdint.h>

/* Starts /proc/self/exe with these arguments (argv[0] included, NULL-terminated). Its stdout comes to
 * *out_fd; its stderr is dropped. It is killed by the kernel when this process dies. Returns the pid, or
 * -errno. */
int sys_spawn_self(const char *const *argv, int *out_fd);
/* Reads one line within timeout_ms (newline cut, NUL-terminated): its length, or -1. */
int sys_read_line(int fd, char *out, size_t cap, int timeout_ms);
/* SIGTERM, then SIGKILL after 2 s; reaps. */
void sys_end_child(int pid);
/* 1 while the child lives. */

/* A private directory under $TMPDIR or /tmp; 0, or errno. */
int sys_temp_dir(char *out, size_t cap);
/* Writes a new file with mode 0600; 0, or errno. */
int sys_write_private(const char *path, const void *bytes, size_t n);
/* Removes the files in it and the directory; nothing below it. */
void sys_remove_dir(const char *path);

#endif
