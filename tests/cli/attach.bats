#!/usr/bin/env bats
# At the console and the screen of a machine behind one's back; copies of it; and that neither a hostile client nor a sudden
# death leaves anything that the next command trips over.

load common.bash
load control.bash

# ---- at its console and screen ----

@test "attach: the console, left by Ctrl-A x, the terminal as it was" {
    mews run -d --name c "$calc"
    run python3 "$BATS_TEST_DIRNAME/terminal.py" 'wait:leaves it' 'send:20+3\r' 'wait:23' 'send:\x01x' -- mews attach c
    [ "$status" -eq 0 ]
    is_state c running
}

@test "attach: the terminal is restored when a signal ends it, and when the machine ends or dies" {
    mews run -d --name c "$calc"
    for end in signal:TERM signal:HUP signal:QUIT; do
        run python3 "$BATS_TEST_DIRNAME/terminal.py" 'wait:leaves it' "send:1+1\\r" wait:2 $end -- mews attach c
        [ "$status" -gt 128 ]
    done
    run python3 "$BATS_TEST_DIRNAME/terminal.py" 'wait:leaves it' 'send:1+1\r' wait:2 'sh:mews send c --end' -- mews attach c
    [ "$status" -eq 0 ]
    [[ $output == *"c has ended"* ]]
    mews run -d --name d "$calc"
    run python3 "$BATS_TEST_DIRNAME/terminal.py" 'wait:leaves it' 'send:1+1\r' wait:2 "sh:kill -9 $(field d pid)" -- mews attach d
    [ "$status" -eq 0 ]
}

@test "attach: the screen, in a terminal, and its keys" {
    mews run -d --name s "$hawk"
    # the other screen is entered, pictures are drawn, and the first one comes back
    run python3 "$BATS_TEST_DIRNAME/terminal.py" 'wait:\x1b[?1049h' 'wait:\x1b[0m' 'send:\x01x' 'wait:\x1b[?1049l' -- mews attach --video terminal s
    [ "$status" -eq 0 ]
    run python3 "$BATS_TEST_DIRNAME/terminal.py" 'wait:\x1b[?1049h' 'wait:\x1b[0m' 'send:p' 'sh:sleep 0.5' 'sh:mews ps | grep -q paused' 'send:\x03' -- mews attach --video terminal s
    [ "$status" -eq 0 ]
    run python3 "$BATS_TEST_DIRNAME/terminal.py" 'wait:\x1b[?1049h' 'wait:\x1b[0m' "sh:kill -9 $(field s pid)" -- mews attach --video terminal s
    [[ $status -eq 0 ]]
}

# ---- copies ----

@test "snapshot NAME FILE: while it runs, whole or not at all; --incremental makes a chain" {
    mews run -d --name s "$hawk"
    until_true 10 more_frames s 20
    mews snapshot s base.snap
    run mews snapshot --incremental --json s more.snap
    [ "$status" -eq 0 ]
    json "j['written'] < j['memory'] and j['pause_seconds'] < 1"
    frames=$(field s frames)
    until_true 10 more_frames s "$frames"
    mews snapshot --squash all.snap base.snap more.snap
    mews inspect --verify all.snap >/dev/null
    run mews snapshot s missing/directory.snap
    [ "$status" -eq 1 ]
    one_line
    [ "$(echo *.snap)" = "all.snap base.snap more.snap" ]
    run mews snapshot s
    [ "$status" -eq 2 ]
}

@test "fork: a copy that goes on from there; restore -d: from a file" {
    mews run -d --name a "$hawk"
    until_true 10 more_frames a 20
    mews pause a
    mews snapshot a a.snap
    frames=$(field a frames)
    mews resume a --speed 0.5
    mews pause a
    frames=$(field a frames)
    [ "$(mews fork a --name b)" = b ]
    # where its own begin is known: top counts from there (the original's pictures are not its own)
    [[ $(field b began) == *"'frames': $frames"* ]]
    mews top --count 1 | awk '$1 == "b" { seen = 1; if ($7 > 200 || $7 < 0) exit 1 } END { exit !seen }'
    [ "$(mews stats --json b | python3 -c 'import json, sys; print(json.load(sys.stdin)["speed"])')" = 0.5 ]
    until_true 10 more_frames b "$frames"
    [ "$(field a frames)" = "$frames" ]
    is_state a paused
    [ "$(mews restore a.snap -d --name c)" = c ]
    until_true 10 more_frames c "$frames"
    mews stop a
    is_state b running # the pages that it shared with its original are still there
    [ "$(mews fork b)" = hawk ]
    run mews fork nobody
    [ "$status" -ne 0 ]
    one_line
    run mews fork b --name c
    [ "$status" -eq 1 ]
    [[ $output == *"a machine of this name is running"* ]]
}

@test "fork, restore: two machines never write to the same open file" {
    mkdir share
    head -c 3000000 /dev/urandom >share/from
    mews run -d --name w --speed 0.01 --share share "$MEWS_GUESTS/c6502/copy.hk" from to
    until_true 10 test -s share/to
    mews pause w
    run mews fork w
    [ "$status" -eq 1 ]
    [[ $output == *"the guest has files of the host open"*"mews restore --share"* ]]
    one_line
    [ "$(mews ps --json | grep -c '"name"')" -eq 1 ]
    mews snapshot w w.snap
    run mews restore w.snap
    [ "$status" -eq 1 ]
    [[ $output == *"it needs the directory that it shared"* ]]
    run mews restore w.snap --share share
    [ "$status" -eq 1 ]
    [[ $output == *"the guest had to open for writing, as another machine has it now"* ]]
    cp -r share copied
    mews restore w.snap --share copied
    cmp copied/from copied/to
    [ "$(stat -c %s share/to)" -lt 3000000 ] # the original's is as it was
    mews stop w
    mews restore w.snap --share share # nobody else has it now
    cmp share/from share/to
}

@test "battery RAM: one machine at a time has the file; copies have none" {
    mkdir saves
    mews run -d --name a --saves saves "$hawk"
    for command in run "run -d" "run --headless --frames 1"; do
        run mews $command --saves saves "$hawk"
        [ "$status" -eq 1 ]
        one_line
        [[ $output == *"battery RAM cannot be kept (--saves none plays without)"*"saves/hawk.sav: another machine keeps its battery RAM there" ]]
    done
    mews fork a --name b
    mews snapshot a a.snap
    mews restore -d a.snap --name c
    run mews restore a.snap --saves saves
    [ "$status" -eq 1 ]
    [[ $output == *"another machine keeps its battery RAM there" ]]
    mews run -d --name d --saves none "$hawk"
    mews stop b c d
    [ "$(ls -A saves)" = .hawk.sav.lock ] # no copy has written one
    kill -9 "$(field a pid)"
    until_true 5 mews run -d --name e --saves saves "$hawk" # nobody has it now
    mews stop e
    [ "$(ls -A saves)" = hawk.sav ]
}

# ---- enemies, and sudden death ----

@test "a hostile client neither stops nor slows the guest" {
    mews run -d --name h "$hawk"
    until_true 10 more_frames h 5
    before=$(field h frames)
    python3 "$BATS_TEST_DIRNAME/hostile.py" run/mews/h/control.sock 1.5 &
    python3 "$BATS_TEST_DIRNAME/hostile.py" run/mews/h/control.sock 3
    wait $!
    after=$(field h frames)
    is_state h running
    [ $((after - before)) -gt 120 ] # of the 180 of three seconds
    fds=$(ls "/proc/$(field h pid)/fd" | wc -l)
    [ "$fds" -lt 60 ]
    mews stop h
    [ "$(field h why)" = stopped ]
}

@test "a monitor that is killed at any moment leaves nothing that the next one trips over" {
    for i in $(seq 15); do
        mews run --headless --frames 100000000 --name k "$hawk" 2>err &
        pid=$!
        sleep "0.$(printf %03d $((RANDOM % 150)))"
        case $((i % 3)) in
        0) mews pause k 2>/dev/null & other=$! ;;
        1) mews snapshot k k.snap >/dev/null 2>&1 & other=$! ;;
        *) other= ;;
        esac
        kill -9 $pid
        wait $pid || true
        [ -z "$other" ] || wait $other || true
        [ ! -s err ]
        run mews ps
        [ "$status" -eq 0 ]
        [ ${#lines[@]} -eq 1 ]
        [ "$(mews run -d --name k "$hawk")" = k ]
        mews rm --force k
    done
    [ -z "$(ls run/mews)" ]
}
