/* The whole core in one include; the module's umbrella. */
#ifndef EVENKEEL_CORE_H
#define EVENKEEL_CORE_H
#include "ek_types.h"
#include "ek_bytes.h"
#include "ek_codec.h"
#include "ek_json.h"
#include "ek_scan.h"
#include "ek_crypto.h"
#include "ek_tx.h"
#include "ek_fixed.h"
#include "ek_wide.h"
#include "ek_venue.h"
#include "ek_account.h"
#include "ek_book.h"
#include "ek_margin.h"
#include "ek_assess.h"
#include "ek_order.h"
#include "ek_hedge.h"
#include "ek_verify.h"
#include "ek_record.h"
#include "ek_ring.h"
#endif
