; From the reset button to main().
;
; The file header tells an emulator which cartridge board this is; a real cartridge has no such thing, its board
; simply is what it is. Then come the three vectors and what must be done before C can run.

        .include "nes.inc"
        .import _main, nmi, sound_init
        .import copydata
        .import __STACK_TOP__
        .importzp sp            ; cc65's own stack pointer, for arguments and locals
        .export __STARTUP__ : absolute = 1

; The header in NES 2.0 form: mapper 1 (MMC1).
        .segment "HEADER"
        .byte "NES", $1A
        .byte 2                 ; 2 x 16 KiB program
        .byte 2                 ; 2 x 8 KiB pictures
        .byte $13               ; mapper 1; battery; side-by-side name tables at first
        .byte $08               ; this is NES 2.0
        .byte $00, $00
        .byte $70               ; 64 << 7 = 8 KiB RAM kept by a battery
        .byte $00, $00, $00, $00
        .byte $01               ; wants a standard controller

        .segment "VECTORS"
        .addr nmi, reset, irq

        .segment "CHR"
        .incbin "world.chr"     ; bank 0
        .incbin "title.chr"     ; bank 1
        .incbin "sprites.chr"   ; bank 2

        .segment "STARTUP"

; Power-on leaves RAM and most registers as chance will have it, and the PPU ignores writes for about a frame. So:
; silence everything, wait for two vertical blanks, clear RAM in between.
reset:
        sei
        cld
        ldx #$40
        stx APUFRAME            ; no frame interrupt
        ldx #$FF
        txs
        inx
        stx PPUCTRL             ; no NMI
        stx PPUMASK             ; no picture
        stx DMCFREQ             ; no sample interrupt
        bit PPUSTATUS           ; forget a vertical blank from before the reset
@blank_1:
        bit PPUSTATUS
        bpl @blank_1

        txa
@clear: sta $00,x
        sta $0100,x
        sta $0300,x
        sta $0400,x
        sta $0500,x
        sta $0600,x
        sta $0700,x
        inx
        bne @clear
        lda #$F0                ; sprites sleep below the screen
@hide:  sta $0200,x
        inx
        bne @hide

@blank_2:
        bit PPUSTATUS
        bpl @blank_2

        jsr mmc1_init
        lda #<__STACK_TOP__
        sta sp
        lda #>__STACK_TOP__
        sta sp+1
        jsr copydata            ; initialised C variables: from ROM to RAM
        jsr sound_init
        lda #CTRL_NMI
        sta PPUCTRL             ; from here on the music plays; the picture is still off
        jmp _main

irq:    rti                     ; nothing here asks for one

; The MMC1 is written one bit at a time, lowest first; the fifth write says by its address which register is meant.
; Writing a value with bit 7 set starts afresh.
.macro mmc1_write address
        sta address
        .repeat 4
        lsr
        sta address
        .endrepeat
.endmacro

mmc1_init:
        lda #$80
        sta $8000
        lda #%10010             ; CHR in two 4 KiB banks, PRG as one of 32 KiB, name tables side by side
        mmc1_write $8000
        lda #2
        mmc1_write $C000        ; sprites at PPU $1000
        lda #0
        mmc1_write $E000        ; PRG bank 0, cartridge RAM on
        rts

; void __fastcall__ chr_bank(unsigned char bank): the background's pictures
        .export _chr_bank
_chr_bank:
        mmc1_write $A000
        rts
