#!/bin/sh
# Installs below a DESTDIR as a package would, then uses what is there as a stranger: the program, and the library through
# pkg-config, shared and static. Then uninstalls, and nothing is left.
set -eu
[ -f include/mews/mews.h ] || { echo "skipped: no include/mews/mews.h yet"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "install: $*"; exit 1; }

# CMake writes the manifest of the last install; an earlier one, of a real install, is put back.
manifest=$MEWS_BUILD/install_manifest.txt
[ ! -f "$manifest" ] || cp "$manifest" "$tmp/manifest.before"
DESTDIR=$tmp/root cmake --install "$MEWS_BUILD" >/dev/null
mv "$manifest" "$tmp/manifest"
[ ! -f "$tmp/manifest.before" ] || mv "$tmp/manifest.before" "$manifest"

pc=$(find "$tmp/root" -name mews.pc)
[ -n "$pc" ] || fail "no mews.pc"
PKG_CONFIG_LIBDIR=$(dirname "$pc"):$(pkg-config --variable pc_path pkg-config)
prefix=$tmp/root$(PKG_CONFIG_LIBDIR=$PKG_CONFIG_LIBDIR pkg-config --variable=prefix mews)
export PKG_CONFIG_LIBDIR
ours() { PKG_CONFIG_SYSROOT_DIR=$tmp/root pkg-config "$@" mews; }

cat >"$tmp/use.c" <<'END'
#include <mews/mews.h>
#include <stdio.h>
int main(void)
{
    return puts(mews_version()) < 0;
}
END
# shellcheck disable=SC2046 # flags are words
${CC:-cc} "$tmp/use.c" -o "$tmp/use" $(ours --cflags --libs)
LD_LIBRARY_PATH=$(dirname "$(dirname "$pc")") "$tmp/use" >"$tmp/says" || fail "a program over libmews.so does not run"
# shellcheck disable=SC2046
${CC:-cc} "$tmp/use.c" -o "$tmp/use-static" $(ours --cflags --libs --static | sed 's/-lmews/-l:libmews.a/')
"$tmp/use-static" | cmp - "$tmp/says" || fail "a program over libmews.a says something else"
grep -qx "$(pkg-config --modversion mews)" "$tmp/says" || fail "mews_version() and mews.pc differ"

[ ! -x "$MEWS" ] || "$prefix/bin/mews" version >/dev/null || fail "the installed program does not run"
# Where Debian's man and shells look.
for page in docs/man/*.[1357]; do
    [ -f "$prefix/share/man/man${page##*.}/$(basename "$page")" ] || fail "$(basename "$page") is not among the manual pages"
done
for file in bash-completion/completions/mews zsh/vendor-completions/_mews fish/vendor_completions.d/mews.fish; do
    [ -f "$prefix/share/$file" ] || fail "no $file"
done
[ ! -e "$MEWS_BUILD/mews_libretro.so" ] || grep -q "display_version = \"$(cat "$tmp/says")\"" \
    "$prefix/share/libretro/info/mews_libretro.info" || fail "mews_libretro.info names another version"
# A C program for the 6502v, with nothing but what was installed.
if command -v cc65 >/dev/null; then
    mkdir "$tmp/c6502"
    echo 'int main(void) { return 42; }' >"$tmp/c6502/prog.c"
    make -s -C "$tmp/c6502" -f "$prefix/share/mews/c6502/c6502.mk" prog.hk >/dev/null || fail "c6502.mk makes no program"
    status=0
    "$prefix/bin/mews" run "$tmp/c6502/prog.hk" || status=$?
    [ $status = 42 ] || fail "the 6502v program ends with $status"
fi
while read -r file || [ -n "$file" ]; do
    [ -e "$tmp/root$file" ] || [ -L "$tmp/root$file" ] || fail "$file is not there"
done <"$tmp/manifest"

count=$(wc -l <"$tmp/manifest")
DESTDIR=$tmp/root tools/uninstall.sh "$tmp/manifest"
left=$(find "$tmp/root" ! -type d)
[ -z "$left" ] || fail "uninstall leaves $left"
[ ! -e "$prefix/share/mews" ] || fail "uninstall leaves share/mews"
echo "$count files installed, used and removed"
