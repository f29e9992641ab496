; The four bytes by which a 6502v image is known.

        .export __EXEHDR__ : absolute = 1

        .segment "EXEHDR"
        .byte   "HKNS"
