/* sys_config.h - the configuration: one table of every key, read strictly through inih.
 *
 * One const table (sys_config_table.c) says of every key: section, name, kind, default, smallest, largest,
 * decimals, unit, help. Parsing, range checks, the file `init` writes and the table in the docs all come from
 * it. Numbers are kept as integers in the units of their names.
 *
 * Paths: ${NAME} as in URLs, `~/` is the home directory, and one that does not begin with a slash is meant
 * from where the config lies.
 *
 * Refused with a text `FILE:LINE: key = VALUE: what is allowed`: an unknown section or key, one given twice,
 * a value out of range, a line that inih would cut (over SYS_CONFIG_LINE bytes) or join to the one above (a
 * leading blank), bytes that are not text. URLs in these texts are shown without path, query, user and
 * password. */
#ifndef SYS_CONFIG_H
#define SYS_CONFIG_H

#include "base/ek_types.h"

enum {
    SYS_CONFIG_URLS = 8, SYS_CONFIG_HEDGES = 8, SYS_CONFIG_LEGS = 8,
    SYS_CONFIG_LINE = 197,          /* Debian's inih holds 200 bytes with line end and NUL */
    SYS_CONFIG_FILE_MAX = 65536, SYS_CONFIG_URL_MAX = 512, SYS_CONFIG_PATH_MAX = 200, SYS_CONFIG_TEXT = 512
};
enum { SYS_MODE_PAPER = 0, SYS_MODE_LIVE = 1 };
enum { SYS_OPINION_AUTO = 0, SYS_OPINION_YES = 1, SYS_OPINION_NO = 2 };
enum { SYS_VENUE_VELOCITY = 0, SYS_VENUE_DRIFT = 1 };
/* Shapes of an alert; AUTO: by the webhook's host. */
enum {
    SYS_ALERT_AUTO = 0,
    SYS_ALERT_JSON,
    SYS_ALERT_TELEGRAM,
    SYS_ALERT_DISCORD,
    SYS_ALERT_SLACK,
    SYS_ALERT_NTFY
};
enum {
    SYS_CLUSTER_AUTO = 0 /* mainnet-beta, unless every node is on a loopback address */,
    SYS_CLUSTER_ANY = 1,
    SYS_CLUSTER_HASH = 2
};
enum { SYS_LEG_VENUE = 0, SYS_LEG_WALLET = 1, SYS_LEG_TOKEN = 2, SYS_LEG_WATCH = 3, SYS_LEG_FIXED = 4 };

typedef struct {
    uint8_t kind;       /* SYS_LEG_* */
    char asset[16];     /* "SOL"; of every leg the section's */
    uint8_t has_key; /* TOKEN: 0 leaves it to the venue's spot market of the asset (or, for SOL, to wrapped
                        SOL) */
    ek_key key;         /* TOKEN: the mint; WATCH: the wallet */
    int64_t amount_e9;  /* FIXED: base units, signed */
} sys_leg;

typedef struct {
    char name[16];      /* "SOL-PERP" */
    char asset[16];     /* "SOL" */
    uint8_t n_legs;
    sys_leg legs[SYS_CONFIG_LEGS];
    uint32_t hedge_ratio_ppm;        /* 100 % = 1000000 */
    int64_t target_delta_e9;         /* base units, signed */
    uint32_t drift_tolerance_ppm;
    uint32_t cooldown_s;
    uint64_t min_trade_base_e9, max_trade_base_e9;
    uint32_t max_leverage_e4;
    uint32_t max_trades_per_day;
    uint16_t line;      /* of its section header, 0 for a default */
} sys_hedge;

typedef struct {
    char url[SYS_CONFIG_URL_MAX];     /* with its secrets: for the HTTP client only */
    char shown[SYS_CONFIG_URL_MAX];   /* scheme://host[:port]/… : for logs */
} sys_url;

typedef struct {
    /* [agent] */
    uint8_t mode;                     /* SYS_MODE_* */
    uint32_t loop_interval_ms;
    char state[SYS_CONFIG_PATH_MAX], control[108];
    /* [rpc] */
    uint8_t n_urls;
    sys_url urls[SYS_CONFIG_URLS];
    uint32_t timeout_ms, max_latency_ms, max_lag_ms;
    uint32_t max_slot_lag;            /* UINT32_MAX: not given, max_lag_ms counts */
    uint8_t second_opinion;           /* SYS_OPINION_* */
    uint16_t second_opinion_wait_min;
    uint8_t cluster;                  /* SYS_CLUSTER_* */
    ek_key genesis;                   /* what nodes must show; mainnet-beta's for AUTO and ANY */
    /* [venue] */
    uint8_t venue;                    /* SYS_VENUE_* */
    /* [account] */
    char keypair[SYS_CONFIG_PATH_MAX];
    uint8_t has_authority;            /* 0: the key itself */
    ek_key authority;
    uint16_t sub_account;
    /* [hedge X-PERP] */
    uint8_t n_hedges;
    sys_hedge hedges[SYS_CONFIG_HEDGES];
    /* [order] */
    uint8_t partial_fills;
    uint64_t settle_profit_e6; /* 0: only where margin is short */
    uint32_t max_slippage_ppm, fill_timeout_s, priority_fee_percentile;
    uint64_t max_priority_fee_lamports;
    /* [gates] */
    uint32_t min_health_bp, health_warning_bp; /* 2000 = 20 % */
    uint32_t deleverage_bp;                    /* 0: off */
    uint64_t equity_floor_e6, max_notional_day_e6; /* 0: off */
    uint64_t gas_reserve_lamports;
    uint32_t max_oracle_age_ms;
    uint32_t max_oracle_age_slots;    /* UINT32_MAX: not given, max_oracle_age_ms counts */
    uint32_t max_oracle_divergence_ppm, max_cost_ppm /* 60 bps = 6000 */,
        force_drift_ppm, max_failures;
    char kill_file[SYS_CONFIG_PATH_MAX]; /* empty: none */
    /* [signer] */
    uint32_t max_orders_per_hour;
    uint64_t signer_notional_day_e6;
    uint64_t max_loss_day_e6;         /* 0: auto */
    uint32_t move_ppm[3];             /* of a price: a minute, an hour, in all */
    char signer_socket[108];          /* empty: the agent's own signer */
    uint8_t has_signer_key;
    ek_key signer_key;                /* of the signer behind the socket */
    uint32_t signer_timeout_ms;
    /* [web] */
    uint8_t listen_on;                /* 0: off */
    char listen_host[64];             /* address without brackets */
    uint16_t listen_port;
    char token_file[SYS_CONFIG_PATH_MAX];
    char web_names[SYS_CONFIG_PATH_MAX]; /* "a.example, b.example"; empty: none */
    /* [alerts] */
    sys_url webhook, ping;            /* empty: off */
    uint8_t alert_format;             /* SYS_ALERT_* */
    uint8_t alert_level;              /* 0 info, 1 warning, 2 error: the smallest that is sent */
    uint32_t blocked_minutes, rpc_lost_s, repeat_hours;
    uint8_t bare_urls;                /* 1: loaded with SYS_LOAD_BARE: no url, paths as written */
    char file[SYS_CONFIG_PATH_MAX];   /* as given to load; "-" for text */
} sys_config;

/* Everything at its default, no url, no hedge section. */
void sys_config_defaults(sys_config *c);
/* What `force_paper` may be: 0; as `--paper` on the command line, before the cross checks; paper, and ${NAME}
 * in URLs and in paths outside of [agent] left alone, for commands that only need the agent's socket and
 * state file (status, pause ...) and may run where the secrets are not known. */
enum { SYS_LOAD_AS_IS = 0, SYS_LOAD_PAPER = 1, SYS_LOAD_BARE = 2 };
/* Reads a file over the defaults. EK_OK, or
 *   EK_E_MISSING  the file cannot be read     EK_E_SYNTAX  a line that is no section, key or comment, unknown
 *                 or repeated names
 *   EK_E_RANGE    a value that is not allowed EK_E_MISMATCH  values that do not go together (live without a
 *                 key ...)
 * with `text` filled. *c is unspecified after an error. */
ek_err sys_config_load(const char *path, int force_paper, sys_config *c, char text[SYS_CONFIG_TEXT]);
/* The same from memory; `name` stands for the file in messages. */
ek_err sys_config_parse(const char *name, const uint8_t *bytes, size_t len, int force_paper, sys_config *c,
                        char text[SYS_CONFIG_TEXT]);
/* The file of `init`: every key with its help; what was answered stands as it is, the rest with its default
 * behind a #. A key that may be given several times may be answered several times. Never over an existing
 * file (EEXIST), synced. With a URL among the answers, which may hold a secret, the mode is 0600, and 0640
 * for `group` where that is not NULL and exists; else 0644. 0, or the errno. */
typedef struct {
    const char *section, *key, *value;
} sys_config_answer;
int sys_config_write(const char *path, const sys_config_answer *answers, size_t n, const char *group);

/* What Solana's command line was told by `solana config set`: one value of its config.yml ("json_rpc_url",
 * "keypair_path"), unquoted. Its length, 0 when it is not there, is empty or does not fit. The file is a few
 * `key: value` lines; anything else in it is passed over. */
size_t sys_solana_cli_value(const uint8_t *yaml, size_t n, const char *key, char *out, size_t cap);

/* scheme://host[:port]/… of any URL; "(not a URL)" for what is none. */
void sys_url_redact(const char *url, char *out, size_t cap);
/* 1 when the URL is https, or http to 127.0.0.0/8, [::1] or localhost. */
int sys_url_allowed(const char *url);
/* 1 when the host is a loopback one. */
int sys_url_is_loopback(const char *url);

/* Pointers for Swift; NULL past the count. */
const char *sys_config_url(const sys_config *c, uint32_t i);
const char *sys_config_url_shown(const sys_config *c, uint32_t i);
const sys_hedge *sys_config_hedge(const sys_config *c, uint32_t i);
const sys_leg *sys_hedge_leg(const sys_hedge *h, uint32_t i);
const char *sys_hedge_name(const sys_hedge *h);
const char *sys_hedge_asset(const sys_hedge *h);
const char *sys_config_state(const sys_config *c);
const char *sys_config_control(const sys_config *c);
const char *sys_config_keypair(const sys_config *c);
const char *sys_config_signer_socket(const sys_config *c);
/* 1 when nodes must show `genesis`. */
int sys_config_wants_genesis(const sys_config *c);
const char *sys_config_kill_file(const sys_config *c);
const char *sys_config_token_file(const sys_config *c);
const char *sys_config_web_names(const sys_config *c);
const char *sys_config_listen_host(const sys_config *c);
const char *sys_config_webhook(const sys_config *c);
const char *sys_config_webhook_shown(const sys_config *c);
const char *sys_config_ping(const sys_config *c);
const char *sys_config_ping_shown(const sys_config *c);
/* alert_format, with AUTO told by the host: api.telegram.org, discord.com, hooks.slack.com, ntfy.sh; else
 * JSON. */
int sys_config_alert_format(const sys_config *c);
/* The value of NAME in the URL's query ("chat_id"), undecoded; its length, 0 when it is not there or does not
 * fit. */
size_t sys_url_query(const char *url, const char *name, char *out, size_t cap);
const char *sys_config_file(const sys_config *c);
const char *sys_config_venue_name(const sys_config *c);
size_t sys_config_size(void);

#endif
