#!/usr/bin/env bash
# Builds the shipped program twice, from two copies of the tree in directories of different names, and compares the bytes. Two minutes on an idle
# machine with two cores. `run.sh BINARY`: compares one build with BINARY, which `make` made of the same tree.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build() { # DIRECTORY: a copy of what the build reads, and only that
    mkdir -p "$1"
    cp -r Deploy Sources CSources "$1"
    (cd "$1" && bash Deploy/small.sh evenkeel >build.log 2>&1) || { tail -20 "$1/build.log" >&2; exit 1; }
}
build "$work/one"
if [ $# -gt 0 ]; then other=$1
else
    build "$work/another-place/of-a-longer-name"
    other=$work/another-place/of-a-longer-name/evenkeel
fi
if ! cmp "$work/one/evenkeel" "$other"; then
    echo "reproducible: two builds of one tree differ" >&2
    exit 1
fi
echo "reproducible: the same bytes, sha256 $(sha256sum "$other" | cut -d' ' -f1)"
