#!/bin/sh
# Fails unless libmews.so exports exactly the functions that include/mews/mews.h declares.
# usage: check_exports.sh libmews.so
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
