#!/usr/bin/env bats
# Debian's gdb on a machine that runs: by TCP, by a UNIX socket and by `mews gdb`, in the sandbox and without it.

load common.bash
load control.bash

# gdb_on WHERE COMMAND...: what gdb says, which ends when the commands do; it detaches then
gdb_on() {
    local where=$1 command
    local list=(-ex 'set tcp auto-retry off' -ex "target remote $where")
    shift
    for command; do list+=(-ex "$command"); done
    timeout 60 gdb -nx -q -batch "${list[@]}" 2>&1
}

# started NAME [OPTION...]: little hawk stands still, for gdb at the socket ./NAME.gdb
started() {
    local name=$1
    shift
    mews run -d --name "$name" --gdb "$PWD/$name.gdb" "$@" "$hawk"
}

says_line() { grep -Eq "$1" <<<"$output" || { echo "no line like $1 in: $output"; false; }; }
is_running() { [ "$(field "$1" state)" = running ]; }

# gdb has begun: it has the machine, which runs for it
is_lent() { [ "$(field "$1" why)" = debugger ] && [ "$(field "$1" state)" = running ]; }

@test "run --gdb: it stands still at power-on until gdb has it go on; the socket is this user's alone" {
    for how in on off; do
        started $how --sandbox $how
        [ "$(field $how state)" = paused ]
        [ "$(field $how frames)" = 0 ]
        [ "$(field $how gdb)" = "$PWD/$how.gdb" ]
        [ "$(stat -c %a $how.gdb)" = 600 ]
        run gdb_on "$PWD/$how.gdb" 'info registers pc a s' 'p/x $eip' 'x/3xb $pc' detach
        [ "$status" -eq 0 ]
        says_line '^pc +0x8000 '
        says_line '^s +0xfd '
        says_line '= 0x8000$'
        says_line '^0x8000:.*0x78.*0xd8.*0xa2$'
        until_true 10 more_frames $how 10
        mews stop $how
    done
}

@test "breakpoints, watchpoints, steps, memory and registers; and backwards" {
    started m
    run gdb_on "$PWD/m.gdb" 'tbreak *0x80b4' continue 'stepi' 'p/x $pc' 'reverse-stepi' 'p/x $pc' \
        'watch *(unsigned char *)0x10' 'continue' 'p *(unsigned char *)0x10' 'reverse-continue' 'reverse-stepi' \
        'p *(unsigned char *)0x10' 'delete' 'monitor goto end' 'maintenance flush register-cache' \
        'set $a = 0x5a' 'p/x $a' 'set *(unsigned char *)0x300 = 7' 'p *(unsigned char *)0x300' 'monitor registers' \
        'monitor x/1xb 300' 'info mem' 'info threads' 'reverse-continue' 'reverse-stepi'
    [ "$status" -eq 0 ]
    says_line 'Temporary breakpoint 1, 0x000080b4'
    says_line '[$]2 = 0x80b4'
    says_line 'Hardware watchpoint 2'
    says_line '^New value = '
    says_line '= 0x5a$'
    says_line '= 7 '
    says_line 'a=\$5A'
    says_line '0x00008000 0x00010000 ro'
    says_line '\* 1 +Thread 1 "cpu"'
    says_line 'No more reverse-execution history'
    until_true 10 is_running m
}

@test "Ctrl-C stops it; a second gdb hears that there is one; what gdb leaves goes on without breakpoints" {
    started m
    cat >interrupt.py <<'END'
import os, signal, threading, time

def interrupt():
    while not os.path.exists("now"):
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt).start()
END
    gdb_on "$PWD/m.gdb" 'break *0xffff' 'source interrupt.py' continue 'p $pc > 0x8000' >first &
    until_true 20 is_lent m
    run gdb_on "$PWD/m.gdb" 'info registers'
    says_line "somebody else has this machine's debugger"
    run mews debug -b -c regs m
    [ "$status" -eq 1 ]
    [[ $output == *"somebody else has its debugger"* ]]
    touch now
    wait %1
    grep -q 'received signal SIGINT' first
    grep -q '= 1' first
    until_true 10 more_frames m 5
    [ "$(field m state)" = running ]
}

@test "mews gdb NAME: gdb on a machine that was not started for it; kill ends it" {
    mews run -d --name m "$hawk"
    until_true 10 more_frames m 5
    run timeout 60 mews gdb m -nx -q -batch -ex 'p $pc >= 0x8000' -ex 'monitor history'
    [ "$status" -eq 0 ]
    says_line '= 1$'
    says_line '^from [0-9]+ to'
    until_true 10 is_running m
    run gdb_on "| mews gdb --pipe m" 'kill'
    until_true 10 is_state m ended
    run mews gdb m
    [ "$status" -eq 1 ]
    one_line
    run mews gdb --pipe m
    [ "$status" -eq 1 ]
    one_line
    run mews gdb --pipe
    [ "$status" -eq 2 ]
}

@test "by TCP; port 0 is any, and ps says which; what is no gdb stops nothing" {
    mews run -d --name m --gdb :0 "$hawk"
    address=$(field m gdb)
    [[ $address == 127.0.0.1:* ]]
    mews resume m
    until_true 10 more_frames m 5
    python3 - "${address#*:}" <<'END'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n$k#6b")
try:
    assert s.recv(100) == b""
except ConnectionResetError:
    pass
END
    until_true 10 more_frames m 5
    run gdb_on "$address" 'p $pc >= 0x8000'
    says_line '= 1$'
    until_true 10 is_running m
}

@test "a console program, also in front, ends as it would have; gdb hears its status" {
    echo '1+2' | mews run --name c --gdb "$PWD/c.gdb" "$calc" >out 2>err &
    until_true 10 test -S c.gdb
    until_true 10 grep -q 'target remote' err
    run gdb_on "$PWD/c.gdb" continue
    says_line 'exited normally'
    wait %1
    grep -q 3 out
    grep -q "mews: c stands still for gdb: target remote $PWD/c.gdb" err
}

# x86 NAME GUEST: one for the host's own processor, which stands still
x86() {
    needs_kvm
    mews run -d --name "$1" --gdb "$PWD/$1.gdb" --sandbox on --kind kvm "$MEWS_GUESTS/x86/$2" </dev/null
}

@test "x86 on /dev/kvm: breakpoints by the processor's registers and single steps, also in a handler of interrupts" {
    x86 m interrupts.elf
    run gdb_on "$PWD/m.gdb" "symbol-file $MEWS_GUESTS/x86/interrupts.elf" 'show architecture' 'p $pc == (long)&_start' \
        'p/x $efer & 0x400' 'p/x $mxcsr' 'hbreak set_gate' continue backtrace 'p vector' stepi 'p $pc > (long)&set_gate' \
        finish continue 'p vector' delete 'hbreak on_timer' continue 'p ticks' continue 'p ticks' continue 'p ticks' \
        delete 'stepi 40' 'p $eflags & 0x100' 'set var ticks = 1000' 'p/x $rbx = 0x1122334455667788' 'p/x $ebx' \
        'x/2xw 0x7f000000000' 'info threads' reverse-stepi detach
    [ "$status" -eq 0 ]
    says_line '(currently "i386:x86-64")'
    says_line '^[$]1 = 1$'
    says_line '= 0x400$'
    says_line '= 0x1f80$'
    says_line '^#0 .*set_gate \(vector=.*14,'
    says_line '^#2 .*_start'
    says_line '^[$]4 = 14$'
    says_line '^[$]5 = 1$'
    says_line '^[$]6 = 32$'
    [[ $output == *'on_timer'*'$7 = 0'*'on_timer'*'$8 = 1'*'on_timer'*'$9 = 2'* ]] # each tick once
    says_line '^[$]10 = 0$'
    says_line '= 0x55667788$'
    says_line 'Cannot access memory at address 0x7f000000000'
    says_line 'Thread 1 "cpu"'
    says_line 'does not support this command'
    until_says_line m 'tick 1003' # left alone it goes on, and has taken no harm by the steps
}

until_says_line() {
    until_true 10 logs_say "$@"
}
logs_say() { mews logs "$1" | grep -qx -- "$2"; }

@test "x86 on /dev/kvm: 32 and 16 bits; the end and its status" {
    x86 b echo32.elf
    printf x | mews send b
    mews send --end b </dev/null
    run gdb_on "$PWD/b.gdb" "symbol-file $MEWS_GUESTS/x86/echo32.elf" 'show architecture' 'hbreak take_key' continue \
        'p sizeof(long)' 'p $eip == (int)&take_key' 'stepi 3' 'p $eip > (int)&take_key' delete continue
    says_line '(currently "i386")'
    says_line '^[$]1 = 4$'
    says_line '^[$]2 = [01]$'
    says_line '^[$]3 = 1$'
    says_line 'exited normally'
    mews wait b
    x86 c echo16.bin
    run gdb_on "$PWD/c.gdb" 'show architecture' 'p/x $eip' 'stepi 2' 'p $eip > 0x7c00' 'x/2i $eip' 'hbreak *$eip' kill
    says_line '(currently "i8086")'
    says_line '= 0x7c00$'
    says_line '^[$]2 = 1$'
    until_true 10 is_state c ended
}

@test "a socket that cannot be had: one line" {
    started m
    run mews run --gdb "$PWD/m.gdb" "$calc"
    [ "$status" -eq 1 ]
    one_line
    for where in : :x /nowhere/s; do
        run mews run --gdb $where "$calc"
        [ "$status" -ne 0 ]
        one_line
    done
    kill -9 "$(field m pid)" # what is left behind is in nobody's way
    until_true 10 not_alive m
    run mews rm --force m
    started n
}

not_alive() { ! mews ps | grep -q "^$1 .*\(running\|paused\)"; }
