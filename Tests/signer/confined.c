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
#include <sys/uio.h>
#include <unistd.h>

#include "base/sys_sandbox.h"

static int refused(long result) { return result < 0 && (errno == EPERM || errno == EACCES) ? 0 : 1; }

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    const char *role = argv[1], *what = argv[2], *argument = argv[3];
    uint32_t held;
    if (strcmp(role, "signer") == 0) held = sys_sandbox_signer();
    else if (strcmp(role, "keeper") == 0) held = sys_sandbox_keeper(getenv("KEY"), getenv("LEDGER"));
    else if (strcmp(role, "web") == 0) held = sys_sandbox_web();
    else if (strcmp(role, "web-keeper") == 0) held = sys_sandbox_web_keeper();
    else {
        sys_sandbox_paths p = {
            .state = getenv("STATE"), .config = getenv("CONFIG"), .keypair = getenv("KEY")};
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
