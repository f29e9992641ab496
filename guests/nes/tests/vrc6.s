; Konami VRC6. A0 and A1: the processor's lines on the chip's two.

PRG8 = 32
CHR1 = 256
SUBMAPPER = 0
RAM = $07
REPORT6000 = 1
        .include "shell.inc"

n1 = A0
n2 = A1
n3 = A0 + A1

title:  .byte "VRC6 MAPPER ", '0' + MAPPER / 10, '0' + MAPPER .mod 10, 0

steps:  group "PRG"
        .repeat 16, i           ; 16 KiB: two banks of 8 for each value
        wr $8000 + (i & 3), i
        prg $8000, i * 2
        prg $A000, i * 2 + 1
        .endrepeat
        all_prg $C000, $C000, 32, 0, 0, 0
        prg $E000, 31

        group "CHR"
        wr $B000+n3, $20
        all_chr $D000, $0000, 256, 0, 0, 0
        all_chr $D000+n1, $0400, 256, 0, 0, 0
        all_chr $D000+n2, $0800, 256, 0, 0, 0
        all_chr $D000+n3, $0C00, 256, 0, 0, 0
        all_chr $E000, $1000, 256, 0, 0, 0
        all_chr $E000+n1, $1400, 256, 0, 0, 0
        all_chr $E000+n2, $1800, 256, 0, 0, 0
        all_chr $E000+n3, $1C00, 256, 0, 0, 0

        group "CHR MODES"
        wr $D000, $11
        wr $D000+n1, $21
        wr $D000+n2, $31
        wr $D000+n3, $41
        wr $E000, $51
        wr $E000+n1, $61
        wr $B000+n3, $21        ; pairs, with A10
        tiles $0000, $10
        tiles $0400, $11
        tiles $0800, $20
        tiles $0C00, $21
        tiles $1800, $40
        tiles $1C00, $41
        wr $B000+n3, $22        ; four single, two pairs
        tiles $0000, $11
        tiles $0C00, $41
        tiles $1000, $50
        tiles $1400, $51
        tiles $1800, $60
        tiles $1C00, $61

        group "MIRRORING"
        wr $B000+n3, $20
        mark $24
        nt 0, 1, 0, 1
        wr $B000+n3, $24
        nt 0, 0, 1, 1
        wr $B000+n3, $28
        nt 0, 0, 0, 0
        wr $B000+n3, $2C
        nt 1, 1, 1, 1

        group "RAM"
        wr $B000+n3, $A0
        wr $6000, $5A
        read $6000, $5A
        wr $B000+n3, $20
        open $6000
        wr $6000, $A5
        wr $B000+n3, $A0
        read $6000, $5A

        .macro timed latch, control, cycles
        .repeat 2, late
        wr $F000+n1, 0
        wr $F000, latch
        irq_after $F000+n1, control, cycles, late
        .endrepeat
        .endmacro
        group "IRQ CYCLES"
        timed $F0, 6, 16
        timed $00, 6, 256
        timed $00, 4, 0
        group "IRQ LINES"
        timed $FF, 2, 114
        timed $FE, 2, 228
        timed $FD, 2, 341
        group "IRQ ACKNOWLEDGE"
        wr $F000+n1, 4
        irq_after $F000+n2, 0, 0, 0
        wr $F000+n1, 0
        done

restore:
        wr $B000+n3, $A0
        wr $D000, 0
        wr $D000+n1, 1
        wr $D000+n2, 2
        wr $D000+n3, 3
        done
