/* The control socket: the input is what clients do, a byte at a time (connect, send pieces, look, answer,
 * hang up). Whatever they do, a line handed out is a line somebody sent whole, each client is answered at
 * most once, and nobody holds more places than there are. */
#include "net/sys_control.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void need(int ok) {
    if (!ok) abort();
}

enum { PEERS = 6 };
static char path[64];

static int dial(void) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    memcpy(a.sun_path, path, strlen(path) + 1);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        need(errno == EAGAIN); /* its queue is full */
        close(fd);
        fd = -1;
    }
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static sys_control *control;
    static const uint8_t answer[70000] = {7};
    int fds[PEERS], err = 0;
    char line[SYS_CONTROL_LINE];
    if (control == NULL) {
        snprintf(path, sizeof path, "/tmp/ekfuzz-%d.sock", (int)getpid());
        control = sys_control_open(path, &err);
        need(control != NULL);
    }
    for (int i = 0; i < PEERS; i++) fds[i] = -1;
    if (size > 256) size = 256;
    for (size_t at = 0; at < size;) {
        uint8_t what = data[at++];
        int *fd = &fds[(what >> 4) % PEERS];
        size_t n = what & 15;
        if (n == 15) {
            if (*fd >= 0) close(*fd);
            *fd = -1;
        } else if (n == 14 || n == 13) {
            uint32_t client = sys_control_next(control, line);
            if (client == 0) continue;
            need(memchr(line, 0, sizeof line) != NULL && strchr(line, '\n') == NULL);
            sys_control_answer(control, client, answer, n == 14 ? 5 : sizeof answer);
            sys_control_answer(control, client, answer, 5); /* once is all there is */
        } else {
            if (n > size - at) n = size - at;
            if (*fd < 0) *fd = dial();
            if (*fd >= 0 && n > 0) (void)!send(*fd, data + at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
            at += n;
        }
        need(sys_control_busy(control) <= SYS_CONTROL_CLIENTS);
    }
    for (int i = 0; i < PEERS; i++)
        if (fds[i] >= 0) close(fds[i]);
    for (int i = 0; i < 40 && sys_control_busy(control) > 0; i++) {
        uint32_t client = sys_control_next(control, line);
        if (client) sys_control_answer(control, client, answer, 0);
    }
    need(sys_control_busy(control) == 0); /* all have hung up: no place is lost */
    return 0;
}
