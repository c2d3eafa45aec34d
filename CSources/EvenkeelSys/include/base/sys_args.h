/* sys_args.h - the arguments of this process, and long options read from them. For Swift, which has neither
 * when embedded. */
#ifndef SYS_ARGS_H
#define SYS_ARGS_H

#include <stdint.h>

/* As main got them; captured before main (glibc hands them to constructors). NULL past the end. */
int sys_argc(void);
const char *sys_argv(int i);

/* Long options through getopt_long, described in one string: words separated by blanks, `name` for a flag,
 * `name=` for an option with a value; `c:name=` also gives it the short form -c. "c:config= once paper
 * h:help". At most 32, 31 bytes a name. Only one parse runs at a time (getopt keeps its place in globals). */
enum { SYS_OPT_END = -1, SYS_OPT_ERROR = -2 };
typedef struct {
    int argc, next; /* next: after SYS_OPT_END the index of the first word that is no option */
    const char *spec;
    const char *value;  /* of the option that was just returned; NULL for a flag */
    char text[160];     /* the error in words: "unknown option --foo", "--port needs a value" */
} sys_opts;
/* Reads from argv[first] on (0 is not skipped: pass 1, or 2 after a command word). Options may follow other
 * words; words that are no options end up last, in order. "--" ends the options. */
void sys_opts_begin(sys_opts *o, const char *spec, int first);
/* The same over another vector (tests). argv is permuted. */
void sys_opts_begin_over(sys_opts *o, const char *spec, int argc, char **argv, int first);
/* Position of the option in spec (0 first), SYS_OPT_END, or SYS_OPT_ERROR with text. */
int sys_opts_next(sys_opts *o);
/* Words left after SYS_OPT_END: count, and each. */
int sys_opts_words(const sys_opts *o);
const char *sys_opts_word(const sys_opts *o, int i);
const char *sys_opts_text(const sys_opts *o);
/* The long name of the option at a position in spec; NULL: none there. */
const char *sys_opts_name(int i);
/* `help COMMAND` becomes `COMMAND --help`. 1, or 0 when no command was named. */
int sys_args_help(void);

#endif
