; Namco 175 (SUBMAPPER 1) and 340 (2).

MAPPER = 210
PRG8 = 64
CHR1 = 256
        .if SUBMAPPER = 1
RAM = $05
FLAGS = 1
REPORT6000 = 1
        .endif
        .include "shell.inc"

title:  .byte "NAMCO 175/340 MAPPER 210.", '0' + SUBMAPPER, 0

steps:  group "PRG"
        all_prg $E000, $8000, 64, 0, 0, $40
        all_prg $E800, $A000, 64, 0, 0, 0
        all_prg $F000, $C000, 64, 0, 0, 0
        prg $E000, 63

        group "CHR"
        .repeat 8, i
        all_chr $8000 + i * $800, i * $400, 256, 0, 0, 0
        .endrepeat

        group "MIRRORING"
        wr $E000, $40
        mark $24
        nt 0, 1, 0, 1
        .if SUBMAPPER = 2
        wr $E000, $C0
        nt 0, 0, 1, 1
        wr $E000, $00
        nt 0, 0, 0, 0
        wr $E000, $80
        nt 1, 1, 1, 1
        .else
        wr $E000, $C0           ; soldered
        nt 0, 1, 0, 1

        group "RAM"
        wr $C000, 1
        wr $6005, $5A
        read $6805, $5A         ; 2 KiB, four times
        read $7005, $5A
        read $7805, $5A
        wr $C000, 0
        open $6005
        wr $6005, $A5
        wr $C000, 1
        read $6005, $5A
        .endif
        done

restore:
        wr $C000, 1
        .repeat 4, i
        wr $8000 + i * $800, i
        .endrepeat
        done
