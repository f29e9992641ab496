; Boards with one switched bank of 16 KiB and one that stays. COUNT banks, the number's place in the register: SHIFT.

PRG8 = COUNT * 2
CHR1 = 0
        .ifndef FLAGS
FLAGS = 1
        .endif
        .ifndef SUBMAPPER
SUBMAPPER = 0
        .endif
        .if MAPPER = 71 || FLAGS & 2
CONFLICTS = 0
        .else
CONFLICTS = 1
        .endif
        .if MAPPER = 30
CHRRAM = 9
        .endif
        .include "shell.inc"

title:  .byte "UXROM MAPPER ", '0' + MAPPER / 100, '0' + MAPPER / 10 .mod 10, '0' + MAPPER .mod 10, '.'
        .byte '0' + SUBMAPPER, 0

        .if MAPPER = 93
WITH = 1                        ; pattern RAM answers
        .else
WITH = 0
        .endif

steps:  group "PRG"
        .if MAPPER = 180
        all_prg $8000, $C000, COUNT, SHIFT, 1, WITH
        prg $E000, COUNT * 2 - 1
        prg $8000, 0
        prg $A000, 1
        .else
        all_prg $C000, $8000, COUNT, SHIFT, 1, WITH
        prg $A000, COUNT * 2 - 1
        prg $C000, COUNT * 2 - 2
        prg $E000, COUNT * 2 - 1
        .endif
        wr $C000, (1 << SHIFT) | WITH

        .if CONFLICTS
        group "CONFLICT"        ; the ROM pulls bits down
        wr_over identity + ((3 << SHIFT) | WITH), (6 << SHIFT) | WITH
        .if MAPPER = 180
        prg $C000, 4
        .else
        prg $8000, 4
        .endif
        .endif

        .if MAPPER = 71
        group "DECODING"
        wr $C000, 1
        wr $8000, 2
        prg $8000, 2
        wr $BFFF, 2
        prg $8000, 2
        wr $FFFF, 2
        prg $8000, 4
        .endif

        group "CHR RAM"
        ppu_write $0010, $5A
        ppu_write $1FFF, $A5
        ppu_read $0010, $5A
        ppu_read $1FFF, $A5
        .if MAPPER = 93
        wr $8000, 0             ; silent: the low byte of the address is still on the bus
        ppu_read $0155, $55
        ppu_write $0011, $77
        wr $8000, 1
        ppu_read $0010, $5A
        .endif
        .if MAPPER = 30
        .repeat 4, i            ; four banks of 8 KiB
        wr $C000, i << 5
        ppu_write $0FF0, $90 + i
        .endrepeat
        .repeat 4, i
        wr $C000, i << 5
        ppu_read $0FF0, $90 + i
        .endrepeat
        wr $C000, 0
        .endif

        group "MIRRORING"
        .if MAPPER = 71 && SUBMAPPER = 1
        wr $9000, 0             ; one screen, which the board chooses
        ppu_write $23BE, $A0
        wr $9FFF, $10
        ppu_write $23BE, $A1
        nt 1, 1, 1, 1
        wr $9800, 0
        nt 0, 0, 0, 0
        .elseif MAPPER = 30 && FLAGS = 8
        wr $8000, 0
        ppu_write $23BE, $A0
        wr $8000, $80
        ppu_write $23BE, $A1
        nt 1, 1, 1, 1
        wr $8000, 0
        nt 0, 0, 0, 0
        .elseif MAPPER = 30 && FLAGS = 9
        ppu_write $23BE, $A0    ; four, in the last bank of pattern RAM
        ppu_write $27BE, $A1
        ppu_write $2BBE, $A2
        ppu_write $2FBE, $A3
        nt 0, 1, 2, 3
        wr $8000, $60
        ppu_read $0BBE, $A2
        wr $8000, 0
        .elseif FLAGS & 1
        mark $24
        nt 0, 1, 0, 1
        .else
        mark $28
        nt 0, 0, 1, 1
        .endif
        done

restore:
        wr $C000, WITH
        done
