/* Oracle accounts of every kind that can be valued (ek_account.h: ek_decode_oracle). */
#include <string.h>

#include "base/ek_bytes.h"
#include "base/ek_fixed.h"
#include "venue/ek_account.h"
#include "ek_venue_table.h"

static const uint8_t PULL_DISCRIMINATOR[8] = {0x22, 0xf1, 0x23, 0x63, 0x9d, 0x7e, 0xf4, 0xcd};
static const uint8_t PRELAUNCH_DISCRIMINATOR[8] = {0x5c, 0x0e, 0x8b, 0xea, 0x48, 0xf4, 0x44, 0x1a};

static uint64_t multiple_of(uint8_t source) {
    switch (source) {
    case EK_ORACLE_PYTH_PULL_1K:
    case EK_ORACLE_LAZER_1K: return 1000;
    case EK_ORACLE_PYTH_PULL_1M:
    case EK_ORACLE_LAZER_1M: return 1000000;
    default: return 1;
    }
}

/* value * 10^exponent, times the multiple, in 1e-6, truncated as the program does it: the precision is
 * divided by the multiple first. */
static ek_err scale(ek_oracle *o) {
    uint64_t precision = 1, multiple = multiple_of(o->source);
    uint32_t power = o->exponent < 0 ? 0u - (uint32_t)o->exponent : (uint32_t)o->exponent;
    if (power > 18) return EK_E_RANGE;
    while (power-- > 0) precision *= 10;
    if (multiple > 1 && precision <= multiple) return EK_E_RANGE;
    precision /= multiple;
    if (precision > 1000000) {
        uint64_t divisor = precision / 1000000;
        o->price_e6 = o->raw_price / (int64_t)divisor;
        o->conf_e6 = o->raw_conf / divisor;
        return EK_OK;
    }
    uint64_t factor = 1000000 / precision;
    ek_err err = ek_mul_i64(o->raw_price, (int64_t)factor, &o->price_e6);
    return err == EK_OK ? ek_mul_u64(o->raw_conf, factor, &o->conf_e6) : err;
}

/* A stable coin inside min(5 bps, confidence) of one dollar is one dollar. */
static void peg(ek_oracle *o) {
    uint64_t off;
    if (o->price_e6 < 0) return;
    off = o->price_e6 > 1000000 ? (uint64_t)o->price_e6 - 1000000 : 1000000 - (uint64_t)o->price_e6;
    if (off <= (o->conf_e6 < 500 ? o->conf_e6 : 500)) o->price_e6 = 1000000;
}

static ek_err read_lazer(const ek_layout *l, const uint8_t *data, size_t len, ek_oracle *o) {
    if (len < 8) return EK_E_LENGTH;
    if (memcmp(data, l->discriminator, 8) != 0) return EK_E_DISCRIMINATOR;
    if (len != l->len) return EK_E_LENGTH;
    o->raw_price = ek_get_i64(data + 8);
    o->publish_time_s = (int64_t)(ek_get_u64(data + 16) / 1000000); /* microseconds on chain */
    o->posted_slot = ek_get_u64(data + 24);
    o->exponent = ek_get_i32(data + 32);
    o->raw_conf = ek_get_u64(data + 40);
    return scale(o);
}

/* Pyth pull: the verification level before the message is one byte when full, two when partial. */
static ek_err read_pull(const uint8_t *data, size_t len, ek_oracle *o) {
    if (len < 8) return EK_E_SHORT;
    if (memcmp(data, PULL_DISCRIMINATOR, 8) != 0) return EK_E_DISCRIMINATOR;
    if (len < 41) return EK_E_SHORT;
    if (data[40] > 1) return EK_E_UNSUPPORTED;
    size_t at = data[40] == 0 ? 42 : 41;
    if (len < at + 92) return EK_E_SHORT;
    const uint8_t *message = data + at;
    o->raw_price = ek_get_i64(message + 32);
    o->raw_conf = ek_get_u64(message + 40);
    o->exponent = ek_get_i32(message + 48);
    o->publish_time_s = ek_get_i64(message + 52);
    o->posted_slot = ek_get_u64(message + 84);
    return scale(o);
}

static ek_err read_prelaunch(const uint8_t *data, size_t len, ek_oracle *o) {
    if (len < 8) return EK_E_SHORT;
    if (memcmp(data, PRELAUNCH_DISCRIMINATOR, 8) != 0) return EK_E_DISCRIMINATOR;
    if (len < 120) return EK_E_SHORT;
    o->raw_price = o->price_e6 = ek_get_i64(data + 8);
    o->raw_conf = o->conf_e6 = ek_get_u64(data + 24);
    o->posted_slot = ek_get_u64(data + 40);
    o->exponent = -6;
    return EK_OK;
}

ek_err ek_decode_oracle(const ek_venue *v, uint8_t source, const uint8_t *data, size_t len, ek_oracle *out) {
    if (source >= 32 || !(v->sources & 1u << source)) return EK_E_UNSUPPORTED;
    memset(out, 0, sizeof *out);
    out->source = source;
    ek_err err;
    switch (source) {
    case EK_ORACLE_QUOTE_ASSET:
        out->raw_price = out->price_e6 = 1000000;
        out->exponent = -6;
        return EK_OK;
    case EK_ORACLE_PRELAUNCH: return read_prelaunch(data, len, out);
    case EK_ORACLE_PYTH_PULL:
    case EK_ORACLE_PYTH_PULL_1K:
    case EK_ORACLE_PYTH_PULL_1M: return read_pull(data, len, out);
    case EK_ORACLE_PYTH_PULL_STABLE:
        err = read_pull(data, len, out);
        break;
    case EK_ORACLE_LAZER_STABLE:
        err = read_lazer(&v->lazer, data, len, out);
        break;
    default: return read_lazer(&v->lazer, data, len, out);
    }
    if (err == EK_OK) peg(out);
    return err;
}
