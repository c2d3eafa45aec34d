/* ek_assert.h - what must hold, checked in the program that ships.
 *
 * An assertion states a fact about our own code: an index inside its array, a length that was foretold, a
 * contract kept by the caller. It is never about bytes from outside: a wrong answer, file or message is an
 * error that is returned. When one does not hold nothing that follows can be trusted, least of all an order,
 * so the process ends (the supervisor starts it again; what is open stands in the journal). */
#ifndef EK_ASSERT_H
#define EK_ASSERT_H

#ifdef __FILE_NAME__
#define EK_FILE_NAME __FILE_NAME__
#else
#define EK_FILE_NAME __FILE__
#endif

#define EK_ASSERT(holds) ((holds) ? (void)0 : ek_assert_failed(#holds, EK_FILE_NAME, __LINE__))

/* Calls ek_assert_said where it is there, then traps: SIGILL or SIGTRAP, never a clean exit. */
__attribute__((noreturn, cold)) void ek_assert_failed(const char *what, const char *file, int line);
/* Says it, for people. The core prints nothing: who links it may have this (EvenkeelSys does: one line on
 * stderr). */
void ek_assert_said(const char *what, const char *file, int line);

#endif
