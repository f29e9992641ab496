; Konami VRC2 and VRC4. A0 and A1: the processor's lines on the chip's two. CHIP: 2 or 4. HALVED: the lowest bit of a
; tile bank is not connected (VRC2a). INES: the header does not name the wiring; RAM is then always on.

PRG8 = 32
        .if CHIP = 4
CHR1 = 512
        .else
CHR1 = 256
        .endif
RAM = $07
REPORT6000 = 1
        .ifndef HALVED
HALVED = 0
        .endif
        .include "shell.inc"

n1 = A0                         ; the chip's registers in each row
n2 = A1
n3 = A0 + A1

title:
        .if CHIP = 2
        .byte "VRC2"
        .else
        .byte "VRC4"
        .endif
        .byte " MAPPER ", '0' + MAPPER / 10, '0' + MAPPER .mod 10, '.', '0' + SUBMAPPER, 0

steps:  group "PRG"
        all_prg $8000, $8000, 32, 0, 0, $E0
        all_prg $A000, $A000, 32, 0, 0, $E0
        prg $C000, 30
        prg $E000, 31
        all_prg $8000+n3, $8000, 32, 0, 0, 0
        all_prg $A000+n3, $A000, 32, 0, 0, 0

        group "CHR"
        .repeat 8, i
        all_nibbles $B000 + (i / 2) * $1000 + (i .mod 2) * n2, $B000 + (i / 2) * $1000 + (i .mod 2) * n2 + n1, i * $400, CHR1, HALVED
        .endrepeat

        group "MIRRORING"
        wr $9000, 0
        mark $24
        nt 0, 1, 0, 1
        wr $9000, 1
        nt 0, 0, 1, 1
        wr $9000+n1, $FC
        nt 0, 1, 0, 1
        .if CHIP = 4
        wr $9000, 2
        nt 0, 0, 0, 0
        wr $9000, 3
        nt 1, 1, 1, 1
        .else
        wr $9000+n2, 3     ; one bit, at all four addresses
        nt 0, 0, 1, 1
        wr $9000+n3, 2
        nt 0, 1, 0, 1
        .endif

        .if CHIP = 4
        group "SWAP"
        wr $8000, 5
        wr $9000+n2, 2
        prg $8000, 30
        prg $C000, 5
        prg $E000, 31
        wr $9000+n3, 0     ; the same register
        prg $8000, 5
        prg $C000, 30

        group "RAM"
        wr $9000+n2, 1
        wr $6000, $5A
        read $6000, $5A
        .if !INES
        wr $9000+n2, 0
        open $6000
        wr $6000, $A5
        wr $9000+n2, 1
        read $6000, $5A
        .endif

        .macro timed latch, control, cycles
        .repeat 2, late
        wr $F000+n2, 0
        wr $F000, (latch) & 15
        wr $F000+n1, (latch) >> 4
        irq_after $F000+n2, control, cycles, late
        .endrepeat
        .endmacro
        group "IRQ CYCLES"
        timed $F0, 6, 16
        timed $00, 6, 256
        timed $00, 4, 0         ; not enabled
        group "IRQ LINES"
        timed $FF, 2, 114
        timed $FE, 2, 228
        timed $FD, 2, 341
        group "IRQ ACKNOWLEDGE"
        wr $F000, 15
        wr $F000+n1, 15
        wr $F000+n2, 4     ; off, and off after it
        irq_after $F000+n3, 0, 0, 0
        wr $F000+n2, 0
        .endif
        done

restore:
        .repeat 4, i
        wr $B000 + (i / 2) * $1000 + (i .mod 2) * n2, i << HALVED
        wr $B000 + (i / 2) * $1000 + (i .mod 2) * n2 + n1, 0
        .endrepeat
        .if CHIP = 4
        wr $9000+n2, 1
        .endif
        done
