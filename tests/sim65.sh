#!/bin/sh
# The 6502v beside cc65's own simulator: the same C programs print the same, and random instructions leave the same
# registers and memory. SEEDS="1 2 3" tries other random programs.
set -eu
command -v sim65 >/dev/null || { echo "skipped: no sim65 (Debian: cc65)"; exit 77; }
top=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
printf 'include %s/guests/c6502/c6502.mk\ndriver.hk: driver_code.o\n' "$top" >"$tmp/Makefile"
printf '12 -7 0x1f 99999\nsome words on a line\nlast' >"$tmp/input"
count=0

# both NAME FLAGS SOURCES...: builds NAME from its sources for both machines, and compares what the two say
both() {
    name=$1 flags=$2 a=0 b=0
    shift 2
    rm -f "$tmp/$name.hk" "$tmp"/*.o
    # shellcheck disable=SC2086
    (cd "$tmp" && cl65 -t sim6502 $flags --standard c99 -o "$name.sim" "$@" && rm -f ./*.o)
    make -s -C "$tmp" CFLAGS="$flags --standard c99" "$name.hk"
    sim65 "$tmp/$name.sim" <"$tmp/input" >"$tmp/a" 2>&1 || a=$?
    "$MEWS" run "$tmp/$name.hk" <"$tmp/input" >"$tmp/b" 2>&1 || b=$?
    if [ $a != $b ] || ! cmp -s "$tmp/a" "$tmp/b"; then
        echo "$name $flags: sim65 ended with $a, mews with $b:"
        diff "$tmp/a" "$tmp/b" | head -n 20
        exit 1
    fi
    [ "$(wc -c <"$tmp/a")" -gt 50 ] || { echo "$name: prints next to nothing"; cat "$tmp/a"; exit 1; }
    count=$((count + 1))
}

cp tests/sim65/*.c guests/c6502/calc.c "$tmp"
for flags in "" "-O" "-Oirs --static-locals"; do
    both library "$flags" library.c
done
both calc -Oirs calc.c
for seed in ${SEEDS-1 2 3 4}; do
    python3 tests/sim65/random_code.py "$seed" >"$tmp/driver_code.s"
    both driver -O driver.c driver_code.s
done
echo "$count programs, the same on both"
