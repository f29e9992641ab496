#!/bin/sh
# Removes the files of CMake's install manifest (below $DESTDIR), then the directories of ours that are empty.
# usage: uninstall.sh MANIFEST
set -eu
[ -f "$1" ] || { echo "uninstall: no $1: nothing was installed from this build" >&2; exit 1; }
while read -r file || [ -n "$file" ]; do
    rm -f "${DESTDIR-}$file"
    dir=$(dirname "$file")
    case $dir in */mews | */mews/*) rmdir -p --ignore-fail-on-non-empty "${DESTDIR-}$dir" 2>/dev/null || true ;; esac
done <"$1"
rm "$1"
