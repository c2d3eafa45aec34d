/* A program that shuts itself in as a role does and then tries one thing: `confined ROLE ATTEMPT [ARGUMENT]`.
 * Exit 0: the attempt failed as it must (EPERM, EACCES); 1: it succeeded; killed by SIGSYS: the filter's
 * harder answer; 77: the kernel lacks it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/sys_sandbox.h"

static int refused(long result) { return result < 0 && (errno == EPERM || errno == EACCES) ? 0 : 1; }

/* Everything that changes a file without writing into it, as the bare system call. */
static long alter(const char *what, const char *path) {
    char other[4200];
    struct timespec times[2] = {{0, 0}, {0, 0}};
    struct open_how {
        uint64_t flags, mode, resolve;
    } how = {O_RDWR | O_TRUNC, 0, 0};
    snprintf(other, sizeof other, "%s.other", path);
    if (strcmp(what, "truncate") == 0) return truncate(path, 0);
    if (strcmp(what, "ftruncate") == 0) return ftruncate(3, 0); /* descriptor 3: open for writing before */
    if (strcmp(what, "fallocate") == 0) return fallocate(3, 0, 0, 1 << 20);
    if (strcmp(what, "open-truncate") == 0) return open(path, O_RDONLY | O_TRUNC);
    if (strcmp(what, "open-create") == 0) return open(other, O_RDONLY | O_CREAT, 0600);
    if (strcmp(what, "openat2") == 0) return syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (strcmp(what, "chmod") == 0) return chmod(path, 0666);
    if (strcmp(what, "fchmod") == 0) return fchmod(3, 0666);
    if (strcmp(what, "fchmodat") == 0) return fchmodat(AT_FDCWD, path, 0666, 0);
    if (strcmp(what, "fchmodat2") == 0) return syscall(452, AT_FDCWD, path, 0666, 0);
    if (strcmp(what, "chown") == 0) return chown(path, getuid(), getgid());
    if (strcmp(what, "lchown") == 0) return lchown(path, getuid(), getgid());
    if (strcmp(what, "fchown") == 0) return fchown(3, getuid(), getgid());
    if (strcmp(what, "fchownat") == 0) return fchownat(AT_FDCWD, path, getuid(), getgid(), 0);
    if (strcmp(what, "rename") == 0) return rename(path, other);
    if (strcmp(what, "renameat") == 0) return renameat(AT_FDCWD, path, AT_FDCWD, other);
    if (strcmp(what, "renameat2") == 0) return renameat2(AT_FDCWD, path, AT_FDCWD, other, 0);
    if (strcmp(what, "link") == 0) return link(path, other);
    if (strcmp(what, "linkat") == 0) return linkat(AT_FDCWD, path, AT_FDCWD, other, 0);
    if (strcmp(what, "symlink") == 0) return symlink(path, other);
    if (strcmp(what, "symlinkat") == 0) return symlinkat(path, AT_FDCWD, other);
    if (strcmp(what, "unlink") == 0) return unlink(path);
    if (strcmp(what, "unlinkat") == 0) return unlinkat(AT_FDCWD, path, 0);
    if (strcmp(what, "mkdir") == 0) return mkdir(other, 0700);
    if (strcmp(what, "mknod") == 0) return mknod(other, S_IFIFO | 0600, 0);
    if (strcmp(what, "mknodat") == 0) return mknodat(AT_FDCWD, other, S_IFIFO | 0600, 0);
    if (strcmp(what, "setxattr") == 0) return setxattr(path, "user.evenkeel", "x", 1, 0);
    if (strcmp(what, "fsetxattr") == 0) return fsetxattr(3, "user.evenkeel", "x", 1, 0);
    if (strcmp(what, "utimensat") == 0) return utimensat(AT_FDCWD, path, times, 0);
    exit(2);
}

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    const char *role = argv[1], *what = argv[2], *argument = argv[3];
    uint32_t held;
    if (strcmp(role, "signer") == 0) held = sys_sandbox_signer();
    else if (strcmp(role, "keeper") == 0) held = sys_sandbox_keeper(getenv("KEY"), getenv("LEDGER"));
    else if (strncmp(role, "bare-", 5) == 0) { /* a kernel without Landlock */
        int filter = strcmp(role, "bare-keeper") == 0  ? SYS_FILTER_KEEPER
                     : strcmp(role, "bare-agent") == 0 ? SYS_FILTER_AGENT
                     : strcmp(role, "bare-web") == 0   ? SYS_FILTER_WEB
                                                       : SYS_FILTER_WEB_KEEPER;
        held = SYS_SANDBOX_LANDLOCK | (sys_sandbox_filter(filter) ? SYS_SANDBOX_SECCOMP : 0);
    } else if (strcmp(role, "web") == 0) held = sys_sandbox_web();
    else if (strcmp(role, "web-keeper") == 0) held = sys_sandbox_web_keeper();
    else {
        sys_sandbox_paths p = {.state = getenv("STATE"),
                               .config = getenv("CONFIG"),
                               .keypair = getenv("KEY"),
                               .control = getenv("CONTROL")};
        held = sys_sandbox_agent(&p);
    }
    if (!(held & SYS_SANDBOX_SECCOMP) || !(held & SYS_SANDBOX_LANDLOCK)) {
        char words[96];
        sys_sandbox_missing(held, words);
        _exit(77);
    }
    if (strcmp(what, "nothing") == 0) _exit(0);
    if (strcmp(what, "read") == 0) _exit(refused(open(argument, O_RDONLY)));
    if (strcmp(what, "write") == 0) _exit(refused(open(argument, O_WRONLY)));
    if (strcmp(what, "create") == 0) _exit(refused(open(argument, O_WRONLY | O_CREAT, 0600)));
    if (strcmp(what, "unlink") == 0) _exit(refused(unlink(argument)));
    if (strncmp(what, "alter-", 6) == 0) _exit(refused(alter(what + 6, argument)));
    if (strcmp(what, "socket") == 0) _exit(refused(socket(AF_INET, SOCK_STREAM, 0)));
    if (strcmp(what, "connect") == 0) {
        struct sockaddr_in a = {
            .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
        _exit(refused(connect(0, (struct sockaddr *)&a, sizeof a)));
    }
    if (strcmp(what, "exec") == 0) _exit(refused(execl("/bin/true", "true", (char *)NULL)));
    if (strcmp(what, "ptrace") == 0) _exit(refused(ptrace(PTRACE_ATTACH, atoi(argument), NULL, NULL)));
    if (strcmp(what, "peek") == 0) {
        char byte;
        struct iovec here = {&byte, 1}, there = {&byte, 1};
        _exit(refused(process_vm_readv(atoi(argument), &here, 1, &there, 1, 0)));
    }
    if (strcmp(what, "fork") == 0) _exit(refused(fork()));
    if (strcmp(what, "executable") == 0) _exit(refused(mprotect(malloc(65536), 4096, PROT_READ | PROT_EXEC)));
    _exit(2);
}
