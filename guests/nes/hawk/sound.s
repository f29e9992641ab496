; The music and the effects.
;
; Four channels (two pulses, a triangle, noise) each read a stream of bytes. sound_update runs once a frame, from the
; NMI: every `speed` frames a row passes, and a channel whose note is over reads on; in every frame each channel's
; instrument says how loud it is. An effect borrows the second pulse, the noise or both: the music goes on unheard there.
;
; A stream:  $00-$3B  a note (for the noise: 0-15, its period), as long as the last LENGTH said
;            $40      a rest
;            $80+n    LENGTH: n rows
;            $C0+n    instrument n
;            $F0 lo hi  go on at an address      $F1 lo hi  play a phrase      $F2  back from the phrase
;            $FF      the end
; An instrument: a value for the channel's volume register for each frame; 0 holds the last one.

        .include "nes.inc"
        .include "sound.inc"
        .export sound_init, sound_update
        .export _music_play, _effect_play, _sound_pause
        .import song_table, instrument_low, instrument_high, effect_table

SILENT    = $30                 ; constant volume 0
TRI_QUIET = $80
CHANNELS  = 4
BORROWED  = 2                   ; channels that an effect can borrow

        .segment "ZEROPAGE"
stream: .res 2
env:    .res 2

        .segment "BSS"
song_request:   .res 1          ; number + 1 of a song to begin, 0 for none
effect_request: .res 1
paused:         .res 1
speed:          .res 1          ; frames in a row
row_left:       .res 1
place_low:      .res CHANNELS   ; where each stream goes on; high byte 0: it has ended
place_high:     .res CHANNELS
back_low:       .res CHANNELS   ; where the phrase was called
back_high:      .res CHANNELS
rows_left:      .res CHANNELS
length:         .res CHANNELS
note:           .res CHANNELS
voice_low:      .res CHANNELS   ; the instrument
voice_high:     .res CHANNELS
voice_at:       .res CHANNELS
volume:         .res CHANNELS
high_now:       .res CHANNELS   ; what the period's high register holds: writing it anew would click
effect_low:     .res BORROWED   ; the running effect; high byte 0: none
effect_high:    .res BORROWED
effect_left:    .res BORROWED

        .segment "CODE"

sound_init:
        lda #$0F
        sta APUSTATUS           ; all four channels on
        lda #$08
        sta APU+1               ; no sweeps
        sta APU+5
        lda #0
        sta APU+$F              ; load the noise's length counter; it is halted from then on
        rts

; void __fastcall__ music_play(unsigned char song)
_music_play:
        clc
        adc #1
        sta song_request
        rts

; void __fastcall__ effect_play(unsigned char effect)
_effect_play:
        clc
        adc #1
        sta effect_request
        rts

; void __fastcall__ sound_pause(unsigned char yes)
_sound_pause:
        sta paused
        rts

sound_update:
        lda paused
        beq @play
        lda #SILENT
        sta APU
        sta APU+4
        sta APU+$C
        lda #TRI_QUIET
        sta APU+8
        rts

@play:  lda song_request
        beq @no_song
        jsr song_begin
@no_song:
        lda effect_request
        beq @no_effect
        jsr effect_begin
@no_effect:
        dec row_left
        bne @same_row
        lda speed
        sta row_left
        ldx #CHANNELS - 1
@row:   jsr channel_row
        dex
        bpl @row
@same_row:
        ldx #CHANNELS - 1
@voice: jsr channel_voice
        dex
        bpl @voice

        ldx #0                  ; pulse 1 and triangle are always the music's
        jsr pulse_write
        jsr triangle_write
        lda effect_high
        bne @effect_pulse
        ldx #1
        jsr pulse_write
        jmp @noise
@effect_pulse:
        jsr effect_pulse
@noise: lda effect_high+1
        bne @effect_noise
        lda volume+3
        sta APU+$C
        lda note+3
        sta APU+$E
        rts
@effect_noise:
        jmp effect_noise

; A song is its speed and four addresses.
song_begin:
        sec
        sbc #1
        asl
        tay
        lda song_table,y
        sta stream
        lda song_table+1,y
        sta stream+1
        ldy #0
        sty song_request
        lda (stream),y
        sta speed
        lda #1
        sta row_left
        ldx #0
@channel:
        iny
        lda (stream),y
        sta place_low,x
        iny
        lda (stream),y
        sta place_high,x
        lda #1
        sta rows_left,x
        sta length,x
        lda #0
        jsr voice_set
        lda #$FF
        sta high_now,x
        jsr channel_quiet
        inx
        cpx #CHANNELS
        bne @channel
        rts

; A row passes in channel X.
channel_row:
        lda place_high,x
        beq @end
        dec rows_left,x
        bne @end
        sta stream+1
        lda place_low,x
        sta stream
        ldy #0
@next:  lda (stream),y
        iny
        cmp #REST
        bcc @note
        beq @rest
        cmp #I0
        bcc @length
        cmp #GOTO
        bcc @voice
        beq @goto
        cmp #PHRASE
        beq @phrase
        cmp #BACK
        beq @back
        lda #0                  ; the end
        sta place_high,x
        jmp channel_quiet
@end:   rts

@length:
        and #$3F
        sta length,x
        bpl @next
@voice: and #$0F
        jsr voice_set
        jmp @next
@phrase:
        tya                     ; come back behind the address
        clc
        adc #2
        clc
        adc stream
        sta back_low,x
        lda stream+1
        adc #0
        sta back_high,x
@goto:  lda (stream),y
        pha
        iny
        lda (stream),y
        sta stream+1
        pla
        sta stream
        ldy #0
        beq @next
@back:  lda back_low,x
        sta stream
        lda back_high,x
        sta stream+1
        ldy #0
        beq @next

@rest:  jsr channel_quiet
        jmp @store
@note:  sta note,x
        lda #0
        sta voice_at,x
@store: lda length,x
        sta rows_left,x
        tya
        clc
        adc stream
        sta place_low,x
        lda stream+1
        adc #0
        sta place_high,x
        rts

channel_quiet:
        lda #SILENT
        cpx #2
        bne @set
        lda #TRI_QUIET
@set:   sta volume,x
        lda #$FF                ; no envelope runs
        sta voice_at,x
        rts

voice_set:
        sty env
        tay
        lda instrument_low,y
        sta voice_low,x
        lda instrument_high,y
        sta voice_high,x
        ldy env
        rts

; A frame passes in channel X's instrument.
channel_voice:
        ldy voice_at,x
        cpy #$FF
        beq @end
        lda voice_low,x
        sta env
        lda voice_high,x
        sta env+1
        lda (env),y
        beq @end                ; hold
        sta volume,x
        inc voice_at,x
@end:   rts

; X = 0 or 1
pulse_write:
        txa
        asl
        asl
        tay
        lda volume,x
        sta APU,y
        txa
        pha
        lda note,x
        tax
        lda period_low,x
        sta APU+2,y
        lda period_high,x
        sta env
        pla
        tax
        lda env
        cmp high_now,x
        beq @same
        sta high_now,x
        sta APU+3,y
@same:  rts

; The triangle sounds an octave below a pulse of the same period, so it takes the period of the octave above.
triangle_write:
        lda volume+2
        sta APU+8
        ldx note+2
        lda period_low+12,x
        sta APU+$A
        lda period_high+12,x
        cmp high_now+2
        beq @same
        sta high_now+2
        sta APU+$B
@same:  rts

; An effect is two addresses: what it does with pulse 2 and with the noise; 0 leaves that alone.
; Each is a list of (frames, volume, period low, period high), for the noise (frames, volume, period); 0 ends it.
effect_begin:
        sec
        sbc #1
        asl
        asl
        tay
        lda #0
        sta effect_request
        ldx #0
@channel:
        lda effect_table+1,y
        beq @leave
        sta effect_high,x
        lda effect_table,y
        sta effect_low,x
        lda #1
        sta effect_left,x
@leave: iny
        iny
        inx
        cpx #BORROWED
        bne @channel
        rts

; Returns carry set when a new step of effect X begins: env points to it.
effect_step:
        dec effect_left,x
        bne @same
        lda effect_low,x
        sta env
        lda effect_high,x
        sta env+1
        ldy #0
        lda (env),y
        sta effect_left,x
        beq @over
        sec
        rts
@over:  sta effect_high,x
        lda #$FF
        sta high_now+1
@same:  clc
        rts

; Effect X's list goes on A bytes later.
effect_advance:
        clc
        adc effect_low,x
        sta effect_low,x
        bcc :+
        inc effect_high,x
:       rts

effect_pulse:
        ldx #0
        jsr effect_step
        bcc @end
        iny
        lda (env),y
        sta APU+4
        iny
        lda (env),y
        sta APU+6
        iny
        lda (env),y
        cmp high_now+1
        beq @same
        sta high_now+1
        sta APU+7
@same:  lda #4
        jsr effect_advance
@end:   rts

effect_noise:
        ldx #1
        jsr effect_step
        bcc @end
        iny
        lda (env),y
        sta APU+$C
        iny
        lda (env),y
        sta APU+$E
        lda #3
        jsr effect_advance
@end:   rts

; Periods of the notes from A1 (55 Hz) on, equal temperament at the NTSC clock: 1789773 / 16 / frequency - 1.
        .segment "RODATA"
period_low:
        .byte $F1, $7F, $13, $AD, $4D, $F3, $9D, $4C, $00, $B8, $74, $34
        .byte $F8, $BF, $89, $56, $26, $F9, $CE, $A6, $80, $5C, $3A, $1A
        .byte $FB, $DF, $C4, $AB, $93, $7C, $67, $52, $3F, $2D, $1C, $0C
        .byte $FD, $EF, $E1, $D5, $C9, $BD, $B3, $A9, $9F, $96, $8E, $86
        .byte $7E, $77, $70, $6A, $64, $5E, $59, $54, $4F, $4B, $46, $42
period_high:
        .byte $07, $07, $07, $06, $06, $05, $05, $05, $05, $04, $04, $04
        .byte $03, $03, $03, $03, $03, $02, $02, $02, $02, $02, $02, $02
        .byte $01, $01, $01, $01, $01, $01, $01, $01, $01, $01, $01, $01
        .byte $00, $00, $00, $00, $00, $00, $00, $00, $00, $00, $00, $00
        .byte $00, $00, $00, $00, $00, $00, $00, $00, $00, $00, $00, $00
