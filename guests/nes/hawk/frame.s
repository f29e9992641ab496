; The frame: what happens sixty times a second whatever the game is doing.
;
; The PPU may only be fed while it is not drawing. It says when that begins by an NMI. The game prepares everything in
; RAM (sprites, a list of writes, scroll positions), sets frame_ready and waits; the handler below hands it over:
;
;   line 241  NMI: sprite DMA, the list of writes, then music while nothing is drawn anyway
;   line 0    status bar, scroll 0
;   line 29   sprite 0 touches the bar's edge: scroll of the clouds' band
;   line 76   counted out by a delay loop: scroll of the land; back to the game
;
; A game that is late only loses its turn: the splits and the music go on. lag_count tells how often that was.

        .include "nes.inc"
        .export nmi
        .export _vram_buffer
        .exportzp _vram_length, _frame_ready, _frame_count, _lag_count
        .exportzp _split_on, _picture_on, _cloud_scroll, _land_scroll
        .export _frame_wait, _picture_off, _picture_show, _vram_send, _screen_unpack, _palette_load
        .import sound_update, sprites_finish
        .importzp ptr1, tmp1

        .segment "ZEROPAGE"
_frame_ready:   .res 1          ; set by the game, cleared when its frame has been taken
_frame_count:   .res 1
_lag_count:     .res 2
_vram_length:   .res 1          ; bytes used of vram_buffer
_split_on:      .res 1
_picture_on:    .res 1          ; 0 while the game itself writes to the PPU
_cloud_scroll:  .res 2          ; in pixels, 0..511
_land_scroll:   .res 2
cloud_now:      .res 2          ; what the current frame shows
land_now:       .res 2

        .segment "BSS"
; A list of writes: address high (bit 7: go down a column), address low, count, that many bytes; and again.
_vram_buffer:   .res 128

        .segment "CODE"

nmi:    pha
        txa
        pha
        tya
        pha
        lda _picture_on
        beq @music              ; the game is writing to the PPU: hands off

        lda _frame_ready
        bne @take
        inc _lag_count
        bne @scroll
        inc _lag_count+1
        jmp @scroll

@take:  lda #0
        sta OAMADDR
        lda #>$0200
        sta OAMDMA              ; 256 bytes in 513 cycles
        jsr vram_flush
        ldx #3
@copy:  lda _cloud_scroll,x     ; both pairs: they lie side by side
        sta cloud_now,x
        dex
        bpl @copy
        inx
        stx _frame_ready

@scroll:
        lda #CTRL_NMI | CTRL_SPRITES
        sta PPUCTRL
        lda #0
        sta PPUSCROLL
        sta PPUSCROLL
        lda #MASK_ON
        sta PPUMASK

@music: jsr sound_update
        lda _picture_on
        beq @done
        lda _split_on
        beq @done
        jsr split
@done:  inc _frame_count
        pla
        tay
        pla
        tax
        pla
        rti

; void vram_send(void): the list of writes, at once, with the picture off
_vram_send:
        jsr vram_flush
        lda #CTRL_NMI
        sta PPUCTRL
        rts

; Send the list of writes: about 15 cycles a byte, and some 60 for each entry. The game keeps it under 90 bytes.
vram_flush:
        ldx #0
@entry: cpx _vram_length
        bcs @end
        lda _vram_buffer,x
        bmi @down
        ldy #CTRL_NMI | CTRL_SPRITES
        bne @go
@down:  and #$7F
        ldy #CTRL_NMI | CTRL_SPRITES | CTRL_DOWN
@go:    sty PPUCTRL
        sta PPUADDR
        lda _vram_buffer+1,x
        sta PPUADDR
        ldy _vram_buffer+2,x
        inx
        inx
        inx
@byte:  lda _vram_buffer,x
        sta PPUDATA
        inx
        dey
        bne @byte
        beq @entry
@end:   lda #0
        sta _vram_length
        rts

; Two changes of scroll within the picture. Only the horizontal part changes, so PPUSCROLL's first write and the name
; table bit in PPUCTRL suffice: the PPU takes them over at the end of the line. The lines around both places are of one
; colour, so it does not matter by how many pixels we miss.
split:  ldx #0
        ldy #<-4                ; give up after 1024 turns: a game must not hang on a missing sprite
@old:   bit PPUSTATUS           ; last frame's touch stands until line 261
        bvc @new
        inx
        bne @old
        iny
        bne @old
        rts
@new:   bit PPUSTATUS
        bvs @touch
        inx
        bne @new
        iny
        bne @new
        rts
@touch: ldy #cloud_now - cloud_now
        jsr scroll_set
        ldx #4                  ; 4 x 1280 cycles: 46 lines
        ldy #0
@delay: dey
        bne @delay
        dex
        bne @delay
        .assert >* = >@delay, error, "the delay loop crosses a page: it would take a fifth longer"
        ldy #land_now - cloud_now
scroll_set:
        lda cloud_now,y
        ldx cloud_now+1,y
        sta PPUSCROLL
        sta PPUSCROLL
        txa
        and #CTRL_RIGHT
        ora #CTRL_NMI | CTRL_SPRITES
        sta PPUCTRL
        rts

; void frame_wait(void): the game's frame is complete; returns when it has been taken over.
_frame_wait:
        jsr sprites_finish
        lda #1
        sta _frame_ready
@wait:  lda _frame_ready
        bne @wait
        rts

; void picture_off(void): from here on the game may write to the PPU itself.
_picture_off:
        lda #0
        sta _vram_length
        lda _picture_on
        beq @off
        jsr _frame_wait
@off:   ldx #0
        stx _picture_on
        stx PPUMASK
        lda #CTRL_NMI
        sta PPUCTRL             ; writes step by one; the NMI still drives the music
        rts

; void picture_show(void): the next frame is shown again. PPUMASK is set in vertical blank by the handler.
_picture_show:
        lda #0
        sta _frame_ready
        lda #1
        sta _picture_on
        rts

; void __fastcall__ screen_unpack(const unsigned char *packed): after vram_address has been set. See screen.py.
_screen_unpack:
        sta ptr1
        stx ptr1+1
        ldy #0
@next:  jsr fetch
        beq @end
        bmi @plain
        tax
        jsr fetch
@run:   sta PPUDATA
        dex
        bne @run
        beq @next
@plain: and #$7F
        tax
@copy:  jsr fetch
        sta PPUDATA
        dex
        bne @copy
        beq @next
@end:   rts

fetch:  lda (ptr1),y
        inc ptr1
        bne :+
        inc ptr1+1
:       cmp #0
        rts

; void __fastcall__ vram_address(unsigned address), with the picture off
        .export _vram_address
_vram_address:
        bit PPUSTATUS
        stx PPUADDR
        sta PPUADDR
        rts

; void __fastcall__ palette_load(const unsigned char *colours): appends 32 colours to the list of writes
_palette_load:
        sta ptr1
        stx ptr1+1
        ldx _vram_length
        lda #$3F
        sta _vram_buffer,x
        lda #$00
        sta _vram_buffer+1,x
        lda #32
        sta _vram_buffer+2,x
        ldy #0
@copy:  lda (ptr1),y
        sta _vram_buffer+3,x
        inx
        iny
        cpy #32
        bne @copy
        inx
        inx
        inx
        stx _vram_length
        rts
