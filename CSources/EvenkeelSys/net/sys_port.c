#include "net/sys_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
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

int sys_own_address(char *out, unsigned cap) {
    struct ifaddrs *all;
    int found = 0;
    if (getifaddrs(&all) != 0) return 0;
    for (const struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next) {
        if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET || (i->ifa_flags & IFF_LOOPBACK) != 0
            || (i->ifa_flags & IFF_UP) == 0)
            continue;
        struct sockaddr_in at;
        memcpy(&at, i->ifa_addr, sizeof at);
        found = inet_ntop(AF_INET, &at.sin_addr, out, cap) != NULL;
    }
    freeifaddrs(all);
    return found;
}
