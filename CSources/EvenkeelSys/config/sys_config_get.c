/* Pointers into the configuration for Swift, which sees C arrays as tuples. */
#include <string.h>

#include "config/sys_config.h"
#include "sys_config_table.h"

const char *sys_config_url(const sys_config *c, uint32_t i) { return i < c->n_urls ? c->urls[i].url : NULL; }
const char *sys_config_url_shown(const sys_config *c, uint32_t i) {
    return i < c->n_urls ? c->urls[i].shown : NULL;
}
const sys_hedge *sys_config_hedge(const sys_config *c, uint32_t i) {
    return i < c->n_hedges ? &c->hedges[i] : NULL;
}
const sys_leg *sys_hedge_leg(const sys_hedge *h, uint32_t i) { return i < h->n_legs ? &h->legs[i] : NULL; }
const char *sys_hedge_name(const sys_hedge *h) { return h->name; }
const char *sys_hedge_asset(const sys_hedge *h) { return h->asset; }
const char *sys_config_state(const sys_config *c) { return c->state; }
const char *sys_config_control(const sys_config *c) { return c->control; }
const char *sys_config_keypair(const sys_config *c) { return c->keypair; }
const char *sys_config_signer_socket(const sys_config *c) { return c->signer_socket; }
int sys_config_wants_genesis(const sys_config *c) {
    if (c->cluster != SYS_CLUSTER_AUTO) return c->cluster == SYS_CLUSTER_HASH;
    for (uint8_t i = 0; i < c->n_urls; i++)
        if (!sys_url_is_loopback(c->urls[i].url)) return 1;
    return 0;
}
const char *sys_config_kill_file(const sys_config *c) { return c->kill_file; }
const char *sys_config_token_file(const sys_config *c) { return c->token_file; }
const char *sys_config_web_names(const sys_config *c) { return c->web_names; }
const char *sys_config_listen_host(const sys_config *c) { return c->listen_host; }
static const char *url_of(const sys_url *u) { return u->shown[0] != 0 ? u->url : NULL; }
static const char *shown_of(const sys_url *u) { return u->shown[0] != 0 ? u->shown : NULL; }
const char *sys_config_webhook(const sys_config *c) { return url_of(&c->webhook); }
const char *sys_config_webhook_shown(const sys_config *c) { return shown_of(&c->webhook); }
const char *sys_config_ping(const sys_config *c) { return url_of(&c->ping); }
const char *sys_config_ping_shown(const sys_config *c) { return shown_of(&c->ping); }

static int ends_with(const char *host, const char *name) {
    size_t h = strlen(host), n = strlen(name);
    return h >= n && strcmp(host + h - n, name) == 0 && (h == n || host[h - n - 1] == '.');
}

int sys_config_alert_format(const sys_config *c) {
    char host[128], scheme;
    if (c->alert_format != SYS_ALERT_AUTO) return c->alert_format;
    if (c->webhook.url[0] == 0 || !sys_url_host(c->webhook.url, host, sizeof host, &scheme))
        return SYS_ALERT_JSON;
    if (ends_with(host, "api.telegram.org")) return SYS_ALERT_TELEGRAM;
    if (ends_with(host, "discord.com") || ends_with(host, "discordapp.com")) return SYS_ALERT_DISCORD;
    if (ends_with(host, "hooks.slack.com")) return SYS_ALERT_SLACK;
    return ends_with(host, "ntfy.sh") ? SYS_ALERT_NTFY : SYS_ALERT_JSON;
}
const char *sys_config_file(const sys_config *c) { return c->file; }
const char *sys_config_venue_name(const sys_config *c) {
    return c->venue == SYS_VENUE_DRIFT ? "drift" : "velocity";
}
size_t sys_config_size(void) { return sizeof(sys_config); }

size_t sys_solana_cli_value(const uint8_t *yaml, size_t n, const char *key, char *out, size_t cap) {
    size_t len = strlen(key);
    for (size_t at = 0; at < n;) {
        const uint8_t *nl = memchr(yaml + at, '\n', n - at);
        size_t end = nl != NULL ? (size_t)(nl - yaml) : n, p = at + len, stop = end;
        if (end - at > len && memcmp(yaml + at, key, len) == 0 && yaml[p] == ':') {
            p++;
            while (p < stop && (yaml[p] == ' ' || yaml[p] == '\t')) p++;
            while (stop > p && (yaml[stop - 1] == ' ' || yaml[stop - 1] == '\t' || yaml[stop - 1] == '\r'))
                stop--;
            if (stop - p >= 2 && (yaml[p] == '"' || yaml[p] == '\'') && yaml[stop - 1] == yaml[p]) {
                p++;
                stop--;
            }
            if (stop == p || stop - p >= cap) return 0;
            for (size_t i = p; i < stop; i++)
                if (yaml[i] < 0x20 || yaml[i] == 0x7F) return 0;
            memcpy(out, yaml + p, stop - p);
            out[stop - p] = 0;
            return stop - p;
        }
        at = end + 1;
    }
    return 0;
}
