#!/usr/bin/env bats
# Recordings, as a person types it: run --record, replay with its digests, --until, --speed, --verify; what is cut off plays
# to its last whole entry, and no copy overwrites what the original has saved. (tests/api/replay forges recordings.)

load common.bash

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
    hawk=$(find "$MEWS_GUESTS/nes/hawk" -name '*.nes')
    play=(--press 70:Start:3 --press 150:Right:400 --press 200:A:10 --press 300:A+B:30 --press 400:2.Down:9)
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
    unset DISPLAY WAYLAND_DISPLAY
}

# chunks FILE: name, place and length of each chunk of a recording
chunks() {
    python3 - "$@" <<'END'
import struct, sys
b = open(sys.argv[1], "rb").read()
at = 8
while at + 24 <= len(b):
    name, zero, size, digest = struct.unpack_from("<4sIQQ", b, at)
    print(name.decode().strip(), at, 24 + size)
    at += 24 + size
END
}

# ---- an NES ----

@test "a recording replays to the same digests, report and picture" {
    for extra in "" "--reset 350" "--region pal --ram ff"; do
        # shellcheck disable=SC2086 # words
        mews run --headless --frames 600 "${play[@]}" $extra --hash --report want.json --screenshot want.png --record a.rec "$hawk" >want
        mews replay --headless --hash --report got.json --screenshot got.png --verify a.rec >got 2>err
        cmp want got
        cmp want.json got.json
        cmp want.png got.png
        grep -q "^mews: the same at all [1-9][0-9]* moments" err
    done
    # The sound as well, as a file; and as JSON.
    mews run --headless --frames 120 --audio want.wav --record b.rec "$hawk"
    mews replay --headless --audio got.wav --hash --json b.rec >got.json
    cmp want.wav got.wav
    python3 -c 'import json; assert len(json.load(open("got.json"))["ram"]) == 40'
}

@test "other guests, and test programs that ask for reset" {
    reset_rom reset.nes
    mews run --verdict --record a.rec reset.nes
    mews run --headless --frames 300 --reset auto --hash --record b.rec reset.nes >want
    mews replay --headless --hash --verify b.rec | cmp want -
    mews replay --headless --verify a.rec
    for rom in "$MEWS_GUESTS"/nes/tests/{vrc6a,fme7,namco163}.nes; do
        mews run --headless --frames 200 --press 20:Start:9 --hash --record c.rec "$rom" >want
        mews replay --headless --hash --verify c.rec | cmp want -
    done
    [ -n "$MEWS_TESTDATA" ] || skip "the games but ours: MEWS_TESTDATA is not set"
    rom=$(find "$MEWS_TESTDATA" -name 'nes15*.nes' | head -n 1)
    [ -n "$rom" ] || skip "no nes15 in MEWS_TESTDATA"
    mews run --headless --frames 900 --press 60:Start:5 --press 200:Left:8 --press 300:Up:8 --press 400:Right:8 --hash --record d.rec "$rom" >want
    mews replay --headless --hash --verify d.rec | cmp want -
}

@test "what was recorded needs neither the file nor the battery RAM" {
    battery_rom bat.nes
    mews run --headless --frames 2 --saves . bat.nes
    mews run --headless --frames 2 --saves . --hash --record a.rec bat.nes >want
    rm bat.nes bat.sav
    mews replay --headless --hash a.rec | cmp want -
    [ ! -e bat.sav ]
    [ ! -e data ]
}

@test "no copy overwrites what the original has saved since" {
    battery_rom bat.nes # adds one at each start
    first() { head -c 1 bat.sav | od -An -tu1 | tr -d ' '; }
    mews run --headless --frames 2 --saves . --record a.rec --snapshot a.snap bat.nes
    [ "$(first)" = 1 ]
    mews run --headless --frames 2 --saves . bat.nes
    [ "$(first)" = 2 ]
    mews replay --headless a.rec
    mews replay --headless --verify --snapshot b.snap a.rec
    mews restore --headless --frames 2 --record b.rec a.snap
    mews replay --headless b.rec
    SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy mews replay --video sdl a.rec
    [ "$(first)" = 2 ]
    [ ! -e data ]
    run mews replay --saves . a.rec
    [ "$status" -eq 2 ]
}

@test "a restored machine is recorded, and a replay is snapshotted" {
    mews run --headless --frames 100 "${play[@]}" --snapshot a.snap "$hawk"
    mews restore --headless --frames 200 "${play[@]}" --hash --record a.rec a.snap >want
    mews replay --headless --hash --verify --snapshot b.snap a.rec | cmp want -
    mews restore --headless --frames 200 "${play[@]}" --snapshot c.snap a.snap
    run mews diff b.snap c.snap
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "--until: pictures, seconds, ticks" {
    mews run --headless --frames 300 "${play[@]}" --record a.rec "$hawk"
    mews run --headless --frames 170 "${play[@]}" --hash "$hawk" >want
    mews replay --headless --until 170 --hash a.rec | cmp want -
    mews replay --headless --until 1000000t --snapshot t.snap a.rec
    mews inspect t.snap | grep -q '^pictures: 33$'
    mews replay --headless --until 2.5s --snapshot s.snap a.rec
    mews inspect s.snap | grep -q '^pictures: 150$'
    mews replay --headless --until 99999 --hash a.rec >got # no further than its end
    mews replay --headless --hash a.rec | cmp got -
    for words in "--until x" "--until 5m" "--until -3" "--speed 0" "--speed fast" "--speed 2x" "--hash" "--frames 3"; do
        # shellcheck disable=SC2086 # words
        run mews replay $words a.rec
        [ "$status" -eq 2 ]
        one_line
    done
}

@test "--speed: as fast as it is told" {
    mews run --headless --frames 120 --record a.rec "$hawk" # two seconds
    took() {
        local start
        start=$(date +%s%N)
        "$@"
        echo $((($(date +%s%N) - start) / 1000000))
    }
    [ "$(took mews replay --headless --speed 4 a.rec)" -ge 450 ]
    [ "$(took mews replay --headless --speed 1 --until 60 a.rec)" -ge 950 ]
    export SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy
    [ "$(took mews replay --video sdl --speed 2 a.rec)" -ge 950 ]
    mews replay --video sdl --speed max a.rec
    mews replay --video sdl --speed 0.5 --until 30 --snapshot a.snap a.rec
    mews inspect a.snap | grep -q '^pictures: 30$'
}

# ---- a 6502v ----

@test "a program's console and files come from the recording" {
    mkdir share
    seq 2000 >share/in
    run mews run --share share --record a.rec "$MEWS_GUESTS/c6502/copy.hk" in out
    [ "$status" -eq 0 ]
    want=$output
    cmp share/in share/out
    rm -r share
    run mews replay a.rec
    [ "$status" -eq 0 ]
    [ "$output" = "$want" ]
    [ ! -e share ]
    printf '1+2\n6*7\n(3\n' | mews run --record b.rec "$MEWS_GUESTS/c6502/calc.hk" >want
    mews replay --verify b.rec </dev/null 2>err | cmp want -
    grep -q "the same at all" err
    run mews replay --until 600 b.rec
    [ "$status" -eq 2 ]
    one_line
}

@test "a program's status is passed on, and arguments are kept" {
    mews run --record a.rec "$MEWS_GUESTS/c6502/hello.hk" x y >want || status=$?
    [ "$status" -eq 2 ]
    run mews replay a.rec
    [ "$status" -eq 2 ]
    [ "$output" = "$(cat want)" ]
}

# ---- cut short ----

@test "killed at any moment: what was recorded so far replays" {
    mkfifo in
    for n in 1 2 3 4; do
        mews run --record a.rec "$MEWS_GUESTS/c6502/calc.hk" <in >out &
        pid=$!
        exec 9>in
        for i in $(seq $n); do
            echo "$i*7" >&9
            for _ in $(seq 200); do
                [ "$(grep -c "$((i * 7))" out)" -ge 1 ] && break
                sleep 0.01
            done
        done
        kill -KILL $pid
        wait $pid || true
        exec 9>&-
        mews replay --verify a.rec >got 2>err
        cmp out got # it was waiting for more, so nothing is missing
        grep -q "cut off" err
    done
    for bytes in 20000 30000 50000 80000; do
        mews run --headless --frames 1000000 --press 70:Start:3 --press 150:Right:4000 --record a.rec "$hawk" &
        pid=$!
        for _ in $(seq 3000); do
            [ "$(stat -c %s a.rec 2>/dev/null || echo 0)" -ge $bytes ] && break
            sleep 0.01
        done
        sleep 0.0$((RANDOM % 10))
        kill -KILL $pid
        wait $pid || true
        mews replay --headless --verify --snapshot got.snap a.rec 2>err
        frames=$(mews inspect got.snap | sed -n 's/^pictures: //p')
        [ "$frames" -gt 30 ]
        mews run --headless --frames "$frames" --press 70:Start:3 --press 150:Right:4000 --screenshot want.png "$hawk"
        mews replay --headless --until "$frames" --screenshot got.png a.rec
        cmp want.png got.png
    done
}

@test "cut off anywhere: all whole chunks count" {
    mews run --headless --frames 200 "${play[@]}" --record a.rec "$hawk"
    size=$(stat -c %s a.rec)
    first=$(chunks a.rec | awk '$1 == "STAT" { print $2 + $3; exit }')
    last=0
    for cut in 8 100 "$first" $((first + 1)) $((size / 2 + first / 2)) $((size - 1)); do
        head -c "$cut" a.rec >b.rec
        if [ "$cut" -lt "$first" ]; then
            run mews replay --headless b.rec
            [ "$status" -eq 1 ]
            one_line
            [[ $output == "mews: b.rec: the recording is cut off or damaged before "* ]]
        else
            mews replay --headless --verify --snapshot b.snap b.rec 2>err
            grep -q "cut off" err
            frames=$(mews inspect b.snap | sed -n 's/^pictures: //p')
            [ "$frames" -ge "$last" ]
            last=$frames
        fi
    done
    [ "$last" -ge 180 ]
}

@test "what cannot be written says so" {
    loop_rom loop.nes
    run mews run --headless --frames 2 --record nowhere/a.rec loop.nes
    [ "$status" -eq 1 ]
    [ "$output" = "mews: nowhere/a.rec: No such file or directory" ]
    run mews run --headless --frames 100000 --record /dev/full loop.nes
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"No space left on device"* ]]
    run bash -c "ulimit -f 40; trap '' XFSZ; mews run --headless --frames 100000 --press 1:A:3 --record a.rec $hawk"
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"the recording cannot be written: File too large"* ]]
}

# ---- words ----

@test "run says that it is a recording; replay, that it is none" {
    mews run --headless --frames 10 --record a.rec "$hawk"
    run mews run --headless --frames 1 a.rec
    [ "$status" -eq 2 ]
    [[ $output == "mews: run: a.rec: a recording, which mews replay plays"* ]]
    run mews replay "$hawk"
    [ "$status" -eq 1 ]
    [ "$output" = "mews: $hawk: not a recording" ]
    run mews replay nothing
    [ "$status" -eq 1 ]
    one_line
    for words in "5x" "M" "-1" "99999G" "5MB"; do
        run mews run --headless --frames 1 --rewind-memory "$words" "$hawk"
        [ "$status" -eq 2 ]
        one_line
    done
    mews run --headless --frames 200 --rewind-memory 2M --hash "$hawk" >got
    mews run --headless --frames 200 --hash "$hawk" | cmp got -
}
