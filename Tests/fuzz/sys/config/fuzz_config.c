/* The configuration: any bytes give a config that keeps its own ranges, or a text that names the file; never
 * a secret in the text. */
#include "config/sys_config.h"
#include <stdlib.h>
#include <string.h>

static void need(int ok) {
    if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static sys_config c, again;
    static int ready;
    char text[SYS_CONFIG_TEXT], other[SYS_CONFIG_TEXT];
    if (!ready) {
        setenv("S", "q9z8secret", 1);
        ready = 1;
    }
    memset(text, 'x', sizeof text);
    int given = memmem(data, size, "q9z8secret", 10) != NULL; /* written out in the file it is no secret */
    ek_err err = sys_config_parse("F", data, size, 0, &c, text);
    need(memchr(text, 0, sizeof text) != NULL && (given || strstr(text, "q9z8secret") == NULL));
    need((err == EK_OK) == (text[0] == 0));
    if (err != EK_OK) need(text[0] == 'F' && text[1] == ':' && strlen(text) > 4);
    if (err == EK_OK) {
        need(c.n_urls >= 1 && c.n_urls <= SYS_CONFIG_URLS && c.n_hedges >= 1
             && c.n_hedges <= SYS_CONFIG_HEDGES);
        for (uint32_t i = 0; i < c.n_urls; i++) {
            need(sys_url_allowed(sys_config_url(&c, i)));
            need(given || strstr(sys_config_url_shown(&c, i), "q9z8secret") == NULL);
        }
        for (uint32_t i = 0; i < c.n_hedges; i++) {
            const sys_hedge *h = sys_config_hedge(&c, i);
            need(h->n_legs >= 1 && h->n_legs <= SYS_CONFIG_LEGS && h->hedge_ratio_ppm <= 2000000
                 && h->drift_tolerance_ppm >= 1 && h->drift_tolerance_ppm <= 500000);
            need(h->min_trade_base_e9 >= 1 && h->min_trade_base_e9 <= h->max_trade_base_e9
                 && h->max_leverage_e4 >= 1);
        }
        need(c.mode <= SYS_MODE_LIVE && (c.mode == SYS_MODE_PAPER || c.keypair[0] != 0));
        need(c.loop_interval_ms >= 100 && c.timeout_ms >= 100 && c.max_slippage_ppm >= 1
             && c.max_failures >= 1);
    }
    /* the same bytes again say the same; --paper only ever takes an error away */
    need(sys_config_parse("F", data, size, 0, &again, other) == err && strcmp(text, other) == 0);
    if (err == EK_OK && (c.has_authority || c.keypair[0] != 0))
        need(sys_config_parse("F", data, size, 1, &again, other) == EK_OK && again.mode == SYS_MODE_PAPER);
    return 0;
}
