/* ek_types.h - words every part of the core shares.
 *
 * Every core function that can refuse returns an `ek_err`; EK_OK is 0. On an error the outputs are
 * unspecified unless the function says otherwise, so a caller looks at the code before it looks at anything
 * else. */
#ifndef EK_TYPES_H
#define EK_TYPES_H

#include <stddef.h>
#include <stdint.h>

/* For what runs once an order or less, where bytes count and cycles do not: a function, or all between the
 * two. */
#if defined(__clang__)
#define EK_SMALL __attribute__((minsize))
#define EK_SMALL_BEGIN _Pragma("clang attribute push(__attribute__((minsize)), apply_to = function)")
#define EK_SMALL_END _Pragma("clang attribute pop")
#else
#define EK_SMALL
#define EK_SMALL_BEGIN
#define EK_SMALL_END
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Evenkeel's account and state layouts are little-endian; big-endian targets are refused"
#endif

/* A named enum, so that Swift imports it as a type of its own and compares it by name. */
typedef enum ek_err {
    EK_OK = 0,
    EK_E_SHORT = 1,          /* fewer bytes than the shape needs */
    EK_E_RANGE = 2,          /* a value outside what the field allows */
    EK_E_OVERFLOW = 3,       /* arithmetic would leave the type */
    EK_E_SYNTAX = 4,         /* text that is not what it should be (JSON, base58, decimal ...) */
    EK_E_FULL = 5,           /* the output buffer is too small */
    EK_E_DISCRIMINATOR = 6,  /* first eight bytes name another account type */
    EK_E_OWNER = 7,          /* account owned by another program */
    EK_E_MISSING = 8,        /* account or field absent; never the same as zero */
    EK_E_UNSUPPORTED = 9,    /* understood to be valid, but nothing this version can value: observe only */
    EK_E_CHECKSUM = 10,      /* stored bytes do not match their checksum */
    EK_E_VERSION = 11,       /* format newer than this program */
    EK_E_CRYPTO = 12,        /* bad key or signature */
    EK_E_RPC = 13,           /* the answer is a JSON-RPC error object */
    EK_E_MISMATCH = 14,      /* two facts that should agree do not */
    EK_E_LENGTH = 15         /* an account of this type, of a length whose layout is not known */
} ek_err;

/* A short fixed English text for a code ("too short", ...). Never NULL. */
const char *ek_err_text(ek_err code);

/* 32 bytes: a public key, a program address or a blockhash. */
typedef struct { uint8_t bytes[32]; } ek_key;

/* Signed 128-bit value as two words, two's complement (Swift and armhf cannot use __int128). value = hi *
 * 2^64 + lo. */
typedef struct { uint64_t lo; int64_t hi; } ek_i128;

/* A piece of a larger buffer. */
typedef struct { uint32_t off, len; } ek_span;

#endif
