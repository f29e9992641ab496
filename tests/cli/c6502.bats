#!/usr/bin/env bats
# The 6502v from outside: its image, each of its calls, and what keeps a program in its place. docs/formats/6502v.md is
# what is tested.

load common.bash

setup() {
    cd "$BATS_TEST_TMPDIR"
    guests=$MEWS_GUESTS/c6502
    source=$BATS_TEST_DIRNAME/../../guests/c6502
    mkdir share
}

@test "the image: type, exact length, short, longer, described" {
    run mews info "$guests/hello.hk"
    [ "$status" -eq 0 ]
    [[ $output == *"what: 6502v program"* && $output == *"entry: \$A000"* ]]
    for bytes in 4 5 24579; do
        head -c $bytes "$guests/hello.hk" >short.hk
        run mews run short.hk
        [ "$status" -eq 1 ]
        [ "$output" = "mews: short.hk: cut short: a 6502v program has 24580 bytes, the file $bytes" ]
        run mews info short.hk
        [ "$status" -eq 1 ]
    done
    head -c 3 "$guests/hello.hk" >stub.hk
    run mews run stub.hk
    [ "$status" -eq 1 ]
    [[ $output == *"not a thing that can run"* ]]
    { cat "$guests/hello.hk"; echo rest; } >long.hk
    run mews run long.hk x
    [ "$status" -eq 1 ]
    [ "$output" = "long: warning: 5 bytes behind the ROM are ignored
x" ]
    run mews info long.hk
    [[ $output == *"ignored: 5 bytes behind the ROM"* ]]
}

@test "reset: A X Y 0, S FD, P 34, RAM all FF, the I/O window reads the last byte on the bus" {
    printf 'HKNS\200\007' >image # VMCALL DUMP, before anything else
    head -c 24570 /dev/zero >>image
    printf '\000\240\000\240' >>image
    mews run image >out
    [ "$(head -n 7 out)" = 'EXIT STATE:
PC: 0xa002
SP: 0x00fd
 A: 0x00
 X: 0x00
 Y: 0x00
 P: 0x34' ]
    [ "$(wc -l <out)" -eq 3079 ]
    [ "$(sed 1,7d out | cut -d: -f2 | sort -u)" = " ff ff ff ff" ]
    [ "$(sed -n '8p;3079p' out)" = '  $0000: ff ff ff ff
  $2ffc: ff ff ff ff' ]
    assemble io <<'END'
        lda $8000               ; the last byte fetched: $80
        sta $8000               ; goes nowhere
        sta $10
        lda $9ffe,x             ; X = $FF: $A09D after a read of $9F9D; plain memory again
        ldx #1
        lda $9ffe,x             ; $9F
        sta $11
        lda #$12
        sta $a000               ; ROM stays
        lda $a000
        sta $12
        vmcall DUMP
END
    mews run io.hk >out
    grep -q '^  \$0010: 80 9f d8 ff$' out
}

@test "P in DUMP: bits 4 and 5 are there whatever PLP pulls; BRK pushes them, RTI keeps them" {
    assemble flags <<'END'
        lda #0
        pha
        plp
        vmcall DUMP
END
    mews run flags.hk >out
    grep -qx ' P: 0x30' out
    assemble brk <<'END'
        lda #$ff
        pha
        plp
here:   brk
        .byte $02               ; skipped; an illegal opcode
        php
        pla
        sta $10
        ldx #0
        txa
        pha
        plp
        php
        pla
        sta $11
        lda $01fe               ; what BRK pushed: the address behind its second byte, and P
        sec
        sbc #<(here+2)
        sta $12
        lda $01fd
        sta $13
        vmcall DUMP
END
    mews run brk.hk >out
    grep -q '^  \$0010: ff 30 00 ff$' out
}

@test "ARGS: argc, the pointers, a NULL behind them, the strings below; none at all" {
    run mews run "$guests/hello.hk"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    run mews run "$guests/hello.hk" "" "two words" --hash
    [ "$status" -eq 3 ]
    [ "$output" = "
two words
--hash" ]
    assemble args <<'END'
        lda #$10
        ldx #0
        vmcall ARGS
        vmcall DUMP
END
    mews run args.hk ab c >out
    # three pointers below $0F00, "ab" below them, "c" below that
    grep -q '^ A: 0x02' out
    grep -q '^  \$0000: f5 0e ' out
    grep -q '^  \$0010: fa 0e ' out
    grep -q '^  \$0ef4: ff 63 00 61$' out
    grep -q '^  \$0ef8: 62 00 f7 0e$' out
    grep -q '^  \$0efc: f5 0e 00 00$' out
}

@test "ARGS: more than the stack can hold is refused before the program starts" {
    run mews run "$guests/hello.hk" "$(head -c 3067 /dev/zero | tr '\0' x)" # and its NUL and two pointers
    [ "$status" -eq 1 ]
    run mews run "$guests/hello.hk" "$(head -c 3068 /dev/zero | tr '\0' x)"
    [ "$status" -eq 1 ]
    [[ $output == *"the program's arguments take more than the 3072 bytes of its stack" ]]
}

@test "EXIT: the status is A" {
    for status_wanted in 0 1 77 255; do
        assemble exit <<END
        lda #$status_wanted
        ldx #1
        vmcall EXIT
END
        run mews run exit.hk
        [ "$status" -eq $status_wanted ]
        [ -z "$output" ]
    done
}

@test "BREAK reports PC and goes on, in order with the output; registers and stack stay" {
    assemble break <<'END'
        print text, 2
        lda #$11
        ldx #$22
        ldy #$33
here:   vmcall BREAK
        php
        cmp #$11
        bne bad
        cpx #$22
        bne bad
        cpy #$33
        bne bad
        print text, 2
        lda #5
        vmcall EXIT
bad:    lda #6
        vmcall EXIT
.segment "RODATA"
text:   .byte "x", 10
END
    run mews run break.hk
    [ "$status" -eq 5 ]
    [ "${#lines[@]}" -eq 3 ]
    [[ "${lines[0]}${lines[2]}" = xx && ${lines[1]} =~ ^BREAK\ at\ \$A0[0-9A-F]{2}$ ]]
}

@test "an unknown call ends with one line and status 1, PC on it" {
    for call in 08 7F FF; do
        assemble unknown <<END
        vmcall \$$call
END
        run mews run unknown.hk
        [ "$status" -eq 1 ]
        [[ $output =~ ^mews:\ unknown\ call\ at\ \$A0[0-9A-F]{2}:\ 80\ $call$ ]]
    done
}

@test "every unofficial opcode is illegal" {
    for op in 02 03 04 07 0B 0C 1A 42 80x 8B 9C A7 AB CB EB FA FF; do
        [ "$op" = 80x ] && continue # VMCALL
        assemble illegal <<END
        .byte \$$op, \$12, \$34
END
        run mews run illegal.hk
        [ "$status" -eq 1 ]
        [[ $output =~ ^mews:\ illegal\ instruction\ at\ \$A0[0-9A-F]{2}:\ $op\ 12\ 34$ ]]
    done
}

@test "OPEN without --share is refused and says why; the program gets FFFF and goes on" {
    run mews run "$guests/copy.hk" a b
    [ "$status" -eq 1 ]
    [[ $output == *"OPEN a: refused: no directory is shared with the program (use --share DIR)" ]]
}

@test "--share: a directory that is not there, or no directory" {
    run mews run --share nowhere "$guests/copy.hk" a b
    [ "$status" -eq 1 ]
    [[ $output == *"cannot share nowhere: No such file or directory" ]]
    touch file
    run mews run --share file "$guests/copy.hk" a b
    [ "$status" -eq 1 ]
    [[ $output == *"cannot share file: Not a directory" ]]
}

@test "a copy within the share: binary data of every length" {
    for bytes in 0 1 1023 1024 1025 70000; do
        head -c $bytes /dev/urandom >share/from
        run mews run --share share "$guests/copy.hk" from to
        [ "$status" -eq 0 ]
        [[ $output == *"$bytes bytes copied" ]]
        cmp share/from share/to
    done
    printf 'long' >share/to # truncated: nothing of the old remains
    printf x >share/from
    mews run --share share "$guests/copy.hk" from to
    [ "$(cat share/to)" = x ]
}

@test "a new file gets mode 0666 less the umask" {
    echo >share/from
    (umask 027 && mews run --share share "$guests/copy.hk" from to)
    [ "$(stat -c %a share/to)" = 640 ]
}

@test "nothing leads out of the share: absolute, .., symbolic links, and links planted on the way" {
    echo secret >secret
    echo ok >share/ok
    mkdir share/sub
    ln -s .. share/up
    ln -s "$PWD/secret" share/absolute
    ln -s ../secret share/relative
    ln -s ../../secret share/sub/deep
    ln -s "$PWD/made" share/dangling
    for path in ../secret "$PWD/secret" /etc/passwd up/secret absolute relative sub/deep sub/../../secret; do
        run mews run --share share "$guests/copy.hk" "$path" to
        [ "$status" -eq 1 ]
        [[ $output == *"OPEN $path, flags \$01: refused: it leads out of the shared directory" ]]
        [ ! -e share/to ]
        run mews run --share share "$guests/copy.hk" ok "$path"
        [ "$status" -eq 1 ]
        [[ $output == *"OPEN $path, flags \$32: refused: it leads out of the shared directory" ]]
        [ "$(cat secret)" = secret ]
    done
    run mews run --share share "$guests/copy.hk" ok dangling
    [ "$status" -eq 1 ]
    [ ! -e made ]
    ln -s sub/../ok share/inside # this one stays inside
    mews run --share share "$guests/copy.hk" inside to
    cmp share/ok share/to
}

@test "what is no regular file is refused, and a missing one gets the host's reason" {
    mkfifo share/pipe
    run timeout 10 mews run --share share "$guests/copy.hk" pipe to
    [ "$status" -eq 1 ]
    [[ $output == *"OPEN pipe, flags \$01: refused: not a regular file" ]]
    run mews run --share share "$guests/copy.hk" . to
    [[ $output == *"OPEN ., flags \$01: refused: not a regular file" ]]
    run mews run --share share "$guests/copy.hk" none to
    [ "$status" -eq 1 ]
    [[ $output == *"OPEN none, flags \$01: the host says: No such file or directory" ]]
}

@test "OPEN: flags, the mode word, exclusive, append; a name without an end" {
    assemble open <<'END'
.macro try flags, bytes
        push name
        push flags
    .if bytes = 6
        push $1234
    .endif
        ldy #bytes
        vmcall OPEN
        sta $10
        stx $11
        lda sp                  ; all was popped
        bne bad
        lda sp+1
        cmp #$0f
        bne bad
.endmacro
        try $91, 6              ; create, exclusive, read: made
        lda $10
        cmp #3
        bne bad
        try $92, 4              ; again: there is one
        lda $10
        and $11
        cmp #$ff
        bne bad
        lda #3                  ; close it
        ldx #0
        vmcall CLOSE
        stx $12
        ora $12
        bne bad
        jmp more
bad:    lda #1
        vmcall EXIT
more:   try $42, 4              ; append: the lowest number again
        lda $10
        cmp #3
        bne bad2
        push 3
        push name
        lda #4
        ldx #0
        vmcall WRITE
        cmp #4
        bne bad2
        push 3                  ; not open for reading
        push $0400
        lda #4
        ldx #0
        vmcall READ
        cpx #$ff
        bne bad2
        ldx #0                  ; a name that goes on and on
        lda #'x'
:       sta $0400,x
        sta $0500,x
        sta $0600,x
        sta $0700,x
        inx
        bne :-
        push $0400
        push 1
        ldy #4
        vmcall OPEN
        cpx #$ff
        bne bad2
        lda #0
        sta $07ff               ; 1,023 bytes: the host's turn to say no
        push $0400
        push 1
        ldy #4
        vmcall OPEN
        cpx #$ff
        bne bad2
        lda #0
        vmcall EXIT
bad2:   lda #2
        vmcall EXIT
.segment "RODATA"
name:   .asciiz "file"
END
    run mews run --share share open.hk
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == "OPEN file, flags \$92: the host says: File exists" ]]
    [[ ${lines[1]} == "OPEN: the name has more than 1023 bytes" ]]
    [[ ${lines[2]} == *"File name too long" ]]
    [ "$(cat share/file)" = file ]
    run mews run --share share open.hk # there now
    [ "$status" -eq 1 ]
}

@test "descriptors that are not open: FFFF, memory untouched; the host's own stay out of reach" {
    assemble bad <<'END'
.macro check fd
        push fd
        push $0400
        lda #16
        ldx #0
        vmcall READ
        sta $10
        stx $11
        push fd
        push $0400
        lda #16
        ldx #0
        vmcall WRITE
        and $10
        sta $10
        txa
        and $11
        and $10
        cmp #$ff
        bne bad
.endmacro
.macro close fd
        lda #<fd
        ldx #>fd
        vmcall CLOSE
        sta $10
        txa
        and $10
        cmp #$ff
        bne bad
.endmacro
        check 3
        check 4
        check 66
        jmp on
bad:    lda #1
        vmcall EXIT
on:     check 67
        close 3
        close 65535
        push 0                  ; standard input takes no output
        push $0400
        lda #1
        ldx #0
        vmcall WRITE
        cpx #$ff
        bne bad
        lda $0400
        cmp #$ff
        bne bad
        lda #0
        vmcall EXIT
END
    echo inherited >four
    run mews run bad.hk 3<four 4>>four
    [ "$status" -eq 0 ]
    run mews run --share share bad.hk 3<four 4>>four
    [ "$status" -eq 0 ]
    [ "$(cat four)" = inherited ]
}

# Reads COUNT bytes to BUFFER; A and X of the result are left in $10 and $11, then DUMP.
reader() { # reader BUFFER COUNT
    assemble reader <<END
        push 0
        push $1
        lda #<($2)
        ldx #>($2)
        vmcall READ
        pha
        txa
        pha
        lda sp
        vmcall DUMP
END
}

@test "READ: end of input, a closed input, zero bytes" {
    reader '$0400' 16
    mews run reader.hk </dev/null >out
    grep -qx '  $01fc: .. .. 00 00' out
    grep -qx '  $0400: ff ff ff ff' out
    timeout 10 mews run --share share reader.hk <&- >out
    grep -qx '  $01fc: .. .. 00 00' out
    reader '$0400' 0
    echo hello | mews run reader.hk >out
    grep -qx '  $01fc: .. .. 00 00' out
}

@test "READ: binary data, what has arrived and no more" {
    reader '$0400' 4096
    printf '\000\377\012\032\000x' | mews run reader.hk >out
    grep -qx '  $01fc: .. .. 00 06' out
    grep -qx '  $0400: 00 ff 0a 1a' out
    grep -qx '  $0404: 00 78 ff ff' out
}

@test "READ: a buffer that runs over the end of memory, through I/O and ROM" {
    # 65,535 bytes to $7FF0: 16 into RAM, then I/O and ROM lose theirs, the rest from $0000 on, over the stack's pointer.
    reader '$7ff0' 65535
    python3 -c 'import sys; sys.stdout.buffer.write(bytes(i >> 8 & 255 for i in range(65535)))' >data
    mews run reader.hk <data >out
    [ "$(sed -n 8p out)" = '  $0000: 80 80 80 80' ]
    grep -qx '  $00ec: 80 80 80 80' out
    grep -qx '  $00f0: 81 81 81 81' out
    grep -qx '  $2ffc: b0 b0 b0 b0' out
    # what the program pushed behind it: A and X of 65,535
    grep -qx '  $01fc: 82 82 ff ff' out
    grep -qx 'PC: 0xa0[0-9a-f][0-9a-f]' out # ROM is as it was: DUMP was reached
}

@test "WRITE: a buffer that runs over the end of memory; 65,535 bytes; none" {
    assemble writer <<'END'
        lda #$5a
        sta $10
        print $fffa, 24         ; the vectors, the parameter stack's pointer, ...
        print $0000, 65535
        print $0000, 0
        sta $20
        txa
        ora $20
        vmcall EXIT
END
    run mews run writer.hk
    [ "$status" -eq 0 ]
    mews run writer.hk >out
    [ "$(stat -c %s out)" -eq $((24 + 65535)) ]
    [ "$(head -c 10 out | tail -c 4 | od -An -tx1)" = " 00 0f ff ff" ] # popped already
    [ "$(head -c 23 out | tail -c 1)" = Z ]
    tail -c 24575 out | head -c 24570 | cmp - <(tail -c 24576 writer.hk | head -c 24570)
}

@test "an output that takes no more is an error, for the program and for mews" {
    run bash -c "'$MEWS' run '$guests/primes.hk' >/dev/full"
    [ "$status" -eq 1 ]
    run bash -c "'$MEWS' run '$guests/hello.hk' x 2>&1 >/dev/full"
    [ "$status" -eq 1 ]
    [ "$output" = "mews: the output is lost: No space left on device" ]
    run bash -c "'$MEWS' run '$guests/hello.hk' x 2>&1 >&-"
    [ "$status" -eq 1 ]
    [ "$output" = "mews: the output is lost: Bad file descriptor" ]
}

@test "a closed output is not given to a file of the program's" {
    echo data >share/from
    mews run --share share "$guests/copy.hk" from to >&- || true
    [ ! -e share/to ] || [ "$(cat share/to)" = data ]
}

@test "interrupted: status 130, at work and waiting for input; terminated: 143" {
    assemble loop <<'END'
        print text, 6
here:   jmp here
.segment "RODATA"
text:   .byte "ready", 10
END
    for case in "loop.hk INT 130" "loop.hk TERM 143" "$guests/calc.hk INT 130"; do
        set -- $case
        mkfifo input
        sleep 60 >input & # keeps it open
        holder=$!
        # timeout signals the program alone, with the signal's usual disposition.
        run timeout --preserve-status -s "$2" 1 mews run "$1" <input
        kill $holder
        rm input
        [ "$status" -eq "$3" ]
    done
}

@test "the calculator: answers before it reads on, refuses nonsense, ends with the input" {
    run mews run "$guests/calc.hk" <<'END'
1 + 2 * 3
(1 + 2) * -3
7 / 0
2 3
(1
0x10 % 7
0 + 44 - 0
2147483647 + 1

*
END
    [ "$status" -eq 0 ]
    [ "$output" = "> 7
> -9
> division by zero
> what is that behind the end?
> a ) is missing
> 2
> 44
> -2147483648
> > a number is missing
> 
9 lines" ]
    mkfifo in out
    mews run "$guests/calc.hk" <in >out &
    exec 8>in 9<out
    rm in out
    for i in 1 2 3; do
        echo "$i * 1000" >&8
        read -r -t 20 prompt answer <&9
        [ "$prompt $answer" = "> $((i * 1000))" ]
    done
    exec 8>&-
    wait $!
}

@test "the sieve: 23,000 primes, and the checksum that a program elsewhere gets" {
    run mews run "$guests/primes.hk"
    [ "$status" -eq 0 ]
    wanted=$(python3 - <<'END'
import zlib
n = 262144
sieve = [False, False] + [True] * (n - 2)
for i in range(2, 512):
    if sieve[i]:
        sieve[i * i::i] = [False] * len(sieve[i * i::i])
bits = bytearray(n // 16)
for i in range(1, n, 2):
    if not sieve[i]:
        bits[i >> 4] |= 1 << (i >> 1 & 7)
print(sum(sieve), "primes below", n)
print("sieve %08x" % zlib.crc32(bytes(bits)))
END
    )
    [ "$output" = "$wanted" ]
}

@test "--trace writes each instruction of a 6502v program down" {
    mews run --trace "$guests/hello.hk" x >out || true
    [[ $(head -n 1 out) == "A000  D8 "*" CLD "*"S:FD P:34 CYC:8" ]]
    grep -q '^A0.*  80 05 .. *VMCALL \$05 ' out
    grep -qx x out
}

@test "c6502.mk builds anyone's program, of one file and of several" {
    cat >hi.c <<'END'
#include <6502v.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

extern int twice(int n);

int main(int argc, char **argv)
{
    char *p = malloc(20000);
    FILE *f;
    int n;

    if (!p || argv[argc])
        return 1;
    vm_break();
    while (scanf("%d", &n) == 1)
        printf("%d\n", twice(n));
    f = fopen("new", "w");
    if (!f || fprintf(f, "%s\n", argv[0]) < 0 || fclose(f))
        return 2;
    if (fopen("none", "r") || errno != EUNKNOWN)
        return 3;
    exit(40 + argc);
}
END
    echo 'int twice(int n) { return 2 * n; }' >twice.c
    printf 'include %s/c6502.mk\nhi.hk: twice.o\n' "$(cd "$source" && pwd)" >Makefile
    make -s hi.hk
    run mews run --share share hi.hk one two <<<"1 -2 300"
    [ "$status" -eq 42 ]
    [[ ${lines[0]} =~ ^BREAK\ at\ \$[AB][0-9A-F]{3}$ ]]
    [ "${lines[1]} ${lines[2]} ${lines[3]}" = "2 -4 600" ]
    [ "$(cat share/new)" = one ]
    printf '.export _main\n_main: lda #9\n ldx #0\n rts\n' >nine.s
    make -s -f "$source/c6502.mk" nine.hk
    run mews run nine.hk
    [ "$status" -eq 9 ]
}

@test "BRK reaches a handler of the program's own, and comes back" {
    cat >main.c <<'END'
#include <stdio.h>
unsigned char count;
int main(void)
{
    __asm__("brk");
    __asm__("nop");
    __asm__("brk");
    __asm__("nop");
    printf("%u\n", count);
    return 0;
}
END
    printf '.export irq\n.import _count\nirq: inc _count\n ldx #9\n ldy #9\n lda #9\n rts\n' >handler.s
    printf 'include %s/c6502.mk\nmain.hk: handler.o\n' "$(cd "$source" && pwd)" >Makefile
    make -s main.hk
    run mews run main.hk
    [ "$status" -eq 0 ]
    [ "$output" = 2 ]
}

@test "decimal mode: off, and on when asked for" {
    assemble decimal <<'END'
        sed
        clc
        lda #$19
        adc #$28
        cld
        vmcall EXIT
END
    run mews run decimal.hk
    [ "$status" -eq 65 ] # $41
    run mews run --set cpu.decimal=true decimal.hk
    [ "$status" -eq 71 ] # $47
}
