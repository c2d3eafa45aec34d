#include "check.h"
#include "config/sys_config.h"
#include "config/sys_config_table.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static sys_config c;
static char text[SYS_CONFIG_TEXT];
#define KEY "7NL2qWArf2BbEBBH1vTRZCsoNqFATTddH6h8GkVvrLpG"

/* A whole good file with one line put in after the section of that name. */
#define BASE "[rpc]\nurl = https://a.example\n[account]\nauthority = " KEY "\n[hedge SOL-PERP]\n"

static ek_err parse(const char *file) {
    return sys_config_parse("F", (const uint8_t *)file, strlen(file), 0, &c, text);
}

static void good(const char *file) {
    ek_err err = parse(file);
    if (err != EK_OK) fprintf(stderr, "%s\n", text);
    CHECK_EQ(err, EK_OK);
    CHECK_TEXT(text, "");
}

static void bad(const char *file, ek_err err, const char *message) {
    CHECK_EQ(parse(file), err);
    CHECK_TEXT(text, message);
}

static void defaults(void) {
    good(BASE);
    CHECK_EQ(c.mode, SYS_MODE_PAPER);
    CHECK_EQ(c.loop_interval_ms, 60000);
    CHECK_TEXT(sys_config_state(&c), "/var/lib/evenkeel/state.bin");
    CHECK_TEXT(sys_config_control(&c), "/run/evenkeel/control.sock");
    CHECK_EQ(c.n_urls, 1);
    CHECK_EQ(c.timeout_ms, 5000);
    CHECK_EQ(c.max_latency_ms, 2000);
    CHECK(c.max_lag_ms == 8000 && c.max_slot_lag == UINT32_MAX);
    CHECK_EQ(c.venue, SYS_VENUE_VELOCITY);
    CHECK_TEXT(sys_config_venue_name(&c), "velocity");
    CHECK_TEXT(sys_config_keypair(&c), "");
    CHECK_EQ(c.has_authority, 1);
    CHECK_EQ(c.sub_account, 0);
    CHECK_EQ(c.n_hedges, 1);
    const sys_hedge *h = sys_config_hedge(&c, 0);
    CHECK_TEXT(sys_hedge_name(h), "SOL-PERP");
    CHECK_TEXT(sys_hedge_asset(h), "SOL");
    CHECK_EQ(h->n_legs, 2);
    CHECK_EQ(sys_hedge_leg(h, 0)->kind, SYS_LEG_VENUE);
    CHECK_EQ(sys_hedge_leg(h, 1)->kind, SYS_LEG_WALLET);
    CHECK_TEXT(sys_hedge_leg(h, 1)->asset, "SOL");
    CHECK(sys_hedge_leg(h, 2) == NULL);
    CHECK_EQ(h->drift_tolerance_ppm, 10000);
    CHECK_EQ(h->cooldown_s, 1800);
    CHECK_EQ(h->min_trade_base_e9, 5000000);
    CHECK_EQ(h->max_trade_base_e9, 50000000000);
    CHECK_EQ(h->max_leverage_e4, 50000);
    CHECK_EQ(h->max_trades_per_day, 24);
    CHECK_EQ(c.max_slippage_ppm, 5000);
    CHECK_EQ(c.fill_timeout_s, 30);
    CHECK_EQ(c.priority_fee_percentile, 75);
    CHECK_EQ(c.max_priority_fee_lamports, 200000);
    CHECK_EQ(c.min_health_bp, 2000);
    CHECK_EQ(c.gas_reserve_lamports, 20000000);
    CHECK(c.max_oracle_age_ms == 10000 && c.max_oracle_age_slots == UINT32_MAX);
    CHECK_EQ(c.max_oracle_divergence_ppm, 10000);
    CHECK_EQ(c.max_cost_ppm, 6000);
    CHECK_EQ(c.force_drift_ppm, 100000);
    CHECK_EQ(c.max_failures, 5);
    CHECK_EQ(c.listen_on, 1);
    CHECK_TEXT(sys_config_listen_host(&c), "127.0.0.1");
    CHECK_EQ(c.listen_port, 8000);
    CHECK_TEXT(sys_config_token_file(&c), "");
    CHECK(sys_config_webhook(&c) == NULL);
    CHECK(sys_config_url(&c, 1) == NULL);
    CHECK(sys_config_hedge(&c, 1) == NULL);
}

static void values(void) {
    good("\xEF\xBB\xBF# comment\r\n; another\r\n\r\n[agent]\r\nmode = live ; "
         "inline\r\nloop_interval_seconds=0.5\r\nstate = s.bin\r\ncontrol =\r\n"
         "[rpc]\r\nurl = https://a.example/?k=1\r\nurl = http://127.0.0.1:8899\r\nurl = "
         "http://[::1]:8899/x\r\ntimeout_ms: 250\r\n"
         "[venue]\r\nname = drift\r\n[account]\r\nkeypair = /k.json\r\nauthority =   ; the key "
         "itself\r\nsub_account = 65535\r\n"
         "[hedge BTC-PERP]\r\ncooldown_seconds = 0\r\ndrift_tolerance_pct = 0.0001\r\n[hedge "
         "SOL-PERP]\r\nspot = wallet:SOL\r\n"
         "min_trade_size = 0.000000001\r\nmax_trade_size = 0.000000001\r\nmax_leverage = 0.0001\r\n"
         "[gates]\r\nmax_cost_bps = 0.25\r\nmin_health_pct = 33.33\r\n[web]\r\nlisten = "
         "[::1]:0\r\n[alerts]\r\nwebhook = https://h.example/secret\r\n  # end");
    CHECK_EQ(c.mode, SYS_MODE_LIVE);
    CHECK_EQ(c.loop_interval_ms, 500);
    CHECK_TEXT(sys_config_state(&c), "s.bin");
    CHECK_TEXT(sys_config_control(&c), "");
    CHECK_EQ(c.n_urls, 3);
    CHECK_TEXT(sys_config_url(&c, 0), "https://a.example/?k=1");
    CHECK_TEXT(sys_config_url_shown(&c, 0), "https://a.example/…");
    CHECK_TEXT(sys_config_url_shown(&c, 1), "http://127.0.0.1:8899");
    CHECK_TEXT(sys_config_url_shown(&c, 2), "http://[::1]:8899/…");
    CHECK_EQ(c.timeout_ms, 250);
    CHECK_EQ(c.venue, SYS_VENUE_DRIFT);
    CHECK_TEXT(sys_config_venue_name(&c), "drift");
    CHECK_EQ(c.has_authority, 0);
    CHECK_EQ(c.sub_account, 65535);
    CHECK_EQ(c.n_hedges, 2);
    CHECK_TEXT(c.hedges[0].asset, "BTC");
    CHECK_EQ(c.hedges[0].n_legs, 1); /* a wallet holds no BTC */
    CHECK_TEXT(c.hedges[0].legs[0].asset, "BTC");
    CHECK_EQ(c.hedges[0].drift_tolerance_ppm, 1);
    CHECK_EQ(c.hedges[0].cooldown_s, 0);
    CHECK_EQ(c.hedges[1].cooldown_s, 1800); /* each section from the defaults, not from the one before */
    CHECK_EQ(c.hedges[1].n_legs, 1);
    CHECK_EQ(c.hedges[1].legs[0].kind, SYS_LEG_WALLET);
    CHECK_EQ(c.hedges[1].min_trade_base_e9, 1);
    CHECK_EQ(c.hedges[1].max_leverage_e4, 1);
    CHECK_EQ(c.max_cost_ppm, 25);
    CHECK_EQ(c.min_health_bp, 3333);
    CHECK_TEXT(c.listen_host, "::1");
    CHECK_EQ(c.listen_port, 0);
    CHECK_TEXT(sys_config_webhook(&c), "https://h.example/secret");
    CHECK_TEXT(sys_config_webhook_shown(&c), "https://h.example/…");
    good(BASE "[web]\nlisten =\n");
    CHECK_EQ(c.listen_on, 0);
    good(BASE "[web]\nlisten = localhost:80\n");
    CHECK_TEXT(c.listen_host, "127.0.0.1");
    good(BASE "[web]\nlisten = 0.0.0.0:80\ntoken_file = /t\n");
    good(BASE "[web]\n[alerts]\nwebhook =\n[gates]\n[order]\n"); /* sections may be empty */
}

static void lines(void) {
    bad("[agent]\n junk = 1\n", EK_E_SYNTAX,
        "F:2: may not begin with a blank (it would continue the line above)");
    bad("[agent]\nmode\n", EK_E_SYNTAX, "F:2: is neither a section, a key = value nor a comment");
    bad("[agent]\nmode ; = live\n", EK_E_SYNTAX, "F:2: is neither a section, a key = value nor a comment");
    bad("[agent]\n= 5\n", EK_E_SYNTAX, "F:2: has no key before the =");
    bad("mode = live\n", EK_E_SYNTAX, "F:1: stands before the first section");
    bad("[agent\nmode = live\n", EK_E_SYNTAX, "F:1: a section must end with ]");
    bad("[agent] mode = live\n", EK_E_SYNTAX, "F:1: only a comment may follow the ]");
    bad("[agnet]\n", EK_E_SYNTAX,
        "F:1: [agnet]: unknown section; known: [agent] [rpc] [venue] [account] [hedge X-PERP] [order] "
        "[gates] [signer] [web] [alerts]");
    bad("[]\n", EK_E_SYNTAX,
        "F:1: []: unknown section; known: [agent] [rpc] [venue] [account] [hedge X-PERP] [order] [gates] "
        "[signer] [web] [alerts]");
    bad("[agent]\n[rpc]\n[agent]\n", EK_E_SYNTAX, "F:3: [agent]: given twice (first in line 1)");
    bad("[hedge SOL-PERP]\n[hedge SOL-PERP]\n", EK_E_SYNTAX,
        "F:2: [hedge SOL-PERP]: given twice (first in line 1)");
    bad("[hedge SOL]\n", EK_E_SYNTAX, "F:1: [hedge SOL]: must name a market as SOL-PERP");
    bad("[hedge ABCDEFGHIJK-PERP]\n", EK_E_SYNTAX,
        "F:1: [hedge ABCDEFGHIJK-PERP]: must name a market as SOL-PERP");
    bad("[hedge -PERP]\n", EK_E_SYNTAX, "F:1: [hedge -PERP]: must name a market as SOL-PERP");
    bad("[hedge S/L-PERP]\n", EK_E_SYNTAX, "F:1: [hedge S/L-PERP]: must name a market as SOL-PERP");
    bad("[hedge]\n", EK_E_SYNTAX,
        "F:1: [hedge]: unknown section; known: [agent] [rpc] [venue] [account] [hedge X-PERP] [order] "
        "[gates] [signer] [web] [alerts]");
    bad("[hedge A-PERP]\n[hedge B-PERP]\n[hedge C-PERP]\n[hedge D-PERP]\n[hedge E-PERP]\n[hedge "
        "F-PERP]\n[hedge G-PERP]\n[hedge H-PERP]\n[hedge I-PERP]\n",
        EK_E_SYNTAX, "F:9: [hedge I-PERP]: at most 8 markets are taken");
    bad("[agent]\nmodus = live\n", EK_E_SYNTAX,
        "F:2: modus: unknown key in [agent]; known: mode, loop_interval_seconds, state, control");
    bad("[hedge SOL-PERP]\ndrift_tolerance = 1\n", EK_E_SYNTAX,
        "F:2: drift_tolerance: unknown key in [hedge SOL-PERP]; known: spot, hedge_ratio_pct, target_delta, "
        "drift_tolerance_pct, cooldown_seconds, min_trade_size, max_trade_size, max_leverage, "
        "max_trades_per_day");
    bad("[agent]\nmode = live\nmode = paper\n", EK_E_SYNTAX,
        "F:3: mode = paper: given twice (first in line 2)");
    bad("[hedge SOL-PERP]\ncooldown_seconds = 1\ncooldown_seconds = 1\n", EK_E_SYNTAX,
        "F:3: cooldown_seconds = 1: given twice (first in line 2)");
    bad("[agent]\nmode = li\x01ve\n", EK_E_SYNTAX, "F:2: holds a control byte (0x01)");
    bad("[agent]\nmode = live\rstate = x\n", EK_E_SYNTAX, "F:2: holds a control byte (0x0d)");
    bad("[agent]\nmode = live\x7F\n", EK_E_SYNTAX, "F:2: holds a control byte (0x7f)");
    static const char nul[] = "[agent]\nmode = live\0x\n";
    CHECK_EQ(sys_config_parse("F", (const uint8_t *)nul, sizeof nul - 1, 0, &c, text), EK_E_SYNTAX);
    CHECK_TEXT(text, "F:2: holds a control byte (0x00)");

    /* inih would cut a long line in two and read the rest as a line of its own */
    char file[600];
    for (int n = SYS_CONFIG_LINE - 2; n <= SYS_CONFIG_LINE + 3; n++) {
        int at = snprintf(file, sizeof file, BASE "[order]\n");
        file[at++] = '#';
        memset(file + at, 'x', (size_t)n - 1);
        at += n - 1;
        snprintf(file + at, sizeof file - (size_t)at, "\nfill_timeout_seconds = 77\n");
        if (n <= SYS_CONFIG_LINE) {
            good(file);
            CHECK_EQ(c.fill_timeout_s, 77);
        } else {
            bad(file, EK_E_SYNTAX, "F:7: is longer than 197 bytes");
        }
    }
    static uint8_t huge[SYS_CONFIG_FILE_MAX + 1];
    memset(huge, '\n', sizeof huge);
    CHECK_EQ(sys_config_parse("F", huge, sizeof huge, 0, &c, text), EK_E_SYNTAX);
    CHECK_TEXT(text, "F: is larger than 65536 bytes");
}

static void ranges(void) {
    bad("[hedge SOL-PERP]\ndrift_tolerance_pct = 0\n", EK_E_RANGE,
        "F:2: drift_tolerance_pct = 0: must be more than 0 and at most 50 (percent)");
    bad("[hedge SOL-PERP]\ndrift_tolerance_pct = 50.0001\n", EK_E_RANGE,
        "F:2: drift_tolerance_pct = 50.0001: must be more than 0 and at most 50 (percent)");
    bad("[hedge SOL-PERP]\ndrift_tolerance_pct = -1\n", EK_E_RANGE,
        "F:2: drift_tolerance_pct = -1: must be more than 0 and at most 50 (percent)");
    bad("[hedge SOL-PERP]\ndrift_tolerance_pct = 1.00001\n", EK_E_RANGE,
        "F:2: drift_tolerance_pct = 1.00001: must have at most 4 decimals");
    bad("[hedge SOL-PERP]\ndrift_tolerance_pct = 1%\n", EK_E_RANGE,
        "F:2: drift_tolerance_pct = 1%: must be a number, more than 0 and at most 50 (percent)");
    bad("[hedge SOL-PERP]\ndrift_tolerance_pct = 1.0 # percent\n", EK_E_RANGE,
        "F:2: drift_tolerance_pct = 1.0 # percent: must be a number, more than 0 and at most 50 (percent); a "
        "comment behind a value starts with ;");
    bad("[hedge SOL-PERP]\ndrift_tolerance_pct =\n", EK_E_RANGE,
        "F:2: drift_tolerance_pct = : must be a number, more than 0 and at most 50 (percent)");
    bad("[hedge SOL-PERP]\ndrift_tolerance_pct = 1e1\n", EK_E_RANGE,
        "F:2: drift_tolerance_pct = 1e1: must be a number, more than 0 and at most 50 (percent)");
    bad("[hedge SOL-PERP]\ndrift_tolerance_pct = 99999999999999999999\n", EK_E_RANGE,
        "F:2: drift_tolerance_pct = 99999999999999999999: must be more than 0 and at most 50 (percent)");
    bad("[hedge SOL-PERP]\ncooldown_seconds = 1.5\n", EK_E_RANGE,
        "F:2: cooldown_seconds = 1.5: must be a whole number, at least 0 and at most 2592000 (seconds)");
    bad("[hedge SOL-PERP]\nmin_trade_size = 0.0000000001\n", EK_E_RANGE,
        "F:2: min_trade_size = 0.0000000001: must have at most 9 decimals");
    bad("[hedge SOL-PERP]\nmax_trade_size = 1000001\n", EK_E_RANGE,
        "F:2: max_trade_size = 1000001: must be more than 0 and at most 1000000 (base units)");
    bad("[hedge SOL-PERP]\nmax_leverage = 0\n", EK_E_RANGE,
        "F:2: max_leverage = 0: must be more than 0 and at most 100 (times)");
    bad("[hedge SOL-PERP]\nmax_trades_per_day = 0\n", EK_E_RANGE,
        "F:2: max_trades_per_day = 0: must be at least 1 and at most 100000 (a day)");
    bad("[agent]\nmode = Live\n", EK_E_RANGE, "F:2: mode = Live: must be paper or live");
    bad("[agent]\nmode =\n", EK_E_RANGE, "F:2: mode = : must be paper or live");
    bad("[agent]\nloop_interval_seconds = 0\n", EK_E_RANGE,
        "F:2: loop_interval_seconds = 0: must be at least 0.1 and at most 86400 (seconds)");
    bad("[agent]\nstate =\n", EK_E_RANGE, "F:2: state = : must be a path of at most 199 bytes");
    bad("[agent]\ncontrol = "
        "/123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/"
        "123456789/12345678\n",
        EK_E_RANGE,
        "F:2: control = /123456789/123456789/123456789/123456789/123456789/123456789…: must be a path of at "
        "most 107 bytes");
}

static void ranges_of_the_chain(void) {
    bad("[rpc]\ntimeout_ms = 99\n", EK_E_RANGE,
        "F:2: timeout_ms = 99: must be at least 100 and at most 120000 (milliseconds)");
    bad("[rpc]\nmax_slot_lag = +1\n", EK_E_RANGE,
        "F:2: max_slot_lag = +1: must be a whole number, at least 0 and at most 100000 (slots)");
    bad("[venue]\nname = velocity2\n", EK_E_RANGE, "F:2: name = velocity2: must be velocity or drift");
    bad("[account]\nauthority = 1234\n", EK_E_RANGE,
        "F:2: authority = 1234: must be a public key (base58 of 32 bytes)");
    bad("[account]\nsub_account = 65536\n", EK_E_RANGE,
        "F:2: sub_account = 65536: must be at least 0 and at most 65535");
    bad("[order]\npriority_fee_percentile = 101\n", EK_E_RANGE,
        "F:2: priority_fee_percentile = 101: must be at least 0 and at most 100 (percentile)");
    bad("[order]\nmax_slippage_pct = 0\n", EK_E_RANGE,
        "F:2: max_slippage_pct = 0: must be more than 0 and at most 20 (percent)");
    bad("[gates]\nmax_cost_bps = 0.001\n", EK_E_RANGE,
        "F:2: max_cost_bps = 0.001: must have at most 2 decimals");
    bad("[gates]\nmax_failures = five\n", EK_E_RANGE,
        "F:2: max_failures = five: must be a whole number, at least 1 and at most 1000 (in a row)");
    bad("[gates]\ngas_reserve_sol = .5\n", EK_E_RANGE,
        "F:2: gas_reserve_sol = .5: must be a number, at least 0 and at most 1000 (SOL)");
}

static void addresses(void) {
    static const char *const no_address[] = {
        "8000",   ":8000", "127.0.0.1",      "127.0.0.1:", "127.0.0.1:65536", "host:80",
        "::1:80", "[::1]", "[127.0.0.1]:80", "[]:80",      "1.2.3:80"};
    for (size_t i = 0; i < sizeof no_address / sizeof no_address[0]; i++) {
        char file[100], want[200];
        snprintf(file, sizeof file, "[web]\nlisten = %s\n", no_address[i]);
        snprintf(want, sizeof want, "F:2: listen = %s: must be ADDRESS:PORT, as 127.0.0.1:8000 or [::1]:8000",
                 no_address[i]);
        bad(file, EK_E_RANGE, want);
    }
}

static void legs_that_are_none(void) {
    static const struct {
        const char *legs, *why;
    } legs[] = {
        {"SOL",
         "must be venue:X, wallet:SOL, token:X, token:MINT, watch:WALLET, fixed:AMOUNT, separated by commas"},
        {"",
         "must be venue:X, wallet:SOL, token:X, token:MINT, watch:WALLET, fixed:AMOUNT, separated by commas"},
        {"venue:SOL,",
         "must be venue:X, wallet:SOL, token:X, token:MINT, watch:WALLET, fixed:AMOUNT, separated by commas"},
        {"vault:SOL",
         "must be venue:X, wallet:SOL, token:X, token:MINT, watch:WALLET, fixed:AMOUNT, separated by commas"},
        {"venue:SOL, venue:SOL", "leg venue:SOL is given twice"},
        {"venue:BTC", "leg venue:BTC is not SOL, which this section hedges"},
        {"venue:ABCDEFGHIJKLMNOPQ", "must be venue:X, wallet:SOL, token:X, token:MINT, watch:WALLET, "
                                    "fixed:AMOUNT, separated by commas"}};
    for (size_t i = 0; i < sizeof legs / sizeof legs[0]; i++) {
        char file[100], want[240];
        snprintf(file, sizeof file, "[hedge SOL-PERP]\nspot = %s\n", legs[i].legs);
        snprintf(want, sizeof want, "F:2: spot = %s: %s", legs[i].legs, legs[i].why);
        bad(file, EK_E_RANGE, want);
    }
    bad("[hedge BTC-PERP]\nspot = watch:" KEY "\n", EK_E_RANGE,
        "F:2: spot = watch:" KEY ": leg watch:" KEY ": only SOL can be watched");
    bad("[hedge SOL-PERP]\nspot = watch:SOL\n", EK_E_RANGE,
        "F:2: spot = watch:SOL: leg watch:SOL: must name a public key (base58 of 32 bytes)");
    bad("[hedge SOL-PERP]\nspot = token:SOL\nspot = token:So11111111111111111111111111111111111111112\n",
        EK_E_RANGE,
        "F:3: spot = token:So11111111111111111111111111111111111111112: leg "
        "token:So11111111111111111111111111111111111111112 is given twice");
    bad("[hedge SOL-PERP]\nspot = fixed:1e3\n", EK_E_RANGE,
        "F:2: spot = fixed:1e3: leg fixed:1e3: the amount must be a number of at most 1000000000 with at "
        "most 9 decimals (base units, a minus before it for a debt)");
    bad("[hedge SOL-PERP]\nspot = fixed:1, fixed:2\n", EK_E_RANGE,
        "F:2: spot = fixed:1, fixed:2: leg fixed:2 is given twice");
    bad("[hedge BTC-PERP]\nspot = wallet:BTC\n", EK_E_RANGE,
        "F:2: spot = wallet:BTC: leg wallet:BTC: a wallet leg can only be SOL");
}

static void legs(void) {
    good(BASE "spot = fixed:-1.5, token:SOL\nspot = watch:" KEY
              ", venue:SOL, wallet:SOL\nhedge_ratio_pct = 50.5\ntarget_delta = -0.25\n"
              "[hedge BTC-PERP]\nspot = fixed:0.000000001, token:BTC, token:" KEY "\n");
    const sys_hedge *h = sys_config_hedge(&c, 0);
    CHECK_EQ(h->n_legs, 5);
    CHECK_EQ(h->legs[0].kind, SYS_LEG_FIXED);
    CHECK_EQ(h->legs[0].amount_e9, -1500000000);
    CHECK_EQ(h->legs[1].kind, SYS_LEG_TOKEN);
    CHECK_EQ(h->legs[1].has_key, 1); /* wrapped SOL */
    CHECK_EQ(h->legs[1].key.bytes[0], 6);
    CHECK_EQ(h->legs[2].kind, SYS_LEG_WATCH);
    CHECK_EQ(h->legs[2].has_key, 1);
    CHECK_EQ(h->legs[3].kind, SYS_LEG_VENUE);
    CHECK_EQ(h->legs[4].kind, SYS_LEG_WALLET);
    CHECK_EQ(h->hedge_ratio_ppm, 505000);
    CHECK_EQ(h->target_delta_e9, -250000000);
    h = sys_config_hedge(&c, 1);
    CHECK_EQ(h->n_legs, 3);
    CHECK_EQ(h->legs[0].amount_e9, 1);
    CHECK_EQ(h->legs[1].has_key, 0); /* the venue's spot market says */
    CHECK_EQ(h->legs[2].has_key, 1);
    CHECK_EQ(h->hedge_ratio_ppm, 1000000);
    CHECK_EQ(h->target_delta_e9, 0);
}

static void urls(void) {
    static const char *const refused[] = {"http://a.example",
                                          "ftp://a.example",
                                          "a.example",
                                          "https://",
                                          "https:///x",
                                          "https://a b.example",
                                          "http://127.0.0.1.example",
                                          "http://127.1",
                                          "http://0177.0.0.1",
                                          "http://127.0.0.256",
                                          "http://127.0.0.1@a.example",
                                          "http://user@a.example/127.0.0.1",
                                          "http://localhost.example",
                                          "http://[::2]",
                                          "http://[::1",
                                          "https://a.example:0",
                                          "https://a.example:65536",
                                          "https://a.example:80x",
                                          "http://127.0.0.1\\@a.example",
                                          "https://\xC3\xA4.example",
                                          "https://a..\"b",
                                          ""};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) CHECK(!sys_url_allowed(refused[i]));
    static const char *const allowed[] = {"https://a.example",
                                          "HTTPS://A.example:8443/x?y#z",
                                          "http://127.0.0.1:8899",
                                          "http://127.255.255.254/",
                                          "http://localhost",
                                          "http://LOCALHOST:1/",
                                          "http://[::1]:8899",
                                          "https://user:pass@a.example",
                                          "http://evil.example@127.0.0.1/",
                                          "https://[2001:db8::1]/"};
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) CHECK(sys_url_allowed(allowed[i]));
    char out[64];
    sys_url_redact("https://user:pass@a.example:444/path?key=secret", out, sizeof out);
    CHECK_TEXT(out, "https://a.example:444/…");
    sys_url_redact("https://a.example?key=secret", out, sizeof out);
    CHECK_TEXT(out, "https://a.example/…");
    sys_url_redact("https://a.example/", out, sizeof out);
    CHECK_TEXT(out, "https://a.example");
    sys_url_redact("api-key-without-scheme", out, sizeof out);
    CHECK_TEXT(out, "(not a URL)");
    bad("[rpc]\nurl = http://a.example/?k=secret\n", EK_E_RANGE,
        "F:2: url = http://a.example/…: must be an https URL, or http to a loopback address");
    bad("[rpc]\nurl =\n", EK_E_RANGE,
        "F:2: url = (not a URL): must be an https URL, or http to a loopback address");
    bad("[rpc]\nurl=https://a\nurl=https://b\nurl=https://c\nurl=https://d\nurl=https://e\nurl=https://"
        "f\nurl=https://g\nurl=https://h\nurl=https://i\n",
        EK_E_RANGE, "F:10: url = https://i: at most 8 are taken");
}

static void secrets(void) {
    char dir[] = "/tmp/evenkeel-test-XXXXXX", path[64];
    CHECK(mkdtemp(dir) != NULL);
    setenv("EK_TEST_KEY", "s3cret", 1);
    unsetenv("EK_TEST_NONE");
    unsetenv("CREDENTIALS_DIRECTORY");
    good("[rpc]\nurl = https://a.example/?k=${EK_TEST_KEY}&x=${EK_TEST_KEY}\n[account]\nauthority = " KEY
         "\n[hedge SOL-PERP]\n");
    CHECK_TEXT(sys_config_url(&c, 0), "https://a.example/?k=s3cret&x=s3cret");
    CHECK_TEXT(sys_config_url_shown(&c, 0), "https://a.example/…");
    good("[rpc]\nurl = https://${EK_TEST_KEY}.example/\n[account]\nauthority = " KEY "\n[hedge SOL-PERP]\n");
    /* a secret host is not shown either */
    CHECK_TEXT(sys_config_url_shown(&c, 0), "https://${EK_TEST_KEY}.example");
    bad("[rpc]\nurl = https://a.example/${EK_TEST_NONE}\n", EK_E_RANGE,
        "F:2: url = https://a.example/…: EK_TEST_NONE is neither in the environment nor a systemd "
        "credential");
    bad("[rpc]\nurl = https://a.example/$EK_TEST_KEY\n", EK_E_RANGE,
        "F:2: url = https://a.example/…: a $ must begin ${NAME} (letters, digits and _)");
    bad("[rpc]\nurl = https://a.example/${EK_TEST_KEY\n", EK_E_RANGE,
        "F:2: url = https://a.example/…: a $ must begin ${NAME} (letters, digits and _)");
    bad("[rpc]\nurl = https://a.example/${1A}\n", EK_E_RANGE,
        "F:2: url = https://a.example/…: a $ must begin ${NAME} (letters, digits and _)");
    setenv("EK_TEST_KEY", "two words", 1);
    bad("[rpc]\nurl = https://a.example/${EK_TEST_KEY}\n", EK_E_RANGE,
        "F:2: url = https://a.example/…: must be an https URL, or http to a loopback address");
    setenv("EK_TEST_KEY", "", 1);
    bad("[rpc]\nurl = https://a.example/${EK_TEST_KEY}\n", EK_E_RANGE,
        "F:2: url = https://a.example/…: EK_TEST_KEY is empty or holds a NUL byte");
    char longer[600];
    memset(longer, 'k', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    setenv("EK_TEST_KEY", longer, 1);
    bad("[rpc]\nurl = https://a.example/${EK_TEST_KEY}\n", EK_E_RANGE,
        "F:2: url = https://a.example/…: is longer than 511 bytes once its names are filled in");
    /* the scheme rule is on what is used, not on what is written */
    setenv("EK_TEST_KEY", "http://evil.example", 1);
    bad("[rpc]\nurl = ${EK_TEST_KEY}\n", EK_E_RANGE,
        "F:2: url = ${EK_TEST_KEY}: must be an https URL, or http to a loopback address");

    snprintf(path, sizeof path, "%s/EK_TEST_NONE", dir);
    FILE *f = fopen(path, "w");
    CHECK(f != NULL && fputs("from-file\n", f) >= 0 && fclose(f) == 0);
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    good("[rpc]\nurl = https://a.example/${EK_TEST_NONE}\n[account]\nauthority = " KEY
         "\nkeypair = ${EK_TEST_NONE}/key\n[hedge SOL-PERP]\n");
    CHECK_TEXT(sys_config_url(&c, 0), "https://a.example/from-file");
    CHECK_TEXT(sys_config_keypair(&c), "from-file/key");
    unsetenv("CREDENTIALS_DIRECTORY");
    unsetenv("EK_TEST_KEY");
    unlink(path);
    rmdir(dir);
    longer[200] = 0;
    CHECK_EQ(sys_config_load(longer, 0, &c, text), EK_E_MISSING);
    CHECK(strstr(text, "the path is longer than 199 bytes") != NULL);
}

/* The file that init writes: complete, never over another,
   and only the facts nobody can guess are missing. */
static void the_file_of_init(void) {
    char dir[] = "/tmp/evenkeel-test-XXXXXX", path[64], file[300];
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/new.conf", dir);
    CHECK_EQ(sys_config_write(path, NULL, 0, NULL), 0);
    CHECK_EQ(sys_config_write(path, NULL, 0, NULL), EEXIST);
    struct stat sb;
    CHECK_EQ(stat(path, &sb), 0);
    CHECK_EQ(sb.st_mode & 0777 & ~022u, 0644);
    CHECK_EQ(sys_config_load(path, 0, &c, text), EK_E_MISMATCH);
    CHECK(strstr(text, "[rpc] url: at least one is needed") != NULL);
    unlink(path);
    const sys_config_answer answers[] = {{"rpc", "url", "https://a.example/?k=s"},
                                         {"rpc", "url", "https://b.example"},
                                         {"account", "authority", KEY},
                                         {"hedge", "spot", "venue:SOL"}};
    CHECK_EQ(sys_config_write(path, answers, 4, "evenkeel-no-such-group"), 0);
    CHECK_EQ(stat(path, &sb), 0);
    CHECK_EQ(sb.st_mode & 0777, 0600);
    CHECK_EQ(sys_config_load(path, 0, &c, text), EK_OK);
    CHECK_TEXT(sys_config_url(&c, 0), "https://a.example/?k=s");
    CHECK_TEXT(sys_config_url(&c, 1), "https://b.example");
    CHECK(c.has_authority);
    CHECK_EQ(c.hedges[0].n_legs, 1);
    static char whole[16384];
    FILE *f = fopen(path, "r");
    size_t n = f != NULL ? fread(whole, 1, sizeof whole - 1, f) : 0;
    CHECK(f != NULL && fclose(f) == 0 && n > 2000);
    CHECK(strstr(whole, "\n# mode = paper\n") != NULL);
    for (const sys_config_key *k = sys_config_keys; k < sys_config_keys + SYS_CONFIG_KEYS; k++) {
        snprintf(file, sizeof file, "%s =", k->key);
        CHECK(strstr(whole, file) != NULL);
    }
    unlink(path);
    CHECK_EQ(sys_config_load(path, 0, &c, text), EK_E_MISSING);
    CHECK(strstr(text, "new.conf: cannot be read: No such file or directory") != NULL);
    rmdir(dir);
}

static void together(void) {
    bad("[hedge SOL-PERP]\n[account]\nauthority = " KEY "\n[rpc]\n", EK_E_MISMATCH,
        "F:4: [rpc] url: at least one is needed");
    bad("", EK_E_MISMATCH, "F: [rpc] url: at least one is needed");
    bad("[rpc]\nurl = https://a.example\n", EK_E_MISMATCH, "F: no [hedge X-PERP] section: nothing to hedge");
}

static void pairs(void) {
    bad("[rpc]\nurl = https://a.example\n[hedge SOL-PERP]\n", EK_E_MISMATCH,
        "F: mode = paper: needs [account] authority (or keypair)");
    bad("[hedge SOL-PERP]\nmin_trade_size = 51\n[rpc]\nurl = https://a.example\n[account]\nauthority = " KEY
        "\n",
        EK_E_MISMATCH, "F:2: [hedge SOL-PERP] min_trade_size: must be at most max_trade_size");
    bad(BASE "[web]\nlisten = 192.0.2.1:80\n", EK_E_MISMATCH,
        "F:7: listen = 192.0.2.1:80: an address that is not loopback needs token_file");
    bad(BASE "[web]\nlisten = [::]:80\n", EK_E_MISMATCH,
        "F:7: listen = :::80: an address that is not loopback needs token_file");
    const char *live =
        "[agent]\nmode = live\n[rpc]\nurl = https://a.example\n[hedge SOL-PERP]\n[account]\nauthority = " KEY
        "\n";
    bad(live, EK_E_MISMATCH, "F:2: mode = live: needs [account] keypair");
    CHECK_EQ(sys_config_parse("F", (const uint8_t *)live, strlen(live), 1, &c, text), EK_OK); /* --paper */
    CHECK_EQ(c.mode, SYS_MODE_PAPER);
}

/* The table keeps its own promises: every default is valid, every largest value fits its field. */
static void table(void) {
    int per_section[16] = {0};
    for (const sys_config_key *k = sys_config_keys; k < sys_config_keys + SYS_CONFIG_KEYS; k++) {
        sys_hedge h;
        char why[256] = "", allowed[200];
        memset(&h, 0, sizeof h);
        memcpy(h.asset, "SOL", 4);
        int s = 0;
        while (sys_config_sections[s] != NULL && strcmp(sys_config_sections[s], k->section) != 0) s++;
        CHECK(sys_config_sections[s] != NULL);
        per_section[s]++;
        if (k->fallback != NULL) CHECK_EQ(sys_config_set(&c, &h, k, k->fallback, why, sizeof why), EK_OK);
        CHECK(k->fallback != NULL || k->example != NULL);
        CHECK(strlen(k->help) > 10);
        sys_config_allowed(k, allowed, sizeof allowed);
        CHECK(strlen(allowed) > 5);
        if (k->kind == KIND_NUMBER) {
            /* a negative number fills its place whole */
            CHECK((k->min >= 0 || k->width == 8) && k->max > k->min);
            CHECK(k->width == 8 || k->max < (int64_t)1 << (8 * k->width));
        }
        /* init's own comment lines can be read back */
        CHECK(strlen(k->help) + strlen(allowed) + 4 <= SYS_CONFIG_LINE);
    }
    for (int s = 0; sys_config_sections[s] != NULL; s++) CHECK(per_section[s] > 0);
    CHECK(sys_config_size() == sizeof(sys_config));
}

/* Inputs as people have them: the real cause is told, and nothing of a secret. */
static void as_people_write(void) {
    static const struct { const char *url, *said; } urls[] = {
        {"wss://a.example/", "(not a URL): is a WebSocket address (wss): give the provider's https address"},
        {"ws://a.example/", "(not a URL): is a WebSocket address (wss): give the provider's https address"},
        {"\"https://a.example\"", "(not a URL): stands in quotation marks: write the URL without them"},
        {"'https://a.example'", "(not a URL): stands in quotation marks: write the URL without them"},
        {"\xE2\x80\x9Chttps://a.example",
         "(not a URL): stands in quotation marks: write the URL without them"},
        {"https://a.example,https://b.example",
         "https://a.example,https:/\xE2\x80\xA6: holds two addresses: one URL a line, so write the key again "
         "for each"},
        {"a.example/rpc", "(not a URL): has no scheme: write https:// before it"},
        {"ftp://a.example", "(not a URL): must be an https URL, or http to a loopback address"},
    };
    char file[256], want[300];
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        snprintf(file, sizeof file, "[rpc]\nurl = %s\n", urls[i].url);
        CHECK_EQ(parse(file), EK_E_RANGE);
        snprintf(want, sizeof want, "F:2: url = %s", urls[i].said);
        if (i == 5) CHECK(strstr(text, "holds two addresses: one URL a line") != NULL);
        else CHECK_TEXT(text, want);
    }
    setenv("EK_TEST_KEY", "s3cret\n", 1);
    bad("[rpc]\nurl = https://a.example/?k=${EK_TEST_KEY}\n", EK_E_RANGE,
        "F:2: url = https://a.example/\xE2\x80\xA6: EK_TEST_KEY ends in a line break: write it without one "
        "(printf %s instead of echo)");
    setenv("EK_TEST_KEY", "s3\ncret", 1);
    bad("[rpc]\nurl = https://a.example/?k=${EK_TEST_KEY}\n", EK_E_RANGE,
        "F:2: url = https://a.example/\xE2\x80\xA6: EK_TEST_KEY holds a line break");
    unsetenv("EK_TEST_KEY");
    bad("[agent]\nmode =\xC2\xA0paper\n", EK_E_SYNTAX,
        "F:2: holds an invisible character (no-break space, U+00A0) at byte 7: type the line anew");
    bad("[agent]\nmode = \xE2\x80\x8Bpaper ; fine\n", EK_E_SYNTAX,
        "F:2: holds an invisible character (zero width space, U+200B) at byte 8: type the line anew");
    good(BASE "# a\xC2\xA0"
              "comment\nmax_leverage = 3 ; and\xC2\xA0"
              "another\n");
    CHECK_EQ(sys_config_parse("F", (const uint8_t *)"\xFF\xFE[\0a\0", 6, 0, &c, text), EK_E_SYNTAX);
    CHECK_TEXT(text, "F: is UTF-16 text: save it as UTF-8");
}

static void solana_cli(void) {
    static const char yaml[] = "---\njson_rpc_url: \"https://a.example\"\r\nwebsocket_url: ''\nkeypair_path: "
                               "/home/u/id.json  \nkeypair: no\ncommitment:confirmed";
    const uint8_t *y = (const uint8_t *)yaml;
    char out[32];
    CHECK_EQ(sys_solana_cli_value(y, strlen(yaml), "json_rpc_url", out, sizeof out), 17);
    CHECK_TEXT(out, "https://a.example");
    CHECK_EQ(sys_solana_cli_value(y, strlen(yaml), "keypair_path", out, sizeof out), 15);
    CHECK_TEXT(out, "/home/u/id.json");
    CHECK_EQ(sys_solana_cli_value(y, strlen(yaml), "keypair_path", out, 15), 0); /* does not fit */
    CHECK_EQ(sys_solana_cli_value(y, strlen(yaml), "websocket_url", out, sizeof out), 0);
    CHECK_EQ(sys_solana_cli_value(y, strlen(yaml), "commitment", out, sizeof out), 9);
    CHECK_EQ(sys_solana_cli_value(y, strlen(yaml), "absent", out, sizeof out), 0);
    CHECK_EQ(sys_solana_cli_value(y, 0, "k", out, sizeof out), 0);
    CHECK_EQ(sys_solana_cli_value((const uint8_t *)"k: a\x01", 6, "k", out, sizeof out), 0);
}

static void alert_targets(void) {
    struct {
        const char *url;
        int format;
    } some[] = {{"https://api.telegram.org/botX/sendMessage?chat_id=-5&x=y", SYS_ALERT_TELEGRAM},
                {"https://discord.com/api/webhooks/1/x", SYS_ALERT_DISCORD},
                {"https://ptb.discord.com/api/webhooks/1/x", SYS_ALERT_DISCORD},
                {"https://hooks.slack.com/services/x", SYS_ALERT_SLACK},
                {"https://NTFY.sh/topic", SYS_ALERT_NTFY},
                {"https://notdiscord.com/x", SYS_ALERT_JSON},
                {"https://x.example/discord.com", SYS_ALERT_JSON},
                {"https://discord.com@x.example/", SYS_ALERT_JSON}};
    char file[600], chat[8];
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        snprintf(file, sizeof file, BASE "[alerts]\nwebhook = %s\n", some[i].url);
        good(file);
        CHECK_EQ(sys_config_alert_format(&c), some[i].format);
    }
    good(BASE "[alerts]\nwebhook = https://ntfy.sh/x\nformat = slack\nlevel = error\nping_url = "
              "https://hc.example/uuid\n");
    CHECK_EQ(sys_config_alert_format(&c), SYS_ALERT_SLACK);
    CHECK_EQ(c.alert_level, 2);
    CHECK_TEXT(sys_config_ping(&c), "https://hc.example/uuid");
    CHECK_TEXT(sys_config_ping_shown(&c), "https://hc.example/\xE2\x80\xA6");
    bad(BASE "[alerts]\nformat = pigeon\n", EK_E_RANGE,
        "F:7: format = pigeon: must be auto, json, telegram, discord, slack or ntfy");
    CHECK_EQ(sys_url_query(some[0].url, "chat_id", chat, sizeof chat), 2);
    CHECK_TEXT(chat, "-5");
    CHECK_EQ(sys_url_query(some[0].url, "chat", chat, sizeof chat), 0);
    /* does not fit */
    CHECK_EQ(sys_url_query("https://a/?xchat_id=1&chat_id=123456789", "chat_id", chat, sizeof chat), 0);
    CHECK_EQ(sys_url_query("https://a/", "chat_id", chat, sizeof chat), 0);
}

int main(void) {
    RUN(defaults);
    RUN(values);
    RUN(lines);
    RUN(ranges);
    RUN(ranges_of_the_chain);
    RUN(addresses);
    RUN(legs_that_are_none);
    RUN(legs);
    RUN(urls);
    RUN(secrets);
    RUN(the_file_of_init);
    RUN(together);
    RUN(pairs);
    RUN(table);
    RUN(as_people_write);
    RUN(solana_cli);
    RUN(alert_targets);
    return check_end();
}
