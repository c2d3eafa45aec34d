#!/usr/bin/env bash
# Installs the Debian packages that are missing. `deps.sh build`: what the program is built with; `test`: the tests too; `cross`: the ARM builds and
# an emulator to try them; `picture`: the README's picture.
set -eu
what=${1:-build}
packages="gcc make pkg-config libc6-dev libsodium-dev libcurl4-openssl-dev libjansson-dev libwebsockets-dev libinih-dev ca-certificates"
[ "$what" = picture ] && packages="$packages python3 tmux"
[ "$what" = cross ] && packages="$packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user-static"
[ "$what" = test ] && packages="$packages python3 python3-venv"
missing=""
for p in $packages; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $p"
done
if [ -n "$missing" ]; then
    as_root=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { echo "missing packages, and neither root nor sudo to install them:$missing" >&2; exit 1; }
        as_root=sudo
    fi
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
command -v swift >/dev/null || { echo "the Swift 6 toolchain is missing: https://www.swift.org/install/linux/" >&2; exit 1; }
