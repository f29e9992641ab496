#!/bin/sh
# Every header compiles alone; the public one also as strict C11 and as C++.
# usage: check.sh [CFLAGS-OF-THE-LIBRARIES...]
set -u
cd "$(dirname "$0")/../.." || exit 1
bad=0
try() {
    "$@" </dev/null || { echo "failed: $*"; bad=1; }
}
warn='-Wall -Wextra -Werror -fsyntax-only -D_GNU_SOURCE -Isrc -Iinclude'
for h in $(find src include -name '*.h' | sort); do
    # shellcheck disable=SC2086 # warn is words
    try "${CC:-cc}" -std=gnu17 $warn "$@" -include "$h" -x c -
done
if [ -f include/mews/mews.h ]; then
    strict='-Wall -Wextra -pedantic -Werror -fsyntax-only -Iinclude -include include/mews/mews.h'
    # shellcheck disable=SC2086
    try "${CC:-cc}" -std=c11 $strict -x c -
    # shellcheck disable=SC2086
    try "${CXX:-c++}" -std=c++11 $strict -x c++ -
fi
exit $bad
