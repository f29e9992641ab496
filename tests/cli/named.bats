#!/usr/bin/env bats
# mews debug NAME and mews trace NAME: the same words as on a thing, of machines behind one's back, which others go on to
# look at, and which go on when the person has left, however that was.

load common.bash
load control.bash

# begun NAME [OPTION...]: little hawk runs and was paused, and a snapshot of it is in now.snap
begun() {
    local name=$1
    shift
    mews run -d --name "$name" "$@" "$hawk"
    until_true 10 more_frames "$name" 40
    mews pause "$name"
    mews snapshot "$name" now.snap
}

# same [OPTION...]: a session says the same of the machine `one`, which is paused, and of a snapshot of it
same() {
    mews snapshot one now.snap >digest
    mews debug -b "$@" now.snap >of-thing 2>&1 && status=0 || status=$?
    mews debug -b "$@" one >of-name 2>&1 && named=0 || named=$?
    diff of-thing of-name
    [ "$status" -eq "$named" ]
}

# paces NAME: it runs, at about its own speed
paces() {
    mews ps --json >before
    sleep 1
    mews ps --json >after
    python3 - "$1" <<'END'
import json, sys
was, now = (next(m for m in json.load(open(f)) if m["name"] == sys.argv[1]) for f in ("before", "after"))
speed = (now["guest_seconds"] - was["guest_seconds"]) / (now["age_seconds"] - was["age_seconds"])
print(speed, was, now)
sys.exit(not 0.2 < speed < 1.3)
END
}

is_free() { [ "$(field "$1" why)" = None ]; }

# ---- debug ----

@test "debug NAME: each word says what it says of the same machine as a thing, also backwards" {
    begun one
    for json in --batch --json; do
        same $json -c registers -c 'step 3' -c 'next 2' -c 'x/8xb 0' -c 'disassemble' -c where -c 'tree ppu' -c 'print ppu.line'
        same $json -c 'break 80B4' -c 'continue' -c 'breaks' -c 'step 20' -c 'reverse-step 20' -c 'rs 3' -c 'delete' -c 'finish' -c rf
        same $json -c 'watch 0..ff' -c c -c c -c rc -c rc -c 'last-write 00' -c 'goto end'
        same $json -c 'break ppu 100' -c c -c 'print frames' -c 'frames 3' -c 'print frames' -c 'rn' -c 'until' -c 'sl' -c 'nl'
        same $json -c 'set cpu.a=7' -c 'poke 10 ab' -c 'x/4xb 10' -c 'jump 80B4' -c 'irq' -c 'nmi' -c 'step 2' -c reset -c 'step 2'
        same $json -c 'tracepoint write 4014' -c 'frames 3' -c 'trace ppu.frame' -c 'frames 2' -c 'trace off' -c 'frames 1'
        same $json -c 'rs 5' -c 'set cpu.a=1' -c branch -c 'set cpu.a=1' -c regs -c 'rs 4'
        same $json -c 'help step' -c 'echo a b' -c show -c 'show oam' -c 'show apu' -c 'symbol 8000' -c 'list'
        same $json -c nonsense -c 'print nothing' -c 'x 99999' -c 'frames x' -c "echo $(printf 'x%.0s' $(seq 1100))" -c 'echo on'
    done
    [ "$(field one state)" = paused ]
}

@test "debug NAME: much that is said is said whole" {
    begun one
    same -c 'trace cpu.step' -c 'step 20000' -c 'trace off' -c 'echo done'
    [ "$(wc -l <of-name)" -gt 19000 ]
    mews debug -b -c 'trace cpu.*' -c 'frames 40' -c 'trace off' -c 'echo done' one | (sleep 2; tail -n 1 >last)
    [ "$(cat last)" = done ]
}

@test "debug NAME: scripts, symbols, sources and pictures are files of the one who debugs" {
    cp "$BATS_TEST_DIRNAME/../../guests/c6502/primes.c" "$MEWS_GUESTS"/c6502/primes.{hk,dbg} .
    line=$(grep -n 'cross_out(n);' primes.c | cut -d: -f1)
    printf 'break primes.c:%s\nstep\nsymbols\n' "$line" >script
    mews run -d --name one "$hawk"
    mews debug -b -s primes.dbg -x script one >out
    grep -q "^breakpoint 1 at .*(primes.c:$line)" out
    grep -q '^[1-9][0-9]* symbols, [1-9]' out
    printf 'echo before\nfoo\necho after\n' >bad
    run mews debug -b -x bad one
    [ "$status" -eq 1 ]
    [ "$output" = "before
mews: bad:2: foo: no such command (see help)" ]
    echo 'source loop' >loop
    run mews debug -b -x loop one
    [ "$status" -eq 1 ]
    [[ $output == *"scripts in scripts"* ]]
    run mews debug -b --symbols nowhere.dbg one
    [ "$status" -eq 1 ]
    one_line
    mews pause one
    mews snapshot one now.snap
    same -s primes.dbg -c "symbol primes.c:$line" -c "list primes.c:$line" -c 'print main' -c 'symbols primes.dbg'
    same --json -s primes.dbg -c "list primes.c:$line" -c 'symbols primes.dbg' -c 'symbols nowhere.dbg'
    mews debug -b -c 'show patterns thing.png' now.snap
    mews debug -b -c 'show patterns name.png' one
    cmp thing.png name.png
    run mews debug -b -c 'show apu no.png' one
    [ "$status" -eq 1 ]
    [ ! -e no.png ]
    printf 'int twice(int n)\n{\n    return n * 2;\n}\nvoid _start(void)\n{\n    twice(21);\n}\n' >prog.c
    gcc -g -O0 -ffreestanding -nostdlib -static -no-pie -Wl,-Ttext=0x9000,--build-id=none -o prog.elf prog.c
    same -s prog.elf -c 'symbol twice' -c 'break prog.c:3' -c 'list twice'
}

@test "debug NAME: it stands still meanwhile, ps says so, and one at a time has it; then it goes on as before" {
    mews run -d --name one "$hawk"
    until_true 10 more_frames one 20
    mkfifo in
    mews debug one <in >out 2>&1 &
    exec 5>in
    until_true 10 grep -q '^>' out
    run mews ps
    [[ ${lines[1]} == "one "*nes*debugged*hawk ]]
    is_state one paused
    [ "$(field one why)" = debugger ]
    frames=$(field one frames)
    run mews debug -b -c step one
    [ "$status" -eq 1 ]
    [ "$output" = "mews: one: somebody else has its debugger" ]
    run mews resume one
    [ "$status" -eq 1 ]
    [ "$output" = "mews: one: it is held by a debugger, which alone can have it go on" ]
    mews show one oam --json >a.json # others look
    mews stats one >a
    echo 'break 80B4' >&5
    echo 'rs 10' >&5
    echo 'echo asked' >&5
    until_true 10 grep -q asked out
    [ "$(field one frames)" = "$frames" ]
    mews show one oam --json | cmp a.json
    exec 5>&-
    wait
    until_true 10 is_free one
    paces one
    # With a way back of its own, further than since the debugger came; and what was paused is paused.
    mews run -d --name two --saves none --rewind-memory 16M "$hawk"
    until_true 10 more_frames two 60
    mews pause two
    frames=$(field two frames)
    mews debug -b -c 'goto start' -c 'print frames' -c 'frames 2' two >out
    grep -qx '0 ($0)' out
    [ "$(field two state)" = paused ]
    [ "$(field two frames)" -ge "$frames" ]
    run mews debug -b --rewind-memory 0 -c rs one
    [ "$status" -eq 1 ]
    [ "$output" = "mews: no way back: nothing of the past was kept (--rewind-memory)" ]
    run mews debug -b -c step -c rs one
    [ "$status" -eq 0 ]
}

@test "debug NAME: continue keeps the machine's pace and is interrupted by Ctrl-C; others are served meanwhile" {
    mews run -d --name one "$hawk"
    mews debug one <<<$'continue\nregisters' >out 2>&1 &
    pid=$!
    until_true 10 is_state one running
    until_true 10 more_frames one 30
    [ "$(field one why)" = debugger ]
    paces one
    mews show one oam >a
    mews stats one >a
    mews snapshot one now.snap
    mews send --keys A one
    kill -INT $pid
    wait $pid
    grep -qx interrupted out
    grep -q '^pc=' out
    until_true 10 is_free one
    # Whoever pauses it ends what is under way.
    mews debug -b -c continue one >out 2>&1 &
    pid=$!
    until_true 10 eval '[ "$(field one why)" = debugger ]'
    until_true 10 is_state one running
    mews pause one
    wait $pid
    grep -qx interrupted out
    is_state one paused
    mews resume one
    # And who stops it.
    mews debug -c continue one </dev/null >out 2>&1 &
    pid=$!
    until_true 10 eval '[ "$(field one why)" = debugger ]'
    mews stop one
    wait $pid || true
    is_state one ended
}

@test "debug NAME: a search backwards answers others, and one who vanishes in it leaves a machine that goes on" {
    mews run -d --name one --rewind-memory 64M --speed max "$hawk"
    until_true 60 more_frames one 6000
    mews resume --speed 1 one
    for round in 1 2 3; do
        mews debug -b -c 'break ffff' -c 'reverse-continue' one >out 2>&1 &
        pid=$!
        until_true 10 eval '[ "$(field one why)" = debugger ]'
        for i in 1 2 3; do
            mews ps >a
            run mews show one oam
            [ "$status" -eq 0 ] || [ "$output" = "mews: one: its debugger is busy in the machine's past; ask again" ]
        done
        if [ "$round" -lt 3 ]; then
            kill -KILL $pid
            wait $pid || true
        else # Ctrl-C: the machine is where it was
            kill -INT $pid
            wait $pid || true
            grep -qE 'interrupted|begins here' out
        fi
        until_true 20 is_free one
        paces one
    done
    # In the middle of a run too.
    mews debug -b -c 'break ffff' -c 'continue' one >out 2>&1 &
    pid=$!
    until_true 10 eval '[ "$(field one why)" = debugger ]'
    kill -KILL $pid
    until_true 20 is_free one
    paces one
}

@test "debug NAME: at a terminal words are completed, and Ctrl-C stops a run and not the session" {
    mews run -d --name one "$hawk"
    run python3 "$BATS_TEST_DIRNAME/terminal.py" 'wait:(mews) ' 'send:regis\t\r' 'wait:pc=' 'send:p ppu.fra\t\r' 'wait:ppu.frame = ' 'send:c\r' \
        'sh:sleep 1' 'send:\x03' 'wait:interrupted' 'send:echo still\r' 'wait:still' 'send:quit\r' -- mews debug one
    [ "$status" -eq 0 ]
    until_true 10 is_free one
}

@test "debug NAME: what is refused is one line" {
    mews run -d --name one "$hawk"
    for words in "--kind nes one" "--set region=pal one" "--share . one" "one argument"; do
        # shellcheck disable=SC2086
        run mews debug $words
        [ "$status" -eq 2 ]
        one_line
    done
    run mews debug -b -c step two
    [ "$status" -eq 1 ]
    one_line
    echo rubbish >one # a file goes first
    run mews debug -b -c step one
    [ "$status" -eq 1 ]
    [[ $output == *"not a thing that can run"* ]]
}

# ---- trace ----

@test "trace NAME: the same lines as of the same machine as a thing" {
    begun one
    mews trace -e list "$hawk" >a
    mews trace -e list one | cmp - a
    for words in "-n 3000" "-e cpu.write@4014,ppu.frame --frames 5" "-f json -e cpu.* -n 500" "-e ppu.* -n 200"; do
        # shellcheck disable=SC2086
        mews trace $words now.snap >of-thing
        # shellcheck disable=SC2086
        mews trace $words -o of-name one &
        pid=$!
        until_true 10 test -e of-name
        sleep 0.3
        mews resume one
        wait $pid
        cmp of-thing of-name
        mews rm --force one
        mews restore -d --name one now.snap
        mews pause one
        rm of-name
        mews snapshot one now.snap
    done
}

@test "trace NAME: until it is interrupted, or the machine ends; what is refused is one line" {
    mews run -d --name one "$hawk"
    mews trace -e ppu.frame one >out 2>err &
    pid=$!
    until_true 10 eval '[ "$(wc -l <out)" -gt 5 ]'
    kill -INT $pid
    wait $pid && return 1 || [ $? -eq 130 ]
    [ ! -s err ]
    paces one
    rm out
    mews trace -e ppu.frame one >out 2>err &
    pid=$!
    until_true 10 test -s out
    mews stop one
    wait $pid
    [ "$(cat err)" = "mews: one has ended" ]
    mews rm one
    mews run -d --name one "$calc"
    for words in "-e nonsense one" "-e cpu.write@x one" "--frames 3 one" "--press 3:A one" "--kind nes one" "one more"; do
        # shellcheck disable=SC2086
        run mews trace $words
        [ "$status" -eq 2 ]
        one_line
    done
}

@test "trace NAME: who does not read, or is killed, holds nothing up; what was dropped is said" {
    mews run -d --name one --speed max "$hawk"
    mkfifo pipe
    mews trace -e 'cpu.*' one >pipe 2>err &
    pid=$!
    exec 5<pipe
    frames=$(field one frames)
    sleep 2
    until_true 20 more_frames one $((frames + 100))
    kill -INT $pid
    cat <&5 >out
    wait $pid || true
    grep -qE '^mews: [0-9]+ events were dropped' err
    [ "$(wc -l <out)" -gt 1000 ]
    mews trace -e 'cpu.*' one >pipe 2>err &
    pid=$!
    sleep 0.5
    kill -KILL $pid
    exec 5<&-
    frames=$(field one frames)
    until_true 20 more_frames one $((frames + 100))
    mews trace -n 3 one >out # there is room again
    [ "$(wc -l <out)" -eq 3 ]
}

# ---- enemies ----

@test "hostile debuggers, one after the other, leave a machine that goes on" {
    mews run -d --name h --rewind-memory 4M "$hawk"
    until_true 10 more_frames h 5
    python3 "$BATS_TEST_DIRNAME/hostile.py" run/mews/h/control.sock 3 debugger &
    python3 "$BATS_TEST_DIRNAME/hostile.py" run/mews/h/control.sock 5 debugger
    wait $!
    until_true 5 eval '[ "$(field h why)" != debugger ]'
    mews resume h
    is_state h running
    paces h
    fds=$(ls "/proc/$(field h pid)/fd" | wc -l)
    [ "$fds" -lt 60 ]
    mews debug -b -c 'step 3' -c 'reverse-step 2' h
    mews trace -n 3 h
    mews stop h
    [ "$(field h why)" = stopped ]
}
