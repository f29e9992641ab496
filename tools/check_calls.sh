#!/bin/sh
# Fails when code that must be a function of its inputs can call the host.
# usage: check_calls.sh HELPER.o... -- CHECKED.o...
# What a CHECKED object imports must be on the list below, or defined by another CHECKED object, or by a HELPER object
# (room base) that passes the same test: err.o may be called, file.o may not. An allow-list, since a ban-list would miss
# the names that fortify gives (__read_chk). Not for objects built with LTO or sanitizers.
set -eu
pure='mem(cpy|move|set|cmp|chr|mem|rchr)|mempcpy'
pure="$pure|str(n?len|n?cmp|n?casecmp|r?chr|chrnul|n?cpy|n?cat|c?spn|pbrk|str|n?dup|tok_r|sep)|stpn?cpy"
pure="$pure|mmap(64)?|munmap" # without a descriptor, which nothing here makes: zeros
pure="$pure|malloc|calloc|realloc|reallocarray|aligned_alloc|posix_memalign|free|qsort|bsearch|v?snprintf"
pure="$pure|__(memcpy|memmove|memset|mempcpy|strn?cpy|strn?cat|stpn?cpy|v?snprintf)_chk"
pure="$pure|(__isoc23_)?strtou?ll?|__isoc(99|23)_sscanf|__ctype_(b|tolower|toupper)_loc|tolower|toupper"
pure="$pure|abort|__assert_fail|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_"

for object; do
    [ "$object" = -- ] && { echo --; continue; }
    nm "$object" | awk -v object="$object" '{ print object, $(NF - 1), $NF }'
done | awk -v pure="^($pure)\$" '
    $1 == "--" { checked = 1; next }
    !($1 in role) { role[$1] = checked; order[++count] = $1 }
    $2 ~ /^[Uwv]$/ { imports[$1] = imports[$1] " " $3; next }
    $2 ~ /^[A-Z]$/ { home[$3] = $1 }
    function impure(object,   n, i, name, names, hits) {
        n = split(imports[object], names, " ")
        for (i = 1; i <= n; i++) {
            name = names[i]
            if (name !~ pure && !((name in home) && !dirty[home[name]]))
                hits = hits " " name
        }
        return hits
    }
    END {
        do { # a helper that calls an impure helper is impure
            changed = 0
            for (i = 1; i <= count; i++)
                if (!role[order[i]] && !dirty[order[i]] && impure(order[i]) != "")
                    changed = dirty[order[i]] = 1
        } while (changed)
        for (i = 1; i <= count; i++)
            if (role[order[i]]) {
                seen++
                hits = impure(order[i])
                if (hits != "") { print order[i] " imports:" hits; bad++ }
            }
        printf "%d objects, %d call the host\n", seen, bad
        exit bad != 0
    }'
