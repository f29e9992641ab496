; Sunsoft-1: two halves of the pattern table in one register; the right one is among the upper four.

MAPPER = 184
SUBMAPPER = 0
PRG8 = 4
CHR1 = 32
FLAGS = 1
        .include "shell.inc"

title:  .byte "SUNSOFT-1 MAPPER 184", 0

steps:  group "CHR"
        all_chr $6000, $0000, 8, 0, 2, 0
        .repeat 4, i
        wr $7FFF, i << 4
        tiles $1000, 16 + i * 4
        tiles $1C00, 19 + i * 4
        tiles $0000, 0
        .endrepeat
        wr $6000, $35
        tiles $0C00, 23
        tiles $1000, 28
        wr $8000, 0
        tiles $0C00, 23

        group "PRG"
        prg $8000, 0
        prg $E000, 3

        group "MIRRORING"
        mark $24
        nt 0, 1, 0, 1
        wr $6000, $10
        done

restore:
        wr $6000, 0
        done
