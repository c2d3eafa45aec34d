#!/usr/bin/env bash
# Saves one read of the book a venue from the embedded chain: record.sh EVENKEEL BENCH DIR.
# A short of 9 SOL over 11 SOL of spot: out of tolerance.
set -eu
evenkeel=$1 bench=$2 dir=$3
for venue in velocity drift; do
    exec 3< <(exec "$evenkeel" localnet --venue "$venue" --port 0 --seed 1 --volatility 0 --perp -9)
    chain=$!
    trap 'kill "$chain" 2>/dev/null || true' EXIT
    read -r hello <&3
    port=$(sed -E 's|.*"listening": ?"http://[^:"]*:([0-9]+).*|\1|' <<<"$hello")
    "$bench" record "$venue" "$port" "$dir"
    kill "$chain"
    exec 3<&-
done
