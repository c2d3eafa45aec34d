#!/usr/bin/env bash
# The simulator over many seeds, on as many processes as there are processors (JOBS=N: on N), and a check that
# a seed repeats itself.
#   run.sh [-b BINARY] [-n SEEDS] [-f FIRST] [-d DAYS]      (bin/evenkeel-ordinary, 200 seeds from 1, 30 days)
# Exit 1 when an invariant broke (its report is printed) or two runs of one seed differ.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
binary=$root/bin/evenkeel-ordinary
seeds=200
first=1
days=30
while getopts b:n:f:d: o; do
    case $o in
    b) binary=$OPTARG ;;
    n) seeds=$OPTARG ;;
    f) first=$OPTARG ;;
    d) days=$OPTARG ;;
    *) exit 2 ;;
    esac
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$binary" sim --seeds "$first" --days 1 --verbose | grep -v '^seconds' >"$work/once"
"$binary" sim --seeds "$first" --days 1 --verbose | grep -v '^seconds' >"$work/again"
[ -s "$work/once" ] || { echo "the simulator says nothing"; exit 1; }
cmp -s "$work/once" "$work/again" || { echo "seed $first did not repeat itself"; exit 1; }

n=${JOBS:-$(nproc)}
[ "$n" -gt "$seeds" ] && n=$seeds
began=$(date +%s)
pids=()
for ((i = 0; i < n; i++)); do
    a=$((first + seeds * i / n))
    b=$((first + seeds * (i + 1) / n - 1))
    "$binary" sim --seeds "$a..$b" --days "$days" >"$work/out.$i" 2>&1 &
    pids+=($!)
done
bad=0
for p in "${pids[@]}"; do wait "$p" || bad=1; done
cat "$work"/out.*
echo "$seeds seeds of $days days on $n processes in $(($(date +%s) - began)) s"
exit $bad
