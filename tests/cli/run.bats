#!/usr/bin/env bats
# `mews run` and its neighbours, as a person types them.

setup() {
    hello=$MEWS_GUESTS/c6502/hello.hk
    rom=$BATS_TEST_TMPDIR/loop.nes
    # A cartridge of 16 KiB: SEI; loop: JMP loop; the reset vector points at it.
    {
        printf 'NES\032\001\001\000\000\000\000\000\000\000\000\000\000'
        printf '\170\114\001\300'
        head -c 16376 /dev/zero
        printf '\000\300\000\300'
        head -c 8192 /dev/zero
    } >"$rom"
}

@test "a 6502v program gets its arguments and its status is passed on" {
    run mews run "$hello" one two --three
    [ "$status" -eq 3 ]
    [ "$output" = "one
two
--three" ]
}

@test "a 6502v program that is cut short is refused with the sizes" {
    head -c 100 "$hello" >"$BATS_TEST_TMPDIR/short.hk"
    run mews run "$BATS_TEST_TMPDIR/short.hk"
    [ "$status" -eq 1 ]
    [ "$output" = "mews: $BATS_TEST_TMPDIR/short.hk: cut short: a 6502v program has 24580 bytes, the file 100" ]
}

@test "an illegal instruction ends with its address and bytes" {
    { head -c 4 "$hello"; printf '\002\033\034'; tail -c +8 "$hello"; } >"$BATS_TEST_TMPDIR/bad.hk"
    run mews run "$BATS_TEST_TMPDIR/bad.hk"
    [ "$status" -eq 1 ]
    [ "$output" = 'mews: illegal instruction at $A000: 02 1B 1C' ]
}

@test "DUMP prints 3079 lines and ends with 0" {
    { head -c 4 "$hello"; printf '\251\001\200\007'; tail -c +9 "$hello"; } >"$BATS_TEST_TMPDIR/dump.hk"
    mews run "$BATS_TEST_TMPDIR/dump.hk" >"$BATS_TEST_TMPDIR/out"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -eq 3079 ]
    [ "$(sed -n 2,4p "$BATS_TEST_TMPDIR/out" | tr '\n' ' ')" = "PC: 0xa004 SP: 0x00fd  A: 0x01 " ]
}

@test "a cartridge runs headless; report, screenshot and sound are there" {
    cd "$BATS_TEST_TMPDIR"
    run mews run --headless --frames 10 --hash --report r.json --screenshot p.png --audio s.wav "$rom"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 4 ] # picture, labels, sound, ram
    python3 -c '
import json
r = json.load(open("r.json"))
assert r["frames"] == 10 and len(r["ram"]) == 4096 and len(r["text"]) == 30 and len(r["picture_sha1"]) == 40
'
    [ "$(head -c 8 p.png | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
    [ "$(head -c 4 s.wav)" = RIFF ]
}

@test "the exact loops and the plain ones leave the same picture, sound and memory" {
    cd "$BATS_TEST_TMPDIR"
    mews run --headless --frames 30 --report a.json "$rom"
    mews run --headless --frames 30 --report b.json --set exact=true "$rom"
    cmp a.json b.json
}

@test "RAM at power-on is zeros, ones, or random by a seed" {
    cd "$BATS_TEST_TMPDIR"
    for ram in 00 ff 7 8; do
        mews run --headless --frames 1 --ram $ram --report $ram.json "$rom"
    done
    grep -q '"ram": "0000000000' 00.json
    grep -q '"ram": "ffffffffff' ff.json
    ! cmp -s 7.json 8.json
}

@test "an unknown thing gets the list of what is accepted" {
    echo hello >"$BATS_TEST_TMPDIR/x"
    run mews run "$BATS_TEST_TMPDIR/x"
    [ "$status" -eq 1 ]
    [[ $output == *"accepted: NES cartridges"* ]]
}

@test "an unsupported mapper is named" {
    { head -c 6 "$rom"; printf '\100\100'; tail -c +9 "$rom"; } >"$BATS_TEST_TMPDIR/m68.nes"
    run mews run "$BATS_TEST_TMPDIR/m68.nes"
    [ "$status" -eq 1 ]
    [[ $output == *"mapper 68 (Sunsoft-4) is not supported" ]]
}

@test "wrong use is status 2 with one line" {
    for words in "run" "run --frames" "run --nonsense x" "bogus" "kinds x" "run --headless $rom" "run --frames x $rom" "run --frames 5 $rom"; do
        run mews $words
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
    done
}

@test "lists are JSON when asked" {
    mews kinds --json | python3 -m json.tool >/dev/null
    mews info --json "$rom" | python3 -m json.tool >/dev/null
    mews version --json | python3 -m json.tool >/dev/null
}

@test "a setting that is none, or a wrong value, is refused" {
    run mews run --headless --frames 1 --set cpu.nothing=1 "$rom"
    [ "$status" -eq 1 ]
    run mews run --headless --frames 1 --region mars "$rom"
    [ "$status" -eq 1 ]
    [[ $output == *"none of: ntsc pal dendy" ]]
}

@test "the game plays its demonstration the same by both loops" {
    cd "$BATS_TEST_TMPDIR"
    mews run --headless --frames 900 --report a.json "$MEWS_GUESTS/nes/hawk/hawk.nes"
    mews run --headless --frames 900 --report b.json --set exact=true "$MEWS_GUESTS/nes/hawk/hawk.nes"
    cmp a.json b.json
}
