#include "check.h"
#include "solana/ek_crypto.h"
#include "signer/sys_keyfile.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64] = "/tmp/evenkeel-test-XXXXXX", path[128], text[384];
static uint8_t secret[64];
static ek_key pub;

/* The file as solana-keygen writes it. */
static void list(char *out, size_t cap, int n) {
    size_t at = (size_t)snprintf(out, cap, "[");
    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, cap - at, "%s%u", i == 0 ? "" : ",", secret[i % 64]);
    snprintf(out + at, cap - at, "]");
}

static void put(const char *content, size_t n, mode_t mode) {
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, content, n), (ssize_t)n);
    close(fd);
    CHECK_EQ(chmod(path, mode), 0);
}

static void bad(ek_err err, const char *part) {
    sys_key key;
    CHECK_EQ(sys_key_load(path, &key, text), err);
    CHECK(key.secret == NULL);
    CHECK(strncmp(text, path, strlen(path)) == 0);
    if (strstr(text, part) == NULL) fprintf(stderr, "said: %s\n", text);
    CHECK(strstr(text, part) != NULL);
}

static void good(void) {
    char file[512];
    sys_key key;
    list(file, sizeof file, 64);
    static const mode_t modes[] = {0600, 0400, 0700};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        put(file, strlen(file), modes[i]);
        CHECK_EQ(sys_key_load(path, &key, text), EK_OK);
        CHECK_TEXT(text, "");
        CHECK_BYTES(sys_key_secret(&key), secret, 64);
        CHECK_BYTES(key.pub.bytes, pub.bytes, 32);
        /* and it signs */
        uint8_t sig[64];
        ek_ed25519_sign(sys_key_secret(&key), (const uint8_t *)"m", 1, sig);
        CHECK_EQ(ek_ed25519_verify(sig, (const uint8_t *)"m", 1, &pub), EK_OK);
        sys_key_free(&key);
        CHECK(key.secret == NULL);
        sys_key_free(&key);
    }
    char link[160];
    snprintf(link, sizeof link, "%s.link", path);
    CHECK_EQ(symlink(path, link), 0);
    CHECK_EQ(sys_key_load(link, &key, text), EK_OK);
    sys_key_free(&key);
    unlink(link);
}

static void modes(void) {
    char file[512], want[300];
    list(file, sizeof file, 64);
    static const struct {
        mode_t mode;
        const char *verb;
    } open_to[] = {{0644, "read"},  {0640, "read"},  {0604, "read"},
                   {0620, "reach"}, {0601, "reach"}, {0666, "read"}};
    for (size_t i = 0; i < sizeof open_to / sizeof open_to[0]; i++) {
        put(file, strlen(file), open_to[i].mode);
        snprintf(want, sizeof want, "%s: mode %04o lets others %s the key: chmod 600 %s", path,
                 (unsigned)open_to[i].mode, open_to[i].verb, path);
        bad(EK_E_OWNER, want);
    }
    /* systemd's credentials: root's file, readable by the service's group, in that directory only */
    put(file, strlen(file), 0440);
    bad(EK_E_OWNER, "mode 0440");
    if (geteuid() == 0) {
        sys_key key;
        setenv("CREDENTIALS_DIRECTORY", dir, 1);
        CHECK_EQ(sys_key_load(path, &key, text), EK_OK);
        sys_key_free(&key);
        CHECK_EQ(chmod(path, 0444), 0);
        bad(EK_E_OWNER, "mode 0444");
        CHECK_EQ(chmod(path, 0460), 0);
        bad(EK_E_OWNER, "mode 0460");
        setenv("CREDENTIALS_DIRECTORY", "/usr", 1);
        CHECK_EQ(chmod(path, 0440), 0);
        bad(EK_E_OWNER, "mode 0440");
        unsetenv("CREDENTIALS_DIRECTORY");
        CHECK_EQ(chmod(path, 0600), 0);
        CHECK_EQ(chown(path, 12345, (gid_t)-1), 0);
        bad(EK_E_OWNER, "belongs to user 12345");
    }
    unlink(path);
    bad(EK_E_MISSING, "cannot be opened: No such file or directory");
    CHECK_EQ(mkdir(path, 0700), 0);
    bad(EK_E_OWNER, "is not a regular file");
    rmdir(path);
    CHECK_EQ(mkfifo(path, 0600), 0);
    bad(EK_E_OWNER, "is not a regular file"); /* and does not wait for a writer */
    unlink(path);
}

static void contents(void) {
    char file[2048];
    const char *shape = "is not a Solana key file";
    static const char *const no_list[] = {"", "{}", "null", "5", "[", "[]", "[1,2", "\"abc\"", "[1,2,3]"};
    for (size_t i = 0; i < sizeof no_list / sizeof no_list[0]; i++) {
        put(no_list[i], strlen(no_list[i]), 0600);
        bad(EK_E_SYNTAX, shape);
    }
    list(file, sizeof file, 63);
    put(file, strlen(file), 0600);
    bad(EK_E_SYNTAX, shape);
    list(file, sizeof file, 65);
    put(file, strlen(file), 0600);
    bad(EK_E_SYNTAX, shape);
    list(file, sizeof file, 64);
    size_t n = strlen(file);
    memcpy(file + n, "x", 2); /* something behind it */
    put(file, n + 1, 0600);
    bad(EK_E_SYNTAX, shape);
    memset(file + n, ' ', 1100);
    put(file, n + 1100, 0600); /* longer than any key file */
    bad(EK_E_SYNTAX, shape);
    put(file, n + 100, 0600); /* white space is fine */
    sys_key key;
    CHECK_EQ(sys_key_load(path, &key, text), EK_OK);
    sys_key_free(&key);

    static const char *const no_byte[] = {"256", "-1", "1.0", "\"1\"", "null", "99999999999999999999"};
    for (size_t i = 0; i < sizeof no_byte / sizeof no_byte[0]; i++) {
        size_t at = (size_t)snprintf(file, sizeof file, "[%s", no_byte[i]);
        for (int k = 1; k < 64; k++) at += (size_t)snprintf(file + at, sizeof file - at, ",%u", secret[k]);
        snprintf(file + at, sizeof file - at, "]");
        put(file, strlen(file), 0600);
        bad(EK_E_SYNTAX, i == 5 ? shape : "number 1 of 64 is not 0 to 255");
    }
    uint8_t keep = secret[40];
    secret[40] ^= 1; /* one damaged number in the public half */
    list(file, sizeof file, 64);
    secret[40] = keep;
    put(file, strlen(file), 0600);
    bad(EK_E_CRYPTO, "not the public key of its first");
    keep = secret[3];
    secret[3] ^= 1; /* and in the seed */
    list(file, sizeof file, 64);
    secret[3] = keep;
    put(file, strlen(file), 0600);
    bad(EK_E_CRYPTO, "not the public key of its first");
    unlink(path);
}

/* What people have in hand instead: told by its shape, and nothing of it is shown. */
static void in_other_forms(void) {
    static const char b58[] =
        "4Z7cXSyeFR8wNGMVXUE1TwtKn5D5Vu7FzEv69dokLv7KrQk7h6pu4LF8ZRR9yQBhc7uSM6RTTZtU1fmaxiNrxXrs";
    static const char hex[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    static const char phrase[] =
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
    static const struct { const char *content, *said; } forms[] = {
        {b58, "it looks like a secret key in base58, as wallets show it; make a key for the agent alone"},
        {hex, "it looks like a key in hex"},
        {phrase, "it looks like the words of a recovery phrase (mnemonic); make a key"},
        {"7NL2qWArf2BbEBBH1vTRZCsoNqFATTddH6h8GkVvrLpG",
         "it looks like an address in base58, which is public"},
        {"-----BEGIN PRIVATE KEY-----\nMC4\n", "it is a PEM file (of OpenSSL or SSH)"},
        {"\xEF\xBB\xBF[1,2]", "it begins with a byte order mark (BOM): save it as UTF-8 without one"},
        {"\xFF\xFE[", "it is UTF-16 text: save it as plain text"},
        {" \n", "it is empty"},
        {"[1,2,3]", "it holds 3 numbers; make a key"},
    };
    char file[512];
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        put(forms[i].content, strlen(forms[i].content), 0600);
        bad(EK_E_SYNTAX, forms[i].said);
        if (i < 4) CHECK(strstr(text, forms[i].content) == NULL);
    }
    snprintf(file, sizeof file, "\"%s\"\n", b58);
    put(file, strlen(file), 0600);
    bad(EK_E_SYNTAX, "it looks like a secret key in base58");
    list(file, sizeof file, 32);
    put(file, strlen(file), 0600);
    bad(EK_E_SYNTAX, "it holds 32 numbers, the secret half alone; make a key");
    unlink(path);
}

static void made(void) {
    ek_key address, other;
    sys_key key;
    struct stat sb;
    unlink(path);
    mode_t old = umask(0777); /* the worst one: the owner must still be able to read it */
    CHECK_EQ(sys_key_make(path, &address, text), EK_OK);
    umask(old);
    CHECK(stat(path, &sb) == 0 && (sb.st_mode & 07777) == 0600);
    CHECK_EQ(sys_key_load(path, &key, text), EK_OK);
    CHECK_BYTES(key.pub.bytes, address.bytes, 32);
    sys_key_free(&key);
    CHECK_EQ(sys_key_make(path, &other, text), EK_E_MISMATCH);
    CHECK(strstr(text, "never written over") != NULL);
    CHECK_EQ(sys_key_load(path, &key, text), EK_OK); /* untouched */
    CHECK_BYTES(key.pub.bytes, address.bytes, 32);
    sys_key_free(&key);
    unlink(path);
    CHECK(symlink("elsewhere", path) == 0);
    CHECK_EQ(sys_key_make(path, &other, text), EK_E_MISMATCH);
    unlink(path);
    CHECK_EQ(sys_key_make(path, &other, text), EK_OK);
    CHECK(memcmp(other.bytes, address.bytes, 32) != 0);
    unlink(path);
    CHECK_EQ(sys_key_make("/no/such/dir/key", &other, text), EK_E_MISSING);
}

int main(void) {
    uint8_t seed[32];
    memset(seed, 42, sizeof seed);
    CHECK_EQ(ek_crypto_init(), EK_OK);
    ek_ed25519_from_seed(seed, &pub, secret);
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/key.json", dir);
    umask(0);
    RUN(good);
    RUN(modes);
    RUN(contents);
    RUN(in_other_forms);
    RUN(made);
    rmdir(dir);
    return check_end();
}
