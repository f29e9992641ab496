#!/usr/bin/env bats
# The life of machines behind one's back, as a person types it: run -d and --name, ps, pause, resume, stop, wait, rm, logs,
# send, stats, top, events.

load common.bash
load control.bash

# ---- views ----

@test "show NAME VIEW: the views of a machine that runs; it runs on, and a file of that name goes first" {
    mews run -d --name one "$hawk"
    until_true 10 more_frames one 60
    mews pause one
    mews show one >list
    mews show "$hawk" | cmp - list
    mews show one oam --json >a.json
    mews show one oam --json | cmp - a.json
    python3 -c 'import json; j = json.load(open("a.json")); assert j["view"] == "oam" and len(j["rows"]) == 64'
    mews snapshot one now.snap
    mews show now.snap oam --json | cmp - a.json
    mews show now.snap oam --text >a.txt
    mews show one oam --text | cmp - a.txt
    for view in nametables patterns palette oam; do
        mews show one $view -o live.png
        mews show now.snap $view -o saved.png
        cmp live.png saved.png
    done
    for words in nonsense patterns "oam --frames 3"; do
        # shellcheck disable=SC2086
        run mews show one $words
        [ "$status" -eq 2 ]
        one_line
    done
    run mews show one apu -o apu.png
    [ "$status" -eq 1 ]
    one_line
    mews resume one
    until_true 10 more_frames one "$(field one frames)"
    echo rubbish >one
    run mews show one oam
    [ "$status" -eq 1 ]
    [[ $output == *"not a thing that can run"* ]]
}

# ---- beginning and end ----

@test "run -d prints the name when the machine is there; ps lists it; stop ends it; rm forgets it" {
    run mews run -d --name one "$hawk"
    [ "$status" -eq 0 ]
    [ "$output" = one ]
    run mews ps
    [[ ${lines[1]} == "one "*nes*running*hawk ]]
    run mews ps --json
    json "len(j) == 1 and j[0]['name'] == 'one' and j[0]['kind'] == 'nes' and j[0]['state'] == 'running'"
    json "all(k in j[0] for k in ['pid', 'age_seconds', 'guest_seconds', 'frames', 'cpu_seconds', 'resident_bytes'])"
    [ "$(stat -c %a run/mews/one/control.sock)" = 600 ]
    [ "$(stat -c %a run/mews)" = 700 ]
    until_true 10 more_frames one 30
    mews stop one
    run mews ps --json
    json "j[0]['state'] == 'ended' and j[0]['why'] == 'stopped' and j[0]['status'] == 0"
    run mews run -d --name one "$hawk"
    [ "$status" -eq 1 ]
    [[ $output == "mews: one: a machine of this name has ended (mews rm forgets it)" ]]
    mews rm one
    run mews ps
    [ ${#lines[@]} -eq 1 ]
    [ "$(ls -A run/mews)" = .lock ]
}

@test "without --name the thing's name is taken, with a number when it is not free" {
    cp "$hawk" "My game (1).nes"
    [ "$(mews run -d --saves none "My game (1).nes")" = My-game-1- ]
    [ "$(mews run -d --saves none "My game (1).nes")" = My-game-1--2 ]
    for name in "" -a .a a/b "a b" "$(printf 'x%.0s' $(seq 65))"; do
        run mews run -d "--name=$name" "$hawk"
        [ "$status" -eq 2 ]
        one_line
    done
    mews stop My-game-1- My-game-1--2
}

@test "what cannot run says so at once, and leaves nothing" {
    echo rubbish >rubbish
    run mews run -d rubbish
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"not a thing that can run"* ]]
    run mews run -d --frames 3 --headless "$calc"
    [ "$status" -eq 2 ]
    one_line
    run mews run -d --record missing/directory.rec "$hawk"
    [ "$status" -eq 1 ]
    one_line
    run mews run -d --video sdl "$hawk"
    [ "$status" -eq 2 ]
    [ ! -e run/mews ] || [ -z "$(ls run/mews)" ]
    run mews stop nobody
    [ "$status" -eq 2 ]
    [ "$output" = "mews: nobody: there is no such machine" ]
    chmod 755 run
    mkdir -p run/mews
    chmod 755 run/mews
    run mews ps
    [ "$status" -eq 1 ]
    [[ $output == *"it must be ours, and of mode 0700"* ]]
    chmod 700 run/mews
}

@test "a run in front is listed when it has a name, and leaves no trace" {
    mews run --headless --frames 100000000 --name front "$hawk" >out &
    until_true 10 is_state front running
    mews pause front
    is_state front paused
    mews resume front
    mews stop front
    wait $!
    [ -z "$(mews ps --json | tr -d '[] \n')" ] # which removes what a jailed one may not
    [ -z "$(ls run/mews)" ]
    mews run --headless --frames 10 "$hawk"
    rm -r run/mews
    mews run --headless --frames 10 "$hawk"
    [ ! -e run/mews ]
}

@test "a guest's own status comes back from wait, also when it ended before" {
    assemble quits <<'END'
        print text, 3
        lda #7
        vmcall EXIT
text:   .byte "hi", $0a
END
    mews run -d --name q quits.hk
    until_true 10 is_state q ended
    run mews wait q
    [ "$status" -eq 7 ]
    [ "$(guests_words q)" = hi ]
    mews run -d --name c "$calc"
    mews wait c &
    mews send c --end
    wait $!
    run mews wait nobody
    [ "$status" -eq 2 ]
}

@test "rm wants an end, or --force" {
    mews run -d --name a "$hawk"
    run mews rm a
    [ "$status" -eq 1 ]
    [ "$output" = "mews: a: it is running (mews stop)" ]
    mews rm --force a
    [ -z "$(ls run/mews)" ]
    run mews rm a
    [ "$status" -eq 2 ]
}

@test "one that does not stop in time is killed, and so is one that does not even answer" {
    mews run -d --name stuck "$hawk"
    pid=$(field stuck pid)
    kill -STOP "$pid"
    run mews stop --timeout 0.3 stuck
    [ "$status" -eq 0 ]
    [[ $output == *"killed"* ]]
    ! kill -0 "$pid" 2>/dev/null
    run mews ps
    [ ${#lines[@]} -eq 1 ]
}

@test "SIGTERM ends a monitor in order" {
    mews run -d --name t "$hawk"
    kill "$(field t pid)"
    until_true 10 is_state t ended
    [ "$(field t why)" = stopped ]
}

# ---- what it does ----

@test "paused it stands still and costs nothing; resumed it goes on" {
    mews run -d --name p "$hawk"
    until_true 10 more_frames p 5
    mews pause p
    is_state p paused
    frames=$(field p frames)
    cpu=$(field p cpu_seconds)
    sleep 0.5
    [ "$(field p frames)" = "$frames" ]
    python3 -c "assert $(field p cpu_seconds) - $cpu < 0.1"
    mews pause p
    mews resume p
    until_true 10 more_frames p "$frames"
}

@test "behind one's back a machine keeps its own time" {
    mews run -d --name p "$hawk"
    sleep 1
    run mews stats --json p
    [ "$status" -eq 0 ]
    json "50 < j['rates']['frames'] < 70 and j['frames'] > 20 and j['exits'] >= j['frames']"
    json "1.5e6 < j['rates']['ticks'] < 2.1e6"
    json "any(m['name'] == 'ram' and m['dirty_pages'] >= 0 for m in j['memory'])"
    run mews stats p
    [[ $output == *"frames "*"a second"* ]]
}

@test "--speed: so many times its own, from the beginning or from now on; its like for one without a picture" {
    began=$(date +%s%N)
    mews run -d --speed 0.1666667 --name p "$hawk"
    until_true 20 more_frames p 10
    n=$(field p frames)
    [ "$n" -le $(($(($(date +%s%N) - began)) / 100000000 + 3)) ] # ten a second, and never faster
    mews resume --speed max p
    until_true 5 more_frames p 300
    mews resume --speed 0.01 p
    n=$(field p frames)
    sleep 1
    [ "$(field p frames)" -le $((n + 2)) ]
    mews pause p # also while it waits for its next picture, which is a second away
    mews snapshot p p.snap
    mews restore -d --speed 0.01 --name r p.snap
    sleep 1
    [ "$(field r frames)" -le $((n + 5)) ]
    mews stop --timeout 5 r
    mews run -d --speed 0.5 --name loop "$(loop_program)"
    until_true 20 older loop 0.2
    python3 -c "import sys; sys.exit(not $(field loop guest_seconds) <= $(field loop age_seconds) / 2 + 0.1)"
    mews resume --speed max loop
    until_true 5 older loop 3
    for words in 0 -1 2x fast 0.001; do
        run mews resume --speed "$words" p
        [ "$status" -eq 2 ]
        one_line
        run mews run -d --speed "$words" "$hawk"
        [ "$status" -eq 2 ]
    done
    run mews run --headless --frames 3 --speed 2 "$hawk"
    [ "$status" -eq 2 ]
}
older() { python3 -c "import sys; sys.exit(not $(field "$1" guest_seconds) > $2)"; }
loop_program() {
    assemble loops <<'END'
again:  jmp again
END
    echo loops.hk
}

@test "send types at the console; logs shows what came of it, and follows" {
    mews run -d --name c "$calc"
    mews logs --follow c >followed &
    mews send c --line 1+2
    until_true 10 says c '^> 3'
    echo 40+2 | mews send c
    until_true 10 says c 42
    mews send c --text 5 --text + --line 6 --end
    wait $!
    until_true 10 is_state c ended
    says c 11
    mews logs c | cmp - followed
    run mews send c --line x
    [ "$status" -eq 1 ]
    [ "$output" = "mews: c: it has ended (mews rm)" ]
}

# pressed FILE: whether the cartridge in this snapshot has seen button A
pressed() {
    mews restore --headless --frames 1 --report r.json "$1"
    python3 -c "import json; exit(json.load(open('r.json'))['ram'][32:34] != '01')"
}

@test "send presses buttons and reset: what the guest sees is what a person would press" {
    # $10 becomes 1 when A is down; at a start it is 0
    cartridge a.nes 0 0 a9 00 85 10 a9 01 8d 16 40 a9 00 8d 16 40 ad 16 40 29 01 05 10 85 10 4c 04 c0
    mews run -d --name a a.nes
    until_true 10 more_frames a 10
    mews snapshot a before.snap
    ! pressed before.snap
    mews send a --keys A:3
    frames=$(field a frames)
    until_true 10 more_frames a $((frames + 5))
    mews snapshot a after.snap
    pressed after.snap
    mews send a --reset
    frames=$(field a frames)
    until_true 10 more_frames a $((frames + 5))
    mews snapshot a reset.snap
    ! pressed reset.snap
    run mews send a --keys Jump
    [ "$status" -eq 2 ]
    mews run -d --name c "$calc"
    run mews send c --keys A
    [ "$status" -eq 1 ]
    [[ $output == *"no controllers"* ]]
}

@test "top counts so often, without a terminal; events come as they happen" {
    mews events >events &
    events=$!
    sleep 0.5
    mews run -d --name e "$hawk"
    until_true 10 grep -q '"event":"started"' events
    run mews top --count 2 --interval 0.2
    [ "$status" -eq 0 ]
    [ "$(grep -c '^e .*hawk' <<<"$output")" -eq 2 ]
    mews pause e
    mews resume e
    mews stop e
    until_true 10 grep -q '"state":"ended"' events
    kill $events
    python3 - <<'END'
import json
lines = [json.loads(l) for l in open("events")]
got = [(l["event"], l.get("state")) for l in lines if l["name"] == "e"]
assert [g[0] for g in got][0] == "started", got
assert ("state.changed", "paused") in got and ("state.changed", "running") in got, got
assert got[-1] == ("state.changed", "ended"), got
END
}
