#!/usr/bin/env bash
# Builds every fuzzer (libFuzzer, ASan, UBSan; the toolchain's own clang) and runs each for SECONDS_EACH seconds on its corpus and beyond.
# New inputs stay in build/fuzz; the committed corpus is only read. The first finding ends the run with the input's path.
set -eu
cd "$(dirname "$0")/../.."
seconds=${SECONDS_EACH:-5}
out=build/fuzz
mkdir -p $out/o
clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
[ -x "$clang" ] || clang=clang
flags="-std=gnu11 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
       -ICSources/EvenkeelCore/include -ICSources/EvenkeelSys/include -ICSources/EvenkeelCore -ICSources/EvenkeelSys"
for f in CSources/EvenkeelCore/*.c CSources/EvenkeelSys/*.c; do
    o=$out/o/$(basename "$f" .c).o
    # shellcheck disable=SC2086
    [ "$o" -nt "$f" ] && [ -z "$(find CSources -name '*.h' -newer "$o")" ] || "$clang" $flags -fsanitize=fuzzer-no-link -c "$f" -o "$o"
done
total=0
for f in Tests/fuzz/fuzz_*.c; do
    name=$(basename "$f" .c)
    name=${name#fuzz_}
    # shellcheck disable=SC2086
    "$clang" $flags -fsanitize=fuzzer "$f" $out/o/*.o -lsodium -lcurl -ljansson -linih -lwebsockets -o "$out/$name"
    mkdir -p "$out/new-$name" "Tests/fuzz/corpus/$name"
    log=$out/$name.log
    if ! "$out/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$out/" "$out/new-$name" "Tests/fuzz/corpus/$name" >"$log" 2>&1; then
        tail -40 "$log" >&2
        echo "fuzz $name: FAILED" >&2
        exit 1
    fi
    n=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    total=$((total + n))
    echo "fuzz $name: $n executions, no finding"
done
echo "fuzz: $total executions in all"
