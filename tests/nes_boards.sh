#!/bin/sh
# Our own test cartridges (guests/nes/tests), one for each board and wiring that no public test ROM reaches. Each must pass by
# what it leaves in $F0 and on the screen, by both of the console's loops alike; those with RAM by --verdict too.
set -eu
list=$(sed '/^#/d; s/ .*//' guests/nes/tests/list.txt)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
count=0

# The result in $F0, "6000" if the usual protocol is followed too, and the text.
result() {
    python3 - "$1" <<'PYTHON'
import json, sys
r = json.load(open(sys.argv[1]))
ram, wram = bytes.fromhex(r["ram"]), bytes.fromhex(r["wram"])
print(ram[0xF0], "6000" if wram[1:4] == b"\xde\xb0\x61" else "-", " ".join(" ".join(r["text"]).split()))
PYTHON
}

for name in $list; do
    rom=$MEWS_GUESTS/nes/tests/$name.nes
    count=$((count + 1))
    if ! mews run --headless --frames 70 --report "$dir/fast.json" "$rom"; then
        failed=$((failed + 1))
        continue
    fi
    said=$(result "$dir/fast.json")
    case $said in
    "1 "*PASSED) ;;
    *)
        echo "$name: $said"
        failed=$((failed + 1))
        continue
        ;;
    esac
    mews run --headless --frames 70 --set exact=true --report "$dir/exact.json" "$rom"
    if ! cmp -s "$dir/fast.json" "$dir/exact.json"; then
        echo "$name: the exact loops leave something else"
        failed=$((failed + 1))
    fi
    case $said in
    "1 6000 "*)
        if ! mews run --headless --verdict "$rom" >"$dir/verdict"; then
            echo "$name: --verdict: $(tr '\n' ' ' <"$dir/verdict")"
            failed=$((failed + 1))
        fi
        ;;
    esac
done
echo "$((count - failed)) passed, $failed failed"
[ "$count" -ge 45 ] && [ "$failed" -eq 0 ]
