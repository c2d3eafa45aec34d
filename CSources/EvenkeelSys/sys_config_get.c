/* Pointers into the configuration for Swift, which sees C arrays as tuples. */
#include "sys_config.h"

const char *sys_config_url(const sys_config *c, uint32_t i) { return i < c->n_urls ? c->urls[i].url : NULL; }
const char *sys_config_url_shown(const sys_config *c, uint32_t i) { return i < c->n_urls ? c->urls[i].shown : NULL; }
const sys_hedge *sys_config_hedge(const sys_config *c, uint32_t i) { return i < c->n_hedges ? &c->hedges[i] : NULL; }
const sys_leg *sys_hedge_leg(const sys_hedge *h, uint32_t i) { return i < h->n_legs ? &h->legs[i] : NULL; }
const char *sys_hedge_name(const sys_hedge *h) { return h->name; }
const char *sys_hedge_asset(const sys_hedge *h) { return h->asset; }
const char *sys_leg_asset(const sys_leg *l) { return l->asset; }
const char *sys_config_state(const sys_config *c) { return c->state; }
const char *sys_config_control(const sys_config *c) { return c->control; }
const char *sys_config_keypair(const sys_config *c) { return c->keypair; }
const char *sys_config_kill_file(const sys_config *c) { return c->kill_file; }
const char *sys_config_token_file(const sys_config *c) { return c->token_file; }
const char *sys_config_listen_host(const sys_config *c) { return c->listen_host; }
const char *sys_config_webhook(const sys_config *c) { return c->has_webhook ? c->webhook.url : NULL; }
const char *sys_config_webhook_shown(const sys_config *c) { return c->has_webhook ? c->webhook.shown : NULL; }
const char *sys_config_file(const sys_config *c) { return c->file; }
const char *sys_config_venue_name(const sys_config *c) { return c->venue == SYS_VENUE_DRIFT ? "drift" : "velocity"; }
size_t sys_config_size(void) { return sizeof(sys_config); }
