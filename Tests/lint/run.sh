#!/usr/bin/env bash
# The C under three judges: gcc and clang with every warning an error, clang-tidy (.clang-tidy says what is
# off and why), cppcheck (Tests/lint/cppcheck.txt). Any finding ends it with exit code 1.
set -eu
cd "$(dirname "$0")/../.."
out=build/lint
mkdir -p $out
includes="-ICSources/EvenkeelCore/include -ICSources/EvenkeelSys/include
          -ICSources/EvenkeelCore -ICSources/EvenkeelSys"
flags="-std=gnu11 -D_GNU_SOURCE $includes"
warnings="-Wall -Wextra -Wconversion -Werror -Wshadow -Wvla -Wformat=2 -Wundef -Wstrict-prototypes
          -Wpointer-arith"
jobs=${JOBS:-$(nproc)}
sources=$(find CSources -name '*.c' | sort)
for compiler in gcc clang; do
    # shellcheck disable=SC2086
    printf '%s\n' $sources | xargs -P "$jobs" -n 4 $compiler $flags $warnings -O2 -fsyntax-only
    echo "lint $compiler: no warning"
done
# shellcheck disable=SC2086
cppcheck --std=c11 --enable=warning,performance,portability --inline-suppr \
    --suppressions-list=Tests/lint/cppcheck.txt --error-exitcode=1 --quiet \
    -j "$jobs" -D_GNU_SOURCE -D__linux__ -D__x86_64__ -D__SIZEOF_INT128__=16 $includes CSources
echo "lint cppcheck: no finding"
# clang-tidy takes most of the time: a file that passed is looked at again when it, a header or a rule has
# changed.
newest=$(find CSources .clang-tidy Tests/lint -name '*.h' -o -name .clang-tidy -o -name run.sh | xargs ls -t |
    head -1)
changed=""
for f in $sources; do
    passed=$out/${f//\//-}.passed
    [ "$passed" -nt "$f" ] && [ "$passed" -nt "$newest" ] || changed="$changed $f"
done
one() {
    # shellcheck disable=SC2086
    clang-tidy --quiet "$1" -- $flags 2>/dev/null && touch "$out/${1//\//-}.passed"
}
export -f one
export flags out
# shellcheck disable=SC2086
[ -z "$changed" ] || printf '%s\n' $changed | xargs -P "$jobs" -I{} bash -c 'one {}'
echo "lint clang-tidy: no finding ($(wc -w <<<"$changed") of $(wc -w <<<"$sources") files had changed)"
