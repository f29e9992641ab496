; Namco 129 and 163.

MAPPER = 19
SUBMAPPER = 0
PRG8 = 64
CHR1 = 256
RAM = $07
REPORT6000 = 1
        .include "shell.inc"

title:  .byte "NAMCO 163 MAPPER 19", 0

steps:  group "PRG"
        all_prg $E000, $8000, 64, 0, 0, $40
        all_prg $E800, $A000, 64, 0, 0, $C0
        all_prg $F000, $C000, 64, 0, 0, 0
        prg $E000, 63

        group "CHR"
        wr $E800, $C0           ; banks from $E0 on are ROM too
        .repeat 8, i
        all_chr $8000 + i * $800, i * $400, 256, 0, 0, 0
        .endrepeat

        group "NAME TABLES"
        wr $C000, $E0
        wr $C800, $E1
        wr $D000, $E0
        wr $D800, $E1
        mark $24
        nt 0, 1, 0, 1
        wr $C800, $E0
        wr $D000, $FF           ; any odd one is the second page
        nt 0, 0, 1, 1
        wr $D800, $FE
        nt 0, 0, 1, 0
        all_chr $C800, $2400, 224, 0, 0, 0
        all_chr $D800, $2C00, 224, 0, 0, 0
        wr $C800, $E0
        wr $D800, $E1

        group "CIRAM AS TILES"
        wr $8000, $E1
        wr $A000, $E1
        ppu_write $23BE, $A0
        wr $E800, $80           ; on the left alone
        ppu_read $03BE, $A1
        ppu_write $03BD, $77
        ppu_read $2BBD, $77
        tiles $1000, $E1
        wr $E800, $40
        ppu_read $13BE, $A1
        tiles $0000, $E1

        group "CHIP RAM"
        wr $F800, $80
        .repeat 8, i
        wr $4800, $30 + i
        .endrepeat
        wr $F800, $81
        .repeat 7, i
        read $4800 + i, $31 + i
        .endrepeat
        wr $F800, $03           ; the address stands still
        read $4800, $33
        read $4800, $33
        wr $F800, $FF           ; and turns over from $7F
        wr $4800, $42
        read $4800, $30

        group "RAM"
        wr $F800, $40
        wr $6000, $5A
        wr $6800, $5B
        wr $7000, $5C
        wr $7800, $5D
        wr $F800, $45           ; $6000 and $7000 are protected
        wr $6000, 1
        wr $6800, 2
        wr $7000, 3
        wr $7800, 4
        read $6000, $5A
        read $6800, 2
        read $7000, $5C
        read $7800, 4
        wr $F800, $00
        wr $6800, 5
        read $6800, 2
        wr $F800, $40

        .macro timed start, cycles
        .repeat 2, late
        wr $5800, 0
        wr $5000, <(start)
        irq_after $5800, >(start), cycles, late
        .endrepeat
        .endmacro
        group "IRQ"
        timed $FFF0, 15
        timed $FEFF, 256
        timed $7FF0, 0          ; not enabled
        timed $FFFF, 0          ; there already
        wr $5800, 0
        done

restore:
        wr $F800, $40
        wr $E800, $C0
        .repeat 4, i
        wr $8000 + i * $800, i
        wr $C000 + i * $800, $E0
        .endrepeat
        done
