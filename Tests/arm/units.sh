#!/usr/bin/env bash
# Builds C unit tests for another processor and runs them under an emulator.
#   units.sh DEBIAN_ARCH GNU_TRIPLET QEMU "TEST ..."
# A test of the covers (Tests/sys) needs all libraries; the rest needs libsodium only.
set -eu
arch=$1 triplet=$2 qemu=$3 tests=$4
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
bash Tools/deps.sh cross
libraries=libsodium-dev
sources=$(find CSources/EvenkeelCore -name '*.c')
links=-lsodium
if [ "$arch" = arm64 ]; then
    libraries="libsodium-dev libcurl4-openssl-dev libjansson-dev libwebsockets-dev libinih-dev"
    sources="$sources $(find CSources/EvenkeelSys -name '*.c')"
    links="-ljansson -linih -lsodium -lm"
fi
# shellcheck disable=SC2086
if ! bash Tools/sysroot.sh "$arch" "build/sysroot-$arch" $libraries; then
    echo "SKIPPED: the $arch packages cannot be had now"
    exit 0
fi
sysroot=$root/build/sysroot-$arch/root
out=build/units-$arch
flags="--sysroot=$sysroot -O1 -std=gnu11 -Wall -Wextra -Wconversion -Werror -D_GNU_SOURCE
       -ICSources/EvenkeelCore/include -ICSources/EvenkeelSys/include -ITests/support
       -ICSources/EvenkeelCore -ICSources/EvenkeelSys"
mkdir -p "$out"
rm -f "$out"/*
for f in $sources; do "$triplet-gcc" $flags -c "$f" -o "$out/$(basename "$f" .c).o"; done
"$triplet-ar" rcs "$out/libunder.a" "$out"/*.o
for t in $tests; do
    name=$(basename "$t")
    file=$(find Tests/core Tests/sys -name "$name.c")
    # The covers need libraries that only the arm64 sysroot has.
    case $file in Tests/sys/*) [ "$arch" = arm64 ] || continue ;; esac
    "$triplet-gcc" $flags "$file" "$out/libunder.a" $links -o "$out/$name"
    echo "$arch $name"
    timeout 300 "qemu-$qemu-static" -L "$sysroot" "$out/$name"
done
