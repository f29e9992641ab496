; The course's exercise on the board `micro`, as the BIOS would enter it: 16 bits, at 0x7c00. It
; says the last line that was typed at each event of the timer, until another line comes; and ends
; at the end of input (Ctrl-D).
;
;   nasm -f bin -o echo16.bin echo16.asm; mews run --kind kvm echo16.bin
        bits    16
        org     0x7c00

CONSOLE equ     0x42
KEY     equ     0x44
STATUS  equ     0x45            ; bit 0: a key waits
PERIOD  equ     0x46
TIMER   equ     0x47            ; bit 0: on; bit 1: an event has come
EXIT    equ     0xf4
ROOM    equ     80

start:  mov     di, typed       ; where the next key goes
        mov     al, 100         ; ms
        out     PERIOD, al
        mov     al, 1
        out     TIMER, al

poll:   in      al, STATUS
        test    al, 1
        jnz     key
        in      al, TIMER
        test    al, 2
        jz      poll
        mov     al, 1           ; on, and the event is seen
        out     TIMER, al
        mov     si, line        ; say the line
.next:  mov     al, [si]
        inc     si
        test    al, al
        jz      poll
        out     CONSOLE, al
        jmp     .next

key:    in      al, KEY
        mov     bl, al
        xor     al, al
        out     STATUS, al      ; taken
        cmp     bl, 4           ; Ctrl-D
        je      end
        mov     [di], bl
        cmp     bl, 10
        je      whole
        cmp     di, typed + ROOM - 1
        je      poll            ; the line is full: what follows is lost
        inc     di
        jmp     poll

whole:  mov     byte [di + 1], 0
        mov     si, typed       ; the line is whole: it becomes the one that is said
        mov     di, line
.copy:  mov     al, [si]
        mov     [di], al
        inc     si
        inc     di
        test    al, al
        jnz     .copy
        mov     di, typed
        jmp     poll

end:    xor     al, al
        out     EXIT, al
        hlt

line:   times   ROOM + 2 db 0   ; nothing is said before there is a line
typed:  times   ROOM + 2 db 0
