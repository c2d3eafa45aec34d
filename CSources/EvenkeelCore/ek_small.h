/* What is off the path from an answer to an order is compiled for size: it runs once an order, once a minute, or once a start.
 * Put EK_SMALL_CODE behind the includes of such a file and EK_SMALL_CODE_END at its end. A compiler that has no such attribute
 * compiles it as the rest. docs/performance.md says what it saves. */
#ifndef EK_SMALL_H
#define EK_SMALL_H

#if defined __clang__
#define EK_SMALL_CODE _Pragma("clang attribute push(__attribute__((minsize)), apply_to = function)")
#define EK_SMALL_CODE_END _Pragma("clang attribute pop")
#else
#define EK_SMALL_CODE
#define EK_SMALL_CODE_END
#endif

#endif
