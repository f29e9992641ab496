; Sunsoft FME-7.

MAPPER = 69
SUBMAPPER = 0
PRG8 = 64
CHR1 = 256
RAM = $07
REPORT6000 = 1
        .include "shell.inc"

title:  .byte "FME-7 MAPPER 69", 0

        .macro set register, v
        wr $8000, register
        wr $A000, v
        .endmacro

steps:  group "PRG"
        wr $8000, 9
        all_prg $A000, $8000, 64, 0, 0, 0
        wr $8000, 10
        all_prg $A000, $A000, 64, 0, 0, 0
        wr $8000, 11
        all_prg $A000, $C000, 64, 0, 0, 0
        wr $8000, 8
        all_prg $A000, $6000, 64, 0, 0, 0
        prg $E000, 63

        group "CHR"
        .repeat 8, i
        wr $8000, i
        all_chr $A000, i * $400, 256, 0, 0, 0
        .endrepeat

        group "MIRRORING"
        set 12, 0
        mark $24
        nt 0, 1, 0, 1
        set 12, 1
        nt 0, 0, 1, 1
        set 12, 2
        nt 0, 0, 0, 0
        set 12, 3
        nt 1, 1, 1, 1

        group "RAM"
        set 8, $C0
        wr $6000, $5A
        read $6000, $5A
        set 8, $40
        open $6000
        set 8, $C0
        read $6000, $5A

        .macro timed start, control, cycles
        .repeat 2, late
        set 13, 0
        set 14, <(start)
        set 15, >(start)
        wr $8000, 13
        irq_after $A000, control, cycles, late
        .endrepeat
        set 13, 0
        .endmacro
        group "IRQ"
        timed $0010, $81, 17    ; from 0 to $FFFF
        timed $0100, $81, 257
        timed $0010, $80, 0
        timed $0010, $01, 0
        done

restore:
        .repeat 4, i
        set i, i
        .endrepeat
        set 8, $C0
        done
