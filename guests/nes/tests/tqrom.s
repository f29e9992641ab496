; TQROM: MMC3 with pattern ROM and RAM.

MAPPER = 119
SUBMAPPER = 0
PRG8 = 16
CHR1 = 64
CHRRAM = 7
        .include "shell.inc"

title:  .byte "TQROM MAPPER 119", 0

        .macro set register, v
        wr $8000, register
        wr $8001, v
        .endmacro

steps:  group "PRG"
        wr $8000, 6
        all_prg $8001, $8000, 16, 0, 0, 0
        wr $8000, 7
        all_prg $8001, $A000, 16, 0, 0, 0
        prg $C000, 14
        prg $E000, 15
        set $46, 3
        prg $8000, 14
        prg $C000, 3

        group "CHR ROM"
        wr $8000, 0
        all_chr $8001, $0000, 32, 1, 1, 0
        wr $8000, 1
        all_chr $8001, $0800, 32, 1, 1, 0
        .repeat 4, i
        wr $8000, 2 + i
        all_chr $8001, $1000 + i * $400, 64, 0, 0, $80
        .endrepeat

        group "CHR RAM"
        .repeat 8, i            ; eight pages, each with its number
        set 2, $40 + i
        ppu_write $1005, $90 + i
        .endrepeat
        .repeat 8, i
        set 2, $78 + i          ; three bits count
        ppu_read $1005, $90 + i
        .endrepeat
        set 0, $42
        ppu_read $0005, $92
        ppu_read $0405, $93
        set 2, 7                ; the ROM is still there, and does not take writes
        ppu_write $1000, $FF
        tiles $1000, 7
        set $80, $44
        ppu_read $1005, $94

        group "MIRRORING"
        wr $A000, 0
        mark $24
        nt 0, 1, 0, 1
        wr $A000, 1
        nt 0, 0, 1, 1
        done

restore:
        set 0, 0
        set 1, 2
        done
