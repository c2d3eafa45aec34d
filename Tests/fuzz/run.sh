#!/usr/bin/env bash
# Builds every fuzzer (libFuzzer, ASan, UBSan; the toolchain's own clang) and runs each for SECONDS_EACH
# seconds on its corpus and beyond, as many at once as there are processors. `run.sh NAME...`: only these.
# New inputs stay in build/fuzz; the committed corpus is only read.
# A finding ends the run with the input's path; the count of every fuzzer is in build/fuzz/counts.
set -eu
cd "$(dirname "$0")/../.."
seconds=${SECONDS_EACH:-20}
jobs=${JOBS:-$(nproc)}
out=build/fuzz
mkdir -p $out/o
clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
[ -x "$clang" ] || clang=clang
flags="-std=gnu11 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer
       -fsanitize=address,undefined -fno-sanitize-recover=all
       -ICSources/EvenkeelCore/include -ICSources/EvenkeelSys/include
       -ICSources/EvenkeelCore -ICSources/EvenkeelSys -ITests/support"
for o in $out/o/*.o; do # of a source that has another name now
    [ -n "$(find CSources -name "$(basename "$o" .o).c")" ] || rm -f "$o"
done
for f in $(find CSources -name '*.c'); do
    o=$out/o/$(basename "$f" .c).o
    [ "$o" -nt "$f" ] && [ -z "$(find CSources -name '*.h' -newer "$o")" ] || echo "$f $o"
done | xargs -r -P "$jobs" -L 1 \
    sh -c "$(echo "$clang" $flags) "'-fsanitize=fuzzer-no-link -c "$1" -o "$2"' build
names=${*:-$(find Tests/fuzz -name 'fuzz_*.c' | sed 's/.*fuzz_//; s/\.c$//' | sort)}
one() {
    name=$1
    log=$out/$name.log
    # shellcheck disable=SC2086
    "$clang" $flags -fsanitize=fuzzer "$(find Tests/fuzz -name "fuzz_$name.c")" $out/o/*.o \
        -lsodium -lcurl -ljansson -linih -o "$out/$name" 2>"$log" ||
        { tail -40 "$log" >&2; return 1; }
    mkdir -p "$out/new-$name" "Tests/fuzz/corpus/$name"
    if ! "$out/$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$out/" "$out/new-$name" "Tests/fuzz/corpus/$name" >"$log" 2>&1; then
        tail -40 "$log" >&2
        echo "fuzz $name: FAILED" >&2
        return 255                                     # xargs starts no further one
    fi
    n=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "$name $n" >>$out/counts
    echo "fuzz $name: $n executions, no finding"
}
export -f one
export clang flags out seconds
rm -f $out/counts
# shellcheck disable=SC2086
printf '%s\n' $names | xargs -P "$jobs" -I{} bash -euc 'one {}'
awk '{ n += $2 } END { print "fuzz: " n " executions in all" }' $out/counts
