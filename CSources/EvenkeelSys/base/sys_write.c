#include "sys_write.h"

#include <errno.h>
#include <unistd.h>

int sys_write_at(int fd, const void *bytes, size_t n, off_t at) {
    const uint8_t *from = bytes;
    for (size_t done = 0; done < n;) {
        ssize_t k = pwrite(fd, from + done, n - done, at + (off_t)done);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return k < 0 ? errno : EIO;
        done += (size_t)k;
    }
    return 0;
}
