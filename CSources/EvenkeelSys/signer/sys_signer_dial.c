/* The socket of a signer that is the user's own: whose it is, and connecting to it. What it signs is checked
 * by whoever asked (the signature against the message and the configured key), so a wrong process behind the
 * socket can refuse and read along, but never make the agent send anything. */
#include "sys_signer_dial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int refuse(int err, char text[SYS_SIGNER_TEXT], const char *path, const char *why) {
    snprintf(text, SYS_SIGNER_TEXT, "signer's socket %.120s: %s", path, why);
    return -err;
}

/* 0, or why not. The file first: its owner decides who may stand behind it. */
static int file_ok(const char *path, struct stat *st, char text[SYS_SIGNER_TEXT]) {
    if (lstat(path, st) != 0) return refuse(errno, text, path, strerror(errno));
    if (!S_ISSOCK(st->st_mode)) return refuse(EPERM, text, path, "is no socket");
    if (st->st_mode & S_IWOTH)
        return refuse(EPERM, text, path,
                      "everybody may write to it: chmod o-w, or anybody may ask for signatures");
    return 0;
}

static int peer_ok(int fd, const char *path, const struct stat *st, char text[SYS_SIGNER_TEXT]) {
    struct ucred peer;
    socklen_t n = sizeof peer;
    char why[120];
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
        return refuse(errno, text, path, strerror(errno));
    if (st->st_uid == peer.uid || st->st_uid == 0) return 0;
    snprintf(why, sizeof why, "belongs to user %u, but the process behind it is user %u",
             (unsigned)st->st_uid, (unsigned)peer.uid);
    return refuse(EPERM, text, path, why);
}

int sys_signer_dial(const char *path, char text[SYS_SIGNER_TEXT]) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct stat st;
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof a.sun_path)
        return refuse(ENAMETOOLONG, text, path, "too long for a socket's path (107 bytes)");
    memcpy(a.sun_path, path, n + 1);
    int bad = file_ok(path, &st, text);
    if (bad) return bad;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return refuse(errno, text, path, strerror(errno));
    /* EAGAIN: its queue is full */
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0) bad = refuse(errno, text, path, strerror(errno));
    else bad = peer_ok(fd, path, &st, text);
    if (bad == 0) return fd;
    close(fd);
    return bad;
}

int sys_signer_send_seal(int fd, const ek_policy_limits *limits, const char *keypair, const char *ledger) {
    sys_signer_seal seal;
    memset(&seal, 0, sizeof seal);
    seal.head = (sys_signer_head){.magic = SYS_SIGNER_MAGIC, .type = SYS_SIGNER_SEAL};
    seal.limits = *limits;
    snprintf(seal.keypair, sizeof seal.keypair, "%s", keypair);
    snprintf(seal.ledger, sizeof seal.ledger, "%s", ledger);
    return send(fd, &seal, sizeof seal, MSG_NOSIGNAL) == (ssize_t)sizeof seal;
}
