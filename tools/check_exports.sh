#!/bin/sh
# Fails unless libmews.so exports exactly the functions that include/mews/mews.h declares, and none of ours has the name of
# one that a library has which we or our modules use: the linker would take ours for it, where libmews.a is linked in.
# usage: check_exports.sh libmews.so       (libmews.a, mews and the modules stand beside it)
set -eu
header=$(dirname "$0")/../include/mews/mews.h
[ -f "$header" ] || { echo "skipped: no include/mews/mews.h yet"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
nm -D --defined-only "$1" | awk '{ print $3 }' | sort >"$tmp/exported"
# Declarations as the preprocessor leaves them: from MEWS_API, which it makes a mark, to the semicolon.
${CC:-cc} -E -P -DMEWS_API=@API@ -x c "$header" | tr '\n' ' ' | grep -o '@API@[^;]*' |
    sed 's/^@API@[^(]*[^a-z0-9_(]\(mews_[a-z0-9_]*\) *(.*/\1/' | sort >"$tmp/declared"
[ -s "$tmp/declared" ] || { echo "found no MEWS_API function in $header"; exit 1; }
diff -U0 --label declared "$tmp/declared" --label exported "$tmp/exported" && wc -l <"$tmp/declared"

nm --defined-only -g "$(dirname "$1")/libmews.a" 2>/dev/null | awk '$2 ~ /^[A-Z]$/ && NF == 3 { print $3 }' | sort -u >"$tmp/ours"
[ -s "$tmp/ours" ] || { echo "found nothing in libmews.a"; exit 1; }
for program in "$(dirname "$1")"/mews "$(dirname "$1")"/mews_*.so; do
    ldd "$program" | awk '$3 ~ "^/" { print $3 }'
done | sort -u | grep -v /libmews >"$tmp/libraries"
while read -r library; do
    nm -D --defined-only "$library" | awk '{ sub("@.*", "", $3); print $3 }' | sort -u | comm -12 - "$tmp/ours" |
        sed "s|^|$library has this name too: |"
done <"$tmp/libraries" >"$tmp/twice"
cat "$tmp/twice"
[ ! -s "$tmp/twice" ]
