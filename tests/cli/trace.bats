#!/usr/bin/env bats
# trace: the events that a machine declares.

load common.bash

setup() {
    cd "$BATS_TEST_TMPDIR"
    hawk=$MEWS_GUESTS/nes/hawk/hawk.nes
}

@test "the events are listed" {
    run mews trace -e list "$hawk"
    [ "$status" -eq 0 ]
    for event in cpu.step cpu.read cpu.write cpu.interrupt ppu.frame ppu.write oam.dma; do
        grep -q "^$event " <<<"$output"
    done
    run mews trace -e list "$MEWS_GUESTS/c6502/hello.hk"
    grep -q '^vmcall ' <<<"$output"
}

@test "instructions are told as run --trace does, and the machine does the same" {
    mews trace --frames 5 "$hawk" >a
    mews run --headless --frames 5 --trace "$hawk" >b
    cmp a b
    head -n 1 a | grep -qE '^8000  78 +SEI +A:00 X:00 Y:00 S:FD P:24 CYC:7$'
}

@test "writes that are told are those that a program makes" {
    assemble writes <<'END'
        ldx #4
loop:   stx $30,y
        txa
        sta $200,x
        dex
        bne loop
        vmcall EXIT
END
    run mews trace -e cpu.write@200-2ff writes.hk
    [ "$status" -eq 1 ] # A
    [ "$(sed 's/^[0-9]* //' <<<"$output")" = 'cpu.write addr=204 value=04
cpu.write addr=203 value=03
cpu.write addr=202 value=02
cpu.write addr=201 value=01' ]
    run mews trace -e 'vmcall,cpu.write@201' -f json writes.hk
    [ "${#lines[@]}" -eq 2 ]
    python3 -c 'import json,sys; a, b = map(json.loads, sys.argv[1:]); assert a["value"] == 1 and b["number"] == 1 and b["time"] > a["time"]' "${lines[@]}"
}

@test "--count, --output, patterns, the machine's interrupts" {
    mews trace -n 3 -o out "$hawk"
    [ "$(wc -l <out)" -eq 3 ]
    mews trace -e 'ppu.*,cpu.interrupt' --frames 10 "$hawk" >out
    [ "$(grep -c ppu.frame out)" -eq 10 ]
    grep -q 'cpu.interrupt vector=FFFA' out
    ! grep -q cpu.step out
}

@test "nestest's own log, where it is" {
    rom=${MEWS_TESTDATA-}/nes/nestest/nestest.nes
    [ -f "$rom" ] || skip "MEWS_TESTDATA does not name a place that has it"
    log=${rom%.nes}.log
    mews trace --set cpu.start=0xc000 -n 8991 "$rom" | awk '{print $1, $NF}' >ours
    awk '{print $1, $NF}' "$log" | head -n 8991 >theirs
    cmp ours theirs
}

@test "wrong words are one line" {
    for words in "-e nonsense" "-e cpu.write@x" "-e cpu.write@9-1" "-f xml" "-n x" ""; do
        # shellcheck disable=SC2086
        run mews trace $words "$hawk"
        [ "$status" -eq 2 ]
        one_line
    done
    run mews trace
    [ "$status" -eq 2 ]
}
