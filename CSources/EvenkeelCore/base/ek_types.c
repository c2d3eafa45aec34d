#include "base/ek_types.h"

const char *ek_err_text(ek_err code) {
    switch (code) {
    case EK_OK: return "ok";
    case EK_E_SHORT: return "too short";
    case EK_E_RANGE: return "out of range";
    case EK_E_OVERFLOW: return "arithmetic overflow";
    case EK_E_SYNTAX: return "malformed";
    case EK_E_FULL: return "does not fit";
    case EK_E_DISCRIMINATOR: return "another account type";
    case EK_E_OWNER: return "owned by another program";
    case EK_E_MISSING: return "missing";
    case EK_E_UNSUPPORTED: return "not supported by this version";
    case EK_E_CHECKSUM: return "checksum does not match";
    case EK_E_VERSION: return "format newer than this program";
    case EK_E_CRYPTO: return "bad key or signature";
    case EK_E_RPC: return "the node answered with an error";
    case EK_E_MISMATCH: return "facts do not agree";
    case EK_E_LENGTH: return "a length this version does not know";
    default: return "unknown error";
    }
}
