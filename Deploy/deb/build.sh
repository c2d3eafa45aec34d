#!/usr/bin/env bash
# Makes the Debian package build/evenkeel_VERSION_ARCH.deb and prints its path.
#   BINARY   the stripped program (bin/evenkeel)
#   ARCH     its architecture as dpkg names it (this machine's)
#   VERSION  (what this machine's bin/evenkeel says)
# The libraries it is linked with are found by dpkg-shlibdeps in this machine's bin/evenkeel,
# those it loads when it needs them are named in its .note.dlopen (sys_load.h):
# a cross-built program is made of the same sources against the same Debian release.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
BINARY=${BINARY:-bin/evenkeel}
ARCH=${ARCH:-$(dpkg --print-architecture)}
VERSION=${VERSION:-$(bin/evenkeel version | cut -d' ' -f2)}
name=evenkeel_${VERSION}_$ARCH
root=build/deb/$name
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
umask 022
rm -rf "$root" && mkdir -p "$root/DEBIAN"

put() { install -D -m "$3" "$1" "$root/$2"; }
pack() { mkdir -p "$root/$(dirname "$2")" && gzip -9nc "$1" >"$root/$2"; }
put "$BINARY" usr/bin/evenkeel 755
put Deploy/evenkeel.service lib/systemd/system/evenkeel.service 644
put Deploy/evenkeel.sysusers usr/lib/sysusers.d/evenkeel.conf 644
put Deploy/evenkeel.tmpfiles usr/lib/tmpfiles.d/evenkeel.conf 644
for kind in bash zsh fish man; do python3 Tools/words.py $kind bin/evenkeel >build/deb/words.$kind; done
put build/deb/words.bash usr/share/bash-completion/completions/evenkeel 644
put build/deb/words.zsh usr/share/zsh/vendor-completions/_evenkeel 644
put build/deb/words.fish usr/share/fish/vendor_completions.d/evenkeel.fish 644
pack build/deb/words.man usr/share/man/man1/evenkeel.1.gz
doc=usr/share/doc/evenkeel
put Deploy/deb/copyright $doc/copyright 644
python3 Tools/debian_changelog.py "$VERSION" "$(date -uR -d @"$SOURCE_DATE_EPOCH")" >build/deb/changelog
pack build/deb/changelog $doc/changelog.gz
pack CHANGELOG.md $doc/CHANGELOG.md.gz
for f in README.md SECURITY.md docs/*.md docs/demo.svg; do put "$f" "$doc/$f" 644; done
for f in Deploy/examples/*; do put "$f" $doc/examples/"${f##*/}" 644; done
# without a home: init takes over what it finds in the Solana tool's own settings,
# and the builder's are nobody's business
rm -rf build/deb/etc && mkdir -p build/deb/etc/credentials
env -i HOME=/nonexistent bin/evenkeel init build/deb/etc/evenkeel.conf >/dev/null 2>&1
sed -i 's,^kill_file = .*,kill_file = /etc/evenkeel/STOP,' build/deb/etc/evenkeel.conf
put build/deb/etc/evenkeel.conf $doc/examples/evenkeel.conf 644

work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
mkdir "$work/debian"
printf 'Source: evenkeel\n\nPackage: evenkeel\nArchitecture: any\n' >"$work/debian/control"
depends=$(program=$(realpath bin/evenkeel) && cd "$work" &&
    dpkg-shlibdeps -O "$program" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
# into a file: as root, objcopy may put a file in the place of the link /dev/stdout
objcopy -O binary --only-section=.note.dlopen bin/evenkeel "$work/note"
loaded=$(grep -ao '"soname":\["[^"]*"' "$work/note" | cut -d'"' -f4)
if [ "$(wc -w <<<"$loaded")" = 0 ]; then
    echo "build.sh: bin/evenkeel names no library that it loads" >&2
    exit 1
fi
for library in $loaded; do      # at least the version that it was built and tested with
    package=$(dpkg-query -S "*/$library" | head -n 1 | cut -d: -f1)
    least=$(dpkg-query -W -f '${Version}\n' "$package" | head -n 1 | sed 's/^[0-9]*://; s/-[^-]*$//')
    depends="$depends, $package (>= $least)"
done
depends="$depends, ca-certificates, init-system-helpers (>= 1.52)"
for standalone in sysusers tmpfiles; do depends="$depends, systemd | systemd-standalone-$standalone"; done
for f in postinst prerm postrm; do install -m 755 Deploy/deb/$f "$root/DEBIAN/$f"; done
cat >"$root/DEBIAN/control" <<END
Package: evenkeel
Version: $VERSION
Architecture: $ARCH
Maintainer: The Evenkeel authors <evenkeel@example.org>
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Depends: $depends
Recommends: systemd-timesyncd | time-daemon
Section: utils
Priority: optional
Description: agent that keeps a Solana spot and perp book delta-neutral
 Evenkeel reads the book of one account at a perp venue on Solana, computes
 how far it has drifted from delta-neutral, and when the drift leaves the
 tolerance sends one signed, price-bounded perp order and proves what became
 of it. It works with a delegate key that cannot withdraw.
 .
 The package neither enables nor starts the service: it needs a config first.
END
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | LC_ALL=C sort -z |
    xargs -0 md5sum >DEBIAN/md5sums)
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz --build "$root" "build/$name.deb" >/dev/null
echo "build/$name.deb"
