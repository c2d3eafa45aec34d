#!/usr/bin/env bash
# Installs the Debian packages that are missing. `deps.sh build`: what the program is built with; `test`: the
# tests too; `cross`: the ARM builds and an emulator to try them; `picture`: the README's picture;
# `deb`: what makes the Debian package; `count`: what counts instructions; `lint`: what reads the C;
# `bench`: the benchmarks; `deploy`: the tools of the deployment tests.
set -eu
what=${1:-build}
packages="gcc make pkg-config libc6-dev libsodium-dev libcurl4-openssl-dev libjansson-dev libwebsockets-dev
    libinih-dev ca-certificates"
[ "$what" = picture ] && packages="$packages python3 tmux"
[ "$what" = cross ] && packages="$packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user-static"
[ "$what" = test ] && packages="$packages python3 python3-venv chromium fonts-dejavu-core valgrind openssl"
[ "$what" = lint ] && packages="$packages clang-tidy clang-format cppcheck"
[ "$what" = count ] && packages="$packages valgrind"
[ "$what" = bench ] && packages="$packages python3 python3-venv hyperfine strace valgrind openssl util-linux"
[ "$what" = deb ] && packages="python3 dpkg-dev"
[ "$what" = deploy ] && packages="python3 python3-venv dpkg-dev systemd systemd-container mmdebstrap
    lintian mandoc zsh fish logrotate"
missing=""
for p in $packages; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $p"
done
if [ -n "$missing" ]; then
    as_root=""
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "missing packages, and neither root nor sudo to install them:$missing" >&2
            exit 1
        fi
        as_root=sudo
    fi
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
        --no-install-recommends $missing >/dev/null
fi
if [ "$what" = deploy ]; then
    # Unpacked, not installed: an installed one would start on this host.
    mkdir -p build/tools/deb && cd build/tools
    download() {
        cd deb && { apt-get download -qq "$1" ||
            { [ "$(id -u)" = 0 ] && apt-get update -qq && apt-get download -qq "$1"; }; }
    }
    for p in prometheus nginx runit s6 libs6-2.11 libskarnet2.13 libexecline2.9; do
        ls deb/"$p"_* >/dev/null 2>&1 || (download "$p") 2>/dev/null ||
            echo "$p cannot be downloaded; its tests will be skipped" >&2
        for f in deb/"$p"_*; do [ ! -e "$f" ] || dpkg -x "$f" .; done
    done
    exit 0
fi
if ! command -v swift >/dev/null; then
    echo "the Swift 6 toolchain is missing: https://www.swift.org/install/linux/" >&2
    exit 1
fi
