# What the tests of the program share. Cartridges are made here, byte by byte.

# bytes HEX...: those bytes
bytes() {
    local b
    for b; do printf '%b' "\\x$b"; done
}

# cartridge FILE MAPPER FLAGS6 HEX...: 16 KiB of program at $C000 (the reset vector points there), 8 KiB of characters.
# Those that give a NES 2.0 header's RAM sizes have 8 KiB at $6000.
cartridge() {
    local file=$1 mapper=$2 flags=$3
    shift 3
    {
        printf 'NES\x1a\x01\x01'
        bytes "$(printf %02x $((flags | (mapper & 15) << 4)))" "$(printf %02x $((mapper & 240)))"
        bytes 01 00 00 00 00 00 00 00
        bytes "$@"
        head -c $((16384 - 6 - $#)) /dev/zero
        bytes 00 c0 00 c0 00 c0
        head -c 8192 /dev/zero
    } >"$file"
}

# SEI; loop: JMP loop
loop_rom() { cartridge "$1" 0 0 78 4c 01 c0; }

# verdict_rom FILE STATUS: writes "ok", then DE B0 61 and the status by the protocol at $6000, and loops.
verdict_rom() {
    cartridge "$1" 0 0 \
        a9 6f 8d 04 60 a9 6b 8d 05 60 a9 00 8d 06 60 \
        a9 de 8d 01 60 a9 b0 8d 02 60 a9 61 8d 03 60 \
        a9 "$2" 8d 00 60 4c 23 c0
}

# reset_rom FILE: asks for the reset button ($81) at the first start, passes (0) at the second; which it is, RAM at $10
# says, which survives.
reset_rom() {
    cartridge "$1" 0 0 \
        a9 00 8d 04 60 \
        a9 de 8d 01 60 a9 b0 8d 02 60 a9 61 8d 03 60 \
        a9 81 e6 10 a6 10 e0 01 f0 02 a9 00 \
        8d 00 60 4c 23 c0
}

# battery_rom FILE: adds one to the first byte of its battery RAM at each start.
battery_rom() { cartridge "$1" 0 2 ee 00 60 4c 03 c0; }

# one_line: what the last `run` printed is one line "mews: WHAT..."
one_line() {
    [ "${#lines[@]}" -eq 1 ] && [[ $output == "mews: "* ]]
}

# json EXPRESSION: the last `run` printed JSON j of which the Python expression is true
json() {
    python3 -c "
import json, sys
j = json.load(sys.stdin)
assert $1, j" <<<"$output"
}

# assemble NAME: assembles standard input into NAME.hk: without the C runtime, `push value` as cc65 does it, and $10.. on the zero page.
assemble() {
    local source=$BATS_TEST_DIRNAME/../../guests/c6502
    {
        cat <<'END'
        .include "6502v.inc"
sp = $00
.macro push value
        lda #<(value)
        ldx #>(value)
        jsr pushax
.endmacro
.macro print from, bytes
        push 1
        push from
        lda #<(bytes)
        ldx #>(bytes)
        vmcall WRITE
.endmacro
.segment "HEADER"
        .byte "HKNS"
.segment "VECTORS"
        .addr irq, reset, irq
.segment "CODE"
reset:  cld
        ldx #$ff
        txs
        lda #$00
        sta sp
        lda #$0f
        sta sp+1
        jmp main
pushax: pha
        sec
        lda sp
        sbc #2
        sta sp
        bcs :+
        dec sp+1
:       ldy #1
        txa
        sta (sp),y
        dey
        pla
        sta (sp),y
        rts
irq:    rti
main:
END
        cat
    } >"$1.asm"
    ca65 -g -I "$source/include" -o "$1.o" "$1.asm"
    ld65 -C "$source/asm.cfg" -Ln "$1.labels" -o "$1.hk" "$1.o"
}

# needs_kvm: skips the test where /dev/kvm cannot be opened, or is not what mews can use, with its sentence
needs_kvm() {
    local why
    [ -r /dev/kvm ] && [ -w /dev/kvm ] || skip "no /dev/kvm that could be opened"
    bytes f4 >just-hlt
    why=$(mews run --kind kvm just-hlt 2>&1) || [[ $why != *" /dev/kvm"* ]] || skip "${why#mews: just-hlt: }"
}

# What the guest has said: where the host has no namespaces the log says that as well.
guests_words() { mews logs "$1" | grep -v '^mews: no namespaces here'; }
