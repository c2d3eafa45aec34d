/* sys_clock.h - the clocks. Monotonic time for waits and latencies, wall time for records; both only read
 * here. */
#ifndef SYS_CLOCK_H
#define SYS_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t sys_mono_ms(void);  /* never steps; counts from some past moment */
int64_t sys_mono_us(void);
int64_t sys_boot_ms(void);  /* since the machine was started, its sleep included */
int64_t sys_unix_ms(void);  /* may step either way */
/* Sleeps at most that long; a signal may end it early. */
void sys_sleep_ms(uint32_t ms);
/* "2026-11-22T09:00:00Z", 20 bytes and NUL. Years 1970 to 9999, anything else is shown as
 * 1970-01-01T00:00:00Z. */
void sys_iso8601(int64_t unix_s, char out[21]);
/* Tells one boot of the machine from another; 16 bytes. Where the kernel does not say: random ones. */
void sys_boot_id(uint8_t id[16]);
/* Fills with random bytes from the kernel; 0, or -1 (no entropy source: an ancient kernel). */
int sys_random(void *bytes, size_t n);

#endif
