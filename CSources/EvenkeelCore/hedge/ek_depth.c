#include "hedge/ek_depth.h"

#include <string.h>

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "base/ek_fixed.h"
#include "ek_vamm.h"
#include "../base/ek_calc.h"
#include "../venue/ek_venue_table.h"

enum {
    APART_PPM = EK_PPM / 100, /* a market maker's price further from the oracle's is not believed */
    QUIET_USD = 100000        /* volume of a day, up to which the averages are not believed */
};

/* What is asked of the price, and told of it. */
typedef struct {
    ek_vamm_price exchange, used;
    int64_t apart_ppm, maker_delay;
} prices;

/* How often the larger holds the smaller one. */
static int64_t times(int64_t a, int64_t b) { return ek_most(a, b) / ek_most(1, ek_least(a, b)); }

/* The market maker's price where it is the newer one, near the oracle's and not wild; else the oracle's. */
EK_SMALL static void choose(ek_vamm_state *v, const ek_book *b, uint64_t published, prices *p) {
    const ek_perp_market *m = v->m;
    int64_t mine = ek_vamm_held(&v->err, ek_wu(published)), theirs = (int64_t)m->mm_oracle_sequence;
    p->maker_delay = v->slot - (int64_t)m->mm_oracle_slot;
    int same_count = mine != 0 && theirs != 0 && ek_size(mine - theirs) < mine / 10000;
    int newer = same_count ? mine > theirs : p->maker_delay > p->exchange.delay_slots;
    int64_t apart = ek_size(m->mm_oracle_price_e6 - p->exchange.price_e6);
    p->apart_ppm = ek_vamm_ratio(&v->err, apart, EK_PPM, ek_most(1, p->exchange.price_e6), 0);
    p->used = p->exchange;
    if (newer || m->mm_oracle_price_e6 <= 0 || p->apart_ppm > APART_PPM
        || times(m->mm_oracle_price_e6, v->twap_e6) > b->state.too_volatile_ratio)
        return;
    p->used.price_e6 = m->mm_oracle_price_e6;
    p->used.conf_e6 += apart;
    p->used.delay_slots = p->maker_delay;
}

/* Lost so much since the last funding that it takes nothing until the next. */
EK_SMALL static int exhausted(ek_vamm_state *v) {
    static const uint8_t SHARES[] = {50, 33, 25};
    uint8_t tier = v->m->contract_tier;
    if (v->revenue_e6 > -(int64_t)25 * EK_PPM * (tier <= 1 ? 400 : 200)) return 0;
    return ek_vamm_ratio(&v->err, v->revenue_e6, EK_PPM, ek_most(1, v->equity_e6), 0)
           <= -(EK_PPM / (tier < sizeof SHARES ? SHARES[tier] : 20));
}

/* Whether the vAMM takes orders by this price at all. */
EK_SMALL static int open_for(ek_vamm_state *v, const ek_book *b, const prices *p) {
    static const uint8_t CONFIDENCE[] = {1, 1, 2, 10}; /* times State's, by contract tier; 50 for the rest */
    const ek_perp_market *m = v->m;
    const ek_state *s = &b->state;
    uint8_t tier = m->contract_tier;
    int64_t conf = ek_vamm_ratio(&v->err, p->used.conf_e6, EK_PPM, p->used.price_e6, 0);
    int64_t conf_most = ek_vamm_ratio(&v->err, ek_vamm_held(&v->err, ek_wu(s->confidence_max_e6)),
                                      tier < sizeof CONFIDENCE ? CONFIDENCE[tier] : 50, 1, 0);
    int64_t stale = s->slots_before_stale_for_amm;
    if (m->oracle_low_risk_override > 0) stale = (uint8_t)m->oracle_low_risk_override;
    int disbelieved = p->apart_ppm > APART_PPM && m->mm_oracle_price_e6 != 0 && p->maker_delay >= 0
                      && p->maker_delay <= p->used.delay_slots;
    return times(p->used.price_e6, v->twap_e6) <= s->too_volatile_ratio && conf <= conf_most && !disbelieved
           && p->used.delay_slots <= ek_least(stale, s->slots_before_stale_for_margin) && !exhausted(v);
}

static int64_t off_ppm(ek_vamm_state *v, int64_t price, int64_t average) {
    return ek_vamm_ratio(&v->err, ek_size(price - average), EK_PPM, ek_size(average), 0);
}

/* Off the 5-minute average, in which the price itself is by then. Half off the hour's average the program
 * may fill or fail on what it reckons afterwards: that is not known. */
EK_SMALL static int divergent(ek_vamm_state *v, const ek_book *b, int64_t price) {
    int64_t most = ek_most(EK_PPM / 2, ek_vamm_held(&v->err, ek_wu(b->state.oracle_twap_divergence_e6)));
    return off_ppm(v, price, v->twap_5min_e6) >= most || off_ppm(v, price, v->twap_e6) >= EK_PPM / 2;
}

/* An order fills in its own slot by a price of that slot; by an older one only where the market allows for
 * it and the order takes the position of a small book nearer to nothing. */
EK_SMALL static uint8_t at_once(const ek_vamm_state *v, const ek_book *b, const prices *p,
                                uint8_t direction) {
    const ek_perp_market *m = v->m;
    int64_t against = direction == EK_BUY ? -v->net_e9 : v->net_e9;
    if (p->used.delay_slots <= 0) return 1;
    return !(b->state.exchange_status & EK_EXCHANGE_AMM_IMMEDIATE_PAUSED)
           && !(m->paused_operations & EK_PERP_AMM_IMMEDIATE_PAUSED)
           && p->used.delay_slots <= m->oracle_delay_override && m->vamm.set.jit_intensity > 0
           && against > (int64_t)m->step_base_e9 && against < ek_vamm_thin_side(v) / 10
           && v->revenue_e6 >= -(int64_t)25 * EK_PPM;
}

/* How far from the oracle's average the auction of a taker begins, by what others have paid. */
EK_SMALL static int64_t auction_start(ek_vamm_state *v, int buy) {
    const ek_perp_market *m = v->m;
    const ek_vamm_settings *set = &m->vamm.set;
    int64_t bid = (int64_t)m->bid_twap_e6, ask = (int64_t)m->ask_twap_e6;
    if (ek_size(m->oracle_twap_ts - m->mark_twap_ts) >= 60
        || v->volume_e6 <= (int64_t)QUIET_USD * EK_PPM) {
        int64_t parts = m->contract_tier <= 1 ? 500 : 100;
        return buy ? bid / parts : -(ask / parts);
    }
    int64_t mark = (int64_t)m->mark_twap_5min_e6, side = buy ? bid : ask;
    int64_t fast = mark - v->twap_5min_e6, slow = side - v->twap_e6;
    if (ek_size(slow - fast) > mark / 200) return fast;
    int64_t over = ek_vamm_ratio(&v->err, set->long_spread_e6, side, 10 * EK_PPM, 0);
    int64_t under = ek_vamm_ratio(&v->err, set->short_spread_e6, side, 10 * EK_PPM, 0);
    return buy ? ek_least(slow + over, fast - under) : ek_most(slow - under, fast + over);
}

/* Where the auction ends that the program gives to a Market order; never past the worst price. */
EK_SMALL static int64_t auction_end(ek_vamm_state *v, int buy, int64_t oracle, int64_t worst) {
    static const uint16_t LEAST[] = {1000, 1000, 500, 100, 50}, MOST[] = {50, 20, 20, 10, 5};
    const ek_perp_market *m = v->m;
    uint32_t tier = m->contract_tier < 4 ? m->contract_tier : 4;
    int64_t twap = ek_size(v->twap_e6);
    uint32_t side = buy ? m->vamm.set.long_spread_e6 : m->vamm.set.short_spread_e6;
    int64_t wide = ek_most(ek_vamm_ratio(&v->err, side, twap, EK_PPM, 0),
                           ek_most((int64_t)m->mark_std_e6, v->oracle_std_e6));
    int64_t beyond = ek_within(2 * wide, twap / LEAST[tier], twap / MOST[tier]);
    int64_t start = auction_start(v, buy);
    if (buy) return ek_least(worst, oracle + ek_most((int64_t)m->ask_twap_e6 + beyond - v->twap_e6, start));
    return ek_most(worst, oracle + ek_least((int64_t)m->bid_twap_e6 - beyond - v->twap_e6, start));
}

/* Of `want` what the vAMM sells or buys, one tick inside of the bound. */
EK_SMALL static int64_t fillable(ek_vamm_state *v, int buy, int64_t bound, int64_t want) {
    uint8_t side = buy ? EK_BUY : EK_SELL;
    int64_t step = (int64_t)v->m->step_base_e9, tick = (int64_t)v->m->tick_price_e6;
    int64_t room = ek_vamm_room(v, side), base = v->sum[EK_VAMM_BASE];
    int64_t inside = buy ? bound - tick : bound + tick;
    int64_t spread = v->offset_e6 + (buy ? v->spread_ppm[side] : -v->spread_ppm[side]);
    int64_t best = ek_vamm_ratio(&v->err, ek_vamm_middle(v), EK_PPM + spread, EK_PPM, 0);
    if (v->err != EK_OK || (buy ? best > bound : best < bound)) return 0;
    if (buy ? base < v->sum[EK_VAMM_MIN_BASE] : base > v->sum[EK_VAMM_MAX_BASE]) v->err = EK_E_RANGE;
    if (buy ? best > inside : best < inside) return 0;
    int64_t moved = ek_vamm_base_at(v, inside) - v->base_e9[side];
    int64_t fill = ek_least(ek_least(want, room / 2), buy ? -moved : moved);
    fill = ek_least(fill, ek_vamm_ratio(&v->err, base, 1, v->m->vamm.set.fill_fraction, 0));
    return v->err != EK_OK || fill <= 0 ? 0 : fill - fill % step;
}

/* The quote of a fill: along the curve from the side's reserves; a buyer pays one unit more in reserve and in
 * quote. */
EK_SMALL static int64_t cost(ek_vamm_state *v, int buy, int64_t fill) {
    uint8_t side = buy ? EK_BUY : EK_SELL;
    int64_t root = v->sum[EK_VAMM_ROOT], base = v->base_e9[side] + (buy ? -fill : fill);
    if (base <= 0) v->err = EK_E_RANGE;
    int64_t after = ek_vamm_ratio(&v->err, root, root, base, 0);
    int64_t change = buy ? after - v->quote_e9[side] : v->quote_e9[side] - after;
    if (change < 0) v->err = EK_E_RANGE;
    return ek_vamm_ratio(&v->err, change + buy, v->sum[EK_VAMM_PEG], EK_BASE_ONE, 0) + buy;
}

EK_SMALL static ek_err read_price(const ek_book *b, const ek_perp_market *m, prices *p, uint64_t *published) {
    const ek_oracle *o;
    size_t len;
    ek_err err = ek_book_perp_oracle(b, m->market_index, &o);
    if (err != EK_OK) return err;
    const uint8_t *raw = ek_book_perp_oracle_raw(b, m->market_index, &len);
    if (raw == NULL || len < 24) return EK_E_MISSING;
    *published = ek_get_u64(raw + 16); /* microseconds: the count of the oracle's prices */
    p->exchange.price_e6 = ek_vamm_held(&err, ek_wi(o->price_e6));
    p->exchange.conf_e6 = ek_vamm_held(&err, ek_wu(o->conf_e6));
    p->exchange.delay_slots =
        ek_vamm_held(&err, ek_wu(b->clock.slot)) - ek_vamm_held(&err, ek_wu(o->posted_slot));
    return err;
}

/* Nothing is taken, whatever the price. */
static int closed(const ek_book *b, const ek_perp_market *m) {
    return (m->status != EK_MARKET_ACTIVE && m->status != EK_MARKET_REDUCE_ONLY)
           || (m->expiry_ts != 0 && b->clock.unix_timestamp >= m->expiry_ts)
           || m->paused_operations & (EK_PERP_FILL_PAUSED | EK_PERP_AMM_FILL_PAUSED)
           || b->state.exchange_status & (EK_EXCHANGE_AMM_PAUSED | EK_EXCHANGE_FILL_PAUSED);
}

ek_err ek_depth_within(const ek_book *b, uint16_t perp_index, uint8_t direction, int64_t worst_price_e6,
                       uint64_t want_base_e9, ek_depth *out) {
    memset(out, 0, sizeof *out);
    const ek_perp_market *m = ek_book_perp(b, perp_index);
    const uint32_t needed = 1u << EK_ROLE_STATE | 1u << EK_ROLE_CLOCK;
    if (m == NULL || (b->have & needed) != needed) return EK_E_MISSING;
    if (m->vamm.sums[EK_VAMM_ROOT].lo == 0 || b->state.slot_duration_ms != 0) return EK_E_UNSUPPORTED;
    if (closed(b, m)) return EK_E_UNSUPPORTED;
    if (m->step_base_e9 == 0 || m->tick_price_e6 == 0 || want_base_e9 < m->step_base_e9 || worst_price_e6 <= 0
        || direction > EK_SELL)
        return EK_E_RANGE;
    prices p;
    uint64_t published;
    ek_err err = read_price(b, m, &p, &published);
    if (err != EK_OK) return err;
    ek_vamm_state v;
    ek_vamm_load(&v, m, &b->clock);
    int64_t worst = ek_vamm_held(&v.err, ek_wi(worst_price_e6));
    if (v.err != EK_OK) return v.err;
    choose(&v, b, published, &p);
    if (!open_for(&v, b, &p) && v.err == EK_OK) return EK_E_UNSUPPORTED;

    int buy = direction == EK_BUY;
    int64_t tick = (int64_t)m->tick_price_e6, bound = auction_end(&v, buy, p.exchange.price_e6, worst);
    bound = (buy ? bound : bound + tick - 1) / tick * tick; /* on the tick, and never worse */
    if (v.err == EK_OK && bound <= (buy ? tick : 0)) v.err = EK_E_RANGE;
    if (v.err != EK_OK) return v.err;
    uint8_t now = at_once(&v, b, &p, direction);
    ek_vamm_refresh(&v, &p.used, &p.exchange);
    if (divergent(&v, b, p.used.price_e6) && v.err == EK_OK) return EK_E_UNSUPPORTED;
    int64_t want = want_base_e9 > INT64_MAX ? INT64_MAX : (int64_t)want_base_e9;
    int64_t fill = v.err != EK_OK ? 0 : fillable(&v, buy, bound, want);
    int64_t quote = fill == 0 ? 0 : cost(&v, buy, fill);
    int64_t price = fill == 0 ? 0 : ek_vamm_ratio(&v.err, quote, EK_BASE_ONE, fill, buy);
    if (v.err != EK_OK) return v.err;
    EK_ASSERT(fill >= 0 && (uint64_t)fill <= want_base_e9 && quote >= 0);
    *out = (ek_depth){.fill_base_e9 = (uint64_t)fill,
                      .quote_e6 = (uint64_t)quote,
                      .price_e6 = (uint64_t)price,
                      .bound_e6 = (uint64_t)bound,
                      .at_once = now};
    return EK_OK;
}
