; What is timed on every monitor: a guest that says that it is there, reads a port COUNT times, reads
; an address where no memory is as often, and ends. At each mark it prints "@" and a letter.
;
;   nasm -f bin -o guest.bin guest.asm                              for bare
;   nasm -f elf32 -o g.o guest.asm; ld -m elf_i386 -Ttext-segment=0x100000 -o guest.elf g.o
;                       for mews and QEMU; -dMICRO: for the board micro
;
; -dFOREVER: it says that it is there again and again, to be saved and restored.
        bits    32
%ifdef MICRO
CONSOLE equ     0x42
%else
CONSOLE equ     0x3f8
%endif
%ifndef COUNT
%define COUNT   10000
%endif
KEY     equ     0x64            ; a PC's keyboard controller; on micro nothing (--set strays=ignore)
PCI     equ     0xcf8
DEVICE  equ     0x80000800      ; slot 1
COMMAND equ     4
BAR     equ     0x10
WINDOW  equ     0xd0000000      ; where the device's registers shall be
EXIT    equ     0xf4

%ifidn __OUTPUT_FORMAT__, elf32
%ifndef MICRO
        section .note.pvh note alloc noexec nowrite align=4
        dd      4, 4, 18        ; the entry of PVH
        db      "Xen", 0
        dd      start
%endif
        global  _start
        section .text
_start:
%else
        org     0x100000
%endif

%macro mark 1
        mov     dx, CONSOLE
        mov     al, '@'
        out     dx, al
        mov     al, %1
        out     dx, al
        mov     al, 10
        out     dx, al
%endmacro

%macro configure 2              ; a register of the device, its value
        mov     dx, PCI
        mov     eax, DEVICE + %1
        out     dx, eax
        mov     dx, PCI + 4
        mov     eax, %2
        out     dx, eax
%endmacro

start:  mark    'a'
%ifdef FOREVER
        jmp     start
%endif
        mov     ecx, COUNT
port:   in      al, KEY
        dec     ecx
        jnz     port
        mark    'p'

        configure BAR, WINDOW
        configure COMMAND, 2
        mark    'c'
        mov     ecx, COUNT
memory: mov     eax, [WINDOW]
        dec     ecx
        jnz     memory
        mark    'm'

        xor     eax, eax
        out     EXIT, al
