/* sys_config_table.h - the one table behind the configuration; private to sys_config*.c. */
#ifndef SYS_CONFIG_TABLE_H
#define SYS_CONFIG_TABLE_H

#include "config/sys_config.h"

enum sys_kind {
    KIND_NUMBER,  /* decimal text into an unsigned integer of `width` bytes, counted in 10^-decimals;
                   * all ones where it may be empty and is */
    KIND_CHOICE,  /* one of the words in `choices` ("paper|live") into its position, one byte */
    KIND_PATH,    /* text of `width` bytes with its NUL; ${NAME} allowed */
    KIND_URLS,    /* may be given SYS_CONFIG_URLS times */
    KIND_URL,     /* empty: none */
    KIND_KEY,     /* base58, empty: none */
    KIND_CLUSTER, /* the word of a cluster, or its genesis hash */
    KIND_LEGS,
    KIND_LISTEN,
    KIND_NAMES, /* host names, separated by commas */
    KIND_AUTO,  /* a number as above and not 0, or the word auto: 0 */
    KIND_MOVES  /* three rising percentages with slashes between, into three u32 in ppm */
};
enum { ABOVE_MIN = 1 /* min itself is not allowed */, MAY_BE_EMPTY = 2 };

typedef struct {
    const char *section, *key;
    uint8_t kind, flags, decimals;
    uint16_t width;
    size_t offset;           /* in sys_config, for [hedge] in sys_hedge */
    int64_t min, max;        /* counted in 10^-decimals */
    const char *fallback;    /* the default as text; NULL: none */
    const char *choices, *unit;
    const char *help;        /* one line */
    const char *example;     /* what init shows where there is no default */
} sys_config_key;

enum { SYS_CONFIG_KEYS = 61 };
extern const sys_config_key sys_config_keys[SYS_CONFIG_KEYS];
extern const char *const
    sys_config_sections[]; /* in the order of the file; NULL at the end; "hedge" stands for [hedge X-PERP] */

/* "more than 0 and at most 50 (percent)", "paper or live" ...: what is allowed. */
void sys_config_allowed(const sys_config_key *k, char *out, size_t cap);

/* sys_config_value.c: one value into its place. EK_OK, or an error with the reason ("must be ...") in `why`.
 */
ek_err sys_config_set(sys_config *c, sys_hedge *h, const sys_config_key *k, const char *value, char *why,
                      size_t cap);

/* `${NAME}` by the environment, then by the file NAME in $CREDENTIALS_DIRECTORY. The reason never holds what
 * a name stands for. */
ek_err sys_config_expand(const char *text, char *out, size_t cap, char *why, size_t why_cap);

/* sys_url.c: host of a URL into out (lower case, no brackets); 0 when it is no URL evenkeel takes. scheme:
 * 's' https, 'h' http. */
int sys_url_host(const char *url, char *out, size_t cap, char *scheme);

/* sys_url.c: a common mistake in a URL as people write it, in words that hold nothing of it; NULL: none of
 * those. */
const char *sys_url_mistake(const char *url);

#endif
