/* sys_path.h - looking at files and disks without touching them: for `check`. */
#ifndef SYS_PATH_H
#define SYS_PATH_H

#include <stdint.h>

typedef struct {
    int os_errno;          /* 0; ENOENT when nothing is there ... */
    uint32_t mode;         /* permission bits, 07777 */
    uint32_t uid;
    uint64_t size, allocated;  /* bytes; allocated: on the disk, less than size for a file with holes */
    uint8_t is_file, is_dir, is_socket, is_link;
    uint8_t mine;          /* owner is this process's user, or root */
    uint8_t readable, writable; /* by this process; for a directory writable: files can be made in it */
} sys_look;

/* The thing at the path itself, not what a link leads to. */
void sys_look_at(const char *path, sys_look *out);
/* The directory part of a path into out ("." when it has none); 0, or -1 when it does not fit. */
int sys_dir_of(const char *path, char *out, uint32_t cap);
/* Bytes this user can still write in that directory's file system, and its free inodes (all ones where there
 * are none to count). 0, or the errno. */
int sys_disk_free(const char *dir, uint64_t *bytes, uint64_t *inodes);
/* Run as root, the files in the directory of `path` whose names begin with its name are given to the owner of
 * the directory, so that a service which runs as that user can go on with them. Files that are not root's,
 * have a second name or are no files are left alone. 0, or the errno. */
int sys_give_to_owner(const char *path);
/* 1 when that directory's file system lives in memory (tmpfs, ramfs): a reboot empties it. */
int sys_in_memory(const char *dir);

#endif
