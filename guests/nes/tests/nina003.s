; NINA-003 and NINA-006.

MAPPER = 79
SUBMAPPER = 0
PRG8 = 8
CHR1 = 64
FLAGS = 1
        .include "shell.inc"

title:  .byte "NINA-003 MAPPER 79", 0

steps:  group "PRG"
        all_prg $4100, $8000, 2, 3, 2, 0
        prg $E000, 7
        wr $5FFF, 0
        prg $A000, 1
        prg $E000, 3

        group "DECODING"
        wr $4200, 8             ; A8 is low
        prg $8000, 0
        wr $6100, 8
        prg $8000, 0
        wr $8100, 8
        prg $8000, 0
        wr $4300, 8
        prg $8000, 4

        group "CHR"
        all_chr $4100, $0000, 8, 0, 3, 0
        all_chr $5100, $0000, 8, 0, 3, 8
        tiles $1C00, 63
        wr $4100, 0

        group "MIRRORING"
        mark $24
        nt 0, 1, 0, 1
        done

restore:
        wr $4100, 0
        done
