; CNROM whose pattern ROM answers only while two bits hold a key. SUBMAPPER 4 to 7: the key is 0 to 3; without one, what
; known programs use must be understood.

MAPPER = 185
PRG8 = 4
CHR1 = 8
CONFLICTS = 1
        .include "shell.inc"

title:  .byte "CNROM KEY MAPPER 185.", '0' + SUBMAPPER, 0

        .macro silent           ; the low byte of the address is still on the bus
        ppu_read $0010, $10
        ppu_read $0155, $55
        ppu_read $1FAA, $AA
        .endmacro

steps:  group "KEY"
        .if SUBMAPPER >= 4
        .repeat 4, i
        wr $8000, i
        .if i = (SUBMAPPER & 3)
        tiles $0000, 0
        tiles $1C00, 7
        .else
        silent
        .endif
        .endrepeat
        wr $8000, $30 | (SUBMAPPER & 3)
        tiles $0400, 1
        .else
        .repeat 2
        wr $8000, $13
        silent
        wr $8000, $33
        tiles $0400, 1
        wr $8000, $20
        silent
        wr $8000, $11
        tiles $0400, 1
        .endrepeat
        .endif

        group "CONFLICT"        ; the ROM pulls bits down
        .if SUBMAPPER >= 4
        wr_over identity + $FC | (SUBMAPPER & 3), $FF
        tiles $0400, 1
        .else
        wr_over identity + $10, $13
        silent
        wr $8000, $11
        .endif

        group "PRG"
        prg $8000, 0
        prg $E000, 3
        group "MIRRORING"
        mark $28
        nt 0, 0, 1, 1
        done

restore:
        .if SUBMAPPER >= 4
        wr $8000, SUBMAPPER & 3
        .else
        wr $8000, $11
        .endif
        done
