; A constructor: fetches the arguments for main().

        .constructor initmainargs, 24
        .import vm_args, __argc, __argv

        .segment "ONCE"
initmainargs:
        lda     #<__argv
        ldx     #>__argv
        jsr     vm_args
        sta     __argc
        stx     __argc+1
        rts
