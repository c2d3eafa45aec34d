#include "signer/sys_keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ek_bytes.h"
#include "base/sys_io.h"
#include "solana/ek_crypto.h"

enum { KEY_FILE_MAX = 1024 }; /* 64 numbers of up to 3 digits, commas and some white space */

/* jansson copies each number it reads: while a key is parsed, its memory is wiped when it is given back. */
static void *wiping_malloc(size_t n) {
    size_t *p = malloc(sizeof(max_align_t) + n);
    if (p == NULL) return NULL;
    *p = n;
    return (uint8_t *)p + sizeof(max_align_t);
}
static void wiping_free(void *p) {
    if (p == NULL) return;
    size_t *head = (size_t *)(void *)((uint8_t *)p - sizeof(max_align_t));
    sodium_memzero(p, *head);
    free(head);
}

__attribute__((format(printf, 4, 5)))
static ek_err refuse(char text[384], ek_err err, const char *path, const char *form, ...) {
    int n = snprintf(text, 384, "%s: ", path);
    va_list args;
    va_start(args, form);
    if (n >= 0 && n < 384) vsnprintf(text + n, 384 - (size_t)n, form, args);
    va_end(args);
    return err;
}

/* 1 when the file lies in systemd's credentials directory. */
static int is_credential(const char *path) {
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    char real_dir[PATH_MAX], real_path[PATH_MAX];
    if (dir == NULL || dir[0] != '/' || realpath(dir, real_dir) == NULL || realpath(path, real_path) == NULL)
        return 0;
    size_t n = strlen(real_dir);
    return strncmp(real_path, real_dir, n) == 0 && real_path[n] == '/';
}

static ek_err check_file(const char *path, const struct stat *sb, char text[384]) {
    unsigned mode = (unsigned)sb->st_mode & 07777u;
    if (!S_ISREG(sb->st_mode)) return refuse(text, EK_E_OWNER, path, "is not a regular file");
    if (sb->st_uid != geteuid() && sb->st_uid != 0)
        return refuse(text, EK_E_OWNER, path, "belongs to user %u: chown it to the user that runs evenkeel",
                      (unsigned)sb->st_uid);
    int credential = sb->st_uid == 0 && (mode & 077u) == 040u && is_credential(path);
    if ((mode & 077u) != 0 && !credential)
        return refuse(text, EK_E_OWNER, path, "mode %04o lets others %s the key: chmod 600 %s", mode,
                      (mode & 044u) != 0 ? "read" : "reach", path);
    return EK_OK;
}

/* Guarded memory with room for the 64 bytes. */
static ek_err take_memory(sys_key *key) {
    memset(key, 0, sizeof *key);
    if (sodium_init() < 0) return EK_E_CRYPTO;
    key->secret = sodium_malloc(64);
    if (key->secret == NULL) return EK_E_FULL;
    key->locked = sodium_mlock(key->secret, 64) == 0;
    return EK_OK;
}

static int all_of(const char *bytes, size_t n, const char *alphabet) {
    for (size_t i = 0; i < n; i++)
        if (bytes[i] == 0 || strchr(alphabet, bytes[i]) == NULL) return 0;
    return 1;
}

static size_t count_words(const char *bytes, size_t n) {
    size_t words = 0;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != ' ' && (i == 0 || bytes[i - 1] == ' ')) words++;
    return words;
}

/* What people have in hand instead of a key file, told by its shape. Nothing of the content is shown. */
static const char *shape_of(const char *bytes, size_t n) {
    static const char hex[] = "0123456789abcdefABCDEF";
    static const char base58[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    if (n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        return "begins with a byte order mark (BOM): save it as UTF-8 without one";
    if (n >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0))
        return "is UTF-16 text: save it as plain text (UTF-8 without a byte order mark)";
    while (n > 0 && strchr(" \t\r\n\"'", bytes[n - 1]) != NULL) n--;
    while (n > 0 && strchr(" \t\r\n\"'", bytes[0]) != NULL) bytes++, n--;
    if (n == 0) return "is empty";
    if (n > 11 && memcmp(bytes, "-----BEGIN ", 11) == 0)
        return "is a PEM file (of OpenSSL or SSH), not a Solana key";
    if ((n == 64 || n == 128) && all_of(bytes, n, hex))
        return "looks like a key in hex, not like a list of numbers";
    if (n >= 80 && n <= 90 && all_of(bytes, n, base58))
        return "looks like a secret key in base58, as wallets show it";
    if (n >= 32 && n <= 44 && all_of(bytes, n, base58))
        return "looks like an address in base58, which is public, not like a key";
    size_t words = count_words(bytes, n);
    if (words >= 12 && words <= 24 && all_of(bytes, n, "abcdefghijklmnopqrstuvwxyz \r\n"))
        return "looks like the words of a recovery phrase (mnemonic)";
    return NULL;
}

static ek_err not_a_list(const char *path, const char *bytes, size_t n, size_t count, char text[384]) {
    static const char what[] = "is not a Solana key file (a JSON list of 64 numbers)";
    static const char remedy[] = "; make a key for the agent alone with `evenkeel key new FILE`";
    const char *shape = shape_of(bytes, n);
    if (count != 0)
        return refuse(text, EK_E_SYNTAX, path, "%s: it holds %u numbers%s%s", what, (unsigned)count,
                      count == 32 ? ", the secret half alone" : "", remedy);
    if (shape == NULL) return refuse(text, EK_E_SYNTAX, path, "%s", what);
    return refuse(text, EK_E_SYNTAX, path, "%s: it %s%s", what, shape, strchr(shape, ':') ? "" : remedy);
}

static ek_err read_numbers(const char *path, const char *bytes, size_t n, uint8_t secret[64],
                           char text[384]) {
    json_malloc_t was_malloc;
    json_free_t was_free;
    json_get_alloc_funcs(&was_malloc, &was_free);
    json_set_alloc_funcs(wiping_malloc, wiping_free);
    json_error_t why;
    json_t *list = json_loadb(bytes, n, 0, &why);
    ek_err err = EK_OK;
    if (!json_is_array(list) || json_array_size(list) != 64) {
        size_t count = json_is_array(list) ? json_array_size(list) : 0;
        err = not_a_list(path, bytes, n, count, text);
    } else {
        for (size_t i = 0; i < 64 && err == EK_OK; i++) {
            const json_t *v = json_array_get(list, i);
            json_int_t byte = json_integer_value(v);
            if (!json_is_integer(v) || byte < 0 || byte > 255)
                err = refuse(text, EK_E_SYNTAX, path, "number %u of 64 is not 0 to 255", (unsigned)i + 1);
            else secret[i] = (uint8_t)byte;
        }
    }
    json_decref(list);
    json_set_alloc_funcs(was_malloc, was_free);
    return err;
}

static ek_err check_halves(const char *path, sys_key *key, char text[384]) {
    ek_key derived;
    uint8_t full[64];
    ek_ed25519_from_seed(key->secret, &derived, full);
    sodium_memzero(full, sizeof full);
    if (sodium_memcmp(derived.bytes, key->secret + 32, 32) != 0)
        return refuse(text, EK_E_CRYPTO, path,
                      "its second half is not the public key of its first: the file is damaged");
    key->pub = derived;
    sodium_mprotect_readonly(key->secret);
    return EK_OK;
}

int sys_key_descriptor(const char *path) {
    static const char prefix[] = "/dev/fd/";
    int n = 0;
    if (strncmp(path, prefix, sizeof prefix - 1) != 0 || path[sizeof prefix - 1] == 0) return -1;
    for (const char *p = path + sizeof prefix - 1; *p != 0; p++) {
        if (*p < '0' || *p > '9' || n > 9999) return -1;
        n = n * 10 + (*p - '0');
    }
    return n > 2 ? n : -1;
}

void sys_key_let_go(const char *path) {
    int fd = sys_key_descriptor(path);
    if (fd >= 0) close(fd);
}

ek_err sys_key_load(const char *path, sys_key *key, char text[384]) {
    text[0] = 0;
    memset(key, 0, sizeof *key);
    int given = sys_key_descriptor(path), fd = given >= 0
                                                   ? fcntl(given, F_DUPFD_CLOEXEC, 3)
                                                   : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    /* it may have been read before, by a signer that died */
    if (given >= 0 && fd >= 0) (void)lseek(fd, 0, SEEK_SET);
    if (fd < 0) return refuse(text, EK_E_MISSING, path, "cannot be opened: %s", strerror(errno));
    struct stat sb;
    ek_err err = fstat(fd, &sb) == 0
                     ? check_file(path, &sb, text)
                     : refuse(text, EK_E_MISSING, path, "cannot be looked at: %s", strerror(errno));
    char bytes[KEY_FILE_MAX + 1];
    size_t n = 0;
    while (err == EK_OK && n < sizeof bytes) {
        ssize_t k = read(fd, bytes + n, sizeof bytes - n);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) err = refuse(text, EK_E_MISSING, path, "cannot be read: %s", strerror(errno));
        if (k <= 0) break;
        n += (size_t)k;
    }
    close(fd);
    if (err == EK_OK && n > KEY_FILE_MAX)
        err = refuse(text, EK_E_SYNTAX, path, "is not a Solana key file (a JSON list of 64 numbers)");
    if (err == EK_OK && take_memory(key) != EK_OK)
        err = refuse(text, EK_E_FULL, path, "no guarded memory for the key");
    if (err == EK_OK) err = read_numbers(path, bytes, n, key->secret, text);
    sodium_memzero(bytes, sizeof bytes);
    if (err == EK_OK) err = check_halves(path, key, text);
    if (err != EK_OK) sys_key_free(key);
    return err;
}

void sys_key_free(sys_key *key) {
    if (key->secret != NULL) {
        sodium_mprotect_readwrite(key->secret);
        sodium_free(key->secret); /* wipes */
    }
    memset(key, 0, sizeof *key);
}

const uint8_t *sys_key_secret(const sys_key *key) { return key->secret; }

/* A directory that is not there yet is made for the key alone; only the last one. */
static int make_file(const char *path) {
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int fd = open(path, flags, 0600);
    if (fd >= 0 || errno != ENOENT || slash == NULL || slash == path) return fd;
    snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path);
    if (mkdir(dir, 0700) != 0) {
        errno = ENOENT;
        return -1;
    }
    return open(path, flags, 0600);
}

ek_err sys_key_make(const char *path, ek_key *pub, char text[384]) {
    text[0] = 0;
    sys_key key;
    if (take_memory(&key) != EK_OK) return refuse(text, EK_E_FULL, path, "no guarded memory for the key");
    uint8_t seed[32];
    randombytes_buf(seed, sizeof seed);
    ek_ed25519_from_seed(seed, &key.pub, key.secret);
    sodium_memzero(seed, sizeof seed);
    char list[64 * 4 + 3];
    size_t n = 0;
    list[n++] = '[';
    for (int i = 0; i < 64; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, i == 0 ? "%u" : ",%u", key.secret[i]);
    list[n++] = ']';
    list[n++] = '\n';
    *pub = key.pub;
    sys_key_free(&key);
    ek_err err = EK_OK;
    int fd = make_file(path);
    if (fd < 0) {
        err = errno == EEXIST || errno == ELOOP
                  ? refuse(text, EK_E_MISMATCH, path, "exists already; a key is never written over")
                  : refuse(text, EK_E_MISSING, path, "cannot be made: %s", strerror(errno));
    } else {
        /* The umask may only take rights away; what is left must be enough to read it again. */
        int bad = fchmod(fd, 0600) != 0 ? errno : sys_write_all(fd, list, n);
        if (bad == 0 && fsync(fd) != 0) bad = errno;
        if (close(fd) != 0 && bad == 0) bad = errno;
        if (bad != 0) {
            unlink(path); /* ours: O_EXCL made it */
            err = refuse(text, EK_E_MISSING, path, "cannot be written: %s", strerror(bad));
        }
    }
    sodium_memzero(list, sizeof list);
    return err;
}
