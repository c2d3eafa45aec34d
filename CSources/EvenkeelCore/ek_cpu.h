/* ek_cpu.h - private: what this processor can. glibc has asked it already at the start of the process; the compiler's own question
 * would bring 5 KB of names of processors with it. */
#ifndef EK_CPU_H
#define EK_CPU_H

#if defined(__x86_64__) && defined(__GNUC__)
#if defined(__has_include)
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#endif
#endif
static inline int ek_cpu_avx2(void) {
#ifdef CPU_FEATURE_ACTIVE
    return CPU_FEATURE_ACTIVE(AVX2) != 0;
#else
    return __builtin_cpu_supports("avx2") != 0;
#endif
}
#endif

#endif
