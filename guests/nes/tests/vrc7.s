; Konami VRC7. ODD: the address line that selects the second register of a row.

MAPPER = 85
PRG8 = 64
CHR1 = 256
RAM = $07
REPORT6000 = 1
        .include "shell.inc"

title:  .byte "VRC7 MAPPER 85.", '0' + SUBMAPPER, 0

steps:  group "PRG"
        all_prg $8000, $8000, 64, 0, 0, 0
        all_prg $8000+ODD, $A000, 64, 0, 0, 0
        all_prg $9000, $C000, 64, 0, 0, 0
        prg $E000, 63

        group "CHR"
        .repeat 8, i
        all_chr $A000 + (i / 2) * $1000 + (i .mod 2) * ODD, i * $400, 256, 0, 0, 0
        .endrepeat

        group "MIRRORING"
        wr $E000, $80
        mark $24
        nt 0, 1, 0, 1
        wr $E000, $81
        nt 0, 0, 1, 1
        wr $E000, $82
        nt 0, 0, 0, 0
        wr $E000, $83
        nt 1, 1, 1, 1

        group "RAM"
        wr $6000, $5A
        read $6000, $5A
        wr $E000, $00
        open $6000
        wr $6000, $A5
        wr $E000, $80
        read $6000, $5A

        .macro timed latch, control, cycles
        .repeat 2, late
        wr $F000, 0
        wr $E000+ODD, latch
        irq_after $F000, control, cycles, late
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
        wr $F000, 4
        irq_after $F000+ODD, 0, 0, 0
        wr $F000, 0
        done

restore:
        wr $E000, $80
        .repeat 4, i
        wr $A000 + (i / 2) * $1000 + (i .mod 2) * ODD, i
        .endrepeat
        done
