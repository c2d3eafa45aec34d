#!/usr/bin/env bash
# Unpacks the Debian packages of another architecture that the program links with into a directory,
# without touching this system's own package database.
#   sysroot.sh ARCH DIRECTORY PACKAGE...      (ARCH as Debian names it: arm64, armhf)
set -eu
arch=$1
out=$2
shift 2
[ -e "$out/ready" ] && [ "$out/ready" -nt "$0" ] && exit 0
rm -rf "$out"
mkdir -p "$out/root"
out=$(cd "$out" && pwd)
apt=$out/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
: >"$apt/status"
private=(-o "APT::Architecture=$arch" -o "APT::Architectures::=$arch"
    -o "Dir::State=$apt" -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status"
    -o "Dir::Cache=$apt/cache" -o Debug::NoLocking=1
    -o APT::Install-Recommends=0 -o APT::Sandbox::User=root)
apt-get "${private[@]}" update -qq || echo "some package lists could not be read anew; the rest may do" >&2
apt-get "${private[@]}" install --download-only -y -qq libc6-dev "$@" >/dev/null
for deb in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$deb" "$out/root"; done
# Absolute links point into the host: make them relative to the sysroot.
find "$out/root" -type l -lname '/*' | while read -r link; do
    ln -sfn "$out/root$(readlink "$link")" "$link"
done
rm -rf "$apt"
touch "$out/ready"
