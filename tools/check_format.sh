#!/bin/sh
# Fails when a C file is not laid out as clang-format 14 would with .clang-format. Another version decides otherwise
# in places, so no other is taken. Files that git does not know yet count too. `tools/check_format.sh --fix` rewrites
# the files instead.
set -eu
cd "$(dirname "$0")/.."
command -v clang-format-14 >/dev/null || { echo "skipped: no clang-format-14 here"; exit 77; }
mode='--dry-run --Werror'
[ "${1-}" = --fix ] && mode=-i
# shellcheck disable=SC2086 # mode is two words
git ls-files -z --cached --others --exclude-standard -- '*.[ch]' | xargs -0 -r clang-format-14 $mode
