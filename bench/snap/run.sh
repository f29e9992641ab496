#!/bin/sh
# Snapshots: what they cost in CPU time, against the size of memory and the pages that are dirty; and QEMU beside, where it is installed.
# usage: run.sh [--quick]     some minutes, and 10 GiB in $TMPDIR; $MEWS_BUILD (build/release)
set -eu
cd "$(dirname "$0")/../.."
sed -n 's/^model name.*: //p' /proc/cpuinfo | uniq -c
echo "files on $(stat -f -c %T "${TMPDIR:-/tmp}"), linux $(uname -r), $("${MEWS_BUILD:-build/release}/mews" version)"
"${MEWS_BUILD:-build/release}/bench/snap/measure" "$@"
echo
python3 bench/snap/qemu.py "$@" || [ $? = 77 ]
