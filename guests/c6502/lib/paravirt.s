; The calls as C functions. The machine takes their arguments as cc65 passes them, and pops them, so
; that nothing is left to do but to tell errno of a failure; the machine does not say which.

        .export vm_args, vm_exit
        .export _open, _close, _read, _write, _break, _dump
        .import __directerrno

        .include "6502v.inc"
        .include "errno.inc"

vm_args:
        vmcall  ARGS
        rts
vm_exit:
        vmcall  EXIT
_break: vmcall  BREAK
        rts
_dump:  vmcall  DUMP

_open:  vmcall  OPEN
        ldy     #EUNKNOWN               ; no such file, not allowed, refused ...
        bne     judge
_close: vmcall  CLOSE
        ldy     #EBADF
        bne     judge
_read:  vmcall  READ
        ldy     #EBADF
        bne     judge
_write: vmcall  WRITE
        ldy     #EBADF
judge:  cpx     #$FF                    ; $FFFF: failed
        bne     good
        cmp     #$FF
        bne     good
        tya
        jmp     __directerrno           ; errno = A, returns -1
good:   rts
