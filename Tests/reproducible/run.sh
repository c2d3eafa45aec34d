#!/usr/bin/env bash
# Builds the shipped program twice, from two copies of the tree that stand in the same place one after the
# other, and compares the bytes. Three minutes on an idle machine with two cores.
# In another directory the bytes may be others: the optimiser unrolls a few loops of constant length in an
# order that depends on where its own data lie, and the names of the sources lie among them
# (docs/supply-chain.md).
set -eu
cd "$(dirname "$0")/../.."
if ! setarch -R true 2>/dev/null; then
    echo "SKIPPED: this system does not allow to switch off address randomisation"
    exit 0
fi
work=$PWD/build/reproducible
build() { # RESULT: of a copy of what the build reads, and only that
    rm -rf "$work/tree"
    mkdir -p "$work/tree"
    cp -r Package.swift Makefile Tools Sources CSources "$work/tree"
    make -C "$work/tree" embedded >"$work/build.log" 2>&1 || { tail -20 "$work/build.log" >&2; exit 1; }
    mv "$work/tree/bin/evenkeel" "$work/$1"
}
build one
build another
rm -rf "$work/tree"
if ! cmp "$work/one" "$work/another"; then
    echo "reproducible: two builds of one tree differ" >&2
    exit 1
fi
echo "reproducible: the same bytes, sha256 $(sha256sum "$work/one" | cut -d' ' -f1)"
