; The parts of the land that C would be too slow for: every frame several touches ask land_at, and a column of tiles
; is forty bytes out of four tables.

        .include "nes.inc"
        .export _tiles_queue, _land_at
        .import _ring, _camera, _column_next, _vram_buffer
        .importzp _vram_length, sp, ptr1, tmp1
        .import _block_top_left, _block_top_right, _block_bottom_left, _block_bottom_right, _block_flags
        .import incsp1

ROWS     = 10                   ; as in hawk.h
LAND_TOP = 80

        .segment "CODE"

; ptr1 = ring + A + 256 * X
.macro column_point
        clc
        adc #<_ring
        sta ptr1
        txa
        adc #>_ring
        sta ptr1+1
.endmacro

; void __fastcall__ tiles_queue(unsigned char right): append a column of tiles, the left or the right half of the
; column of blocks column_next. It goes downwards from row 10 of the left or the right name table.
_tiles_queue:
        sta tmp1
        ldx _vram_length
        lda _column_next
        asl
        and #$1E
        ora tmp1                ; the column within its name table
        ora #$40
        sta _vram_buffer+1,x
        lda #ROWS * 2
        sta _vram_buffer+2,x
        lda _column_next
        and #$10
        cmp #$10                ; carry: the right name table
        lda #$80 | $21
        bcc :+
        lda #$80 | $25
:       sta _vram_buffer,x
        inx
        inx
        inx
        stx _vram_length

        lda _column_next        ; 16 bytes for each of 32 columns
        and #$10
        lsr
        lsr
        lsr
        lsr
        tax
        lda _column_next
        asl
        asl
        asl
        asl
        column_point
        ldx _vram_length
        ldy #0
        lda tmp1
        bne right_half

.macro half top, bottom
        .local next
next:   sty tmp1
        lda (ptr1),y
        tay
        lda top,y
        sta _vram_buffer,x
        lda bottom,y
        sta _vram_buffer+1,x
        inx
        inx
        ldy tmp1
        iny
        cpy #ROWS
        bne next
        stx _vram_length
        rts
.endmacro
        half _block_top_left, _block_bottom_left
right_half:
        half _block_top_right, _block_bottom_right

; unsigned char __fastcall__ land_at(unsigned char screen_x, unsigned char y)
_land_at:
        cmp #LAND_TOP
        bcc @air
        sbc #LAND_TOP
        cmp #ROWS * 16
        bcc :+
        lda #ROWS * 16 - 1      ; below the last block it goes on
:       lsr
        lsr
        lsr
        lsr
        sta tmp1
        ldy #0
        lda (sp),y              ; screen_x
        clc
        adc _camera
        php
        and #$F0                ; the ring's column, times 16
        ora tmp1
        sta tmp1
        plp
        lda _camera+1
        adc #0
        and #$01
        tax
        lda tmp1
        column_point
        lda (ptr1),y
        tay
        lda _block_flags,y
        jmp @end
@air:   lda #0
@end:   ldx #0
        jmp incsp1              ; takes screen_x off C's stack; leaves A and X alone
