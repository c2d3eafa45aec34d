/* ek_base64.h - private: the two decoders behind ek_base64_decode. Processors with AVX2 take the wide one,
 * asked at run time; all others, and every other architecture, the portable one. Their results are equal in
 * all but the bytes left in `out` after an error. */
#ifndef EK_BASE64_H
#define EK_BASE64_H
#include "base/ek_types.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(EK_NO_SIMD)
#define EK_BASE64_HAS_AVX2 1
#else
#define EK_BASE64_HAS_AVX2 0
#endif

int ek_base64_is_wide(void); /* 1: this processor takes the wide one */
ek_err ek_base64_decode_portable(const uint8_t *text, size_t n, uint8_t *out, size_t cap, size_t *out_len);

#endif
