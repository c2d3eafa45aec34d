#include "sys_config_table.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ek_fixed.h"
#include "base/sys_io.h"

const char *const sys_config_sections[] = {"agent", "rpc",    "venue", "account", "hedge", "order",
                                           "gates", "signer", "web",   "alerts",  NULL};

#define IN(field) (uint16_t)sizeof(((sys_config *)0)->field), offsetof(sys_config, field)
#define HEDGE(field) (uint16_t)sizeof(((sys_hedge *)0)->field), offsetof(sys_hedge, field)
#define NO_RANGE 0, 0

/* section, key, kind, flags, decimals, width+offset, min, max, default, choices, unit, help, example */
const sys_config_key sys_config_keys[SYS_CONFIG_KEYS] = {
    {"agent", "mode", KIND_CHOICE, 0, 0, IN(mode), NO_RANGE, "paper", "paper|live", NULL,
     "paper watches the real chain and trades on paper; live sends orders", NULL},
    {"agent", "loop_interval_seconds", KIND_NUMBER, 0, 3, IN(loop_interval_ms), 100, 86400000, "60", NULL,
     "seconds", "time from one look at the book to the next", NULL},
    {"agent", "state", KIND_PATH, 0, 0, IN(state), NO_RANGE, "/var/lib/evenkeel/state.bin", NULL, NULL,
     "the record that survives a power cut (16 KB)", NULL},
    {"agent", "control", KIND_PATH, MAY_BE_EMPTY, 0, IN(control), NO_RANGE, "/run/evenkeel/control.sock",
     NULL, NULL, "socket for status, pause, resume and rebalance; empty: off", NULL},
    {"rpc", "url", KIND_URLS, 0, 0, IN(urls), NO_RANGE, NULL, NULL, NULL,
     "node to use, up to 8 times, the first is preferred; ${NAME} comes from the environment or a systemd "
     "credential and is never logged",
     "https://rpc.example/?api-key=${RPC_KEY}"},
    {"rpc", "timeout_ms", KIND_NUMBER, 0, 0, IN(timeout_ms), 100, 120000, "5000", NULL, "milliseconds",
     "longest wait for one answer", NULL},
    {"rpc", "max_latency_ms", KIND_NUMBER, 0, 0, IN(max_latency_ms), 1, 120000, "2000", NULL, "milliseconds",
     "gate: no order through a slower node", NULL},
    {"rpc", "max_lag_seconds", KIND_NUMBER, 0, 3, IN(max_lag_ms), 0, 100000000, "8", NULL, "seconds",
     "gate: how far the node may be behind the best one, in slots of the length that is measured", NULL},
    {"rpc", "max_slot_lag", KIND_NUMBER, MAY_BE_EMPTY, 0, IN(max_slot_lag), 0, 100000, "", NULL, "slots",
     "the same in slots; wins where it is given", NULL},
    {"rpc", "require_second_opinion", KIND_CHOICE, 0, 0, IN(second_opinion), NO_RANGE, "auto",
     "auto|yes|no", NULL,
     "an order needs another node's agreement; auto: a silent one is counted out after a while; no: two "
     "looks at one node",
     NULL},
    {"rpc", "second_opinion_wait_minutes", KIND_NUMBER, 0, 0, IN(second_opinion_wait_min), 1, 1440, "10",
     NULL, "minutes", "auto: after so long a node that shows nothing usable is counted out", NULL},
    {"rpc", "cluster", KIND_CLUSTER, 0, 0, IN(genesis), NO_RANGE, "auto", NULL, NULL,
     "genesis hash the nodes must show; auto: mainnet-beta's, any where all nodes are on loopback addresses",
     NULL},
    {"venue", "name", KIND_CHOICE, 0, 0, IN(venue), NO_RANGE, "velocity", "velocity|drift", NULL,
     "where the book is", NULL},
    {"account", "keypair", KIND_PATH, MAY_BE_EMPTY, 0, IN(keypair), NO_RANGE, NULL, NULL, NULL,
     "signing key, best a delegate's: Solana CLI format, mode 0600; needed for live",
     "/etc/evenkeel/delegate.json"},
    {"account", "authority", KIND_KEY, MAY_BE_EMPTY, 0, IN(authority), NO_RANGE, "", NULL, NULL,
     "owner of the account; empty: the key itself", NULL},
    {"account", "sub_account", KIND_NUMBER, 0, 0, IN(sub_account), 0, 65535, "0", NULL, NULL,
     "number of the sub-account", NULL},
    {"hedge", "spot", KIND_LEGS, 0, 0, HEDGE(legs), NO_RANGE, NULL, NULL, NULL,
     "what counts as spot, on one line or several: deposit, own SOL or tokens, another's SOL, a fixed amount",
     "venue:SOL, wallet:SOL"},
    {"hedge", "hedge_ratio_pct", KIND_NUMBER, 0, 4, HEDGE(hedge_ratio_ppm), 0, 2000000, "100", NULL,
     "percent", "part of the spot that the perp is to offset", NULL},
    {"hedge", "target_delta", KIND_NUMBER, 0, 9, HEDGE(target_delta_e9), -1000000000000000, 1000000000000000,
     "0", NULL, "base units", "net delta to keep on top of that, signed; 0 is neutral", NULL},
    {"hedge", "drift_tolerance_pct", KIND_NUMBER, ABOVE_MIN, 4, HEDGE(drift_tolerance_ppm), 0, 500000, "1.0",
     NULL, "percent", "drift that is left alone", NULL},
    {"hedge", "cooldown_seconds", KIND_NUMBER, 0, 0, HEDGE(cooldown_s), 0, 2592000, "1800", NULL, "seconds",
     "rest after a correction that brought the drift inside", NULL},
    {"hedge", "min_trade_size", KIND_NUMBER, ABOVE_MIN, 9, HEDGE(min_trade_base_e9), 0, 1000000000000000,
     "0.005", NULL, "base units", "smaller corrections are dust; raised to the market's own minimum and step",
     NULL},
    {"hedge", "max_trade_size", KIND_NUMBER, ABOVE_MIN, 9, HEDGE(max_trade_base_e9), 0, 1000000000000000,
     "50", NULL, "base units", "larger drifts are corrected in steps of this", NULL},
    {"hedge", "max_leverage", KIND_NUMBER, ABOVE_MIN, 4, HEDGE(max_leverage_e4), 0, 1000000, "5.0", NULL,
     "times", "gate: leverage after the correction", NULL},
    {"hedge", "max_trades_per_day", KIND_NUMBER, 0, 0, HEDGE(max_trades_per_day), 1, 100000, "24", NULL,
     "a day", "gate: corrections in one day (UTC)", NULL},
    {"order", "max_slippage_pct", KIND_NUMBER, ABOVE_MIN, 4, IN(max_slippage_ppm), 0, 200000, "0.5", NULL,
     "percent", "worst price against the oracle", NULL},
    {"order", "fill_timeout_seconds", KIND_NUMBER, 0, 0, IN(fill_timeout_s), 1, 3600, "30", NULL, "seconds",
     "life of an order that rests", NULL},
    {"order", "partial_fills", KIND_CHOICE, 0, 0, IN(partial_fills), NO_RANGE, "yes", "no|yes", NULL,
     "where the whole size is not to be had at once, take what is inside max_slippage_pct; the rest follows "
     "in the next tick",
     NULL},
    {"order", "settle_profit_usd", KIND_NUMBER, 0, 6, IN(settle_profit_e6), 0, 1000000000000000, "0", NULL,
     "USD", "open profit beyond this is settled into the deposit; 0: only where margin is short of it", NULL},
    {"order", "priority_fee_percentile", KIND_NUMBER, 0, 0, IN(priority_fee_percentile), 0, 100, "75", NULL,
     "percentile", "of what others paid lately for the same accounts", NULL},
    {"order", "max_priority_fee_lamports", KIND_NUMBER, 0, 0, IN(max_priority_fee_lamports), 0, 1000000000,
     "200000", NULL, "lamports", "highest priority fee of one transaction", NULL},
    {"gates", "min_health_pct", KIND_NUMBER, 0, 2, IN(min_health_bp), 0, 10000, "20", NULL, "percent",
     "below: health is critical, only reducing corrections", NULL},
    {"gates", "health_warning_pct", KIND_NUMBER, 0, 2, IN(health_warning_bp), 0, 10000, "50", NULL, "percent",
     "below: a warning", NULL},
    {"gates", "deleverage_below_health_pct", KIND_NUMBER, 0, 2, IN(deleverage_bp), 0, 9500, "0", NULL,
     "percent", "below: the perp is reduced until health is a point above that; 0: off", NULL},
    {"gates", "equity_floor_usd", KIND_NUMBER, 0, 6, IN(equity_floor_e6), 0, 1000000000000000, "0", NULL,
     "USD", "equity of the venue account below which only reducing corrections are made; 0: off", NULL},
    {"gates", "gas_reserve_sol", KIND_NUMBER, 0, 9, IN(gas_reserve_lamports), 0, 1000000000000, "0.02", NULL,
     "SOL", "what must stay with the fee payer", NULL},
    {"gates", "max_oracle_age_seconds", KIND_NUMBER, 0, 3, IN(max_oracle_age_ms), 0, 1000000000, "10", NULL,
     "seconds", "older prices of the market stop trading", NULL},
    {"gates", "max_oracle_age_slots", KIND_NUMBER, MAY_BE_EMPTY, 0, IN(max_oracle_age_slots), 0, 1000000, "",
     NULL, "slots", "the same in slots; wins where it is given", NULL},
    {"gates", "max_oracle_divergence_pct", KIND_NUMBER, ABOVE_MIN, 4, IN(max_oracle_divergence_ppm), 0,
     1000000, "1.0", NULL, "percent", "price against its own average and against the spot oracle", NULL},
    {"gates", "max_cost_bps", KIND_NUMBER, ABOVE_MIN, 2, IN(max_cost_ppm), 0, 1000000, "60", NULL,
     "basis points", "expected cost of a correction", NULL},
    {"gates", "force_drift_pct", KIND_NUMBER, ABOVE_MIN, 4, IN(force_drift_ppm), 0, 10000000, "10", NULL,
     "percent", "drift beyond which the cost gate gives way; no other does", NULL},
    {"gates", "max_notional_per_day", KIND_NUMBER, 0, 6, IN(max_notional_day_e6), 0, 1000000000000000,
     "100000", NULL, "USD", "corrections of all markets in one day (UTC), at their oracle prices; 0: off",
     NULL},
    {"gates", "max_failures", KIND_NUMBER, 0, 0, IN(max_failures), 1, 1000, "5", NULL, "in a row",
     "then observe only until resume", NULL},
    {"gates", "kill_file", KIND_PATH, MAY_BE_EMPTY, 0, IN(kill_file), NO_RANGE, "", NULL, NULL,
     "while this file exists nothing is sent; empty: none", NULL},
    {"signer", "max_orders_per_hour", KIND_NUMBER, 0, 0, IN(max_orders_per_hour), 1, 100000, "60", NULL,
     "an hour",
     "the signer signs no more transactions in any 60 minutes; cancels count, orders that only reduce are "
     "never refused for it",
     NULL},
    {"signer", "max_notional_per_day", KIND_NUMBER, ABOVE_MIN, 6, IN(signer_notional_day_e6), 0,
     1000000000000000000, "1000000", NULL, "USD",
     "the signer signs orders of no more value in any 24 hours, but for those that only reduce", NULL},
    {"signer", "max_loss_usd_per_day", KIND_AUTO, 0, 6, IN(max_loss_day_e6), 0, 1000000000000000, "auto",
     NULL, "USD",
     "the worst case of all that is signed in any 24 hours; auto: 1 % of the equity when it is first asked, "
     "at "
     "least 10",
     NULL},
    {"signer", "max_price_move_pct", KIND_MOVES, 0, 4, IN(move_ppm), 1, 1000000, "2/10/25", NULL, "percent",
     "how far a price may be from the ones before: in a minute, in an hour, in all since the last", NULL},
    {"signer", "socket", KIND_PATH, MAY_BE_EMPTY, 0, IN(signer_socket), NO_RANGE, "", NULL, NULL,
     "Unix socket of a signer of your own (hardware, another machine) in place of the agent's; empty: its "
     "own",
     NULL},
    {"signer", "public_key", KIND_KEY, MAY_BE_EMPTY, 0, IN(signer_key), NO_RANGE, "", NULL, NULL,
     "the key that signer must have; needed with a socket", NULL},
    {"signer", "timeout_ms", KIND_NUMBER, 0, 0, IN(signer_timeout_ms), 50, 10000, "500", NULL, "milliseconds",
     "longest wait for a signature; the agent does nothing else meanwhile", NULL},
    {"web", "listen", KIND_LISTEN, MAY_BE_EMPTY, 0, IN(listen_host), NO_RANGE, "127.0.0.1:8000", NULL, NULL,
     "address and port of the page; empty: off", NULL},
    {"web", "token_file", KIND_PATH, MAY_BE_EMPTY, 0, IN(token_file), NO_RANGE, "", NULL, NULL,
     "file with the token for the page's controls; needed for any address that is not loopback", NULL},
    {"web", "names", KIND_NAMES, MAY_BE_EMPTY, 0, IN(web_names), NO_RANGE, "", NULL, NULL,
     "names a reverse proxy serves the page under, separated by commas; reading then needs the token too",
     NULL},
    {"alerts", "webhook", KIND_URL, MAY_BE_EMPTY, 0, IN(webhook), NO_RANGE, "", NULL, NULL,
     "gets a POST for every alert; empty: off", NULL},
    {"alerts", "format", KIND_CHOICE, 0, 0, IN(alert_format), NO_RANGE, "auto",
     "auto|json|telegram|discord|slack|ntfy", NULL,
     "shape of an alert; auto: by the host of the webhook, else json", NULL},
    {"alerts", "level", KIND_CHOICE, 0, 0, IN(alert_level), NO_RANGE, "info", "info|warning|error", NULL,
     "smallest level that is sent; corrections that went well are info", NULL},
    {"alerts", "blocked_minutes", KIND_NUMBER, 0, 0, IN(blocked_minutes), 0, 100000, "15", NULL, "minutes",
     "alert when a drift could not be corrected for so long", NULL},
    {"alerts", "rpc_lost_seconds", KIND_NUMBER, 0, 0, IN(rpc_lost_s), 1, 1000000, "180", NULL, "seconds",
     "alert when the book could not be read for so long", NULL},
    {"alerts", "repeat_hours", KIND_NUMBER, 0, 0, IN(repeat_hours), 0, 10000, "6", NULL, "hours",
     "an alert that still holds is said again after so long; 0: never", NULL},
    {"alerts", "ping_url", KIND_URL, MAY_BE_EMPTY, 0, IN(ping), NO_RANGE, "", NULL, NULL,
     "gets a GET after every tick that read the book (at most one in 10 s), for a service that alerts when "
     "they stop; empty: off",
     NULL},
};

static void print(char *out, size_t cap, int64_t v, unsigned decimals) {
    if (ek_print_decimal(v, decimals, 0, out, cap) == 0) out[0] = 0;
}

void sys_config_allowed(const sys_config_key *k, char *out, size_t cap) {
    char min[32], max[32];
    size_t n = 0;
    switch (k->kind) {
    case KIND_NUMBER:
        print(min, sizeof min, k->min, k->decimals);
        print(max, sizeof max, k->max, k->decimals);
        n = (size_t)snprintf(out, cap,
                             (k->flags & ABOVE_MIN) != 0 ? "more than %s and at most %s"
                                                         : "at least %s and at most %s",
                             min, max);
        if (k->unit != NULL && n < cap) snprintf(out + n, cap - n, " (%s)", k->unit);
        break;
    case KIND_CHOICE: {
        const char *last = strrchr(k->choices, '|');
        for (const char *p = k->choices; *p != 0 && n + 5 < cap; p++) {
            const char *between = p == last ? " or " : ", ";
            if (*p != '|') out[n++] = *p;
            else for (const char *b = between; *b != 0; b++) out[n++] = *b;
        }
        out[n] = 0;
        break;
    }
    case KIND_PATH: snprintf(out, cap, "a path of at most %u bytes", k->width - 1u); break;
    case KIND_URLS:
    case KIND_URL: snprintf(out, cap, "an https URL, or http to a loopback address"); break;
    case KIND_KEY: snprintf(out, cap, "a public key (base58 of 32 bytes)"); break;
    case KIND_CLUSTER: snprintf(out, cap, "auto, mainnet, devnet, testnet, any or a genesis hash"); break;
    case KIND_LEGS:
        snprintf(out, cap,
                 "venue:X, wallet:SOL, token:X, token:MINT, watch:WALLET, fixed:AMOUNT, separated by commas");
        break;
    case KIND_NAMES: snprintf(out, cap, "host names, separated by commas"); break;
    case KIND_AUTO:
        print(max, sizeof max, k->max, k->decimals);
        snprintf(out, cap, "auto, or more than 0 and at most %s (%s)", max, k->unit);
        break;
    case KIND_MOVES:
        snprintf(out, cap, "MINUTE/HOUR/TOTAL in percent, rising, more than 0 and at most 100");
        break;
    default: snprintf(out, cap, "ADDRESS:PORT, as 127.0.0.1:8000 or [::1]:8000"); break;
    }
}

/* ---- the two texts made of the table ---- */
typedef struct { int fd, err; } sink;

__attribute__((format(printf, 2, 3)))
static void put(sink *s, const char *form, ...) {
    char line[1024];
    va_list args;
    va_start(args, form);
    int n = vsnprintf(line, sizeof line, form, args);
    va_end(args);
    if (s->err == 0 && (n < 0 || (size_t)n >= sizeof line)) s->err = EOVERFLOW;
    if (s->err == 0) s->err = sys_write_all(s->fd, line, (size_t)n);
}

/* The lines of one key: what it is, then what was answered for it; else its default, as a comment. */
static void put_key(sink *s, const sys_config_key *k, const sys_config_answer *answers, size_t n) {
    char allowed[200];
    int answered = 0;
    sys_config_allowed(k, allowed, sizeof allowed);
    put(s, "# %s: %s\n", k->help, allowed);
    for (size_t i = 0; i < n; i++)
        if (strcmp(answers[i].section, k->section) == 0 && strcmp(answers[i].key, k->key) == 0) {
            put(s, "%s =%s%s\n", k->key, answers[i].value[0] != 0 ? " " : "", answers[i].value);
            answered = 1;
        }
    if (answered) return;
    const char *value = k->fallback != NULL ? k->fallback : k->example;
    put(s, "# %s =%s%s\n", k->key, value[0] != 0 ? " " : "", value);
}

static int put_file(int fd, const sys_config_answer *answers, size_t n) {
    sink s = {fd, 0};
    put(&s,
        "# Evenkeel. A line that starts with # or ; is a comment; behind a value a comment starts with ;\n"
        "# Every key is here with its default behind a #. Unknown keys, keys given twice and values out of "
        "range are refused.\n");
    for (const char *const *section = sys_config_sections; *section != NULL; section++) {
        int hedge = strcmp(*section, "hedge") == 0;
        put(&s,
            hedge ? "\n# one section for every market that is hedged, up to 8\n[%s SOL-PERP]\n" : "\n[%s]\n",
            *section);
        for (const sys_config_key *k = sys_config_keys; k < sys_config_keys + SYS_CONFIG_KEYS; k++) {
            if (strcmp(k->section, *section) == 0) put_key(&s, k, answers, n);
        }
    }
    return s.err;
}

/* Readable for the group too, where there is one of that name and this process may give it the file. */
static int share(int fd, const char *group) {
    const struct group *g = group != NULL ? getgrnam(group) : NULL;
    if (g == NULL || fchown(fd, (uid_t)-1, g->gr_gid) != 0) return 0;
    return fchmod(fd, 0640) == 0 ? 0 : errno;
}

int sys_config_write(const char *path, const sys_config_answer *answers, size_t n, const char *group) {
    int secret = 0;
    for (size_t i = 0; i < n; i++) secret |= strstr(answers[i].value, "://") != NULL;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, secret ? 0600 : 0644);
    if (fd < 0) return errno;
    int err = put_file(fd, answers, n);
    if (err == 0 && secret) err = share(fd, group);
    if (err == 0 && fsync(fd) != 0) err = errno;
    if (close(fd) != 0 && err == 0) err = errno;
    if (err != 0) unlink(path); /* ours: O_EXCL made it */
    return err;
}
