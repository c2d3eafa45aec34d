#!/usr/bin/env bash
# Breaks the agent on purpose, one mutant at a time, and checks that the layer it names sees it:
# `layer simulator`, or with `layer swift NAME` in the mutant's file the Swift test of that name.
#   run.sh [-s SEEDS] [-d DAYS] [NAMES ...]     all mutants when no name is given
# The tree is copied to a scratch directory; the sound build must pass the very seed that catches a mutant,
# so that no mutant is "caught" by something else. Exit 1 when a mutant's text is not found, does not build,
# or is not caught within SEEDS seeds.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
seeds=400
days=30
while getopts s:d: o; do
    case $o in
    s) seeds=$OPTARG ;;
    d) days=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
names=("$@")
if [ ${#names[@]} -eq 0 ]; then for f in "$here"/*.mutant; do names+=("$(basename "$f" .mutant)"); done; fi

work=${MUTANT_DIR:-$(mktemp -d)}
mkdir -p "$work/tree" "$work/base"
[ -n "${MUTANT_DIR:-}" ] || trap 'rm -rf "$work"' EXIT
sync_tree() { # FROM TO: only what differs is copied, so that a build touches only what a mutant touched
    (cd "$1" && find Package.swift Sources CSources Tests/EvenkeelTests Tests/probe \
        \( -type f -o -type l \) 2>/dev/null) | while IFS= read -r f; do
        cmp -s "$1/$f" "$2/$f" || { mkdir -p "$2/$(dirname "$f")"; cp "$1/$f" "$2/$f"; }
    done
}
copy() { sync_tree "$work/base" "$work/tree"; }
swift_test() {
    swift test --package-path "$work/tree" --scratch-path "$work/tests" --filter "$1" >"$work/test.log" 2>&1
}
build() {
    swift build -c release --product evenkeel --package-path "$work/tree" --scratch-path "$work/build" \
        >"$work/build.log" 2>&1
}

rm -rf "$work/base" && mkdir -p "$work/base"
sync_tree "$root" "$work/base"
(cd "$work/tree" && find Sources CSources -type f 2>/dev/null) | while IFS= read -r f; do
    [ -f "$work/base/$f" ] || rm -f "$work/tree/$f"
done
copy
build || { echo "the sound tree does not build:"; grep error: "$work/build.log" | head -5; exit 1; }
cp "$work/build/release/evenkeel" "$work/sound"

bad=0
printf '%-28s %-10s %6s %8s\n' mutant caught-by seed seconds
for name in "${names[@]}"; do
    file="$here/$name.mutant"
    [ -f "$file" ] || { printf '%-28s there is no such mutant\n' "$name"; bad=1; continue; }
    if ! python3 "$here/apply.py" "$file" "$work/tree" 2>"$work/apply.log"; then
        printf '%-28s %s\n' "$name" "$(cat "$work/apply.log")"
        bad=1
        copy
        continue
    fi
    if ! grep -q '^layer \(simulator$\|swift [A-Za-z0-9]\)' "$file"; then
        printf '%-28s names no layer that catches it\n' "$name"
        bad=1
        copy
        continue
    fi
    layer=$(sed -n 's/^layer swift //p' "$file")
    if [ -n "$layer" ]; then
        start=$(date +%s)
        if swift_test "$layer"; then
            verdict="NOT CAUGHT"
            bad=1
        elif grep -q "with 1 test in\|✘ Test $layer" "$work/test.log"; then
            verdict=swift
        else
            verdict="does not build: $(grep -m1 error: "$work/test.log")"
            bad=1
        fi
        copy
        printf '%-28s %-10s %6s %8s\n' "$name" "$verdict" - $(($(date +%s) - start))
        continue
    fi
    if ! build; then
        printf '%-28s does not build: %s\n' "$name" "$(grep -m1 error: "$work/build.log")"
        bad=1
        copy
        continue
    fi
    start=$(date +%s)
    from=1
    to=8
    caught=
    while [ "$from" -le "$seeds" ]; do
        [ "$to" -gt "$seeds" ] && to=$seeds
        if out=$("$work/build/release/evenkeel" sim --seeds "$from..$to" --days "$days" 2>&1); then
            from=$((to + 1))
            to=$((to * 3))
            continue
        fi
        violation='s/^VIOLATION of \([^ ]*\) seed \([0-9]*\).*/\1 \2/p'
        caught=$(printf '%s\n' "$out" | sed -n "$violation" | head -1)
        [ -n "$caught" ] || caught="crash 0"
        break
    done
    seconds=$(($(date +%s) - start))
    if [ -z "$caught" ]; then
        printf '%-28s %-10s %6s %8s\n' "$name" "NOT CAUGHT" "$seeds" "$seconds"
        bad=1
    else
        seed=${caught##* }
        # An assertion of its own stops a mutant before it can name the seed: then it is one of the last lot.
        range=$seed..$seed
        [ "$seed" -gt 0 ] || range=$from..$to
        if "$work/sound" sim --seeds "$range" --days "$days" >/dev/null 2>&1; then
            printf '%-28s %-10s %6s %8s\n' "$name" "${caught%% *}" "$seed" "$seconds"
        else
            printf '%-28s %-10s %6s %8s  the sound build fails this seed too\n' \
                "$name" "${caught%% *}" "$seed" "$seconds"
            bad=1
        fi
    fi
    copy
done
exit $bad
