#!/usr/bin/env bash
# Builds the program to install: the same modules and flags as `EVENKEEL_EMBEDDED=1 swift build`, and some things more that SwiftPM
# does not let a package ask for, together an eighth of the size:                                        small.sh OUTPUT
#   - the Swift modules and the covers reach the linker as bitcode, so that it drops what nobody calls and writes equal runs of
#     instructions once in the whole program (the C core does not: there the outliner would cost speed);
#   - literals lie one behind the other, see module();
#   - counting a reference is a call and not written out at each place (-inline-threshold: what it saves must exceed its cost by 30);
#   - no frame pointers;
#   - no debug information: with it the unwind tables of all Swift functions would be kept in the program.
# For a debugger or a profiler use SwiftPM's build.
set -eu
output=$1
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
command -v swiftc >/dev/null || { echo "small.sh: no swiftc in the PATH: a Swift 6 toolchain is needed (https://www.swift.org/install/linux/)" >&2; exit 1; }
clang=$(dirname "$(readlink -f "$(command -v swiftc)")")/clang        # the toolchain's own: bitcode is read by the LLVM that wrote it
[ -x "$clang" ] || { echo "small.sh: no clang beside $(readlink -f "$(command -v swiftc)")" >&2; exit 1; }
work=build/small
rm -rf "$work"
mkdir -p "$work/o" "$work/m" "$(dirname "$output")"
includes="-ICSources/EvenkeelCore/include -ICSources/EvenkeelSys/include"

for f in $(find CSources -name '*.c' | sort); do
    case $f in CSources/EvenkeelSys/*) level="-Oz -flto" ;; *) level=-Os ;; esac
    echo "$level -c $f -o $work/o/$(basename "${f%.c}").o"
done | xargs -P "$(nproc)" -L 1 "$clang" -std=gnu11 -Wall -Wextra -Wconversion -Werror -fstack-protector-strong -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 \
    -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fomit-frame-pointer -fPIC $includes

module() { # NAME OPTIMISATION [flags]
    local name=$1 optimise=$2
    shift 2
    # shellcheck disable=SC2046,SC2086
    swiftc -wmo "$optimise" -lto=llvm-full -swift-version 5 -enable-experimental-feature Embedded -module-name "$name" -package-name evenkeel -enforce-exclusivity=unchecked \
        -Xfrontend -mergeable-traps -Xfrontend -function-sections -Xllvm -sil-disable-pass=loop-unroll -Xllvm -sil-disable-pass=loop-rotate -Xllvm -sil-disable-pass=closure-specialize -Xllvm -inline-threshold=-30 \
        -Xcc -fPIC -Xcc -fomit-frame-pointer -Xcc -ICSources/EvenkeelCore/include -Xcc -ICSources/EvenkeelSys/include \
        -I "$work/m" -emit-module-path "$work/m/$name.swiftmodule" -emit-ir $(find "Sources/$name" -name '*.swift' | sort) -o "$work/m/$name.ll" "$@"
    # Swift gives its literals no alignment, and LLVM then gives each of them 16 bytes: 900 gaps, and a literal that is the end of
    # another one is kept twice. They are read as bytes.
    sed -E 's/^(@.* = (private|internal) unnamed_addr constant \[[0-9]+ x i8\] c".*")$/\1, align 1/' "$work/m/$name.ll" |
        "$clang" -flto -fPIC -Wno-override-module -Xclang -disable-llvm-passes -c -x ir - -o "$work/o/$name.bc"
}
module Text -O -parse-as-library
for m in Agent Localnet Simulator; do module $m -Osize -parse-as-library; done
module evenkeel -Osize

"$clang" -fuse-ld=lld -flto -pie -static-libgcc -o "$work/evenkeel" "$work"/o/*.o "$work"/o/*.bc -Wl,--gc-sections,--icf=all,-z,relro,-z,now,-z,pack-relative-relocs,--as-needed,-O2 \
    -Wl,-plugin-opt=-function-sections=1 -Wl,-mllvm,-enable-machine-outliner=always,-mllvm,-inline-threshold=-30 -ljansson -linih -lsodium -lm
strip -s -R .comment -o "$output.new" "$work/evenkeel"
mv "$output.new" "$output"
