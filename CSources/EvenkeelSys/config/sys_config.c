#include "config/sys_config.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sys_io.h"
#include "sys_config_table.h"

enum { SECTIONS = 10, HEDGE_SECTION = 4 };

/* The state of one reading. Lines are looked at before inih gets them, for all that inih would let pass: it
 * cuts long lines, joins lines that begin with a blank, ignores what stands behind a section's bracket, and
 * never tells the line number. */
typedef struct {
    sys_config *c;
    const char *name;
    const char *at, *end;
    unsigned line;
    int section;             /* in sys_config_sections, -1 before the first */
    sys_hedge *hedge;
    unsigned section_line[SECTIONS];
    unsigned key_line[SYS_CONFIG_HEDGES][SYS_CONFIG_KEYS]; /* row 0 also for the keys outside [hedge] */
    ek_err err;
    char *text;
} reading;

__attribute__((format(printf, 4, 5)))
static void fail(reading *r, ek_err err, unsigned line, const char *form, ...) {
    if (r->err != EK_OK) return; /* the first error is the one that is told */
    r->err = err;
    int n = line != 0 ? snprintf(r->text, SYS_CONFIG_TEXT, "%s:%u: ", r->name, line)
                      : snprintf(r->text, SYS_CONFIG_TEXT, "%s: ", r->name);
    va_list args;
    va_start(args, form);
    if (n >= 0 && n < SYS_CONFIG_TEXT) vsnprintf(r->text + n, SYS_CONFIG_TEXT - (size_t)n, form, args);
    va_end(args);
}

/* ---- sections ---- */
static void list_sections(char *out, size_t cap) {
    size_t n = 0;
    for (const char *const *s = sys_config_sections; *s != NULL && n < cap; s++)
        n += (size_t)snprintf(out + n, cap - n, "%s[%s%s]", n == 0 ? "" : " ", *s,
                              strcmp(*s, "hedge") == 0 ? " X-PERP" : "");
}

static void list_keys(const char *section, char *out, size_t cap) {
    size_t n = 0;
    out[0] = 0;
    for (const sys_config_key *k = sys_config_keys; k < sys_config_keys + SYS_CONFIG_KEYS && n < cap; k++)
        if (strcmp(k->section, section) == 0)
            n += (size_t)snprintf(out + n, cap - n, "%s%s", n == 0 ? "" : ", ", k->key);
}

/* "X-PERP" with X of 1 to 10 letters and digits. */
static int market_ok(const char *name, size_t n) {
    if (n < 6 || n > 15 || memcmp(name + n - 5, "-PERP", 5) != 0) return 0;
    for (size_t i = 0; i < n - 5; i++)
        if (!((name[i] >= 'A' && name[i] <= 'Z') || (name[i] >= 'a' && name[i] <= 'z')
              || (name[i] >= '0' && name[i] <= '9')))
            return 0;
    return 1;
}

static void apply_defaults(sys_config *c, sys_hedge *h) {
    char why[256];
    for (const sys_config_key *k = sys_config_keys; k < sys_config_keys + SYS_CONFIG_KEYS; k++)
        if (k->fallback != NULL && (strcmp(k->section, "hedge") == 0) == (h != NULL))
            sys_config_set(c, h, k, k->fallback, why, sizeof why);
}

static void start_hedge(reading *r, const char *market, size_t n) {
    if (!market_ok(market, n)) {
        fail(r, EK_E_SYNTAX, r->line, "[hedge %.*s]: must name a market as SOL-PERP", (int)n, market);
        return;
    }
    for (uint8_t i = 0; i < r->c->n_hedges; i++)
        if (strlen(r->c->hedges[i].name) == n && memcmp(r->c->hedges[i].name, market, n) == 0) {
            fail(r, EK_E_SYNTAX, r->line, "[hedge %.*s]: given twice (first in line %u)", (int)n, market,
                 r->c->hedges[i].line);
            return;
        }
    if (r->c->n_hedges >= SYS_CONFIG_HEDGES) {
        fail(r, EK_E_SYNTAX, r->line, "[hedge %.*s]: at most %d markets are taken", (int)n, market,
             SYS_CONFIG_HEDGES);
        return;
    }
    r->hedge = &r->c->hedges[r->c->n_hedges++];
    memset(r->hedge, 0, sizeof *r->hedge);
    memcpy(r->hedge->name, market, n);
    memcpy(r->hedge->asset, market, n - 5);
    r->hedge->line = (uint16_t)(r->line > UINT16_MAX ? UINT16_MAX : r->line);
    apply_defaults(r->c, r->hedge);
    r->section = HEDGE_SECTION;
}

static void start_section(reading *r, const char *p, size_t n) {
    const char *close = memchr(p, ']', n);
    if (close == NULL) {
        fail(r, EK_E_SYNTAX, r->line, "a section must end with ]");
        return;
    }
    for (const char *q = close + 1; q < p + n && *q != ';' && *q != '#'; q++)
        if (*q != ' ' && *q != '\t') {
            fail(r, EK_E_SYNTAX, r->line, "only a comment may follow the ]");
            return;
        }
    const char *name = p + 1;
    size_t len = (size_t)(close - name);
    if (len > 6 && memcmp(name, "hedge ", 6) == 0) {
        start_hedge(r, name + 6, len - 6);
        return;
    }
    for (int i = 0; i < SECTIONS; i++)
        if (i != HEDGE_SECTION && strlen(sys_config_sections[i]) == len
            && memcmp(sys_config_sections[i], name, len) == 0) {
            if (r->section_line[i] != 0)
                fail(r, EK_E_SYNTAX, r->line, "[%s]: given twice (first in line %u)", sys_config_sections[i],
                     r->section_line[i]);
            r->section_line[i] = r->line;
            r->section = i;
            r->hedge = NULL;
            return;
        }
    char known[160];
    list_sections(known, sizeof known);
    fail(r, EK_E_SYNTAX, r->line, "[%.*s]: unknown section; known: %s", (int)(len > 60 ? 60 : len), name,
         known);
}

/* ---- lines ---- */
/* Characters that look like a blank or like nothing, as copied out of web pages and chats. */
static const struct { const char *bytes, *name; } unseen[] = {
    {"\xC2\xA0", "no-break space, U+00A0"},
    {"\xC2\xAD", "soft hyphen, U+00AD"},
    {"\xE2\x80\x8B", "zero width space, U+200B"},
    {"\xE2\x80\x8C", "zero width non-joiner, U+200C"},
    {"\xE2\x80\x8D", "zero width joiner, U+200D"},
    {"\xE2\x80\x8E", "left-to-right mark, U+200E"},
    {"\xE2\x80\x8F", "right-to-left mark, U+200F"},
    {"\xE2\x80\xAF", "narrow no-break space, U+202F"},
    {"\xE2\x81\xA0", "word joiner, U+2060"},
    {"\xE3\x80\x80", "ideographic space, U+3000"},
    {"\xEF\xBB\xBF", "byte order mark, U+FEFF"},
};

/* One of them outside of a comment is refused by its name and place. */
static int invisible(reading *r, const char *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if ((p[i] == ';' || p[i] == '#') && (i == 0 || p[i - 1] == ' ' || p[i - 1] == '\t')) return 0;
        for (size_t k = 0; k < sizeof unseen / sizeof unseen[0]; k++) {
            size_t len = strlen(unseen[k].bytes);
            if (n - i < len || memcmp(p + i, unseen[k].bytes, len) != 0) continue;
            fail(r, EK_E_SYNTAX, r->line,
                 "holds an invisible character (%s) at byte %u: type the line anew", unseen[k].name,
                 (unsigned)i + 1);
            return 1;
        }
    }
    return 0;
}

static void check_line(reading *r, const char *p, size_t n) {
    /* a byte order mark; inih skips it as well */
    if (r->line == 1 && n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) {
        p += 3;
        n -= 3;
    }
    if (n > 0 && p[n - 1] == '\r') n--;
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)p[i] < 0x20 && p[i] != '\t') || p[i] == 0x7F) {
            fail(r, EK_E_SYNTAX, r->line, "holds a control byte (0x%02x)", (unsigned)p[i]);
            return;
        }
    if (invisible(r, p, n)) return;
    if (n > SYS_CONFIG_LINE) {
        fail(r, EK_E_SYNTAX, r->line, "is longer than %d bytes", SYS_CONFIG_LINE);
        return;
    }
    size_t lead = 0;
    while (lead < n && (p[lead] == ' ' || p[lead] == '\t')) lead++;
    if (lead >= n || p[lead] == ';' || p[lead] == '#') return;
    if (lead > 0) {
        fail(r, EK_E_SYNTAX, r->line, "may not begin with a blank (it would continue the line above)");
        return;
    }
    if (p[0] == '[') {
        start_section(r, p, n);
        return;
    }
    size_t k = 0;
    while (k < n && p[k] != '=' && p[k] != ':' && !(p[k] == ';' && (p[k - 1] == ' ' || p[k - 1] == '\t')))
        k++;
    if (k == 0) fail(r, EK_E_SYNTAX, r->line, "has no key before the %c", p[0]);
    else if (k == n || p[k] == ';')
        fail(r, EK_E_SYNTAX, r->line, "is neither a section, a key = value nor a comment");
    else if (r->section < 0) fail(r, EK_E_SYNTAX, r->line, "stands before the first section");
}

/* inih's reader: one checked line a call. */
static char *next_line(char *into, int room, void *stream) {
    reading *r = stream;
    if (r->err != EK_OK || r->at >= r->end) return NULL;
    const char *nl = memchr(r->at, '\n', (size_t)(r->end - r->at));
    const char *stop = nl != NULL ? nl : r->end;
    size_t n = (size_t)(stop - r->at);
    r->line++;
    check_line(r, r->at, n);
    if (r->err == EK_OK && n + 2 > (size_t)room) fail(r, EK_E_SYNTAX, r->line, "is longer than inih reads");
    if (r->err != EK_OK) return NULL;
    memcpy(into, r->at, n);
    into[n] = '\n';
    into[n + 1] = 0;
    r->at = nl != NULL ? nl + 1 : r->end;
    return into;
}

static const char *shown_value(const sys_config_key *k, const char *value, char *out, size_t cap) {
    if (k->kind == KIND_URL || k->kind == KIND_URLS) sys_url_redact(value, out, cap);
    else snprintf(out, cap, "%.60s%s", value, strlen(value) > 60 ? "\xE2\x80\xA6" : "");
    return out;
}

static int take_pair(void *user, const char *section, const char *name, const char *value) {
    reading *r = user;
    (void)section; /* known from the line itself, with its limits checked */
    if (r->err != EK_OK) return 0;
    const char *in = sys_config_sections[r->section];
    for (unsigned i = 0; i < SYS_CONFIG_KEYS; i++) {
        const sys_config_key *k = &sys_config_keys[i];
        if (strcmp(k->section, in) != 0 || strcmp(k->key, name) != 0) continue;
        char shown[SYS_CONFIG_URL_MAX], why[256];
        shown_value(k, value, shown, sizeof shown);
        unsigned *first = &r->key_line[r->hedge != NULL ? r->hedge - r->c->hedges : 0][i];
        if (*first != 0 && k->kind != KIND_URLS && k->kind != KIND_LEGS) {
            fail(r, EK_E_SYNTAX, r->line, "%s = %s: given twice (first in line %u)", name, shown, *first);
            return 0;
        }
        *first = r->line;
        ek_err err = sys_config_set(r->c, r->hedge, k, value, why, sizeof why);
        if (err != EK_OK) fail(r, EK_E_RANGE, r->line, "%s = %s: %s", name, shown, why);
        return err == EK_OK;
    }
    char known[256];
    list_keys(in, known, sizeof known);
    fail(r, EK_E_SYNTAX, r->line, "%.60s: unknown key in [%s%s%s]; known: %s", name, in,
         r->hedge != NULL ? " " : "", r->hedge != NULL ? r->hedge->name : "", known);
    return 0;
}

/* ---- what must go together ---- */
static unsigned line_of(const reading *r, const char *section, const char *key, unsigned row) {
    for (unsigned i = 0; i < SYS_CONFIG_KEYS; i++)
        if (strcmp(sys_config_keys[i].section, section) == 0 && strcmp(sys_config_keys[i].key, key) == 0)
            return r->key_line[row][i];
    return 0;
}

static void cross_check(reading *r) {
    sys_config *c = r->c;
    char url[96];
    if (c->n_urls == 0) fail(r, EK_E_MISMATCH, r->section_line[1], "[rpc] url: at least one is needed");
    if (c->second_opinion == SYS_OPINION_YES && c->n_urls == 1)
        fail(r, EK_E_MISMATCH, line_of(r, "rpc", "require_second_opinion", 0),
             "[rpc] require_second_opinion = yes: needs a second url, of another host");
    if (c->n_hedges == 0) fail(r, EK_E_MISMATCH, 0, "no [hedge X-PERP] section: nothing to hedge");
    if (c->signer_socket[0] != 0) {
        unsigned line = line_of(r, "signer", "socket", 0);
        if (c->keypair[0] != 0)
            fail(r, EK_E_MISMATCH, line,
                 "[signer] socket: goes without [account] keypair, the key is behind the socket");
        if (!c->has_signer_key)
            fail(r, EK_E_MISMATCH, line,
                 "[signer] socket: needs [signer] public_key, the key that signer must have");
    } else if (c->mode == SYS_MODE_LIVE && c->keypair[0] == 0)
        fail(r, EK_E_MISMATCH, line_of(r, "agent", "mode", 0), "mode = live: needs [account] keypair");
    if (c->mode == SYS_MODE_PAPER && c->keypair[0] == 0 && !c->has_authority && !c->has_signer_key)
        fail(r, EK_E_MISMATCH, line_of(r, "agent", "mode", 0),
             "mode = paper: needs [account] authority (or keypair)");
    for (uint8_t i = 0; i < c->n_hedges; i++) {
        const sys_hedge *h = &c->hedges[i];
        unsigned line = line_of(r, "hedge", "min_trade_size", i);
        if (line == 0) line = line_of(r, "hedge", "max_trade_size", i);
        if (h->min_trade_base_e9 > h->max_trade_base_e9)
            fail(r, EK_E_MISMATCH, line != 0 ? line : h->line,
                 "[hedge %s] min_trade_size: must be at most max_trade_size", h->name);
    }
    if (c->listen_on) {
        snprintf(url, sizeof url, strchr(c->listen_host, ':') != NULL ? "http://[%s]" : "http://%s",
                 c->listen_host);
        if (!sys_url_is_loopback(url) && c->token_file[0] == 0)
            fail(r, EK_E_MISMATCH, line_of(r, "web", "listen", 0),
                 "listen = %s:%u: an address that is not loopback needs token_file", c->listen_host,
                 c->listen_port);
        if (c->web_names[0] != 0 && c->token_file[0] == 0)
            fail(r, EK_E_MISMATCH, line_of(r, "web", "names", 0),
                 "names = %s: a page that is reached from elsewhere needs token_file", c->web_names);
    }
}

void sys_config_defaults(sys_config *c) {
    memset(c, 0, sizeof *c);
    apply_defaults(c, NULL);
}

ek_err sys_config_parse(const char *name, const uint8_t *bytes, size_t len, int force_paper, sys_config *c,
                        char text[SYS_CONFIG_TEXT]) {
    reading r;
    memset(&r, 0, sizeof r);
    text[0] = 0;
    sys_config_defaults(c);
    c->bare_urls = force_paper == SYS_LOAD_BARE;
    snprintf(c->file, sizeof c->file, "%s", name);
    r.c = c;
    r.name = name;
    r.text = text;
    r.section = -1;
    r.at = (const char *)bytes;
    r.end = (const char *)bytes + len;
    if (len > SYS_CONFIG_FILE_MAX) fail(&r, EK_E_SYNTAX, 0, "is larger than %d bytes", SYS_CONFIG_FILE_MAX);
    if (len >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0))
        fail(&r, EK_E_SYNTAX, 0, "is UTF-16 text: save it as UTF-8");
    if (r.err == EK_OK && ini_parse_stream(next_line, &r, take_pair, &r) != 0 && r.err == EK_OK)
        fail(&r, EK_E_SYNTAX, r.line, "is no configuration line");
    for (uint8_t i = 0; i < c->n_hedges && r.err == EK_OK; i++) {
        sys_hedge *h = &c->hedges[i];
        if (h->n_legs != 0) continue;
        h->legs[h->n_legs].kind = SYS_LEG_VENUE;
        memcpy(h->legs[h->n_legs++].asset, h->asset, sizeof h->asset);
        if (strcmp(h->asset, "SOL") != 0) continue;
        h->legs[h->n_legs].kind = SYS_LEG_WALLET;
        memcpy(h->legs[h->n_legs++].asset, h->asset, sizeof h->asset);
    }
    if (force_paper) c->mode = SYS_MODE_PAPER;
    if (r.err == EK_OK) cross_check(&r);
    return r.err;
}

/* The package keeps its secrets in `credentials` beside the config. Who may read them and was not started by
 * systemd, root who runs `check`, finds them there as the service does. */
static void find_credentials(const char *path) {
    char dir[SYS_CONFIG_PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (getenv("CREDENTIALS_DIRECTORY") != NULL || slash == NULL || path[0] != '/') return;
    int n = snprintf(dir, sizeof dir, "%.*s/credentials", (int)(slash - path), path);
    if (n > 0 && n < (int)sizeof dir && access(dir, R_OK | X_OK) == 0)
        setenv("CREDENTIALS_DIRECTORY", dir, 0);
}

ek_err sys_config_load(const char *path, int force_paper, sys_config *c, char text[SYS_CONFIG_TEXT]) {
    size_t len = 0;
    int os_errno = 0;
    if (strlen(path) >= sizeof c->file) { /* it is kept, to be read again on SIGHUP */
        snprintf(text, SYS_CONFIG_TEXT, "%.60s\xE2\x80\xA6: the path is longer than %u bytes", path,
                 (unsigned)sizeof c->file - 1);
        return EK_E_MISSING;
    }
    if (force_paper != SYS_LOAD_BARE) find_credentials(path);
    uint8_t *bytes = sys_read_alloc(path, SYS_CONFIG_FILE_MAX + 1, &len, &os_errno);
    if (bytes == NULL) {
        if (os_errno == EFBIG)
            snprintf(text, SYS_CONFIG_TEXT, "%s: is larger than %d bytes", path, SYS_CONFIG_FILE_MAX);
        else snprintf(text, SYS_CONFIG_TEXT, "%s: cannot be read: %s", path, sys_errno_text(os_errno));
        return os_errno == EFBIG ? EK_E_SYNTAX : EK_E_MISSING;
    }
    ek_err err = sys_config_parse(path, bytes, len, force_paper, c, text);
    sys_free(bytes);
    return err;
}
