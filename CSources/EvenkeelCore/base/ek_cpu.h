/* ek_cpu.h - private: what this processor can. glibc has asked it already at the start of the process; the
 * compiler's own question would bring 5 KB of names of processors with it. */
#ifndef EK_CPU_H
#define EK_CPU_H

#if defined(__x86_64__) && defined(__GNUC__)
#if defined(__has_include)
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#endif
#endif
static inline int ek_cpu_avx2(void) {
    static signed char known; /* 0: not asked yet, 1: yes, -1: no */
    signed char k = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (k == 0) {
#ifdef CPU_FEATURE_ACTIVE
        k = CPU_FEATURE_ACTIVE(AVX2) ? 1 : -1;
#else
        k = __builtin_cpu_supports("avx2") ? 1 : -1;
#endif
        __atomic_store_n(&known, k, __ATOMIC_RELAXED);
    }
    return k > 0;
}
#endif

#endif
