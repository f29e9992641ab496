; Jaleco JF-05 and its kin: the register is where RAM would be, its two bits exchanged.

MAPPER = 87
SUBMAPPER = 0
PRG8 = 4
CHR1 = 32
        .include "shell.inc"

title:  .byte "JF-05 MAPPER 87", 0

steps:  group "CHR"
        wr $6000, 0
        tiles $0000, 0
        wr $6000, 1
        tiles $0000, 16
        wr $7FFF, 2
        tiles $0000, 8
        wr $7000, 3
        tiles $0000, 24
        tiles $1C00, 31
        wr $8000, 0
        tiles $0000, 24

        group "PRG"
        prg $8000, 0
        prg $A000, 1
        prg $C000, 2
        prg $E000, 3

        group "MIRRORING"
        mark $28
        nt 0, 0, 1, 1
        wr $6000, 0
        done

restore:
        wr $6000, 0
        done
