#!/usr/bin/env bats
# Views: what a machine shows to a person who looks inside.

load common.bash

setup() {
    cd "$BATS_TEST_TMPDIR"
    hawk=$MEWS_GUESTS/nes/hawk/hawk.nes
}

@test "the views are listed, as text and as JSON" {
    run mews show "$hawk"
    [ "$status" -eq 0 ]
    for view in nametables patterns palette oam apu mapper; do
        grep -q "^$view " <<<"$output"
    done
    run mews show --json "$hawk"
    json '{"nametables", "patterns", "palette", "oam", "apu", "mapper"} <= {v["view"] for v in j}'
}

@test "pictures as PNG, of the size the machine gives them" {
    for view in nametables:512x480 patterns:256x128 palette:256x32 oam:160x72; do
        mews show "$hawk" "${view%:*}" --frames 60 -o "${view%:*}.png"
        python3 - "${view%:*}.png" "${view#*:}" <<'END'
import struct, sys
b = open(sys.argv[1], "rb").read()
assert b[:8] == b"\x89PNG\r\n\x1a\n" and "%dx%d" % struct.unpack(">II", b[16:24]) == sys.argv[2]
END
    done
}

@test "a name table's picture is the screen's, where there are no sprites" {
    mews show "$hawk" nametables --frames 100 -o tables.png
    mews run --headless --frames 100 --screenshot screen.png "$hawk"
    python3 - <<'END'
import struct, zlib
def pixels(name):
    b = open(name, "rb").read()
    w, h = struct.unpack(">II", b[16:24])
    at, data = 8, b""
    while at < len(b):
        n, kind = struct.unpack(">I4s", b[at:at + 8])
        data += b[at + 8:at + 8 + n] if kind == b"IDAT" else b""
        at += n + 12
    raw, rows, old = zlib.decompress(data), [], bytes(3 * w)
    for y in range(h):
        f, row = raw[y * (3 * w + 1)], bytearray(raw[y * (3 * w + 1) + 1:(y + 1) * (3 * w + 1)])
        for i in range(3 * w):
            a, up, c = row[i - 3] if i > 2 else 0, old[i], old[i - 3] if i > 2 else 0
            p = a + up - c
            paeth = min((abs(p - a), 0, a), (abs(p - up), 1, up), (abs(p - c), 2, c))[2]
            row[i] = (row[i] + (0, a, up, (a + up) // 2, paeth)[f]) & 255
        rows.append(bytes(row))
        old = row
    return w, h, rows
tw, th, table = pixels("tables.png")
sw, sh, screen = pixels("screen.png")
same = sum(table[y][3 * x:3 * x + 3] == screen[y][3 * x:3 * x + 3] for y in range(sh) for x in range(sw))
assert same > 0.95 * sw * sh, (same, sw * sh)
END
}

@test "tables as text and as JSON say the same; --press is heeded" {
    run mews show --frames 30 --json "$hawk" oam
    json 'j["view"] == "oam" and len(j["rows"]) == 64 and {"x", "y", "tile", "palette", "behind", "flip"} < set(j["rows"][0])'
    x=$(python3 -c 'import json,sys; print(json.load(sys.stdin)["rows"][5]["x"])' <<<"$output")
    mews show --frames 30 --text "$hawk" oam >text
    grep -q "^05 *x $x " text
    mews show --frames 400 "$hawk" nametables --text >still
    mews show --frames 400 --press 100:Start:5 "$hawk" nametables --text >played
    ! cmp -s still played
}

@test "what cannot be shown is one line" {
    run mews show "$hawk" nonsense
    [ "$status" -eq 2 ]
    one_line
    [[ $output == *"(text nametables patterns palette oam apu mapper)"* ]]
    run mews show "$hawk" patterns
    [ "$status" -eq 2 ]
    one_line
    run mews show "$hawk" apu -o apu.png
    [ "$status" -eq 1 ]
    one_line
    run mews show "$MEWS_GUESTS/c6502/hello.hk" oam
    [ "$status" -eq 2 ]
    [[ $output == *"it has none"* ]]
    run mews show
    [ "$status" -eq 2 ]
}
