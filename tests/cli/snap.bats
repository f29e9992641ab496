#!/usr/bin/env bats
# Snapshots, as a person types it: run --snapshot, restore, inspect, diff, snapshot --squash; what is damaged, of something
# else, or would do harm is refused with its reason.

load common.bash

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
    hawk=$(find "$MEWS_GUESTS/nes/hawk" -name '*.nes')
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
    unset DISPLAY WAYLAND_DISPLAY
}

# visible: picture, labels and RAM of the last run; sound is digested since the run began
visible() { grep -v ^sound; }

# waiting PID FILE TEXT: until the process has written TEXT to FILE
waiting() {
    for _ in $(seq 500); do
        grep -q "$3" "$2" && return
        kill -0 "$1" || return
        sleep 0.02
    done
    return 1
}

# ---- an NES ----

@test "a machine goes on from a snapshot as if nothing had been" {
    mews run --headless --frames 150 --press 70:Start:3 --hash "$hawk" | visible >want
    mews run --headless --frames 60 --press 70:Start:3 --snapshot 60.snap "$hawk"
    [ -s 60.snap ]
    for command in run restore "restore --verify"; do
        # shellcheck disable=SC2086 # words
        mews $command --headless --frames 90 --press 70:Start:3 --hash 60.snap | visible >got
        cmp want got
    done
    # and a snapshot of the copy is one of the original
    mews run --headless --frames 150 --press 70:Start:3 --snapshot whole.snap "$hawk"
    mews restore --headless --frames 90 --press 70:Start:3 --snapshot parts.snap 60.snap
    run mews diff whole.snap parts.snap
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "the file that it was made from is not needed any more, nor the snapshot itself" {
    cp "$hawk" game.nes
    mews run --headless --frames 10 --snapshot a.snap game.nes
    rm game.nes
    mkfifo pipe
    mews run --headless --frames 5 --hash a.snap >one
    mews run --headless --frames 5 --trace --hash a.snap >pipe &
    { read -r line && rm a.snap && cat >/dev/null; } <pipe
    [ -n "$line" ]
    wait $!
    [ -s one ]
}

@test "settings are the machine's own, and cannot be given again" {
    loop_rom loop.nes
    mews run --headless --frames 5 --region pal --ram ff --snapshot a.snap loop.nes
    run mews inspect a.snap
    [[ $output == *"region                           pal"* ]]
    mews run --headless --frames 5 --snapshot b.snap a.snap
    run mews inspect --json b.snap
    json 'any(f["path"] == "region" and f["value"] == "pal" for f in j["state"])'
    json 'j["pictures"] == 10 and j["kind"] == "nes" and j["name"] == "loop"'
    run mews run --headless --frames 5 --region ntsc a.snap
    [ "$status" -eq 2 ]
    one_line
    [[ $output == *"a snapshot knows its kind, its settings and the guest's arguments"* ]]
    run mews restore --region ntsc a.snap
    [ "$status" -eq 2 ]
}

@test "battery RAM: a copy overwrites nothing unless it is asked to" {
    battery_rom bat.nes # adds one at each start
    first() { head -c 1 bat.sav | od -An -tu1 | tr -d ' '; }
    mews run --headless --frames 2 --saves . --snapshot a.snap bat.nes
    [ "$(first)" = 1 ]
    mews run --headless --frames 2 --saves . bat.nes
    [ "$(first)" = 2 ]
    mews run --headless --frames 2 a.snap
    mews restore --headless --frames 2 a.snap
    for command in run restore; do # in front of a person, who leaves at once
        SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy timeout -s TERM 1 mews $command --video sdl a.snap || [ $? -eq 124 ]
    done
    [ "$(first)" = 2 ]
    [ ! -e data ]
    mews restore --headless --frames 2 --saves . a.snap # it has no start of its own
    [ "$(first)" = 1 ]
}

@test "a snapshot is written whole or not at all, and where it is named" {
    loop_rom loop.nes
    echo old >a.snap
    chmod 640 a.snap
    mews run --headless --frames 2 --snapshot a.snap loop.nes
    mews inspect a.snap >/dev/null
    [ "$(stat -c %a a.snap)" = 640 ]
    [ "$(find . -name 'a.snap*' | wc -l)" -eq 1 ]
    run mews run --headless --frames 2 --snapshot nowhere/a.snap loop.nes
    [ "$status" -eq 1 ]
    one_line
    mkdir dir
    run mews run --headless --frames 2 --snapshot dir loop.nes
    [ "$status" -eq 1 ]
    [ "$output" = "mews: dir: Is a directory" ]
    before=$(sha1sum <a.snap)
    run bash -c 'ulimit -f 100; mews run --headless --frames 3 --snapshot a.snap loop.nes'
    [ "$status" -ne 0 ]
    [ "$before" = "$(sha1sum <a.snap)" ]
}

# hawk_run COMMAND... ARGUMENTS: of the little hawk, headless; prints the screen as text
hawk_run() {
    mews "$@" --headless --report report.json "${thing[@]}"
    python3 -c 'import json; print("\n".join(json.load(open("report.json"))["text"]))'
}

@test "battery RAM of the little hawk: the copy has its own, the original keeps its own" {
    crash=(--press 100:Start:4 --press 104:Down:900)
    mkdir saves copy
    thing=(--snapshot before.snap "$hawk")
    hawk_run run --saves saves --frames 110 "${crash[@]}" >/dev/null # in the game, no point made yet
    thing=("$hawk")
    hawk_run run --saves saves --frames 900 "${crash[@]}" >text
    grep -q 'BEST .*[1-9]' text
    cp saves/hawk.sav record
    echo "whatever the original keeps" >saves/hawk.sav
    kept=$(sha1sum <saves/hawk.sav)
    # The copies play to their own end, and make a record of their own: it stays in them.
    thing=(before.snap)
    for command in run restore; do
        hawk_run $command --frames 790 "${crash[@]}" >text
        grep -q 'BEST .*[1-9]' text
    done
    [ "$kept" = "$(sha1sum <saves/hawk.sav)" ]
    [ ! -e data ]
    # Where it is told to, a copy keeps it, and only there.
    hawk_run restore --saves copy --frames 790 "${crash[@]}" >text
    cmp record copy/hawk.sav
    [ "$kept" = "$(sha1sum <saves/hawk.sav)" ]
    # An NES cannot be told that it is a copy, and says so.
    mews kinds | grep -q 'generation.*neither an NES nor a 6502v has a way to be told'
}

# ---- a 6502v ----

@test "a program that waits is stopped, and answers in another process" {
    mkfifo in
    mews run --snapshot a.snap "$MEWS_GUESTS/c6502/calc.hk" <in >out &
    pid=$!
    exec 9>in
    echo 6*7 >&9
    waiting $pid out 42
    kill -TERM $pid
    status=0
    wait $pid || status=$?
    exec 9>&-
    [ "$status" -eq 143 ]
    run mews restore a.snap <<<"1 + 2"
    [ "$status" -eq 0 ]
    [ "$output" = "3
> 
2 lines" ]
}

@test "arguments and files that are open go along" {
    mkdir share
    echo 0123456789 >share/file
    assemble reader <<'END'
        push name
        push 1                  ; to read
        ldy #4
        vmcall OPEN
        sta $20
        jsr piece
        print ready, 7
        push 0                  ; a byte from standard input: here it waits
        push $30
        lda #1
        ldx #0
        vmcall READ
        jsr piece
        lda #5
        vmcall EXIT
piece:  lda $20
        ldx #0
        jsr pushax
        push $40
        lda #3
        ldx #0
        vmcall READ
        print $40, 3
        rts
name:   .byte "file", 0
ready:  .byte " ready", 10
END
    mkfifo in
    mews run --share share --snapshot a.snap reader.hk <in >out &
    pid=$!
    exec 9>in
    waiting $pid out ready
    kill -TERM $pid
    wait $pid || true
    exec 9>&-
    [ "$(cat out)" = "012 ready" ]
    run mews restore a.snap <<<x
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"the guest has files open: it needs the directory that it shared (--share DIR)" ]]
    run mews restore --share share a.snap <<<x
    [ "$status" -eq 5 ]
    [ "$output" = 345 ]
    mv share/file share/other
    run mews restore --share share a.snap <<<x
    [ "$status" -eq 1 ]
    [[ $output == *"the guest had file open: the host says: No such file or directory" ]]
}

@test "a machine that has ended stays so" {
    mews run --snapshot a.snap "$MEWS_GUESTS/c6502/hello.hk" x y || true
    run mews restore a.snap
    [ "$status" -eq 2 ]
    [ -z "$output" ]
}

# ---- looking at them ----

@test "inspect: what it is, memory, fields; as JSON the same" {
    mews run --headless --frames 60 --snapshot a.snap "$hawk"
    run mews inspect --verify a.snap
    [ "$status" -eq 0 ]
    [[ $output == "what: snapshot of hawk"* ]]
    [[ $output == *"pictures: 60"* && $output == *"  cpu.pc  "* && $output == *"  ram          2048 bytes at \$0, "* ]]
    text=$output
    run mews inspect --json a.snap
    json 'j["pictures"] == 60 and [m["name"] for m in j["memory"]][0] == "ram"'
    json 'len([f for f in j["state"] if f["path"] == "ppu.oam"][0]["value"]) == 256'
    pc=$(python3 -c 'import json,sys; print([f["value"] for f in json.load(sys.stdin)["state"] if f["path"] == "cpu.pc"][0])' <<<"$output")
    grep -Eq "cpu\.pc +$pc$" <<<"$text"
}

@test "diff: nothing, something, trouble; status 0, 1, 2" {
    mews run --headless --frames 60 --snapshot a.snap "$hawk"
    mews run --headless --frames 61 --snapshot b.snap "$hawk"
    mews run --headless --frames 200 --press 70:Start:3 --snapshot d.snap "$hawk"
    run mews diff a.snap a.snap
    [ "$status" -eq 0 ] && [ -z "$output" ]
    run mews diff a.snap b.snap
    [ "$status" -eq 1 ]
    [[ $output == "machine.now
- "*"
+ "* ]]
    [[ $output == *"machine.frames
- 60
+ 61"* ]]
    run mews diff --json a.snap b.snap
    [ "$status" -eq 1 ]
    json '[d["where"] for d in j].count("machine.frames") == 1'
    json 'any(d["where"] == "ram, page 0" for d in j)'
    run mews diff --json a.snap d.snap
    json 'any(d["where"].startswith("picture, page") for d in j)'
    run mews diff a.snap nothing
    [ "$status" -eq 2 ]
    one_line
    loop_rom loop.nes
    mews run --headless --frames 60 --snapshot c.snap loop.nes
    run mews diff a.snap c.snap
    [ "$status" -eq 1 ]
    [[ $output == *"image
- "* && $output == *"name
- hawk
+ loop"* ]]
}

@test "snapshot --squash --compress: smaller, and the same machine" {
    mews run --headless --frames 60 --snapshot a.snap "$hawk"
    run mews snapshot --squash small.snap --compress 9 a.snap
    [ "$status" -eq 0 ]
    [[ $output =~ ^[0-9a-f]{32}$ ]]
    [ "$(stat -c %s small.snap)" -lt "$(stat -c %s a.snap)" ]
    mews inspect --verify small.snap | grep -q '^compressed: yes'
    run mews diff a.snap small.snap
    [ "$status" -eq 0 ]
    mews snapshot --squash flat.snap small.snap
    cmp a.snap flat.snap
    run mews snapshot --squash x.snap --json --compress 1 a.snap
    json 'j["memory"] > j["written"] > 0'
    for words in "--squash x --compress 0 a.snap" "--squash x --compress 20 a.snap" "--squash x" "a.snap"; do
        # shellcheck disable=SC2086 # words
        run mews snapshot $words
        [ "$status" -eq 2 ]
        one_line
    done
}

# ---- what is no good ----

@test "what is damaged, cut short or something else is refused with its reason" {
    mews run --headless --frames 60 --snapshot a.snap "$hawk"
    size=$(stat -c %s a.snap)
    for command in "restore --headless --frames 1" "run --headless --frames 1" inspect "diff a.snap"; do
        head -c $((size - 1)) a.snap >bad.snap
        # shellcheck disable=SC2086 # words
        run mews $command bad.snap
        [ "$status" -ne 0 ]
        [ "$output" = "mews: bad.snap: the file has $((size - 1)) bytes, and should have $size" ]
        { head -c $((size - 500)) a.snap; printf x; tail -c 499 a.snap; } >bad.snap
        # shellcheck disable=SC2086 # words
        run mews $command bad.snap
        [ "$status" -ne 0 ]
        [ "$output" = "mews: bad.snap: damaged: the manifest's checksum is wrong" ]
    done
    run mews restore "$hawk"
    [ "$status" -eq 1 ]
    [ "$output" = "mews: $hawk: not a snapshot, or one whose writing was cut short" ]
    : >empty
    run mews inspect empty
    [ "$status" -eq 1 ]
    run mews inspect /dev/null
    [ "$status" -eq 1 ]
    one_line
}

# broken OFFSET HEX: a.snap with other bytes there, as bad.snap
broken() {
    cp a.snap bad.snap
    bytes "${@:2}" | dd of=bad.snap bs=1 seek="$1" conv=notrunc status=none
}

# refused REASON: every command that reads bad.snap says so, in a line
refused() {
    for command in "restore --headless --frames 1" "restore --verify --headless --frames 1" inspect \
        "diff a.snap" "snapshot --squash out.snap"; do
        # shellcheck disable=SC2086 # words
        run mews $command bad.snap
        [ "$status" -ne 0 ]
        [ "$output" = "mews: bad.snap: $1" ]
    done
    [ ! -e out.snap ]
}

@test "each field of a damaged header has its reason" {
    loop_rom loop.nes
    mews run --headless --frames 2 --snapshot a.snap loop.nes
    size=$(stat -c %s a.snap)
    broken 0 88
    refused "not a snapshot, or one whose writing was cut short"
    broken 8 02 00 00 00
    refused "a snapshot of format 2; this program knows format 1"
    for at in 12 40 72 120; do
        broken $at a5
        refused "damaged: the header's checksum is wrong"
    done
    broken $((size - 1)) a5
    refused "damaged: the manifest's checksum is wrong"
    head -c 4096 a.snap >bad.snap
    refused "the file has 4096 bytes, and should have $size"
    { cat a.snap; echo; } >bad.snap
    refused "the file has $((size + 1)) bytes, and should have $size"
    head -c 127 a.snap >bad.snap
    refused "not a snapshot, or one whose writing was cut short"
    cp loop.nes bad.snap
    refused "not a snapshot, or one whose writing was cut short"
    run mews run --kind jvm --headless --frames 1 a.snap
    [ "$status" -eq 2 ]
    [[ $output == *"a snapshot knows its kind"* ]]
}

@test "a directory, a pipe or a device is no snapshot, and nothing waits for it" {
    loop_rom loop.nes
    mews run --headless --frames 2 --snapshot a.snap loop.nes
    mkfifo pipe
    mkdir dir
    for what in pipe dir /dev/zero; do
        for command in "restore --headless --frames 1" inspect "diff a.snap" "diff" "snapshot --squash out.snap"; do
            # shellcheck disable=SC2086 # words
            run timeout 20 mews $command $what
            [ "$status" -ne 0 ] && [ "$status" -ne 124 ]
            if [ "$command" = diff ]; then continue; fi # wants two
            [ "$output" = "mews: $what: not a regular file" ]
        done
    done
    # Nor is one written there.
    for what in pipe /dev/full; do
        run timeout 20 mews snapshot --squash $what a.snap
        [ "$status" -eq 2 ]
        [ "$output" = "mews: $what: not a regular file" ]
        run timeout 20 mews run --headless --frames 2 --snapshot $what loop.nes
        [ "$status" -eq 1 ]
        [ "$output" = "mews: $what: not a regular file" ]
    done
    run mews snapshot --squash dir a.snap
    [ "$status" -eq 1 ]
    [ "$output" = "mews: dir: Is a directory" ]
    [ -p pipe ] && [ -c /dev/full ]
}

@test "docs/formats/snapshot.md is enough for another program to read one" {
    mews run --headless --frames 60 --hash --snapshot a.snap "$hawk" >digests
    python3 "$BATS_TEST_DIRNAME/read_snapshot.py" a.snap >memory
    [ "$(head -c 2048 memory | sha1sum | cut -c1-40)" = "$(sed -n 's/^ram *//p' digests)" ]
    mews run --snapshot b.snap "$MEWS_GUESTS/c6502/hello.hk" x y || true
    python3 "$BATS_TEST_DIRNAME/read_snapshot.py" b.snap >memory
    [ -s memory ]
}

@test "damaged memory is found by --verify, and is only data otherwise" {
    mews run --headless --frames 60 --snapshot a.snap "$hawk"
    printf x | dd of=a.snap bs=1 seek=4100 conv=notrunc status=none
    for command in "inspect --verify" "restore --verify --headless --frames 1"; do
        # shellcheck disable=SC2086 # words
        run mews $command a.snap
        [ "$status" -eq 1 ]
        [ "$output" = "mews: a.snap: ram+\$0: damaged: the checksum of a piece of memory is wrong" ]
    done
    mews restore --headless --frames 1 a.snap
}
