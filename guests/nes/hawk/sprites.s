; Metasprites and the controller.
;
; A metasprite is a list of hardware sprites with offsets from one corner. The game sets sprite_x (16 bits: parts
; beyond either edge of the screen are left out) and sprite_y and calls sprite_draw with its number.

        .include "nes.inc"
        .export sprites_finish, _sprites_begin, _sprite_draw, _beam_draw
        .exportzp _sprite_x, _sprite_y, _sprite_palette, _pad, _pad_pressed
        .export _pad_read
        .import metasprite_low, metasprite_high

        .segment "ZEROPAGE"
_sprite_x:       .res 2
_sprite_y:       .res 1
_sprite_palette: .res 1         ; 0, or other attribute bits to mix in
_pad:            .res 1         ; buttons held: A B Select Start Up Down Left Right, from bit 7
_pad_pressed:    .res 1         ; of these, the ones that were not held before
pointer:         .res 2
next:            .res 1         ; the first free byte of the sprite page
part_tile:       .res 1
part_palette:    .res 1

        .segment "OAM"
oam:    .res 256

        .segment "CODE"

; void sprites_begin(void): an empty list
_sprites_begin:
        lda #0
        sta next
        rts

; void __fastcall__ beam_draw(unsigned char tile): sprite 0, at the status bar's edge. Must come first.
_beam_draw:
        sta oam+1
        lda #27                 ; a sprite appears one line lower: line 28
        sta oam
        lda #$20                ; behind the background
        sta oam+2
        lda #240
        sta oam+3
        lda #4
        sta next
        rts

; void __fastcall__ sprite_draw(unsigned char number)
_sprite_draw:
        tax
        lda metasprite_low,x
        sta pointer
        lda metasprite_high,x
        sta pointer+1
        ldy #0
        ldx next
@part:  lda (pointer),y
        cmp #$FF
        beq @end
        sta part_tile
        iny
        lda (pointer),y
        ora _sprite_palette
        sta part_palette
        iny
        lda (pointer),y
        iny
        clc
        adc _sprite_x
        sta oam+3,x
        lda _sprite_x+1
        adc #0
        bne @skip               ; left or right of the screen
        lda (pointer),y
        clc
        adc _sprite_y
        bcs @skip               ; below it
        sta oam,x
        lda part_tile
        sta oam+1,x
        lda part_palette
        sta oam+2,x
        inx
        inx
        inx
        inx
        beq @full
@skip:  iny
        bne @part
@end:   stx next
        rts
@full:  ldx #252                ; 63 are enough
        stx next
        rts

; Hide what is left of the page.
sprites_finish:
        ldx next
        lda #$F0
@hide:  sta oam,x
        inx
        inx
        inx
        inx
        bne @hide
        rts

; void pad_read(void): a strobe latches the eight buttons, eight reads bring them one by one.
_pad_read:
        lda _pad
        sta part_tile           ; what was held before
        lda #1
        sta JOYPAD1
        sta _pad                ; a one that falls out after eight shifts
        lsr
        sta JOYPAD1
@bit:   lda JOYPAD1
        and #3                  ; bit 0: the socket; bit 1: a Famicom's expansion port
        cmp #1
        rol _pad
        bcc @bit
        lda part_tile
        eor #$FF
        and _pad
        sta _pad_pressed
        rts
