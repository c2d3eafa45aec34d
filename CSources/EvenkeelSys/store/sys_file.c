#include "store/sys_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ek_assert.h"
#include "base/sys_io.h"
#include "../base/sys_write.h"

static sys_state_result failed(sys_state *st, sys_state_result result, int os_errno, const char *what) {
    st->os_errno = os_errno;
    if (os_errno != 0)
        snprintf(st->text, sizeof st->text, "%s: %s: %s", st->path, what, sys_errno_text(os_errno));
    else snprintf(st->text, sizeof st->text, "%s: %s", st->path, what);
    return result;
}

/* Errors of a store keep the descriptor and the lock; errors of an open give both up. */
static sys_state_result closed(sys_state *st, sys_state_result result) {
    if (st->fd >= 0) close(st->fd);
    st->fd = -1;
    return result;
}

static int begin(sys_state *st, const char *path) {
    memset(st, 0, sizeof *st);
    st->fd = -1;
    st->newest = -1;
    size_t n = strlen(path);
    snprintf(st->path, sizeof st->path, "%s", path);
    if (n != 0 && n + sizeof ".new" <= sizeof st->path) return 1;
    failed(st, SYS_STATE_NOT_FILE, ENAMETOOLONG, "state file");
    if (n == 0) snprintf(st->text, sizeof st->text, "no state file named");
    return 0;
}

static ssize_t read_at(int fd, uint8_t *to, size_t n, off_t at) {
    size_t got = 0;
    while (got < n) {
        ssize_t k = pread(fd, to + got, n - got, at + (off_t)got);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return -1;
        if (k == 0) break;
        got += (size_t)k;
    }
    return (ssize_t)got;
}

static int sync_directory(const char *path) {
    char copy[sizeof((sys_state *)0)->path];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno;
    int err = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return err;
}

static sys_state_result load(sys_state *st, ek_record *r) {
    uint8_t image[EK_RECORD_FILE];
    struct stat sb;
    if (fstat(st->fd, &sb) != 0) return failed(st, SYS_STATE_IO, errno, "cannot be looked at");
    if (!S_ISREG(sb.st_mode)) return failed(st, SYS_STATE_NOT_FILE, 0, "is not a regular file");
    st->size = (uint64_t)sb.st_size;
    ssize_t n = read_at(st->fd, image, sizeof image, 0);
    if (n < 0) return failed(st, SYS_STATE_IO, errno, "cannot be read");
    st->record_err = ek_record_pick(image, (size_t)n, r, &st->newest, st->slot_err);
    for (int i = 0; i < 2; i++) {
        size_t at = (size_t)i * EK_RECORD_SLOT;
        if ((size_t)n >= at) st->slot_format[i] = ek_record_format(image + at, (size_t)n - at);
    }
    if (st->record_err == EK_E_VERSION)
        return failed(
            st, SYS_STATE_NEWER, 0,
            "written by a newer evenkeel; use that one, or move the file away after checking the account");
    if (st->record_err == EK_E_MISMATCH)
        return failed(st, SYS_STATE_BAD, 0, "its two slots have one generation and differ; left untouched");
    if (st->record_err != EK_OK && n == 0)
        return failed(st, SYS_STATE_BAD, 0, "is empty; left untouched: move it away to start anew");
    if (st->record_err != EK_OK)
        return failed(st, SYS_STATE_BAD, 0,
                      "holds no valid record in either slot; left untouched: move it away to start anew");
    st->generation = r->generation;
    return SYS_STATE_OK;
}

/* O_NONBLOCK: opening a FIFO must not wait for a peer; it means nothing for a regular file. */
static sys_state_result open_checked(sys_state *st, int flags) {
    st->fd = open(st->path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (st->fd >= 0) return SYS_STATE_OK;
    if (errno == ENOENT) return failed(st, SYS_STATE_ABSENT, 0, "does not exist");
    if (errno == ELOOP) return failed(st, SYS_STATE_NOT_FILE, 0, "is a symbolic link; name the file itself");
    if (errno == EISDIR || errno == ENXIO) return failed(st, SYS_STATE_NOT_FILE, 0, "is not a regular file");
    return failed(st, SYS_STATE_IO, errno, "cannot be opened");
}

static sys_state_result lock(sys_state *st) {
    int k;
    do k = flock(st->fd, LOCK_EX | LOCK_NB);
    while (k != 0 && errno == EINTR);
    if (k == 0) return SYS_STATE_OK;
    if (errno == EWOULDBLOCK) return failed(st, SYS_STATE_LOCKED, 0, "locked by another evenkeel");
    return failed(st, SYS_STATE_IO, errno, "cannot be locked");
}

sys_state_result sys_state_open(const char *path, sys_state *st, ek_record *r) {
    if (!begin(st, path)) return SYS_STATE_NOT_FILE;
    sys_state_result result = open_checked(st, O_RDWR);
    if (result == SYS_STATE_OK) result = lock(st);
    if (result == SYS_STATE_OK) result = load(st, r);
    return result == SYS_STATE_OK ? result : closed(st, result);
}

sys_state_result sys_state_peek(const char *path, sys_state *st, ek_record *r) {
    if (!begin(st, path)) return SYS_STATE_NOT_FILE;
    st->read_only = 1;
    sys_state_result result = open_checked(st, O_RDONLY);
    if (result == SYS_STATE_OK) result = load(st, r);
    closed(st, result);
    return result;
}

/* The temporary file of a creation. One left by a crash is taken away first, but only when nobody holds its
 * lock and the name still means the file that was locked. */
static sys_state_result open_temporary(sys_state *st, const char *temporary) {
    for (int attempt = 0; attempt < 2; attempt++) {
        st->fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (st->fd >= 0) return lock(st);
        if (errno != EEXIST) return failed(st, SYS_STATE_IO, errno, "cannot be created");
        st->fd = open(temporary, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (st->fd < 0) return failed(st, SYS_STATE_IO, errno, "its temporary file PATH.new is in the way");
        struct stat a, b;
        sys_state_result result = lock(st);
        if (result != SYS_STATE_OK) return result;
        if (fstat(st->fd, &a) == 0 && lstat(temporary, &b) == 0 && S_ISREG(a.st_mode) && a.st_ino == b.st_ino
            && a.st_dev == b.st_dev)
            unlink(temporary);
        closed(st, result);
    }
    return failed(st, SYS_STATE_IO, EEXIST, "its temporary file PATH.new is in the way");
}

static int rename_new(const char *from, const char *to) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return errno;
    /* A filesystem without that flag: a hard link does not replace either. */
    if (link(from, to) != 0) return errno;
    unlink(from);
    return 0;
}

sys_state_result sys_state_create(const char *path, ek_record *r, sys_state *st) {
    if (!begin(st, path)) return SYS_STATE_NOT_FILE;
    struct stat sb;
    if (lstat(path, &sb) == 0) return failed(st, SYS_STATE_EXISTS, 0, "already exists");

    uint8_t image[EK_RECORD_FILE];
    ek_record copy = *r;
    copy.generation = 1;
    st->record_err = ek_record_encode(&copy, image);
    copy.generation = 2;
    if (st->record_err == EK_OK) st->record_err = ek_record_encode(&copy, image + EK_RECORD_SLOT);
    if (st->record_err != EK_OK)
        return failed(st, SYS_STATE_BAD, 0, "a record out of its ranges was not written");

    char temporary[sizeof st->path];
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
        return failed(st, SYS_STATE_NOT_FILE, ENAMETOOLONG, "state file");
    sys_state_result result = open_temporary(st, temporary);
    if (result != SYS_STATE_OK) return closed(st, result);
    int err = posix_fallocate(st->fd, 0, EK_RECORD_FILE);
    if (err == EOPNOTSUPP || err == EINVAL) err = 0; /* the write below takes the room then */
    if (err == 0) err = sys_write_at(st->fd, image, sizeof image, 0);
    if (err == 0 && fsync(st->fd) != 0) err = errno;
    if (err == 0) err = rename_new(temporary, path);
    if (err != 0) {
        unlink(temporary);
        return closed(st, err == EEXIST ? failed(st, SYS_STATE_EXISTS, 0, "already exists")
                                        : failed(st, SYS_STATE_IO, err, "cannot be created"));
    }
    err = sync_directory(path);
    if (err != 0) return closed(st, failed(st, SYS_STATE_IO, err, "its directory cannot be synced"));
    r->generation = st->generation = 2;
    r->format = EK_RECORD_VERSION;
    st->newest = 1;
    st->size = EK_RECORD_FILE;
    return SYS_STATE_OK;
}

/* A file that was cut short grows by this write: its length is metadata that fdatasync writes too. */
static int write_slot(int fd, const uint8_t *image, int slot) {
    int err = sys_write_at(fd, image, EK_RECORD_SLOT, slot == 0 ? 0 : (off_t)EK_RECORD_SLOT);
    return err == 0 && fdatasync(fd) != 0 ? errno : err;
}

sys_state_result sys_state_store(sys_state *st, ek_record *r) {
    if (st->fd < 0 || st->newest < 0 || st->read_only)
        return failed(st, SYS_STATE_IO, EBADF, "is not open for writing");
    if (st->generation == UINT64_MAX) return failed(st, SYS_STATE_BAD, 0, "generations are used up");
    /* the file never goes back behind what is in memory */
    EK_ASSERT(st->newest <= 1 && r->generation <= st->generation);
    uint8_t image[EK_RECORD_SLOT];
    uint64_t was = r->generation;
    r->generation = st->generation + 1;
    ek_err bad = ek_record_encode(r, image);
    if (bad != EK_OK) {
        r->generation = was;
        st->record_err = bad;
        return failed(st, SYS_STATE_BAD, 0, "a record out of its ranges was not written");
    }
    int older = 1 - st->newest;
    /* A file that was removed under us would take the write and be gone at the next start, with whatever
     * ticket is in it. */
    struct stat now;
    if (fstat(st->fd, &now) != 0 || now.st_nlink == 0) {
        r->generation = was;
        return failed(st, SYS_STATE_IO, ENOENT, "was removed while it is in use; put it back or start anew");
    }
    int err = write_slot(st->fd, image, older);
    if (err != 0) {
        r->generation = was;
        return failed(st, SYS_STATE_IO, err, "cannot be written");
    }
    st->newest = older;
    st->generation = r->generation;
    r->format = EK_RECORD_VERSION;
    st->slot_err[older] = EK_OK;
    st->stores++;
    if (r->ticket.state != EK_TICKET_NONE) {
        /* The past knows nothing of an open order: were this slot to rot, the order would be forgotten. So it
         * stands in both. */
        err = write_slot(st->fd, image, 1 - older);
        if (err != 0) return failed(st, SYS_STATE_IO, err, "cannot be written");
        st->newest = 1 - older;
        st->slot_err[1 - older] = EK_OK;
    }
    st->text[0] = 0;
    st->os_errno = 0;
    return SYS_STATE_OK;
}

void sys_state_close(sys_state *st) {
    if (st->fd >= 0) close(st->fd);
    st->fd = -1;
}

const char *sys_state_text(const sys_state *st) { return st->text; }
