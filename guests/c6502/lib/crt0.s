; From reset to main() and back: what the machine does not do for a C program is done here.

        .export __STARTUP__ : absolute = 1
        .export _exit
        .import initlib, donelib, callmain, zerobss, copydata
        .import nmi, irq, vm_exit
        .import __STACK_START__, __STACK_SIZE__
        .importzp sp

        ; The calls take their arguments from the stack whose pointer is at $00.
        .assert sp = 0, lderror, "zeropage.o must be the first file on ld65's command line"

        .segment "STARTUP"
reset:  cld
        ldx     #$FF
        txs
        lda     #<(__STACK_START__ + __STACK_SIZE__)
        ldx     #>(__STACK_START__ + __STACK_SIZE__)
        sta     sp
        stx     sp+1
        jsr     zerobss
        jsr     copydata
        jsr     initlib                 ; constructors; one of them fetches the arguments
        jsr     callmain                ; A is main()'s value

_exit:  pha                             ; exit() comes here after its own work
        jsr     donelib
        pla
        jmp     vm_exit

; Handlers of the program's own, nmi and irq, are assembly routines that end with RTS and save what
; they use beyond the registers.
on_nmi: pha
        txa
        pha
        tya
        pha
        jsr     nmi
        jmp     back
on_irq: pha
        txa
        pha
        tya
        pha
        jsr     irq
back:   pla
        tay
        pla
        tax
        pla
        rti

        .segment "VECTORS"
        .addr   on_nmi, reset, on_irq
