#include "base/sys_sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys_sandbox_table.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/* ---- still ---- */

static int no_core(void) {
    struct rlimit none = {0, 0}, is;
    return setrlimit(RLIMIT_CORE, &none) == 0 || (getrlimit(RLIMIT_CORE, &is) == 0 && is.rlim_cur == 0);
}

uint32_t sys_sandbox_still(void) {
    int ok = prctl(PR_SET_DUMPABLE, 0) == 0;
    ok &= no_core();
    ok &= prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    return ok ? SYS_SANDBOX_STILL : 0;
}

/* Every capability out of every set. Root without them is a user like others, but for the files it owns. */
static uint32_t drop_capabilities(void) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct none[2];
    memset(none, 0, sizeof none);
    /* fails without CAP_SETPCAP: then there is nothing to drop */
    for (int cap = 0; cap < 64; cap++) (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    /* a supervisor may forbid the call because there is nothing left to drop */
    (void)!syscall(SYS_capset, &head, none);
    memset(none, 0xFF, sizeof none);
    if (syscall(SYS_capget, &head, none) != 0) return 0;
    return (none[0].effective | none[0].permitted | none[1].effective | none[1].permitted) == 0
               ? SYS_SANDBOX_NO_CAPS
               : 0;
}

/* ---- seccomp ---- */

enum { CODE_MAX = 400 };
typedef struct {
    struct sock_filter code[CODE_MAX];
    unsigned short n;
} filter;

static void put(filter *f, struct sock_filter one) {
    if (f->n < CODE_MAX) f->code[f->n] = one;
    f->n++;
}
static void put_return(filter *f, uint32_t what) {
    put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what));
}
static void put_load(filter *f, size_t offset) {
    put(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

#ifdef ARCHITECTURE
/* Another architecture's numbers, or the 32-bit pointers of x32, would pass under wrong names. */
static void begin(filter *f) {
    f->n = 0;
    put_load(f, offsetof(struct seccomp_data, arch));
    put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
    put_return(f, SECCOMP_RET_KILL_PROCESS);
    put_load(f, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1));
    put_return(f, SECCOMP_RET_KILL_PROCESS);
#endif
}
#endif

static void put_calls(filter *f, const sys_call *calls, size_t n, uint32_t what) {
    for (size_t i = 0; i < n; i++) {
        if (calls[i].argument < 0) {
            put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number, 0, 1));
            put_return(f, what);
            continue;
        }
        put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number, 0, 4));
        /* little-endian: the low word */
        put_load(f, offsetof(struct seccomp_data, args) + 8u * (size_t)calls[i].argument);
        put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, calls[i].mask, 1, 0));
        put_return(f, what);
        put_return(f, SECCOMP_RET_KILL_PROCESS);
    }
}
/* Refuses the call when its argument has a bit of the mask; else the next rule is asked. */
static void put_without(filter *f, const sys_call *calls, size_t n, uint32_t what) {
    for (size_t i = 0; i < n; i++) {
        put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number, 0, 4));
        put_load(f, offsetof(struct seccomp_data, args) + 8u * (size_t)calls[i].argument);
        put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, calls[i].mask, 0, 1));
        put_return(f, what);
        put_load(f, offsetof(struct seccomp_data, nr));
    }
}
#define CALLS(list) (list), sizeof(list) / sizeof((list)[0])

int sys_sandbox_filter(int role) {
#ifdef ARCHITECTURE
    filter f;
    uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
    begin(&f);
    if (role == SYS_FILTER_SIGNER) {
        put_calls(&f, CALLS(SIGNER_MAY), SECCOMP_RET_ALLOW);
        put_return(&f, SECCOMP_RET_KILL_PROCESS);
    } else if (role == SYS_FILTER_WEB) {
        put_calls(&f, CALLS(WEB_MAY), SECCOMP_RET_ALLOW);
        put_return(&f, refuse);
    } else {
        put_calls(&f, CALLS(NOBODY_MAY), refuse);
        put_calls(&f, CALLS(NO_EXEC), refuse);
        put_calls(&f, CALLS(NO_ALTERING), refuse);
        if (role != SYS_FILTER_AGENT_UNLINKS) put_calls(&f, CALLS(NO_UNLINK), refuse);
        if (role == SYS_FILTER_KEEPER) put_without(&f, CALLS(NO_NEW_FILE), refuse);
        else put_without(&f, CALLS(NO_WRITING), refuse);
        if (role == SYS_FILTER_KEEPER) put_calls(&f, CALLS(NO_NETWORK), refuse);
        if (role == SYS_FILTER_WEB_KEEPER) put_calls(&f, CALLS(NO_CONNECT), refuse);
        put_return(&f, SECCOMP_RET_ALLOW);
    }
    struct sock_fprog program = {.len = f.n, .filter = f.code};
    if (f.n > CODE_MAX || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 0;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
#else
    (void)role;
    return 0;
#endif
}

/* ---- Landlock ---- */

/* The newest version that is used: a test has older kernels by it. */
#ifndef LANDLOCK_MOST
#define LANDLOCK_MOST 5
#endif
/* Rights of the first version; later ones are added by what the kernel says it knows. */
enum { FIRST_RIGHTS = (1 << 13) - 1, READS = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR };
#define LATER_REFER (1ull << 13)
#define LATER_TRUNCATE (1ull << 14)
#define LATER_IOCTL (1ull << 15)

static int ruleset(uint64_t *rights) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* LANDLOCK_CREATE_RULESET_VERSION */);
    if (version > LANDLOCK_MOST) version = LANDLOCK_MOST;
    if (version < 1) return -1;
    *rights = FIRST_RIGHTS | (version >= 2 ? LATER_REFER : 0) | (version >= 3 ? LATER_TRUNCATE : 0)
              | (version >= 5 ? LATER_IOCTL : 0);
    struct landlock_ruleset_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.handled_access_fs = *rights;
    return (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0);
}

/* A path that is not there needs no rule. Rights for directories do not fit a file. */
static void allow(int rules, const char *path, uint64_t rights) {
    struct stat sb;
    if (path == NULL || path[0] == 0) return;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) return;
    if (fstat(fd, &sb) == 0) {
        if (!S_ISDIR(sb.st_mode))
            rights &=
                LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
        struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
        (void)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }
    close(fd);
}

static int parent_of(const char *path, char out[PATH_MAX]) {
    int n = snprintf(out, PATH_MAX, "%s", path);
    if (path[0] == 0 || n < 0 || n >= PATH_MAX) return 0;
    char *slash = strrchr(out, '/');
    if (slash == NULL) snprintf(out, PATH_MAX, ".");
    else if (slash == out) out[1] = 0;
    else *slash = 0;
    return 1;
}

static void allow_parent(int rules, const char *path, uint64_t rights) {
    char dir[PATH_MAX];
    if (path != NULL && parent_of(path, dir)) allow(rules, dir, rights);
}

/* 1 when the key lies in the directory or below it, links followed. */
static int key_below(const char *dir, const char *keypair) {
    char real_dir[PATH_MAX], real_key[PATH_MAX];
    if (keypair == NULL || keypair[0] == 0 || realpath(dir, real_dir) == NULL
        || realpath(keypair, real_key) == NULL)
        return 0;
    size_t n = strlen(real_dir);
    return strncmp(real_key, real_dir, n) == 0 && (real_key[n] == '/' || real_dir[n - 1] == '/');
}

int sys_key_beside_config(const char *config, const char *keypair) {
    char dir[PATH_MAX];
    return config != NULL && parent_of(config, dir) && key_below(dir, keypair);
}

/* Every file of the directory but the key. With the key elsewhere the whole directory, so that a file put
 * there later counts too. */
static void allow_but_key(int rules, const char *dir, const char *keypair) {
    struct stat key, one;
    char path[PATH_MAX + 256];
    if (!key_below(dir, keypair)) {
        allow(rules, dir, READS);
        return;
    }
    DIR *d = stat(keypair, &key) == 0 ? opendir(dir) : NULL;
    if (d == NULL) return;
    for (struct dirent *e; (e = readdir(d));) {
        if (fstatat(dirfd(d), e->d_name, &one, 0) != 0 || !S_ISREG(one.st_mode)
            || (one.st_ino == key.st_ino && one.st_dev == key.st_dev))
            continue;
        if (snprintf(path, sizeof path, "%s/%s", dir, e->d_name) < (int)sizeof path)
            allow(rules, path, LANDLOCK_ACCESS_FS_READ_FILE);
    }
    closedir(d);
}

static uint32_t enforce(int rules) {
    int ok =
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    close(rules);
    return ok ? SYS_SANDBOX_LANDLOCK : 0;
}

static uint32_t landlock_keeper(const char *keypair, const char *ledger) {
    uint64_t rights;
    int rules = ruleset(&rights);
    if (rules < 0) return 0;
    /* its directory: a key that is replaced has another inode */
    allow_parent(rules, keypair, LANDLOCK_ACCESS_FS_READ_FILE);
    /* a link or a descriptor leads elsewhere; what is no file is refused in words later */
    allow(rules, keypair, READS);
    allow(rules, getenv("CREDENTIALS_DIRECTORY"), LANDLOCK_ACCESS_FS_READ_FILE);
    allow(rules, ledger, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
    allow(rules, "/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE);
    return enforce(rules);
}

/* 1 when nothing but the control socket is in its directory: only then may the agent remove it at its end. */
static int socket_alone(const char *control) {
    char dir[PATH_MAX];
    if (control == NULL || control[0] == 0 || !parent_of(control, dir)) return 0;
    const char *name = strrchr(control, '/') != NULL ? strrchr(control, '/') + 1 : control;
    DIR *d = opendir(dir);
    if (d == NULL) return 0;
    int alone = 1;
    for (struct dirent *e; (e = readdir(d));)
        alone &= strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || strcmp(e->d_name, name) == 0;
    closedir(d);
    return alone;
}

static uint32_t landlock_agent(const sys_sandbox_paths *p, int unlinks) {
    uint64_t rights;
    char dir[PATH_MAX];
    int rules = ruleset(&rights);
    if (rules < 0) return 0;
    for (size_t i = 0; i < sizeof AGENT_READS / sizeof AGENT_READS[0]; i++)
        allow(rules, AGENT_READS[i], READS);
    uint64_t both = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
    allow(rules, p->state, both);
    allow(rules, p->ring, both);
    allow(rules, p->token, LANDLOCK_ACCESS_FS_READ_FILE);
    allow(rules, "/dev/null", both);
    /* its socket, at the end */
    if (unlinks) allow_parent(rules, p->control, LANDLOCK_ACCESS_FS_REMOVE_FILE);
    if (p->config != NULL && parent_of(p->config, dir)) allow_but_key(rules, dir, p->keypair);
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (credentials != NULL && credentials[0] == '/') allow_but_key(rules, credentials, p->keypair);
    return enforce(rules);
}

/* ---- the roles ---- */

uint32_t sys_sandbox_keeper(const char *keypair, const char *ledger) {
    uint32_t held = sys_sandbox_still() | landlock_keeper(keypair, ledger);
    return held | (sys_sandbox_filter(SYS_FILTER_KEEPER) ? SYS_SANDBOX_SECCOMP : 0);
}

uint32_t sys_sandbox_no_files(void) {
    uint32_t held = sys_sandbox_still();
    uint64_t rights;
    int rules = ruleset(&rights);
    if (rules >= 0) held |= enforce(rules); /* no rule: no file */
    return held | drop_capabilities();
}

static uint32_t shut_in(int role) {
    uint32_t held = sys_sandbox_no_files();
    return held | (sys_sandbox_filter(role) ? SYS_SANDBOX_SECCOMP : 0);
}

uint32_t sys_sandbox_signer(void) { return shut_in(SYS_FILTER_SIGNER); }
uint32_t sys_sandbox_web(void) { return shut_in(SYS_FILTER_WEB); }

uint32_t sys_sandbox_web_keeper(void) {
    uint32_t held = sys_sandbox_still();
    uint64_t rights;
    int rules = ruleset(&rights);
    if (rules >= 0) {
        /* writes nothing, starts nothing; the server itself may read nothing either */
        allow(rules, "/", READS);
        allow(rules, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
        held |= enforce(rules);
    }
    return held | (sys_sandbox_filter(SYS_FILTER_WEB_KEEPER) ? SYS_SANDBOX_SECCOMP : 0);
}

uint32_t sys_sandbox_agent(const sys_sandbox_paths *paths) {
    uint32_t held = no_core() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? SYS_SANDBOX_STILL : 0;
    int unlinks = socket_alone(paths->control);
    held |= landlock_agent(paths, unlinks);
    held |= drop_capabilities();
    /* Without Landlock nothing says which file: then none. */
    int role = unlinks && held & SYS_SANDBOX_LANDLOCK ? SYS_FILTER_AGENT_UNLINKS : SYS_FILTER_AGENT;
    return held | (sys_sandbox_filter(role) ? SYS_SANDBOX_SECCOMP : 0);
}

void sys_sandbox_missing(uint32_t bits, char out[96]) {
    static const char *const WORDS[] = {"no-core and no-new-privileges", "seccomp", "Landlock",
                                        "empty capabilities"};
    size_t n = 0;
    out[0] = 0;
    for (int i = 0; i < 4; i++)
        if (!(bits & 1u << i)) n += (size_t)snprintf(out + n, 96 - n, "%s%s", n ? ", " : "", WORDS[i]);
}
