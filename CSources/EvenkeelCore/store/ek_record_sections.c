/* Format 3: tagged, length-prefixed sections. The rules stand in ek_record.h. */
#include "ek_record_walk.h"

#include "base/ek_assert.h"

EK_SMALL_BEGIN

/* Tag and length before every section, row length and number of rows before the rows of a table. */
#define HEAD 4u
#define TABLE_HEAD 4u

static void identity(ek_walk *w, ek_record *r, uint32_t row) {
    (void)row;
    ek_walk_bytes(w, r->venue, sizeof r->venue);
    ek_walk_bytes(w, r->authority.bytes, sizeof r->authority.bytes);
    ek_walk_u16(w, &r->sub_account);
}

static void switches(ek_walk *w, ek_record *r, uint32_t row) {
    (void)row;
    ek_walk_u8(w, &r->mode);
    ek_walk_u8(w, &r->paused);
    ek_walk_u8(w, &r->breaker_open);
    ek_walk_u32(w, &r->failures_in_row);
}

static void counts(ek_walk *w, ek_record *r, uint32_t row) {
    (void)row;
    ek_walk_u8(w, &r->next_user_order_id);
    ek_walk_u64(w, &r->max_slot_seen);
    ek_walk_u64(w, &r->fee_lamports_total);
    ek_walk_u64(w, &r->ticks_total);
    ek_walk_u64(w, &r->corrections_total);
    ek_walk_i64(w, &r->start_unix_s);
}

static void ticket(ek_walk *w, ek_record *r, uint32_t row) {
    (void)row;
    ek_walk_ticket(w, &r->ticket);
}

/* The section's length is the transaction's. */
static void transaction(ek_walk *w, ek_record *r, uint32_t row) {
    (void)row;
    size_t n = w->reading ? ek_left(&w->in) : r->ticket.tx_len;
    if (n > EK_TICKET_TX_MAX) {
        w->err = EK_E_RANGE;
        return;
    }
    r->ticket.tx_len = (uint16_t)n;
    ek_walk_bytes(w, r->ticket.tx, n);
}

static void market(ek_walk *w, ek_record *r, uint32_t row) {
    ek_market_record *m = &r->markets[row];
    ek_walk_bytes(w, m->name, sizeof m->name);
    ek_walk_u16(w, &m->perp_index);
    ek_walk_moment(w, &m->last_success);
    ek_walk_u64(w, &m->corrections_total);
    ek_walk_i64(w, &m->fees_own_e6);
}

static void day(ek_walk *w, ek_record *r, uint32_t row) {
    ek_market_record *m = &r->markets[row];
    ek_walk_i64(w, &m->day_start_unix_s);
    ek_walk_u32(w, &m->trades_today);
    ek_walk_i64(w, &m->notional_today_e6);
    ek_walk_i64(w, &m->paper.day_start_unix_s);
    ek_walk_u32(w, &m->paper.trades_today);
    ek_walk_i64(w, &m->paper.notional_today_e6);
}

static void last_correction(ek_walk *w, ek_record *r, uint32_t row) {
    ek_walk_last(w, &r->markets[row].last);
}

static void paper(ek_walk *w, ek_record *r, uint32_t row) {
    ek_paper *p = &r->markets[row].paper;
    ek_walk_u8(w, &p->active);
    ek_walk_i64(w, &p->base_e9);
    ek_walk_i64(w, &p->quote_e6);
    ek_walk_i64(w, &p->fees_e6);
    ek_walk_moment(w, &p->last_success);
    ek_walk_u64(w, &p->corrections_total);
}

static void vault(ek_walk *w, ek_record *r, uint32_t row) {
    (void)row;
    ek_walk_vault(w, &r->vault);
    ek_walk_i64(w, &r->vault.network_e6);
    ek_walk_i64(w, &r->vault.interest_e6);
    ek_walk_i64(w, &r->vault.yield_e6);
}

static void vault_market(ek_walk *w, ek_record *r, uint32_t row) {
    ek_vault_market *m = &r->markets[row].vault;
    ek_walk_vault_market(w, m);
    ek_walk_i64(w, &m->slippage_e6);
    ek_walk_i64(w, &m->slippage_due_e6);
}

static void proof(ek_walk *w, ek_record *r, uint32_t row) {
    (void)row;
    ek_walk_u64(w, &r->proof.slot);
    ek_walk_u32(w, &r->proof.next_order_id);
    ek_walk_u32(w, &r->slot_us);
}

static void cluster(ek_walk *w, ek_record *r, uint32_t row) {
    (void)row;
    ek_walk_u8(w, &r->clustered);
}

static void lst_rate(ek_walk *w, ek_record *r, uint32_t row) {
    ek_lst_rate *l = &r->lst_rates[row];
    ek_walk_bytes(w, l->pool.bytes, sizeof l->pool.bytes);
    ek_walk_u64(w, &l->lamports);
    ek_walk_u64(w, &l->supply);
    ek_walk_u64(w, &l->epoch);
}

static void balances(ek_walk *w, ek_record *r, uint32_t row) {
    (void)row;
    ek_walk_i64(w, &r->vault.balances_unix_s);
    for (uint32_t i = 0; i < EK_VAULT_BALANCES; i++) {
        ek_vault_balance *b = &r->vault.balances[i];
        ek_walk_u16(w, &b->market_index);
        ek_walk_u8(w, &b->balance_type);
        ek_walk_u64(w, &b->scaled_balance_e9);
        ek_walk_i64(w, &b->amount);
    }
}

/* What a section's body is: fields, or a table whose rows are counted by whom. */
enum { FIELDS, MARKETS, A_MARKET_EACH, RATES };

typedef struct {
    uint16_t tag;
    uint8_t form;
    uint16_t least; /* bytes of the section, or of a row, that must be there; 0: may be missing */
    uint16_t size;  /* bytes that this program writes; 0: it varies */
    void (*fields)(ek_walk *w, ek_record *r, uint32_t row);
} section;

/* By tag. A later field goes to the end of its section: `size` grows, `least` stays. */
static const section sections[] = {
    {EK_TAG_IDENTITY, FIELDS, 50, 50, identity},
    {EK_TAG_SWITCHES, FIELDS, 7, 7, switches},
    {EK_TAG_COUNTS, FIELDS, 41, 41, counts},
    {EK_TAG_TICKET, FIELDS, 267, 267, ticket},
    {EK_TAG_TRANSACTION, FIELDS, 0, 0, transaction},
    {EK_TAG_MARKETS, MARKETS, 50, 50, market},
    {EK_TAG_DAYS, A_MARKET_EACH, 40, 40, day},
    {EK_TAG_LAST, A_MARKET_EACH, 0, 131, last_correction},
    {EK_TAG_PAPER, A_MARKET_EACH, 0, 49, paper},
    {EK_TAG_VAULT, FIELDS, 0, 106, vault},
    {EK_TAG_VAULT_MARKETS, A_MARKET_EACH, 0, 72, vault_market},
    {EK_TAG_PROOF, FIELDS, 0, 16, proof},
    {EK_TAG_CLUSTER, FIELDS, 0, 1, cluster},
    {EK_TAG_LST_RATES, RATES, 0, 56, lst_rate},
    {EK_TAG_BALANCES, FIELDS, 0, 160, balances},
};
#define SECTIONS (sizeof sections / sizeof sections[0])
_Static_assert(SECTIONS == EK_TAG_LAST_KNOWN, "tags are 1 to the last one, and each is in the table");

static void write_section(ek_walk *w, const section *s, ek_record *r) {
    size_t head = w->out.len;
    ek_put_u16(&w->out, s->tag);
    ek_put_u16(&w->out, 0);
    uint32_t rows = 1;
    if (s->form != FIELDS) {
        rows = s->form == RATES ? r->n_lst_rates : r->n_markets;
        ek_put_u16(&w->out, s->size);
        ek_put_u16(&w->out, (uint16_t)rows);
    }
    size_t body = w->out.len;
    for (uint32_t i = 0; i < rows; i++) s->fields(w, r, i);
    if (w->out.err != EK_OK) return;
    EK_ASSERT(s->size == 0 || w->out.len - body == (size_t)s->size * rows);
    ek_set_u16(w->out.buf + head + 2, (uint16_t)(w->out.len - head - HEAD));
}

ek_err ek_record_sections_write(const ek_record *r, uint8_t *to, size_t room, size_t *len) {
    ek_record copy = *r; /* the walk takes what it could also fill */
    ek_walk w = ek_walk_writing(to, room);
    for (size_t i = 0; i < SECTIONS; i++) write_section(&w, &sections[i], &copy);
    ek_put_bytes(&w.out, r->kept, r->kept_len);
    *len = w.out.len;
    return w.err != EK_OK ? w.err : w.out.err;
}

static ek_err read_fields(const section *s, const uint8_t *bytes, size_t n, ek_record *r, uint32_t row) {
    if (n < s->least) return EK_E_RANGE;
    ek_walk w = ek_walk_reading(bytes, n, 1);
    s->fields(&w, r, row);
    return w.err == EK_OK ? EK_OK : EK_E_RANGE; /* what is left is a newer program's */
}

static ek_err read_table(const section *s, const uint8_t *bytes, size_t n, ek_record *r) {
    ek_reader in = ek_reader_over(bytes, n);
    uint16_t row, rows;
    const uint8_t *at;
    if (ek_read_u16(&in, &row) != EK_OK || ek_read_u16(&in, &rows) != EK_OK) return EK_E_RANGE;
    if (ek_left(&in) != (size_t)row * rows || row < s->least) return EK_E_RANGE;
    if (s->form == MARKETS) {
        if (rows > EK_RECORD_MARKETS) return EK_E_RANGE;
        r->n_markets = (uint8_t)rows;
    } else if (s->form == RATES) {
        if (rows > EK_RECORD_LST_RATES) return EK_E_RANGE;
        r->n_lst_rates = (uint8_t)rows;
    } else if (rows > r->n_markets || (s->least != 0 && rows != r->n_markets)) {
        return EK_E_RANGE;
    }
    for (uint32_t i = 0; i < rows; i++) {
        if (ek_read_view(&in, row, &at) != EK_OK || read_fields(s, at, row, r, i) != EK_OK) return EK_E_RANGE;
    }
    return EK_OK;
}

/* The next section's head is taken off, its body viewed. Tags ascend. */
static int next_section(ek_reader *in, uint16_t *tag, const uint8_t **body, uint16_t *n) {
    uint16_t before = *tag;
    return ek_read_u16(in, tag) == EK_OK && ek_read_u16(in, n) == EK_OK && ek_read_view(in, *n, body) == EK_OK
           && *tag > before;
}

/* The heads alone come first: a newer program's record must not be taken for a damaged one because of a field
 * that only a newer program may write. What is kept of it is the end of the payload, since tags ascend. */
static ek_err look_at_heads(const uint8_t *payload, size_t n, ek_record *r) {
    ek_reader in = ek_reader_over(payload, n);
    uint16_t tag = 0, length;
    const uint8_t *body;
    size_t known = 0;
    while (ek_left(&in) != 0) {
        if (!next_section(&in, &tag, &body, &length)) return EK_E_RANGE;
        if (tag >= EK_TAG_MUST_KNOW) return EK_E_VERSION;
        if (tag <= EK_TAG_LAST_KNOWN) known = n - ek_left(&in);
    }
    if (n - known > EK_RECORD_KEPT) return EK_E_VERSION;
    r->kept_len = (uint16_t)(n - known);
    if (n != known) memcpy(r->kept, payload + known, n - known);
    return EK_OK;
}

ek_err ek_record_sections_read(const uint8_t *payload, size_t n, ek_record *r) {
    ek_err err = look_at_heads(payload, n, r);
    if (err != EK_OK) return err;
    ek_reader in = ek_reader_over(payload, n - r->kept_len);
    for (size_t i = 0; i < SECTIONS; i++) {
        const section *s = &sections[i];
        ek_reader ahead = in;
        uint16_t tag = 0, length;
        const uint8_t *body;
        if (!next_section(&ahead, &tag, &body, &length) || tag != s->tag) { /* missing */
            if (s->least != 0) return EK_E_RANGE;
            continue;
        }
        in = ahead;
        err = s->form == FIELDS ? read_fields(s, body, length, r, 0) : read_table(s, body, length, r);
        if (err != EK_OK) return err;
    }
    EK_ASSERT(ek_left(&in) == 0); /* every known tag has had its turn */
    return EK_OK;
}

int ek_record_kept_ok(const ek_record *r) {
    if (r->kept_len > EK_RECORD_KEPT) return 0;
    ek_reader in = ek_reader_over(r->kept, r->kept_len);
    uint16_t tag = EK_TAG_LAST_KNOWN, length;
    const uint8_t *body;
    while (ek_left(&in) != 0)
        if (!next_section(&in, &tag, &body, &length) || tag >= EK_TAG_MUST_KNOW) return 0;
    return 1;
}

EK_SMALL_END
