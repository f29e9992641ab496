; Taito TC0190.

MAPPER = 33
SUBMAPPER = 0
PRG8 = 64
CHR1 = 512
        .include "shell.inc"

title:  .byte "TC0190 MAPPER 33", 0

steps:  group "PRG"
        all_prg $8000, $8000, 64, 0, 0, 0
        all_prg $8001, $A000, 64, 0, 0, 0
        prg $C000, 62
        prg $E000, 63

        group "CHR"
        all_chr $8002, $0000, 256, 0, 1, 0
        all_chr $8003, $0800, 256, 0, 1, 0
        .repeat 4, i
        all_chr $A000 + i, $1000 + i * $400, 256, 0, 0, 0
        .endrepeat
        wr $9FFE, 7             ; A13 to A15 and two lines below are decoded
        tiles $0400, 15

        group "MIRRORING"
        wr $8000, $00
        mark $24
        nt 0, 1, 0, 1
        wr $8000, $40
        nt 0, 0, 1, 1
        done

restore:
        wr $8002, 0
        wr $8003, 1
        done
