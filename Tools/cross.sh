#!/usr/bin/env bash
# Cross-builds the Embedded agent with Debian's cross compiler: the C core and covers by gcc, the Swift modules by swiftc for the bare
# target of the processor and to the linker as bitcode (small.sh says why, and why the literals are touched), linked by the toolchain's lld
# against Debian's arm64 libraries from a sysroot.      cross.sh arm64 OUTPUT
# SwiftPM is not used: it has no SDK for this pair. The order of the modules below is Package.swift's.
set -eu
[ "${1:-}" = arm64 ] || { echo "usage: cross.sh arm64 OUTPUT" >&2; exit 2; }
output=$2
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
work=build/arm64
sysroot=$root/build/sysroot-arm64/root
bash Tools/deps.sh cross
bash Tools/sysroot.sh arm64 build/sysroot-arm64 libsodium-dev libcurl4-openssl-dev libjansson-dev libwebsockets-dev libinih-dev
mkdir -p "$work/o" "$work/m" "$(dirname "$output")"
rm -f "$work"/o/* "$work"/m/*

cc=aarch64-linux-gnu-gcc
clang=$(dirname "$(readlink -f "$(command -v swiftc)")")/clang
includes="-ICSources/EvenkeelCore/include -ICSources/EvenkeelSys/include"
for f in CSources/*/*.c CSources/*/*.S; do
    [ -e "$f" ] || continue
    case $f in */EvenkeelSys/*) level=-Oz ;; *) level=-Os ;; esac
    $cc --sysroot="$sysroot" $level -fno-asynchronous-unwind-tables -std=gnu11 -Wall -Wextra -Wconversion -Werror -fstack-protector-strong -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -fPIE \
        -ffunction-sections -fdata-sections $includes -c "$f" -o "$work/o/$(basename "${f%.*}").o"
done

# One module map for both C modules: their umbrella headers.
cat >"$work/m/module.modulemap" <<MAP
module EvenkeelCore { umbrella header "$root/CSources/EvenkeelCore/include/EvenkeelCore.h" export * }
module EvenkeelSys { umbrella header "$root/CSources/EvenkeelSys/include/EvenkeelSys.h" export * }
MAP
module() { # NAME FOLDER OPTIMISATION [flags]
    local name=$1 folder=$2 optimise=$3
    shift 3
    # shellcheck disable=SC2046
    swiftc -target aarch64-none-none-elf -wmo "$optimise" -swift-version 5 -enable-experimental-feature Embedded -module-name "$name" \
        -enforce-exclusivity=unchecked -lto=llvm-full -Xllvm -inline-threshold=-30 -Xfrontend -mergeable-traps \
        -Xllvm -sil-disable-pass=loop-unroll -Xllvm -sil-disable-pass=loop-rotate -Xllvm -sil-disable-pass=closure-specialize -Xcc -fomit-frame-pointer -Xfrontend -function-sections -Xcc -fPIC -Xcc "-fmodule-map-file=$work/m/module.modulemap" \
        -Xcc -ICSources/EvenkeelCore/include -Xcc -ICSources/EvenkeelSys/include -Xcc "--sysroot=$sysroot" -Xcc "-isystem" -Xcc "$sysroot/usr/include" -Xcc "-isystem" -Xcc "$sysroot/usr/include/aarch64-linux-gnu" \
        -I "$work/m" -emit-module-path "$work/m/$name.swiftmodule" -emit-ir $(find "Sources/$folder" -name '*.swift' | sort) -o "$work/m/$name.ll" "$@"
    sed -E 's/^(@.* = (private|internal) unnamed_addr constant \[[0-9]+ x i8\] c".*")$/\1, align 1/' "$work/m/$name.ll" |
        "$clang" --target=aarch64-linux-gnu -flto -fPIC -Wno-override-module -Xclang -disable-llvm-passes -c -x ir - -o "$work/o/swift-$name.o"
}
module Kit Kit -O -parse-as-library
for m in Agent Chain Sim; do module $m $m -Osize -parse-as-library; done
module evenkeel evenkeel -Osize
"$clang" --target=aarch64-linux-gnu --gcc-install-dir="$(dirname "$($cc -print-libgcc-file-name)")" --sysroot="$sysroot" -fuse-ld=lld -flto -pie -static-libgcc \
    -o "$work/evenkeel" "$work"/o/*.o -Wl,--gc-sections,--icf=all,-z,relro,-z,now,-z,pack-relative-relocs,--as-needed,-O2 \
    -Wl,-plugin-opt=-function-sections=1 -Wl,-mllvm,-enable-machine-outliner=always,-mllvm,-inline-threshold=-30 -ljansson -linih -lsodium -lm
aarch64-linux-gnu-strip -s -R .comment -o "$output.new" "$work/evenkeel"
mv "$output.new" "$output"
