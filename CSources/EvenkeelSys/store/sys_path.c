#include "store/sys_path.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

void sys_look_at(const char *path, sys_look *out) {
    struct stat st;
    memset(out, 0, sizeof *out);
    if (lstat(path, &st) != 0) {
        out->os_errno = errno;
        return;
    }
    out->mode = (uint32_t)st.st_mode & 07777u;
    out->uid = st.st_uid;
    out->size = (uint64_t)st.st_size;
    out->allocated = (uint64_t)st.st_blocks * 512u;
    out->is_file = S_ISREG(st.st_mode);
    out->is_dir = S_ISDIR(st.st_mode);
    out->is_socket = S_ISSOCK(st.st_mode);
    out->is_link = S_ISLNK(st.st_mode);
    out->mine = st.st_uid == geteuid() || st.st_uid == 0;
    out->readable = access(path, R_OK) == 0;
    out->writable = access(path, out->is_dir ? W_OK | X_OK : W_OK) == 0;
}

int sys_dir_of(const char *path, char *out, uint32_t cap) {
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    if (n + 2 > cap) return -1;
    memcpy(out, n == 0 ? "." : path, n == 0 ? 1 : n);
    out[n == 0 ? 1 : n] = 0;
    return 0;
}

int sys_disk_free(const char *dir, uint64_t *bytes, uint64_t *inodes) {
    struct statvfs fs;
    if (statvfs(dir, &fs) != 0) return errno;
    *bytes = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
    *inodes = fs.f_files == 0 ? UINT64_MAX : (uint64_t)fs.f_favail;
    return 0;
}

int sys_in_memory(const char *dir) {
    struct statfs fs;
    return statfs(dir, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}
