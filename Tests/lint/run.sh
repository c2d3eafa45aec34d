#!/usr/bin/env bash
# The C under three judges: gcc and clang with every warning an error, clang-tidy (.clang-tidy says what is off and why), cppcheck
# (Tests/lint/cppcheck.txt). Any finding ends it with exit code 1.
set -eu
cd "$(dirname "$0")/../.."
out=build/lint
mkdir -p $out
includes="-ICSources/EvenkeelCore/include -ICSources/EvenkeelSys/include -ICSources/EvenkeelCore -ICSources/EvenkeelSys"
flags="-std=gnu11 -D_GNU_SOURCE $includes"
warnings="-Wall -Wextra -Wconversion -Werror -Wshadow -Wvla -Wformat=2 -Wundef -Wstrict-prototypes -Wpointer-arith"
jobs=${JOBS:-$(nproc)}
sources=$(find CSources -name '*.c' | sort)
for compiler in gcc clang; do
    # shellcheck disable=SC2086
    printf '%s\n' $sources | xargs -P "$jobs" -n 4 $compiler $flags $warnings -O2 -fsyntax-only
    echo "lint $compiler: no warning"
done
# shellcheck disable=SC2086
cppcheck --std=c11 --enable=warning,performance,portability --inline-suppr --suppressions-list=Tests/lint/cppcheck.txt --error-exitcode=1 --quiet \
    -j "$jobs" -D_GNU_SOURCE -D__linux__ -D__x86_64__ -D__SIZEOF_INT128__=16 $includes CSources
echo "lint cppcheck: no finding"
# shellcheck disable=SC2086
printf '%s\n' $sources | xargs -P "$jobs" -n 8 sh -c 'clang-tidy --quiet "$@" -- '"$flags"' 2>/dev/null' tidy
echo "lint clang-tidy: no finding"
