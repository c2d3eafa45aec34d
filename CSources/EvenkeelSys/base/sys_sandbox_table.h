/* sys_sandbox_table.h - private to sys_sandbox.c: the policies, to be read. Names are the kernel's; a call
 * that an architecture does not have is left out there. */
#ifndef SYS_SANDBOX_TABLE_H
#define SYS_SANDBOX_TABLE_H
#include <fcntl.h>
#include <sys/syscall.h>

typedef struct {
    int number;
    int argument;      /* -1: whatever its arguments; else this one must have no bit of `mask` */
    unsigned mask;
} sys_call;

#define CALL(name) {SYS_##name, -1, 0}
#define CALL_WITHOUT(name, argument, mask) {SYS_##name, argument, mask}
enum { EXECUTABLE = 4 /* PROT_EXEC */ };

/* The signer: nothing but these. Default: the process is killed. */
static const sys_call SIGNER_MAY[] = {
    CALL(read), CALL(recvfrom), CALL(recvmsg),          /* requests */
    CALL(write), CALL(sendto), CALL(sendmsg),           /* answers */
    CALL(pwrite64),                                     /* its counters */
    CALL(ppoll), CALL(clock_gettime), CALL(restart_syscall),
#ifdef SYS_poll
    CALL(poll),
#endif
    CALL_WITHOUT(mprotect, 2, EXECUTABLE), CALL(munmap), CALL(munlock), CALL(madvise), /* wiping the key */
    CALL(close), CALL(rt_sigreturn), CALL(exit), CALL(exit_group),
};

/* No role needs these. Default: everything else is allowed, these fail with EPERM. */
static const sys_call NOBODY_MAY[] = {
    CALL(ptrace),
    CALL(process_vm_readv),
    CALL(process_vm_writev),
    CALL(kcmp),
    CALL(pidfd_open),
    CALL(pidfd_getfd),
    CALL(process_madvise),
    CALL(mount),
    CALL(umount2),
    CALL(pivot_root),
    CALL(chroot),
    CALL(setns),
    CALL(unshare),
    CALL(open_tree),
    CALL(move_mount),
    CALL(fsopen),
    CALL(bpf),
    CALL(perf_event_open),
    CALL(userfaultfd),
    CALL(keyctl),
    CALL(add_key),
    CALL(request_key),
    CALL(init_module),
    CALL(finit_module),
    CALL(delete_module),
    CALL(kexec_load),
    CALL(reboot),
    CALL(swapon),
    CALL(swapoff),
    CALL(io_uring_setup),
    CALL(io_uring_enter),
    CALL(io_uring_register),
    CALL(personality),
    CALL(quotactl),
    CALL(acct),
    CALL(settimeofday),
    CALL(clock_settime),
    CALL(adjtimex),
    CALL(name_to_handle_at),
    CALL(open_by_handle_at),
};
/* What a file is called, whose it is, how long it is: no role changes any of it once it has what it needs.
 * Landlock does not know chmod and its like at all, and truncation only from its third version on. */
static const sys_call NO_ALTERING[] = {
    CALL(truncate),
    CALL(ftruncate),
    CALL(fallocate),
    CALL(fchmod),
    CALL(fchmodat),
    CALL(fchown),
    CALL(fchownat),
    CALL(linkat),
    CALL(symlinkat),
    CALL(renameat2),
    CALL(mkdirat),
    CALL(mknodat),
    CALL(utimensat),
    CALL(setxattr),
    CALL(lsetxattr),
    CALL(fsetxattr),
    CALL(removexattr),
    CALL(lremovexattr),
    CALL(fremovexattr),
    CALL(openat2), /* its flags are behind a pointer, where no filter sees them */
#ifdef SYS_chmod
    CALL(chmod),
    CALL(chown),
    CALL(lchown),
    CALL(link),
    CALL(symlink),
    CALL(rename),
    CALL(mkdir),
    CALL(rmdir),
    CALL(mknod),
    CALL(creat),
    CALL(utime),
    CALL(utimes),
    CALL(futimesat),
#endif
#ifdef SYS_renameat
    CALL(renameat),
#endif
    /* Younger than the headers here; one number on every architecture. */
    {452, -1, 0}, /* fchmodat2 */
    {463, -1, 0}, /* setxattrat */
    {466, -1, 0}, /* removexattrat */
    {469, -1, 0}, /* file_setattr */
};
static const sys_call NO_UNLINK[] = {
#ifdef SYS_unlink
    CALL(unlink),
#endif
    CALL(unlinkat),
};
/* Opens that make or cut a file; and that write at all. Refused with any of these bits. */
enum { MAKES_OR_CUTS = O_CREAT | O_TRUNC,
       WRITES = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC };
static const sys_call NO_NEW_FILE[] = {
    CALL_WITHOUT(openat, 2, MAKES_OR_CUTS),
#ifdef SYS_open
    CALL_WITHOUT(open, 1, MAKES_OR_CUTS),
#endif
};
static const sys_call NO_WRITING[] = {
    CALL_WITHOUT(openat, 2, WRITES),
#ifdef SYS_open
    CALL_WITHOUT(open, 1, WRITES),
#endif
};
static const sys_call NO_EXEC[] = {CALL(execve), CALL(execveat)};
static const sys_call NO_NETWORK[] = {CALL(socket), CALL(socketpair), CALL(connect), CALL(bind),
                                      CALL(listen), CALL(accept),     CALL(accept4)};
static const sys_call NO_CONNECT[] = {CALL(connect)};

/* The page's server once it listens: nothing but these. Default: EPERM, so that a call its libraries could do
 * without costs nothing. No open, no connect, no new socket, no process, no exec. */
static const sys_call WEB_MAY[] = {
    CALL(accept),
    CALL(accept4),
    CALL(read),
    CALL(readv),
    CALL(recvfrom),
    CALL(recvmsg),
    CALL(write),
    CALL(writev),
    CALL(sendto),
    CALL(sendmsg),
    CALL(shutdown),
    CALL(close),
    CALL(getsockopt),
    CALL(setsockopt),
    CALL(getsockname),
    CALL(getpeername),
    CALL(fcntl),
    CALL(ioctl),
    CALL(ppoll),
    CALL(epoll_pwait),
    CALL(epoll_ctl),
    CALL(pread64),
    CALL(lseek),
    CALL(fstat), /* the history, opened before */
    CALL(brk),
    CALL_WITHOUT(mprotect, 2, EXECUTABLE),
    CALL(munmap),
    CALL(mremap),
    CALL(madvise),
    CALL(clock_gettime),
    CALL(clock_nanosleep),
    CALL(nanosleep),
    CALL(gettimeofday),
    CALL(getrandom),
    CALL(futex),
    CALL(sched_yield),
    CALL(getpid),
    CALL(gettid),
    CALL(getuid),
    CALL(geteuid),
    CALL(tgkill),
    CALL(sigaltstack),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(restart_syscall),
    CALL(exit),
    CALL(exit_group),
#ifdef SYS_poll
    CALL(poll),
#endif
#ifdef SYS_mmap
    CALL_WITHOUT(mmap, 2, EXECUTABLE),
#endif
#ifdef SYS_epoll_wait
    CALL(epoll_wait),
#endif
#ifdef SYS_newfstatat
    CALL(newfstatat), /* the C library's fstat */
#endif
#ifdef SYS_time
    CALL(time),
#endif
};

/* What the agent may read beside its own files: name resolution, TLS, the C library. */
static const char *const AGENT_READS[] = {
    "/etc/ssl",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/lib/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/resolv.conf",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/passwd",
    "/etc/group",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/proc/self",
    "/proc/sys/vm",
    "/sys/devices/system/cpu",
    "/dev/urandom",
};
#endif
