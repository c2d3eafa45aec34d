#include "base/ek_assert.h"

#include <stddef.h>

__attribute__((weak)) extern void ek_assert_said(const char *what, const char *file, int line);

void ek_assert_failed(const char *what, const char *file, int line) {
    if (&ek_assert_said != NULL) ek_assert_said(what, file, line);
    __builtin_trap();
}
