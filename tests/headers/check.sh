#!/bin/sh
# Every header compiles alone; the public one also as strict C11 and as C++. A .h file without an include guard is no
# header but a list or a body, put into the middle of others, perhaps many times; those are left out.
# usage: check.sh [CFLAGS-OF-THE-LIBRARIES...]
set -u
cd "$(dirname "$0")/../.." || exit 1
bad=0
try() {
    "$@" </dev/null || { echo "failed: $*"; bad=1; }
}
warn='-Wall -Wextra -Werror -fsyntax-only -D_GNU_SOURCE -Isrc -Iinclude'
# shellcheck disable=SC2013 # no header has a blank in its name
for h in $(grep -lrE '^#ifndef [A-Z0-9_]+_H$' --include='*.h' src include | sort); do
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
