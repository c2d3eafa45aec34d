/* sys_args.h - the process: arguments, options, descriptors, signals, environment. For Swift, which has none of these when embedded. */
#ifndef SYS_ARGS_H
#define SYS_ARGS_H

#include <stddef.h>
#include <stdint.h>

/* As main got them; captured before main (glibc hands them to constructors). NULL past the end. */
int sys_argc(void);
const char *sys_argv(int i);
/* NULL when unset. */
const char *sys_env(const char *name);

/* Long options through getopt_long, described in one string: words separated by blanks, `name` for a flag, `name=` for an option
 * with a value; `c:name=` also gives it the short form -c. "c:config= once paper h:help". At most 32, 31 bytes a name.
 * Only one parse runs at a time (getopt keeps its place in globals). */
enum { SYS_OPT_END = -1, SYS_OPT_ERROR = -2 };
typedef struct {
    int argc, next; /* next: after SYS_OPT_END the index of the first word that is no option */
    const char *spec;
    const char *value;  /* of the option that was just returned; NULL for a flag */
    char text[160];     /* the error in words: "unknown option --foo", "--port needs a value" */
} sys_opts;
/* Reads from argv[first] on (0 is not skipped: pass 1, or 2 after a command word). Options may follow other words; words that
 * are no options end up last, in order. "--" ends the options. */
void sys_opts_begin(sys_opts *o, const char *spec, int first);
/* The same over another vector (tests). argv is permuted. */
void sys_opts_begin_over(sys_opts *o, const char *spec, int argc, char **argv, int first);
/* Position of the option in spec (0 first), SYS_OPT_END, or SYS_OPT_ERROR with text. */
int sys_opts_next(sys_opts *o);
/* Words left after SYS_OPT_END: count, and each. */
int sys_opts_words(const sys_opts *o);
const char *sys_opts_word(const sys_opts *o, int i);
const char *sys_opts_text(const sys_opts *o);

/* Whole decimal number, nothing around it, within [min, max]: 1, else 0. */
int sys_parse_i64(const char *text, int64_t min, int64_t max, int64_t *out);
/* "90", "90s", "15m", "2h", "3d" in seconds, 1..10 years: 1, else 0. */
int sys_parse_duration_s(const char *text, int64_t *out);

int sys_isatty(int fd);
/* Columns of the terminal on fd, or 0. */
int sys_columns(int fd);
/* Writes it all (short writes and EINTR handled); 0, or the errno. */
int sys_write_all(int fd, const void *bytes, size_t n);
/* One log line: waits for a stalled reader 100 ms at most, then drops the rest. 0, or the errno (EAGAIN: dropped). */
int sys_write_log(int fd, const void *bytes, size_t n);
/* Reads a whole file into `out`: bytes read, -1 with errno, -2 when it is longer than cap. */
int64_t sys_read_file(const char *path, void *out, size_t cap);
/* The same into memory of its own, up to `max` bytes; free with sys_free. NULL with *os_errno (EFBIG when longer). */
uint8_t *sys_read_alloc(const char *path, size_t max, size_t *len, int *os_errno);
void sys_free(void *p);
/* 1 when something is at that path. Anything but "it is not there" counts as there: a switch that cannot be looked at is on. */
int sys_path_there(const char *path);
const char *sys_errno_text(int os_errno);
void sys_exit(int code);

/* SIGINT, SIGTERM and SIGHUP become readable on the descriptor instead of interrupting; SIGPIPE is ignored. -1 with errno.
 * Started processes inherit the blocked set: they call sys_signals_default first. */
int sys_signals_open(void);
/* Next signal number (2, 15, 1), or 0 when none waits. */
int sys_signals_next(int fd);
/* Default actions, nothing blocked. */
void sys_signals_default(void);

/* Resident bytes of this process, or 0. */
uint64_t sys_resident_bytes(void);

#endif
