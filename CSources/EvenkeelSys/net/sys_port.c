#include "net/sys_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int sys_port_try(const char *host, uint16_t port) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int is4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1, one = 1;
    if (!is4 && inet_pton(AF_INET6, host, &v6.sin6_addr) != 1) return EINVAL;
    int fd = socket(is4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    /* as the page's server: what has just been closed there is no obstacle */
    int err = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 ? 0 : errno;
    const struct sockaddr *at = is4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
    if (err == 0 && bind(fd, at, is4 ? sizeof v4 : sizeof v6) != 0) err = errno;
    if (err == 0 && listen(fd, 1) != 0) err = errno; /* two may bind, one may listen */
    close(fd);
    return err;
}
