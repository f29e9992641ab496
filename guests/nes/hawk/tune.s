; "The Mews at Morning", a jig: two parts of eight bars, six eighths to the bar; a row is an eighth.
; Chords, bass and drum are laid down by half bars.

        .include "sound.inc"
        .export song_table, instrument_low, instrument_high, effect_table

        .segment "RODATA"

song_table:
        .addr song_title, song_flight, song_home, song_over, song_none

song_title:                     ; the jig as a slow air, without the drum
        .byte 14
        .addr slow_lead, slow_chords, slow_bass, silence
song_flight:
        .byte 9
        .addr lead, chords, bass, drum
song_home:
        .byte 6
        .addr home_lead, home_second, home_bass, home_drum
song_over:
        .byte 10
        .addr over_lead, over_second, over_bass, silence
song_none:
        .byte 255
        .addr silence, silence, silence, silence

silence:
        .byte STOP

; --- instruments ---

        .enum
        PIPE = I0               ; the tune: swells, then sings on
        HARP                    ; chords: plucked
        BASS
        DRUM
        STICK
        FLUTE                   ; the slow tune
        .endenum

instrument_low:
        .lobytes pipe, harp, bass_voice, drum_voice, stick, flute
instrument_high:
        .hibytes pipe, harp, bass_voice, drum_voice, stick, flute

pipe:   .byte $77, $79, $7B, $7B, $7A, $7A, $79, $79, $78, $78, $77, $77, $76, $76, $76, $75, 0
harp:   .byte $B7, $B6, $B5, $B4, $B4, $B3, $B3, $B2, $B2, $B2, $B1, $B1, $B1, $B0, 0
bass_voice:
        .byte $C0, $C0, $C0, $C0, $C0, $C0, $C0, $C0, $C0, $C0, $C0, $C0, $C0, $C0, $C0, $80, 0
drum_voice:
        .byte $38, $36, $34, $33, $32, $31, $30, 0
stick:  .byte $34, $32, $31, $30, 0
flute:  .byte $B5, $B7, $B8, $B9, $B9, $B8, $B8, $B7, $B7, $B7, $B6, $B6, $B6, $B6, $B5, 0

.macro phrase where
        .byte PHRASE
        .addr where
.endmacro

; --- the tune ---

lead:   .byte PIPE
lead_loop:
        phrase tune_a
        .byte L3, G4, L1, G4, B4, D5
        phrase tune_a
        .byte L6, G4
        phrase tune_b
        .byte L3, G4, L1, B4, D5, G5
        phrase tune_b
        .byte L3, G4, REST
        .byte GOTO
        .addr lead_loop

slow_lead:
        .byte FLUTE
        phrase tune_a
        .byte L6, G4
        phrase tune_b
        .byte L6, G4
        .byte GOTO
        .addr slow_lead

; Seven bars each: the eighth differs.
tune_a: .byte L1, G4, B4, D5, L2, G5, L1, D5
        .byte L1, E5, D5, C5, L2, B4, L1, G4
        .byte L1, A4, B4, C5, D5, C5, B4
        .byte L2, A4, L1, Fs4, L3, D4
        .byte L1, G4, B4, D5, L2, G5, L1, D5
        .byte L1, E5, Fs5, G5, L2, D5, L1, B4
        .byte L1, C5, B4, A4, G4, A4, Fs4
        .byte BACK

tune_b: .byte L2, E5, L1, G5, L2, B5, L1, G5
        .byte L1, A5, G5, Fs5, L2, G5, L1, E5
        .byte L2, C5, L1, E5, L2, D5, L1, B4
        .byte L1, A4, B4, C5, L3, D5
        .byte L2, E5, L1, G5, L2, B5, L1, G5
        .byte L1, A5, Fs5, D5, L2, G5, L1, D5
        .byte L1, C5, B4, A4, G4, A4, Fs4
        .byte BACK

; --- chords: half a bar each ---

on_g:   .byte L1, REST, B3, D4, BACK
on_c:   .byte L1, REST, C4, E4, BACK
on_d:   .byte L1, REST, A3, D4, BACK
on_a:   .byte L1, REST, C4, E4, BACK
on_e:   .byte L1, REST, B3, E4, BACK

.macro halves first, second
        phrase first
        phrase second
.endmacro

.macro parts g, c, d, am, em, part
  .if part = 1
        halves g, g
        halves c, g
        halves am, d
        halves d, d
        halves g, g
        halves c, g
        halves am, d
        halves g, g
  .else
        halves em, em
        halves am, em
        halves c, g
        halves am, d
        halves em, em
        halves d, g
        halves am, d
        halves g, g
  .endif
.endmacro

chords: .byte HARP
chords_loop:
        parts on_g, on_c, on_d, on_a, on_e, 1
        parts on_g, on_c, on_d, on_a, on_e, 1
        parts on_g, on_c, on_d, on_a, on_e, 2
        parts on_g, on_c, on_d, on_a, on_e, 2
        .byte GOTO
        .addr chords_loop

slow_chords:
        .byte HARP
        parts on_g, on_c, on_d, on_a, on_e, 1
        parts on_g, on_c, on_d, on_a, on_e, 2
        .byte GOTO
        .addr slow_chords

; --- bass ---

low_g:  .byte L2, G2, L1, D3, BACK
low_c:  .byte L2, C3, L1, G2, BACK
low_d:  .byte L2, D3, L1, A2, BACK
low_a:  .byte L2, A2, L1, E3, BACK
low_e:  .byte L2, E2, L1, B2, BACK

bass:   .byte BASS
bass_loop:
        parts low_g, low_c, low_d, low_a, low_e, 1
        parts low_g, low_c, low_d, low_a, low_e, 1
        parts low_g, low_c, low_d, low_a, low_e, 2
        parts low_g, low_c, low_d, low_a, low_e, 2
        .byte GOTO
        .addr bass_loop

slow_bass:
        .byte BASS
        parts low_g, low_c, low_d, low_a, low_e, 1
        parts low_g, low_c, low_d, low_a, low_e, 2
        .byte GOTO
        .addr slow_bass

; --- drum ---

drum:   .byte L2, DRUM, 13, L1, STICK, 3
        .byte L1, DRUM, 11, STICK, 3, 3
        .byte GOTO
        .addr drum

; --- home again, and not ---

home_lead:
        .byte PIPE, L1, G4, B4, D5, G5, REST, D5, L2, G5, L4, B5, STOP
home_second:
        .byte HARP, L1, B3, D4, G4, B4, REST, B4, L2, B4, L4, D5, STOP
home_bass:
        .byte BASS, L4, G2, L2, D3, D3, L4, G2, STOP
home_drum:
        .byte DRUM, L1, 11, STICK, 3, 3, DRUM, 11, REST, 11, 11, REST, L4, 13, STOP

over_lead:
        .byte FLUTE, L1, E5, D5, C5, L2, B4, L1, A4, L1, G4, L1, Fs4, L6, E4, STOP
over_second:
        .byte HARP, L3, G4, L2, D4, L2, C4, L1, B3, L6, B3, STOP
over_bass:
        .byte BASS, L3, C3, L2, G2, L2, A2, L1, B2, L6, E2, STOP

; --- effects: see effect_begin ---

effect_table:
        .addr catch_pulse, 0    ; in the order of hawk.h
        .addr post_pulse, 0
        .addr hurt_pulse, hurt_noise
        .addr 0, stoop_noise
        .addr crow_pulse, crow_noise
        .addr heart_pulse, 0
        .addr start_pulse, 0

; A step of an effect: a note for some frames at a volume and duty.
.macro tone frames, control, period
        .byte frames, control, <(period), >(period)
.endmacro

catch_pulse:
        tone 2, $78, 213        ; C5 up to G6
        tone 2, $79, 168
        tone 3, $7A, 141
        tone 2, $76, 141
        tone 2, $73, 141
        .byte 0
post_pulse:
        tone 3, $B8, 141
        tone 3, $BA, 105
        tone 4, $B9, 70
        tone 3, $B6, 70
        tone 3, $B3, 70
        .byte 0
heart_pulse:
        tone 4, $B8, 213
        tone 4, $B9, 168
        tone 4, $BA, 141
        tone 4, $BA, 105
        tone 6, $B7, 105
        tone 6, $B3, 105
        .byte 0
start_pulse:
        tone 4, $7A, 284
        tone 4, $7A, 189
        tone 8, $7A, 141
        tone 4, $76, 141
        tone 4, $73, 141
        .byte 0
hurt_pulse:
        tone 2, $3B, 320
        tone 2, $3B, 400
        tone 2, $3A, 500
        tone 3, $39, 620
        tone 3, $37, 760
        tone 4, $34, 900
        .byte 0
hurt_noise:
        .byte 3, $3B, 8
        .byte 3, $38, 10
        .byte 4, $35, 12
        .byte 4, $32, 13
        .byte 0
stoop_noise:                    ; the wind in falling feathers
        .byte 2, $32, 6
        .byte 2, $34, 5
        .byte 3, $36, 4
        .byte 3, $37, 3
        .byte 4, $35, 3
        .byte 4, $33, 4
        .byte 4, $31, 5
        .byte 0
crow_pulse:
        tone 2, $BA, 500
        tone 2, $BA, 420
        tone 2, $B9, 560
        tone 3, $B8, 480
        tone 3, $B6, 640
        tone 3, $B3, 700
        .byte 0
crow_noise:
        .byte 3, $3A, 6
        .byte 3, $36, 8
        .byte 4, $33, 9
        .byte 0
