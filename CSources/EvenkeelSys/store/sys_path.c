#include "store/sys_path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

/* Opened before it is looked at: the owner of the directory could put another file in its place. */
static int give(int dir, const char *name, uid_t uid, gid_t gid) {
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return 0;
    int err = 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 && st.st_nlink == 1
        && fchown(fd, uid, gid) != 0)
        err = errno;
    close(fd);
    return err;
}

int sys_give_to_owner(const char *path) {
    char dir[PATH_MAX];
    struct stat st;
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    if (geteuid() != 0 || name[0] == 0 || sys_dir_of(path, dir, sizeof dir) != 0) return 0;
    DIR *d = opendir(dir);
    if (d == NULL) return errno;
    int err = fstat(dirfd(d), &st) == 0 ? 0 : errno;
    if (err == 0 && st.st_uid != 0) {
        for (struct dirent *e; err == 0 && (e = readdir(d));)
            if (strncmp(e->d_name, name, strlen(name)) == 0)
                err = give(dirfd(d), e->d_name, st.st_uid, st.st_gid);
    }
    closedir(d);
    return err;
}
