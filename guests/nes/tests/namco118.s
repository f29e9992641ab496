; Namco 118.

MAPPER = 206
SUBMAPPER = 0
PRG8 = 16
CHR1 = 64
FLAGS = 1
        .include "shell.inc"

title:  .byte "NAMCO 118 MAPPER 206", 0

steps:  group "PRG"
        wr $8000, $C6           ; MMC3's mode bits mean nothing
        all_prg $8001, $8000, 16, 0, 0, $F0
        wr $9FFE, 7
        all_prg $9FFF, $A000, 16, 0, 0, 0
        prg $C000, 14
        prg $E000, 15

        group "CHR"
        wr $8000, $80
        all_chr $8001, $0000, 32, 1, 1, $C0
        wr $8000, 1
        all_chr $8001, $0800, 32, 1, 1, 1
        .repeat 4, i
        wr $8000, 2 + i
        all_chr $8001, $1000 + i * $400, 64, 0, 0, 0
        .endrepeat

        group "MIRRORING"
        mark $24
        wr $A000, 1             ; soldered
        nt 0, 1, 0, 1
        done

restore:
        wr $8000, 0
        wr $8001, 0
        wr $8000, 1
        wr $8001, 2
        done
