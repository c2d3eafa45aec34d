/* One value of the configuration: from its text into its place, or the reason why not. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ek_fixed.h"
#include "base/sys_io.h"
#include "base/sys_number.h"
#include "solana/ek_tx.h"
#include "text/ek_codec.h"
#include "sys_config_table.h"

static ek_err must(const sys_config_key *k, char *why, size_t cap, const char *what) {
    char allowed[200];
    sys_config_allowed(k, allowed, sizeof allowed);
    snprintf(why, cap, "must be %s%s", what, allowed);
    return EK_E_RANGE;
}

static ek_err set_number(void *place, const sys_config_key *k, const char *value, char *why, size_t cap) {
    int64_t v = 0;
    if (value[0] == 0 && (k->flags & MAY_BE_EMPTY) != 0) {
        memset(place, 0xFF, k->width);
        return EK_OK;
    }
    ek_err err = ek_parse_decimal(value, strlen(value), k->decimals, &v);
    if (err == EK_E_RANGE && k->decimals > 0) {
        snprintf(why, cap, "must have at most %u decimals", k->decimals);
        return EK_E_RANGE;
    }
    if (err == EK_E_SYNTAX || err == EK_E_RANGE) {
        must(k, why, cap, k->decimals == 0 ? "a whole number, " : "a number, ");
        size_t n = strlen(why);
        if (strchr(value, '#') != NULL && n < cap)
            snprintf(why + n, cap - n, "; a comment behind a value starts with ;");
        return EK_E_RANGE;
    }
    if (err != EK_OK || v < k->min || v > k->max || ((k->flags & ABOVE_MIN) != 0 && v == k->min))
        return must(k, why, cap, "");
    uint64_t u = (uint64_t)v; /* what may be negative is 8 bytes wide, a test says so */
    /* little-endian (ek_types.h); the table's max fits the width, a test says so */
    memcpy(place, &u, k->width);
    return EK_OK;
}

/* "auto", which is kept as 0, or a number. */
static ek_err set_auto(void *place, const sys_config_key *k, const char *value, char *why, size_t cap) {
    int64_t v = 0;
    if (strcmp(value, "auto") == 0) {
        memset(place, 0, k->width);
        return EK_OK;
    }
    if (ek_parse_decimal(value, strlen(value), k->decimals, &v) != EK_OK || v <= 0 || v > k->max)
        return must(k, why, cap, "");
    uint64_t u = (uint64_t)v;
    memcpy(place, &u, k->width);
    return EK_OK;
}

/* "2/10/25". */
static ek_err set_moves(uint32_t place[3], const sys_config_key *k, const char *value, char *why,
                        size_t cap) {
    uint32_t moves[3] = {0};
    for (int i = 0; i < 3; i++) {
        int64_t v = 0;
        size_t n = strcspn(value, "/");
        if ((value[n] == '/') != (i < 2) || ek_parse_decimal(value, n, k->decimals, &v) != EK_OK || v < k->min
            || v > k->max || (i > 0 && v < (int64_t)moves[i - 1]))
            return must(k, why, cap, "");
        moves[i] = (uint32_t)v;
        value += n + (i < 2);
    }
    memcpy(place, moves, sizeof moves);
    return EK_OK;
}

static ek_err set_choice(uint8_t *place, const sys_config_key *k, const char *value, char *why, size_t cap) {
    uint8_t i = 0;
    for (const char *word = k->choices;; i++) {
        size_t n = strcspn(word, "|");
        if (strlen(value) == n && memcmp(word, value, n) == 0) {
            *place = i;
            return EK_OK;
        }
        if (word[n] == 0) return must(k, why, cap, "");
        word += n + 1;
    }
}

/* The value of NAME, from the environment or a systemd credential (its trailing line end is not part of it).
 */
static ek_err look_up(const char *name, char *out, size_t cap, size_t *len) {
    const char *set = getenv(name);
    if (set != NULL) {
        *len = strlen(set);
        if (*len >= cap) return EK_E_FULL;
        memcpy(out, set, *len + 1);
        return EK_OK;
    }
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    char path[512];
    if (dir == NULL || dir[0] == 0 || snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        return EK_E_MISSING;
    int64_t n = sys_read_file(path, out, cap - 1);
    if (n == -2) return EK_E_FULL;
    if (n < 0) return EK_E_MISSING;
    while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == '\r')) n--;
    out[n] = 0;
    *len = (size_t)n;
    return EK_OK;
}

/* A control byte in the value of a name, told by its place: the value itself is a secret. */
static ek_err not_one_line(const char *name, const char *value, size_t n, size_t at, char *why, size_t cap) {
    int line = value[at] == '\n' || value[at] == '\r';
    int end = strspn(value + at, "\r\n") == n - at;
    snprintf(why, cap, "%s %s %s%s", name, end ? "ends in" : "holds",
             line ? "a line break" : "a control byte",
             line && end ? ": write it without one (printf %s instead of echo)" : "");
    return EK_E_RANGE;
}

ek_err sys_config_expand(const char *text, char *out, size_t cap, char *why, size_t why_cap) {
    size_t n = 0;
    for (const char *p = text; *p != 0;) {
        if (*p != '$') {
            if (n + 1 >= cap) goto full;
            out[n++] = *p++;
            continue;
        }
        size_t len = 0;
        if (p[1] == '{')
            while ((p[2 + len] >= 'A' && p[2 + len] <= 'Z') || (p[2 + len] >= 'a' && p[2 + len] <= 'z')
                   || p[2 + len] == '_' || (len > 0 && p[2 + len] >= '0' && p[2 + len] <= '9'))
                len++;
        char name[64];
        if (len == 0 || len >= sizeof name || p[2 + len] != '}') {
            snprintf(why, why_cap, "a $ must begin ${NAME} (letters, digits and _)");
            return EK_E_RANGE;
        }
        memcpy(name, p + 2, len);
        name[len] = 0;
        size_t got = 0;
        ek_err err = look_up(name, out + n, cap - n, &got);
        if (err == EK_E_FULL) goto full;
        if (err != EK_OK) {
            snprintf(why, why_cap, "%s is neither in the environment nor a systemd credential", name);
            return EK_E_RANGE;
        }
        /* A NUL inside a credential would silently cut it. */
        if (strlen(out + n) != got || got == 0) {
            snprintf(why, why_cap, "%s is empty or holds a NUL byte", name);
            return EK_E_RANGE;
        }
        for (size_t i = 0; i < got; i++)
            if ((unsigned char)out[n + i] < 0x20 || out[n + i] == 0x7F)
                return not_one_line(name, out + n, got, i, why, why_cap);
        n += got;
        p += len + 3;
    }
    out[n] = 0;
    return EK_OK;
full:
    snprintf(why, why_cap, "is longer than %u bytes once its names are filled in", (unsigned)cap - 1);
    return EK_E_RANGE;
}

/* "~/x" is in the home directory; a path that does not begin with a slash is meant from where the config
 * lies, not from where a command is typed. */
static ek_err place_path(const sys_config *c, char *place, const sys_config_key *k, const char *path,
                         char *why, size_t cap) {
    const char *slash = strrchr(c->file, '/'), *home = getenv("HOME");
    int n;
    if (path[0] == '~' && (path[1] == '/' || path[1] == 0)) {
        if (home == NULL || home[0] != '/') {
            snprintf(why, cap, "~ cannot be resolved, HOME is not set: write the path in full");
            return EK_E_RANGE;
        }
        n = snprintf(place, k->width, "%s%s", home, path + 1);
    } else if (path[0] == '~') {
        snprintf(why, cap, "~ of another user is not resolved: write the path in full");
        return EK_E_RANGE;
    } else if (path[0] != 0 && path[0] != '/' && slash != NULL)
        n = snprintf(place, k->width, "%.*s/%s", (int)(slash - c->file), c->file, path);
    else n = snprintf(place, k->width, "%s", path);
    return n >= 0 && n < k->width ? EK_OK : must(k, why, cap, "");
}

static ek_err set_path(const sys_config *c, char *place, const sys_config_key *k, const char *value,
                       char *why, size_t cap) {
    char full[SYS_CONFIG_PATH_MAX];
    if (value[0] == 0 && (k->flags & MAY_BE_EMPTY) == 0) return must(k, why, cap, "");
    if (strlen(value) >= k->width) return must(k, why, cap, "");
    /* A command that talks to the agent needs its socket and its state file; the other paths may name what is
     * not known where it runs. */
    if (c->bare_urls && strcmp(k->section, "agent") != 0) {
        memcpy(place, value, strlen(value) + 1);
        return EK_OK;
    }
    ek_err err = sys_config_expand(value, full, k->width, why, cap);
    return err == EK_OK ? place_path(c, place, k, full, why, cap) : err;
}

static ek_err set_names(char *place, const sys_config_key *k, const char *value, char *why, size_t cap) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-, ";
    if (strlen(value) >= k->width || strspn(value, allowed) != strlen(value)) return must(k, why, cap, "");
    memcpy(place, value, strlen(value) + 1);
    return EK_OK;
}

static ek_err set_url(sys_url *u, int bare, const sys_config_key *k, const char *value, char *why,
                      size_t cap) {
    /* a command that talks to the agent, not to the node: it may stand where the secret is not known */
    if (bare) {
        u->url[0] = 0;
        sys_url_redact(value, u->shown, sizeof u->shown);
        return EK_OK;
    }
    ek_err err = sys_config_expand(value, u->url, sizeof u->url, why, cap);
    if (err != EK_OK) return err;
    const char *mistake = sys_url_mistake(u->url);
    if (mistake != NULL) {
        snprintf(why, cap, "%s", mistake);
        return EK_E_RANGE;
    }
    /* of the unexpanded text: no secret is in it wherever it was put */
    sys_url_redact(value, u->shown, sizeof u->shown);
    return sys_url_allowed(u->url) ? EK_OK : must(k, why, cap, "");
}

static int same_leg(const sys_leg *a, const sys_leg *b) {
    if (a->kind != b->kind || a->has_key != b->has_key) return 0;
    return !a->has_key || memcmp(a->key.bytes, b->key.bytes, sizeof a->key.bytes) == 0;
}

/* One leg, from "kind:what". */
static ek_err read_leg(const sys_hedge *h, const sys_config_key *k, const char *p, size_t len, sys_leg *leg,
                       char *why, size_t cap) {
    static const char *const kinds[] = {"venue:", "wallet:", "token:", "watch:", "fixed:"};
    size_t skip = 0;
    memset(leg, 0, sizeof *leg);
    for (uint8_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (len > strlen(kinds[i]) && memcmp(p, kinds[i], strlen(kinds[i])) == 0) {
            leg->kind = i;
            skip = strlen(kinds[i]);
        }
    if (skip == 0) return must(k, why, cap, "");
    const char *what = p + skip;
    size_t n = len - skip;
    int sol = strcmp(h->asset, "SOL") == 0;
    memcpy(leg->asset, h->asset, sizeof leg->asset);
    if (leg->kind == SYS_LEG_FIXED) {
        if (ek_parse_decimal(what, n, 9, &leg->amount_e9) == EK_OK && leg->amount_e9 >= -1000000000000000000
            && leg->amount_e9 <= 1000000000000000000)
            return EK_OK;
        snprintf(why, cap,
                 "leg %.*s: the amount must be a number of at most 1000000000 with at most 9 decimals (base "
                 "units, a minus before it for a debt)",
                 (int)len, p);
        return EK_E_RANGE;
    }
    if (leg->kind == SYS_LEG_WATCH || (leg->kind == SYS_LEG_TOKEN && n >= 32)) {
        leg->has_key = 1;
        if (leg->kind == SYS_LEG_WATCH && !sol)
            snprintf(why, cap, "leg %.*s: only SOL can be watched", (int)len, p);
        else if (ek_key_from_base58(what, n, &leg->key) != EK_OK)
            snprintf(why, cap, "leg %.*s: must name a public key (base58 of 32 bytes)", (int)len, p);
        else return EK_OK;
        return EK_E_RANGE;
    }
    if (n >= sizeof leg->asset) return must(k, why, cap, "");
    if (strlen(h->asset) != n || memcmp(h->asset, what, n) != 0) {
        snprintf(why, cap, "leg %.*s is not %s, which this section hedges", (int)len, p, h->asset);
        return EK_E_RANGE;
    }
    if (leg->kind == SYS_LEG_WALLET && !sol) {
        snprintf(why, cap, "leg %.*s: a wallet leg can only be SOL", (int)len, p);
        return EK_E_RANGE;
    }
    if (leg->kind == SYS_LEG_TOKEN && sol) {
        leg->has_key = 1;
        leg->key = EK_NATIVE_MINT;
    }
    return EK_OK;
}

/* The legs of one line; another line of the section adds to them. */
static ek_err set_legs(sys_hedge *h, const sys_config_key *k, const char *value, char *why, size_t cap) {
    for (const char *p = value;;) {
        while (*p == ' ' || *p == '\t') p++;
        size_t n = strcspn(p, ",");
        size_t len = n;
        while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t')) len--;
        sys_leg leg;
        ek_err err = read_leg(h, k, p, len, &leg, why, cap);
        if (err != EK_OK) return err;
        for (uint8_t i = 0; i < h->n_legs; i++)
            if (same_leg(&h->legs[i], &leg)) {
                snprintf(why, cap, "leg %.*s is given twice", (int)len, p);
                return EK_E_RANGE;
            }
        if (h->n_legs >= SYS_CONFIG_LEGS) {
            snprintf(why, cap, "at most %d legs are taken", SYS_CONFIG_LEGS);
            return EK_E_RANGE;
        }
        h->legs[h->n_legs++] = leg;
        if (p[n] == 0) return EK_OK;
        p += n + 1;
    }
}

static ek_err set_listen(sys_config *c, const sys_config_key *k, const char *value, char *why, size_t cap) {
    c->listen_on = 0;
    c->listen_port = 0;
    c->listen_host[0] = 0;
    if (value[0] == 0) return EK_OK;
    const char *colon = strrchr(value, ':'), *start = value, *end = colon;
    struct in_addr v4;
    struct in6_addr v6;
    int64_t port = 0;
    if (colon == NULL || !sys_parse_i64(colon + 1, 0, 65535, &port)) return must(k, why, cap, "");
    int bracket = value[0] == '[';
    if (bracket) {
        start++;
        if (end <= start || end[-1] != ']') return must(k, why, cap, "");
        end--;
    }
    size_t n = (size_t)(end - start);
    if (n == 0 || n >= sizeof c->listen_host) return must(k, why, cap, "");
    memcpy(c->listen_host, start, n);
    c->listen_host[n] = 0;
    if (!bracket && strcmp(c->listen_host, "localhost") == 0)
        memcpy(c->listen_host, "127.0.0.1", sizeof "127.0.0.1");
    if (bracket ? inet_pton(AF_INET6, c->listen_host, &v6) != 1
                : inet_pton(AF_INET, c->listen_host, &v4) != 1)
        return must(k, why, cap, "");
    c->listen_on = 1;
    c->listen_port = (uint16_t)port;
    return EK_OK;
}

static ek_err set_cluster(sys_config *c, const sys_config_key *k, const char *value, char *why, size_t cap) {
    static const struct { const char *word, *hash; } clusters[] = {
        {"mainnet", "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"},
        {"devnet", "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"},
        {"testnet", "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY"},
    };
    c->cluster = strcmp(value, "any") == 0    ? SYS_CLUSTER_ANY
                 : strcmp(value, "auto") == 0 ? SYS_CLUSTER_AUTO
                                              : SYS_CLUSTER_HASH;
    const char *hash = c->cluster == SYS_CLUSTER_HASH ? value : clusters[0].hash;
    for (size_t i = 0; i < sizeof clusters / sizeof clusters[0]; i++)
        if (strcmp(value, clusters[i].word) == 0) hash = clusters[i].hash;
    return ek_key_from_base58(hash, strlen(hash), &c->genesis) == EK_OK ? EK_OK : must(k, why, cap, "");
}

ek_err sys_config_set(sys_config *c, sys_hedge *h, const sys_config_key *k, const char *value, char *why,
                      size_t cap) {
    uint8_t *base = strcmp(k->section, "hedge") == 0 ? (uint8_t *)h : (uint8_t *)c;
    switch (k->kind) {
    case KIND_NUMBER: return set_number(base + k->offset, k, value, why, cap);
    case KIND_CHOICE: return set_choice(base + k->offset, k, value, why, cap);
    case KIND_PATH: return set_path(c, (char *)base + k->offset, k, value, why, cap);
    case KIND_URLS: {
        if (c->n_urls >= SYS_CONFIG_URLS) {
            snprintf(why, cap, "at most %d are taken", SYS_CONFIG_URLS);
            return EK_E_RANGE;
        }
        ek_err err = set_url(&c->urls[c->n_urls], c->bare_urls, k, value, why, cap);
        if (err == EK_OK) c->n_urls++;
        return err;
    }
    case KIND_URL:
        memset(base + k->offset, 0, k->width);
        return value[0] == 0
                   ? EK_OK
                   : set_url((sys_url *)(void *)(base + k->offset), c->bare_urls, k, value, why, cap);
    case KIND_KEY:
        *(k->offset == offsetof(sys_config, authority) ? &c->has_authority : &c->has_signer_key) =
            value[0] != 0;
        if (value[0] == 0
            || ek_key_from_base58(value, strlen(value), (ek_key *)(void *)(base + k->offset)) == EK_OK)
            return EK_OK;
        return must(k, why, cap, "");
    case KIND_CLUSTER: return set_cluster(c, k, value, why, cap);
    case KIND_AUTO: return set_auto(base + k->offset, k, value, why, cap);
    case KIND_MOVES: return set_moves((uint32_t *)(void *)(base + k->offset), k, value, why, cap);
    case KIND_NAMES: return set_names((char *)base + k->offset, k, value, why, cap);
    case KIND_LEGS: return set_legs(h, k, value, why, cap);
    default: return set_listen(c, k, value, why, cap);
    }
}
