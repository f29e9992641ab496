#!/bin/sh
# Proves the two words of a stranger, `make demo` and `make check`, where nothing is installed: a minimal Debian 12 root
# in which the working commit is cloned. Asks for root (mounts live in a namespace of their own and vanish with it).
# Kept between runs in $MEWS_FRESH (or the cache directory): the pristine root and the packages fetched, never what
# was installed.
# usage: fresh.sh [MAKE-WORD...]       default: demo check
set -eu
cd "$(dirname "$0")/.."
top=$PWD
keep=${MEWS_FRESH:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/mews/fresh}
[ $# -gt 0 ] || set -- demo check

if [ "$(id -u)" != 0 ]; then
    exec sudo --preserve-env=MEWS_TESTDATA,http_proxy,https_proxy,no_proxy env MEWS_FRESH="$keep" "$0" "$@"
fi
if [ "${MEWS_FRESH_INSIDE-}" != 1 ]; then
    command -v mmdebstrap >/dev/null || tools/deps.sh test
    exec env MEWS_FRESH_INSIDE=1 MEWS_FRESH="$keep" unshare --mount --propagation private "$0" "$@"
fi

# The host's own way to Debian 12: its bookworm sources (nobody else's), and its proxies.
sources() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
        awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^bookworm/) { print; next } }'
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] && awk 'BEGIN { RS = ""; ORS = "\n\n" } /\nSuites:[^\n]* bookworm/' "$file"
    done
}
proxies() { apt-config dump 2>/dev/null | grep -E '^Acquire::(http|https)::[Pp]roxy ' || true; }

mkdir -p "$keep/archives/partial"
if [ ! -f "$keep/root.tar" ]; then
    echo "fresh: making a minimal Debian 12 in $keep"
    sources >"$keep/sources"
    proxies >"$keep/proxies"
    [ -s "$keep/sources" ] || echo "deb http://deb.debian.org/debian bookworm main" >"$keep/sources"
    mmdebstrap --quiet --format=tar --variant=minbase --include=git,make,ca-certificates --aptopt="$keep/proxies" \
        bookworm "$keep/root.tar.new" "$keep/sources"
    mv "$keep/root.tar.new" "$keep/root.tar"
fi

root=$keep/root
rm -rf --one-file-system "$root"
mkdir "$root"
tar -xf "$keep/root.tar" -C "$root" --exclude='./dev/*'
cp /etc/resolv.conf /etc/hosts "$root/etc/"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$keep/archives" "$root/var/cache/apt/archives"
testdata=
if [ -n "${MEWS_TESTDATA-}" ]; then
    testdata=/srv/testdata
    mkdir "$root$testdata"
    mount --bind "$MEWS_TESTDATA" "$root$testdata"
fi
git -c safe.directory='*' clone -q --no-hardlinks "$top" "$root/root/mews"

for word; do
    echo "fresh: make $word at $(git -C "$root/root/mews" rev-parse --short HEAD)"
    start=$(date +%s)
    env -i HOME=/root TERM=dumb LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        ${testdata:+MEWS_TESTDATA="$testdata"} \
        chroot "$root" make --no-print-directory -C /root/mews "$word" </dev/null
    echo "fresh: make $word took $(($(date +%s) - start)) s"
done
