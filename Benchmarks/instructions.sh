#!/usr/bin/env bash
# Instructions of the hot paths, counted by callgrind: the same input, the same number of turns,
# so the same count to a few.
#   instructions.sh BENCH            compares with Benchmarks/instructions.txt;
#                                    exit 1 when a path takes over 5 % more
#   instructions.sh BENCH --write    writes it anew
# Counts depend on compiler and libraries: with others than the ones written down nothing is compared,
# and that is said.
set -eu
bench=$1
here=$(cd "$(dirname "$0")" && pwd)
baseline=$here/instructions.txt
turns=20
paths="scan_velocity load_velocity load_drift assess_velocity assess_liquidation_velocity
stress_velocity decision_velocity decision_drift build_velocity base58_encode_32 base58_decode_32
base58_encode_64 base58_decode_64 find_program_address message_parse"
command -v valgrind >/dev/null || { echo "test-instructions: skipped, valgrind is not installed"; exit 0; }
wide=no; grep -qw avx2 /proc/cpuinfo 2>/dev/null && wide=yes
libc=$(ldd --version | head -1 | grep -o '[0-9.]*$')
tools="$(clang --version | head -1); $libc; libsodium $(pkg-config --modversion libsodium)"
tools="$tools; $(uname -m), avx2 $wide"
if [ "${2:-}" != --write ]; then
    was=$(sed -n 's/^# //p' "$baseline" | head -1)
    if [ "$was" != "$tools" ]; then
        echo "test-instructions: skipped. The counts are of: $was"
        echo "                            This machine has: $tools"
        exit 0
    fi
fi
count() {
    valgrind --tool=callgrind --toggle-collect=counted --callgrind-out-file=/dev/null \
        "$bench" count "$here/input" "$1" "$turns" 2>&1 |
        awk -v t="$turns" '/Collected/ { printf "%d", $NF / t + 0.5 }'
}
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
echo "# $tools" >"$fresh"
echo "# instructions a turn" >>"$fresh"
for p in $paths; do
    n=$(count "$p")
    [ -n "$n" ] && [ "$n" -gt 0 ] || { echo "test-instructions: $p could not be counted" >&2; exit 1; }
    echo "$p $n" >>"$fresh"
done
if [ "${2:-}" = --write ]; then
    cp "$fresh" "$baseline"
    cat "$baseline"
    exit 0
fi
awk 'NR == FNR { if ($1 != "#") was[$1] = $2; next }
     $1 == "#" { next }
     !($1 in was) { printf "%-32s %8d  has no baseline\n", $1, $2; bad = 1; next }
     { change = 100 * ($2 - was[$1]) / was[$1]; over = change > 5; bad += over
       printf "%-32s %8d  was %8d  %+5.1f %%%s\n", $1, $2, was[$1], change, over ? "  TOO MANY" : "" }
     END { if (bad) print "test-instructions: more than 5 % over the baseline. Meant? make instructions"
           exit bad != 0 }' "$baseline" "$fresh"
