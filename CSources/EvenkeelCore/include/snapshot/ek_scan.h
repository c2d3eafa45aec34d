/* ek_scan.h - one pass over the answer to getMultipleAccounts or getAccountInfo.
 *
 * Takes any key order, nesting, white space and escaped key spelling; members it does not use are skipped but
 * checked as strictly as ek_json_root does. `result.value` may be an array (many accounts), one account
 * object, or null (one absent account). Errors, never guesses:
 *   EK_E_SYNTAX       not JSON; a member it uses given twice or of the wrong kind; both result and error, or
 *                     neither
 *   EK_E_MISSING      no context.slot, value, lamports, owner or data
 *   EK_E_UNSUPPORTED  data in another encoding than base64, or base64 text with escapes in it
 *   EK_E_FULL         more accounts than cap (accs then holds the first cap)
 *   EK_E_RANGE        nesting past 64, a number out of its type, a text of 4 GiB or more
 *   EK_E_RPC          a valid JSON-RPC error answer: is_error, error_code and error_message are filled
 * The base64 text is located and known to be a JSON string without escapes; whether it is base64 is for
 * ek_base64_decode to say. A JSON-RPC `id` that is a number must be a u64; null and absent are has_id 0, so
 * the scanner also reads the saved form {"keys":[...],"result":...}. Accounts as nodes spell them are read by
 * comparing (ek_usual.h), all others word by word. */
#ifndef EK_SCAN_H
#define EK_SCAN_H

#include "base/ek_types.h"

typedef struct {
    uint8_t present;    /* 0: the node said null, the other fields are zero */
    uint8_t executable; /* 0 when the node did not say */
    uint64_t lamports;
    ek_key owner;
    ek_span data_b64;   /* base64 text inside the JSON, quotes left out; see ek_scan_data */
} ek_scan_account;

typedef struct {
    uint64_t id;          /* valid when has_id */
    uint64_t slot;        /* result.context.slot */
    uint32_t count;       /* accounts seen, absent ones too */
    uint8_t has_id;
    uint8_t is_error;
    int64_t error_code;   /* e.g. -32016: minimum context slot not reached */
    ek_span
        error_message; /* raw text of error.message inside the JSON, quotes left out, escapes as they stand */
} ek_scan_result;

ek_err ek_scan_accounts(const uint8_t *json, size_t len, ek_scan_result *res, ek_scan_account *accs,
                        uint32_t cap);

/* The same, faster, where the length of every account's base64 text can be foretold: chars[i], `cap` of them,
 * 0 for what cannot. A text that ends where it was expected to end is not looked at in here: every one must
 * then be decoded, and when one does not decode or anything else about the answer is wrong, ek_scan_accounts
 * says what it is. When all decode, the result is the one of ek_scan_accounts. */
ek_err ek_scan_expecting(const uint8_t *json, size_t len, const uint32_t *chars, ek_scan_result *res,
                         ek_scan_account *accs, uint32_t cap);

/* Decodes one account's data. EK_E_MISSING when it is not present; else as ek_base64_decode. `json` is the
 * scanned text. */
ek_err ek_scan_data(const uint8_t *json, const ek_scan_account *acc, uint8_t *out, size_t cap, size_t *len);

#endif
