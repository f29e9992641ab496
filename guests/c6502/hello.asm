; The smallest 6502v program: prints its arguments, one a line, and ends with their number.
; Conventions: VMCALL is $80 nn; the last argument is in A and X, the others on a stack that grows
; down from the address in $00/$01 (docs/formats/6502v.md).

        .include "6502v.inc"

sp     = $00
argv   = $10
text   = $12
count  = $14
length = $15

.segment "HEADER"
        .byte "HKNS"

.segment "CODE"
reset:  cld
        ldx #$ff
        txs
        lda #<$0f00             ; the parameter stack
        sta sp
        lda #>$0f00
        sta sp+1
        lda #<argv
        ldx #>argv
        vmcall ARGS
        sta count
        tay
next:   dey
        bmi done
        tya
        pha
        ldy #0                  ; text := *argv
        lda (argv),y
        sta text
        iny
        lda (argv),y
        sta text+1
        clc                     ; argv++
        lda argv
        adc #2
        sta argv
        bcc :+
        inc argv+1
:       ldx #0                  ; X and Y: its length, also above 255
        ldy #0
        lda text+1
        pha
:       lda (text),y
        beq :+
        iny
        bne :-
        inc text+1
        inx
        bne :-
:       lda #10                 ; the end becomes a newline
        sta (text),y
        iny
        bne :+
        inx
:       pla
        sta text+1
        sty length
        stx length+1
        lda #1                  ; push the descriptor, then the buffer; the length is in A and X
        ldx #0
        jsr push
        lda text
        ldx text+1
        jsr push
        lda length
        ldx length+1
        vmcall WRITE
        pla
        tay
        jmp next
done:   lda count
        ldx #0
        vmcall EXIT

push:   tay                     ; A and X go on the parameter stack
        sec
        lda sp
        sbc #2
        sta sp
        bcs :+
        dec sp+1
:       tya
        ldy #0
        sta (sp),y
        iny
        txa
        sta (sp),y
        rts

irq:    rti

.segment "VECTORS"
        .addr irq, reset, irq
