#!/usr/bin/env bats
# Programs for the board micro from outside. What needs /dev/kvm is skipped where there is none; what is wrong with a
# program is said also there.

load common.bash

setup() {
    cd "$BATS_TEST_TMPDIR"
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run XDG_DATA_HOME=$BATS_TEST_TMPDIR/data
    mkdir -p run
    guests=$MEWS_GUESTS/x86
}

teardown() {
    for name in $(mews ps --json 2>/dev/null | python3 -c 'import json, sys; [print(m["name"]) for m in json.load(sys.stdin)]'); do
        mews stop "$name" || true
    done >/dev/null 2>&1
}

# program NAME: assembles standard input, 16 bits at 0x7c00
program() {
    { printf 'bits 16\norg 0x7c00\n'; cat; } >"$1.asm"
    nasm -f bin -o "$1" "$1.asm"
}

# until_says NAME TEXT: waits until its console has said so
until_says() {
    for _ in $(seq 300); do
        guests_words "$1" | grep -qF -- "$2" && return
        sleep 0.1
    done
    echo "$1 never said: $2"
    guests_words "$1" | tail -n 5
    return 1
}

@test "wrong programs are told, one line each, with or without /dev/kvm" {
    head -c 40 "$guests/echo64.elf" >short.elf
    run mews run short.elf
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"short.elf: damaged ELF file: cut short" ]]
    { printf '\x7fELF\x02\x01\x01'; head -c 9 /dev/zero; printf '\x02\x00\xf3\x00'; head -c 60 /dev/zero; } >riscv.elf
    run mews run riscv.elf
    [ "$status" -eq 1 ]
    one_line
    run mews run --kind kvm riscv.elf
    [ "$status" -eq 1 ]
    [[ $output == *"for another processor"* ]]
    : >empty
    run mews run --kind kvm empty
    [ "$status" -eq 1 ]
    [[ $output == *"an empty file"* ]]
    run mews run empty # nobody knows it
    [ "$status" -eq 1 ]
    [[ $output == *"not a thing that can run"*"with --kind kvm any bytes"* ]]
    head -c 2000000 /dev/zero >large
    run mews run --kind kvm --set memory=1 large
    [ "$status" -eq 1 ]
    [[ $output == *"do not fit behind 0x7c00"* ]]
    run mews run --kind kvm --set memory=0 large
    [ "$status" -eq 1 ] || [ "$status" -eq 2 ]
    [[ $output == *"memory"* ]]
    run mews run --kind kvm --set mode=long --set load=0x1000 "$guests/echo16.bin"
    [ "$status" -eq 1 ]
    [[ $output == *"below 0x7000"* ]]
}

@test "info: what a program is, also where it cannot run" {
    run mews info "$guests/echo32.elf"
    [[ $output == *"what: 32-bit x86 program (ELF)"*"kind: kvm"*"board: micro"*"mode: protected"*"entry: 0x1000"* ]]
    run mews info "$guests/pvh.elf"
    [[ $output == *"what: kernel (ELF with PVH entry)"*"kind: kvm"*"board: microvm"* ]]
    run mews info "$guests/echo64.elf"
    [[ $output == *"what: x86-64 program (ELF)"*"mode: long"* ]]
}

@test "without /dev/kvm: one line that says what to do" {
    [ ! -e /dev/kvm ] || skip "there is one"
    run mews run "$guests/echo64.elf"
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"no /dev/kvm here (load the module"* ]]
}

@test "a program's exit status; its faults: reason, instruction, registers, status 134" {
    needs_kvm
    program exit <<<'mov al, 42
        out 0xf4, al'
    run mews run --kind kvm exit
    [ "$status" -eq 42 ]
    [ -z "$output" ]
    program stray <<<'mov ax, 0x1234
        out 0x50, al
        mov al, 7
        out 0xf4, al'
    run mews run --kind kvm stray
    [ "$status" -eq 134 ]
    # Also where KVM plays each instruction itself, and is past it already.
    [[ $output == *"7c03: e6 50  out 0x50, al"* ]]
    [[ $output == *"rax  0000000000001234"*"mews: there is nothing at port 0x50"* ]]
    program stray2 <<<'mov dx, 0x50
        out dx, ax
        nop'
    run mews run --kind kvm stray2
    [[ $output == *"7c03: ef  out dx, ax"* ]]
    run mews run --kind kvm --set strays=ignore stray
    [ "$status" -eq 7 ]
    [ -z "$output" ]
    program triple <<<'lidt [zero]
        int3
zero:   times 6 db 0'
    run mews run --kind kvm triple
    [ "$status" -eq 134 ]
    printf '\x49\xc7\xc0\x2a\0\0\0\x44\x88\xc0\xe6\xf4' >long # mov r8, 42; mov al, r8b; out 0xf4, al
    run mews run --kind kvm --mode long long
    [ "$status" -eq 42 ]
    run mews run --kind kvm --mode lung long
    [ "$status" -eq 2 ]
    one_line
    program halt <<<'cli
        hlt'
    run mews run --kind kvm halt
    [ "$status" -eq 0 ]
}

@test "the course's exercise says the last line at each event, in 16, 32 and 64 bits" {
    needs_kvm
    for guest in echo16.bin echo32.elf echo64.elf; do
        mews run -d --name m --kind kvm "$guests/$guest" </dev/null
        printf 'one\n' | mews send m
        until_says m one
        printf 'two\n' | mews send m
        until_says m two
        mews send --end m </dev/null
        mews wait m
        [ "$(guests_words m | sort -u | tr '\n' ' ')" = "one two " ]
        mews rm m
    done
}

@test "interrupts: ticks, lines, a page fault; pause holds its time" {
    needs_kvm
    mews run -d --name m "$guests/interrupts.elf" </dev/null
    printf 'abc\n!' | mews send m
    until_says m cba
    until_says m 'nothing is mapped at 0xc0000000'
    until_says m 'tick 3'
    mews pause m
    before=$(mews logs m | grep -c tick)
    sleep 1
    [ "$(mews logs m | grep -c tick)" -eq "$before" ]
    mews resume m
    until_says m "tick $((before + 2))"
    run mews stats --json m
    json 'j["counters"]["injected"] >= 5 and j["counters"]["halt"] >= 5'
    mews send --end m </dev/null
    mews wait m
    mews logs m | tail -n 1 | grep -qx 'ticks [0-9]*, keys 6, faults 1'
}

@test "a text screen is a view" {
    needs_kvm
    mews run -d --name m "$guests/screen.elf" </dev/null
    for _ in $(seq 100); do
        run mews show m screen
        [[ $output == *" the board micro: a text screen "*o* ]] && break
        sleep 0.1
    done
    [ "${#lines[@]}" -eq 25 ]
    [[ ${lines[0]} == "---"* && ${lines[24]} == "---"* ]]
}

@test "snapshot, restore and fork go on where it was; an incremental snapshot is small" {
    needs_kvm
    mews run -d --name m "$guests/interrupts.elf" </dev/null
    until_says m 'tick 2'
    mews snapshot m one.snap
    mews fork --name n m
    until_says n 'tick'
    first=$(guests_words n | head -n 1 | cut -d' ' -f2)
    [ "$first" -ge 3 ]
    printf 'xyz\n' | mews send n
    until_says n zyx
    run mews logs m
    [[ $output != *zyx* ]]
    mews stop m
    mews restore -d --name r one.snap </dev/null
    until_says r 'tick'
    [ "$(guests_words r | head -n 1 | cut -d' ' -f2)" -ge 3 ]
    mews snapshot r base.snap
    until_says r "tick $(($(mews logs r | tail -n 1 | cut -d' ' -f2) + 2))"
    mews snapshot --incremental r next.snap
    run mews inspect --json next.snap
    json 'j["base"]'
    [ "$(stat -c %s next.snap)" -lt 400000 ]
}

@test "a copy has the disks and networks of the original that two can have, by itself" {
    needs_kvm
    mkdir 'a,b'
    truncate -s 1M 'a,b/base.img' ro.img own.img
    guest=$guests/pvh.elf
    (cd a,b && mews run -d --name m --gdb "$PWD/m.gdb" --memory 64M --disk base.img,overlay=tmp --disk ../ro.img,ro --net user --net none "$guest")
    run mews fork --name f m
    [ "$output" = f ]
    mews wait f
    until_says f 'done'
    mews run -d --name w --gdb "$PWD/w.gdb" --memory 64M --disk own.img "$guest"
    run mews fork --name g w
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"w: nobody else can have its disk $PWD/own.img: run it with overlay=tmp, or give the copy another (--disk)" ]]
    mkdir cable
    mews run -d --name t --gdb "$PWD/t.gdb" --memory 64M --net link="$PWD/cable" "$guest"
    run mews fork --name h t
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"t: nobody else can have its network "*"(--net)" ]]
    mews fork --name h --net none,offload=on t
    mews wait h
    mews rm --force m w t
}

@test "each instruction is a step, also one that writes to a port, on both boards" {
    needs_kvm
    run mews debug -b -c 'break say' -c continue -c 'until 0x101020' -c step -c step "$guests/pvh.elf"
    [[ ${lines[-2]} == *101021* ]]
    [[ ${lines[-1]} == *101024* ]]
}

@test "what it cannot do it says: recording, the way back" {
    needs_kvm
    run mews run --record x.rec "$guests/echo64.elf" </dev/null
    [ "$status" -ne 0 ]
    [[ $output == *"does not do the same twice"* ]]
    run mews kinds
    [[ $output == *"kvm: x86 programs"*"replay       no: the host's processor does not do the same twice"* ]]
}

@test "the debugger: symbols of the file itself, breakpoints, steps, the way out, memory" {
    needs_kvm
    # Nobody types: the end of input is the first key.
    run mews debug -b -c 'break take_key' -c continue -c bt -c 'step 2' -c 'break quit' -c continue -c bt -c regs -c delete -c continue "$guests/echo64.elf"
    [ "$status" -eq 0 ]
    [[ $output == *"breakpoint 1: take_key"*"#0 "*"take_key"*"mov eax, 0"*"breakpoint 2: quit"*"#1 "*"_start"*"rdx=\$0000000000000004"*"the program has ended, status 0"* ]]
    run mews debug -b -c 'watch pdpt' -c continue -c bt "$guests/interrupts.elf"
    [[ $output == *"watchpoint 1"*"set_up_paging"* ]]
    run mews trace -n 3 "$guests/echo64.elf" </dev/null
    [[ ${lines[0]} == *"push rbp"* && ${lines[1]} == *"mov rbp, rsp"* ]]
    run mews trace -e port.out -n 2 "$guests/echo64.elf" </dev/null
    [[ ${lines[0]} == *"46"*"64"* && ${lines[1]} == *"47"*"1"* ]]
}
