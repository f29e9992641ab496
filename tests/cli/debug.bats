#!/usr/bin/env bats
# The debugger's console from outside: little hawk, the 6502v's samples, programs made here, recordings, and the words of
# the course's two shells.

load common.bash

setup() {
    cd "$BATS_TEST_TMPDIR"
    hawk=$MEWS_GUESTS/nes/hawk/hawk.nes
    guests=$MEWS_GUESTS/c6502
    source=$BATS_TEST_DIRNAME/../../guests/c6502
}

# dbg THING [OPTION...]: a session whose commands are standard input, without its first line
dbg() {
    local thing=$1
    shift
    mews debug "$@" "$thing" 2>&1 | tail -n +2
}

@test "a session: registers, memory, steps; errors are one line and it goes on" {
    assemble prog <<'END'
        ldx #3
loop:   dex
        bne loop
        vmcall EXIT
END
    dbg prog.hk <<'END' >out
symbols prog.labels
break main
c
step 2
p x
p/
print foo.bar
x 9z
print 1/0
regs
q
END
    grep -qx 'breakpoint 1: main' out
    grep -q '^x = 2 (\$02)$' out
    [ "$(grep -c '^mews: ' out)" -eq 4 ]
    grep -q '^pc=\$A0[0-9A-F]* *a=\$0F *x=\$02 ' out
}

@test "the exit status: 0 for a session, of -b 1 when a command failed; usage is 2" {
    mews debug "$hawk" </dev/null
    mews debug -b -c 'step 3' -c registers "$hawk"
    run mews debug -b -c nonsense -c 'echo on' "$hawk"
    [ "$status" -eq 1 ]
    [ "${lines[0]}" = "mews: nonsense: no such command (see help)" ]
    [ "${lines[1]}" = on ]
    run mews debug
    [ "$status" -eq 2 ]
    run mews debug --nonsense "$hawk"
    [ "$status" -eq 2 ]
    run mews debug nowhere.nes
    [ "$status" -eq 1 ]
    one_line
}

@test "scripts: -x, source, the first failure ends it and is named with its line" {
    printf 'step 2\n\n# a comment\necho done\n' >good
    run mews debug -b -x good "$hawk"
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = done ]
    printf 'echo before\nfoo\necho after\n' >bad
    run mews debug -b -x bad "$hawk"
    [ "$status" -eq 1 ]
    [ "$output" = "before
mews: bad:2: foo: no such command (see help)" ]
    echo 'source loop' >loop
    run mews debug -b -x loop "$hawk"
    [ "$status" -eq 1 ]
    [[ $output == *"scripts in scripts"* ]]
}

@test "source lines and symbols of cc65's debug file: where, list, break FILE:LINE, step-line, next-line, finish" {
    cp "$source/primes.c" "$guests/primes.hk" "$guests/primes.dbg" .
    line=$(grep -n 'cross_out(n);' primes.c | cut -d: -f1)
    dbg primes.hk <<END >out
b primes.c:$line
c
where
list
s 2
step-line
where
rf
s
finish
END
    grep -q "^breakpoint 1 at \$A[0-9A-F]* .*(primes.c:$line)" out
    grep -q "^> *$line .*cross_out(n);" out
    grep -q '^#0 .*_cross_out' out
    grep -q "^#1 .*(primes.c:$line)" out
    tail -n 3 out | head -n 1 | grep -q "JSR .*(primes.c:$line)"
    tail -n 1 out | grep -q "(primes.c:$((line - 2)))"
}

@test "names and lines of an ELF file; damaged ones are one line" {
    printf 'int answer;\nint twice(int n)\n{\n    return n * 2;\n}\nvoid _start(void)\n{\n    answer = twice(21);\n}\n' >prog.c
    gcc -g -O0 -ffreestanding -nostdlib -static -no-pie -Wl,-Ttext=0x9000,-Tdata=0x6000,--build-id=none -o prog.elf prog.c
    value=$(nm prog.elf | awk '$3 == "twice" { print toupper(substr($1, 13)) }')
    run mews debug -b --symbols prog.elf -c 'symbol twice' -c 'break prog.c:4' "$hawk"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == "\$$value twice ("*"prog.c:3)" ]]
    [[ ${lines[1]} == "breakpoint 1 at \$9"*" twice+"*"prog.c:4)" ]]
    for bytes in 5 64 300 5000; do
        head -c $bytes prog.elf >cut.elf
        run mews debug -b --symbols cut.elf -c 'echo on' "$hawk"
        [ "$status" -lt 2 ]
        [ "${#lines[@]}" -eq 1 ]
    done
}

@test "conditions, ignore, disable, temporary, until, next" {
    assemble count <<'END'
        ldx #0
loop:   inx
        stx $20
        jsr sub
        cpx #50
        bne loop
        vmcall EXIT
sub:    nop
        rts
END
    dbg count.hk -s count.labels <<'END' >out
break loop if x == 10
c
p x
delete
break loop
ignore 2 4
c
p x
condition 2 x > 40
c
p x
disable 2
tbreak sub
c
breaks
finish
next
until
p x
condition 2 1 +
condition 7 1
END
    grep '^x = ' out | cut -d' ' -f3 | tr '\n' ' ' >xs
    [ "$(cat xs)" = "10 15 41 50 " ] || { cat out; false; }
    [ "$(grep -c '^mews: ' out)" -eq 2 ]
}

@test "watchpoints: change, write, read; tracepoints tell and run on" {
    assemble poke <<'END'
        ldx #5
        stx $20
        stx $20
        lda $20
        inc $20
        vmcall EXIT
END
    dbg poke.hk <<'END' >out
wwatch 20
c
c
c
delete
goto start
watch 20 if value != 5
c
p value
delete
goto start
rwatch 20
c
END
    [ "$(grep -c '^\$0020 written by .*: \$FF -> \$05$' out)" -eq 1 ]
    [ "$(grep -c '^\$0020 written by .*: \$05 -> \$05$' out)" -eq 1 ]
    [ "$(grep -c '^\$0020 written by .*: \$05 -> \$06$' out)" -eq 2 ]
    grep -q '^\$0020 read by .*: \$05$' out
    dbg poke.hk <<'END' >out
tracepoint write 20
tracepoint a000
c
END
    [ "$(grep -c '^1 @[0-9]*: \$0020 written' out)" -eq 3 ]
    grep -q '^the program has ended, status 5$' out
}

@test "a beam's position, the PPU's bus and OAM as places; fields by path" {
    dbg "$hawk" <<'END' >out
frames 60
break ppu 100/200
c
p ppu.scanline
p ppu.scanline == ppu.line && ppu.dot >= 200 && ppu.dot < 230
delete
break ppu 999/0
break oam 1
wwatch ppu:2000..23bf
c
delete
wwatch oam:0,4
c
x/4xb ppu:3f00
x/2xh oam:0
p ppu[$3f00] == ppu.palette[0]
p apu.pulse[1].period >= 0
print apu.pulse
END
    grep -q '^100 (\$64)$' out
    [ "$(grep -c '^1 (\$1)$' out)" -eq 3 ]
    grep -q '^mews: .*ppu does not get to 999/0' out
    grep -q '^mews: .*oam has no positions' out
    grep -q '^ppu:\$2[0-3][0-9A-F]* written by ' out
    grep -q '^oam:\$000[0-3] written by ' out
    grep -q '^ppu:\$3F00: [0-9A-F][0-9A-F] ' out
    grep -q '^apu.pulse\[1\].env.volume = ' out
}

@test "backwards: step, next, finish, continue; the machine lives on from where it is told to" {
    dbg "$hawk" <<'END' >out
frames 30
regs
s 1000
rs 1000
regs
break 8000..ffff if a == 77 && x == 3
watch 10
c
rc
rc
c
c
goto start
rs
goto end
history
set cpu.a=9
rs
set cpu.a=9
branch
set cpu.a=9
p a
END
    [ "$(grep -c '^pc=' out)" -eq 2 ]
    [ "$(grep '^pc=' out | sort -u | wc -l)" -eq 1 ]
    grep -q '^the history begins here$' out
    [ "$(grep -c '^mews: .*in the past' out)" -eq 1 ]
    tail -n 1 out | grep -qx 'a = 9 (\$09)'
}

@test "last-write agrees with a trace of all writes" {
    mews trace -e cpu.write@10-1f --frames 90 -f json "$hawk" >trace.json
    for addr in 10 14 1c; do
        mews debug -b --json -c 'frames 89' -c "last-write $addr" "$hawk" >out.json
        python3 - "$addr" <<'END'
import json, sys
a = int(sys.argv[1], 16)
stop, last = [json.loads(l) for l in open("out.json")]
writes = [w for w in map(json.loads, open("trace.json")) if w["addr"] == a and w["time"] < stop["time"]]
w = last["write"]
assert w["value"] == writes[-1]["value"] and w["began"] <= writes[-1]["time"] < w["began"] + 8, (w, writes[-1])
END
    done
}

@test "a recording is debugged, also backwards, and ends where it ended" {
    mews run --headless --frames 200 --press 100:Start:5 --record game.rec "$hawk"
    dbg game.rec -s "$MEWS_GUESTS/nes/hawk/hawk.dbg" <<'END' >out
history
break _main
c
delete
c
p frames
last-write 10
rs 100
p frames
END
    grep -q 'in the past' out
    grep -q '^breakpoint 1: _main$' out
    grep -q '^the recording ends here$' out
    [ "$(grep -c '^200 (' out)" -ge 1 ]
}

@test "without rewind memory there is no way back, and it says so" {
    run mews debug -b --rewind-memory 0 -c 'step 5' -c rs "$hawk"
    [ "$status" -eq 1 ]
    [[ $output == *"no way back: nothing of the past was kept (--rewind-memory)"* ]]
    run mews debug --rewind-memory x "$hawk"
    [ "$status" -eq 2 ]
}

@test "BREAK of the 6502v enters the debugger, and changes nothing without one" {
    assemble brk <<'END'
        lda #7
        vmcall BREAK
        vmcall EXIT
END
    run mews run brk.hk
    [ "$status" -eq 7 ]
    [ "$output" = 'BREAK at $A028' ]
    dbg brk.hk <<'END' >out
c
p pc
c
END
    grep -q '^BREAK at \$A028$' out
    grep -q '^pc = 41002 (\$A02A)$' out
    grep -q '^the program has ended, status 7$' out
}

@test "--json: an object for each command" {
    printf 'step\nregisters\nfoo\nbreak 8000\nbreaks\nx/4xb 0\ntree cpu\nwhere\nlast-write 0\nshow oam\nhelp step\n' |
        mews debug --json "$hawk" >out
    python3 - <<'END'
import json
j = [json.loads(line) for line in open("out")]
assert len(j) == 12, len(j)
assert j[0]["stop"] == j[1]["stop"] == "stepped" and j[1]["time"] > j[0]["time"]
assert set(j[2]["registers"]) == {"pc", "a", "x", "y", "s", "p"}
assert "no such command" in j[3]["error"]
assert j[4]["point"] == 1 and j[5]["points"][0]["first"] == 0x8000
assert j[6]["memory"] == [0] * 4 and j[7]["components"]["cpu.s"] == 0xFD
assert j[8]["calls"][0]["address"] and j[9]["write"] is None
assert len(j[10]["rows"]) == 64 and j[11]["commands"][0]["words"].startswith("step ")
END
}

@test "the words of Hawknest's shell" {
    assemble hawknest <<'END'
        lda #1
        ldx #2
        ldy #3
        sty $40
        jmp *
END
    # shellcheck disable=SC2016
    dbg hawknest.hk <<'END' >out
help
?
break a026
b-list
continue
s
step 2
r
regs
poke 40 7f
peek 40
pk 0040
dumpmem 40 5
print
pr
jump a026
j A026
nmi
irq
b-rm a026
break-list
h step
exit
echo not reached
END
    ! grep -q 'mews:' out || { cat out; false; }
    grep -q '^breakpoint 1 at \$A026' out
    [ "$(grep -c '^pc=\$A02C  a=\$01  x=\$02  y=\$03 ' out)" -eq 2 ] || { cat out; false; }
    [ "$(grep -c '^\$0040: 7F$' out)" -eq 2 ]
    [ "$(grep -c '^\$004[04]: .. .. .. ..$' out)" -eq 2 ]
    [ "$(grep -c 'STY \$40' out)" -ge 2 ]
    grep -qx none out
    ! grep -q reached out
}

@test "the words of Hawkbeans' shell, as far as a machine has what they are about" {
    dbg "$guests/primes.hk" <<'END' >out
stop in main
breaks
cont
stepi
where
instr
remove 1
breaks
locals
classes
clear
END
    grep -qx 'breakpoint 1: main' out
    [ "$(grep -c 'has no classes' out)" -eq 2 ]
    grep -qx none out
    grep -q '^#0 ' out
}

@test "interrupts that a person raises are taken by the 6502v" {
    assemble spin <<'END'
        cli
        jmp *
END
    dbg spin.hk <<'END' >out
s 14
irq
s
p
s
nmi
s
p
END
    [ "$(grep -c 'RTI' out)" -ge 2 ] || { cat out; false; }
}

@test "trace events in a session; views; pictures to files" {
    dbg "$hawk" <<'END' >out
trace cpu.write@2000-2007,ppu.frame
frames 20
trace off
frames 2
show mapper
show palette palette.png
show apu x.png
trace nonsense
END
    grep -q '^[0-9]* cpu.write addr=2000 value=' out
    [ "$(grep -c 'ppu.frame number' out)" -eq 20 ]
    grep -q '^cpu 8000 *memory prg_rom' out
    [ "$(head -c 4 palette.png | tail -c 3)" = PNG ]
    grep -q '^mews: apu is no picture' out
    grep -q '^mews: .*nonsense.* is no event of this machine (cpu.step ' out
}
