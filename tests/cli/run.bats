#!/usr/bin/env bats
# `mews run`, as a person types it: every option, right and wrong.

load common.bash

setup() {
    hello=$MEWS_GUESTS/c6502/hello.hk
    cd "$BATS_TEST_TMPDIR" || exit 1
    rom=loop.nes
    loop_rom "$rom"
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
    unset DISPLAY WAYLAND_DISPLAY
}

# ---- programs for the 6502v ----

@test "a 6502v program gets its arguments and its status is passed on" {
    run mews run "$hello" one two --three
    [ "$status" -eq 3 ]
    [ "$output" = "one
two
--three" ]
}

@test "a 6502v program that is cut short is refused with the sizes" {
    head -c 100 "$hello" >short.hk
    run mews run short.hk
    [ "$status" -eq 1 ]
    [ "$output" = "mews: short.hk: cut short: a 6502v program has 24580 bytes, the file 100" ]
}

@test "an illegal instruction ends with its address and bytes" {
    { head -c 4 "$hello"; printf '\002\033\034'; tail -c +8 "$hello"; } >bad.hk
    run mews run bad.hk
    [ "$status" -eq 1 ]
    [ "$output" = 'mews: illegal instruction at $A000: 02 1B 1C' ]
}

@test "DUMP prints 3079 lines and ends with 0" {
    { head -c 4 "$hello"; printf '\251\001\200\007'; tail -c +9 "$hello"; } >dump.hk
    mews run dump.hk >out
    [ "$(wc -l <out)" -eq 3079 ]
    [ "$(sed -n 2,4p out | tr '\n' ' ')" = "PC: 0xa004 SP: 0x00fd  A: 0x01 " ]
}

@test "--share wants a directory that is there" {
    run mews run --share nowhere "$hello"
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"cannot share nowhere: No such file or directory" ]]
    run mews run --share . "$hello"
    [ "$status" -eq 0 ]
}

@test "what the machine has no part for is refused with its reason" {
    for words in "--headless --frames 3" "--headless --hash" "--headless --screenshot p.png" "--headless --report r.json" \
        "--headless --audio s.wav" "--headless --reset 3" "--press 1:A" "--verdict" "--video sdl"; do
        # shellcheck disable=SC2086 # words
        run mews run $words "$hello"
        [ "$status" -eq 2 ]
        one_line
        [[ $output == *"${words%% [^-]*}"* || $output == *--* ]]
        [[ $output == *"the board c6502 has no such part"* ]]
    done
    [ ! -e p.png ] && [ ! -e r.json ] && [ ! -e s.wav ]
}

@test "a full standard output is a failure" {
    run bash -c 'mews run "$1" word >/dev/full' _ "$hello"
    [ "$status" -eq 1 ]
    [[ $output == "mews: the output is lost: No space left on device" ]]
}

# ---- headless ----

@test "a cartridge runs headless; report, screenshot and sound are there" {
    run mews run --headless --frames 10 --hash --report r.json --screenshot p.png --audio s.wav "$rom"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 4 ] # picture, labels, sound, ram
    output=$(cat r.json)
    json 'j["frames"] == 10 and len(j["ram"]) == 4096 and len(j["wram"]) == 16384 and len(j["text"]) == 30'
    json 'all(len(j[k]) == 40 for k in ("picture_sha1", "labels_sha1", "audio_sha1"))'
    [ "$(head -c 8 p.png | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
    [ "$(head -c 4 s.wav)" = RIFF ]
    # 10 pictures of 1/60.0988 s at 48,000 samples of two bytes, and 44 bytes of header
    [ "$(wc -c <s.wav)" -gt 15000 ] && [ "$(wc -c <s.wav)" -lt 16500 ]
}

@test "--hash as JSON, and as lines, say the same" {
    run mews run --headless --frames 3 --hash --json "$rom"
    [ "$status" -eq 0 ]
    json 'sorted(j) == ["labels", "picture", "ram", "sound"] and all(len(v) == 40 for v in j.values())'
    want=$(python3 -c 'import json, sys; [print(f"{k:8} {v}") for k, v in json.load(sys.stdin).items()]' <<<"$output")
    [ "$(mews run --headless --frames 3 --hash "$rom")" = "$want" ]
}

@test "a report goes over an old one whole, and keeps its permissions" {
    echo old >r.json
    chmod 600 r.json
    mews run --headless --frames 1 --report r.json "$rom"
    output=$(cat r.json)
    json 'j["frames"] == 1'
    [ "$(stat -c %a r.json)" = 600 ]
    [ "$(ls)" = "$(printf 'loop.nes\nr.json')" ] # nothing temporary is left
}

@test "a path that cannot be written is one clear line, before the run" {
    for option in --screenshot --report --audio; do
        run timeout 60 mews run --headless --frames 1000000000 $option /nowhere/file "$rom"
        [ "$status" -eq 1 ]
        one_line
        [[ $output == *"/nowhere/file: No such file or directory" ]]
        run timeout 60 mews run --headless --frames 1000000000 $option . "$rom"
        [ "$status" -eq 1 ]
        one_line
        [[ $output == *": Is a directory" ]]
    done
}

@test "a recording that fails on the way is one line and status 1" {
    run mews run --headless --frames 60 --audio /dev/full "$rom"
    [ "$status" -eq 1 ]
    [ "$output" = "mews: /dev/full: No space left on device" ]
}

@test "the exact loops and the plain ones leave the same picture, sound and memory" {
    mews run --headless --frames 30 --report a.json "$rom"
    mews run --headless --frames 30 --report b.json --set exact=true "$rom"
    cmp a.json b.json
}

@test "RAM at power-on is zeros, ones, or random by a seed" {
    for ram in 00 ff 7 8; do
        mews run --headless --frames 1 --ram $ram --report $ram.json "$rom"
    done
    grep -q '"ram": "0000000000' 00.json
    grep -q '"ram": "ffffffffff' ff.json
    ! cmp -s 7.json 8.json
    mews run --headless --frames 1 --ram 7 --report again.json "$rom"
    cmp 7.json again.json
    for ram in x -1 7x 99999999999999999999 ""; do
        run mews run --headless --frames 1 --ram "$ram" "$rom"
        [ "$status" -eq 2 ]
        one_line
    done
}

@test "--region changes the length of a picture" {
    for region in ntsc pal dendy; do
        mews run --headless --frames 50 --region $region --audio $region.wav "$rom"
    done
    # 50 pictures last .832 s on NTSC and 1 s, less a little, on the others
    [ "$(wc -c <ntsc.wav)" -lt 81000 ]
    [ "$(wc -c <pal.wav)" -gt 94000 ]
    [ "$(wc -c <dendy.wav)" -gt 94000 ]
    run mews run --headless --frames 1 --region mars "$rom"
    [ "$status" -eq 2 ]
    one_line
    [[ $output == *"none of: ntsc pal dendy" ]]
}

@test "--press reaches the program when it says, --reset starts it again" {
    # strobe the controller, shift out the eight buttons into $10, for ever; $11 counts starts
    cartridge pad.nes 0 0 e6 11 a9 01 8d 16 40 a9 00 8d 16 40 a2 08 ad 16 40 4a 66 12 ca d0 f7 a5 12 05 10 85 10 4c 02 c0
    mews run --headless --frames 10 --press 2:A+Right:3 --press 7:start --report a.json pad.nes
    output=$(cat a.json)
    # A is bit 0, Start 3, Right 7
    json 'bytes.fromhex(j["ram"])[0x10] == 0x89 and bytes.fromhex(j["ram"])[0x11] == 1'
    mews run --headless --frames 10 --press 20:A --reset 3 --reset 6 --report b.json pad.nes
    output=$(cat b.json)
    json 'bytes.fromhex(j["ram"])[0x10] == 0 and bytes.fromhex(j["ram"])[0x11] == 3'
    for press in 1 1: 1:C x:A 1:A:0 1:A:x :A 1:A:1:1; do
        run mews run --headless --frames 1 --press $press "$rom"
        [ "$status" -eq 2 ]
        one_line
    done
    run mews run --headless --frames 1 --reset soon "$rom"
    [ "$status" -eq 2 ]
    one_line
}

@test "--trace: address, bytes, instruction, registers, time" {
    run mews run --headless --frames 1 --trace "$rom"
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "C000  78        SEI                  A:00 X:00 Y:00 S:FD P:24 CYC:7" ]
    [ "${lines[1]}" = 'C001  4C 01 C0  JMP $C001            A:00 X:00 Y:00 S:FD P:24 CYC:9' ]
}

@test "--verdict: passed is 0, failed 1, none 3" {
    verdict_rom pass.nes 00
    verdict_rom fail.nes 07
    run mews run --verdict pass.nes
    [ "$status" -eq 0 ]
    [ "$output" = "ok
passed" ]
    run mews run --verdict --headless fail.nes
    [ "$status" -eq 1 ]
    [ "$output" = "ok
failed" ]
    run mews run --verdict "$rom"
    [ "$status" -eq 3 ]
    [ "$output" = "no verdict" ]
    verdict_rom busy.nes 80
    run mews run --verdict --frames 20 --json busy.nes
    [ "$status" -eq 3 ]
    json 'j == {"verdict": "no verdict"}'
    run mews run --verdict --json fail.nes
    json 'j == {"text": "ok", "verdict": "failed"}'
}

@test "reset is pressed when a test program asks for it: --verdict and --reset auto" {
    reset_rom reset.nes
    run mews run --verdict reset.nes
    [ "$status" -eq 0 ]
    mews run --headless --frames 60 --report without.json reset.nes
    mews run --headless --frames 60 --reset auto --report with.json reset.nes
    grep -q '"wram": "81deb061' without.json
    grep -q '"wram": "00deb061' with.json
}

@test "battery RAM is kept where --saves says; a headless run keeps none unless asked" {
    battery_rom b.nes
    for n in 1 2 3; do
        mews run --headless --frames 5 --saves s/deep b.nes
        [ "$(od -An -tu1 -N1 s/deep/b.sav | tr -d ' ')" = $n ]
    done
    [ "$(wc -c <s/deep/b.sav)" -eq 8192 ]
    mews run --headless --frames 5 --saves none b.nes
    mews run --headless --frames 5 b.nes
    [ "$(od -An -tu1 -N1 s/deep/b.sav | tr -d ' ')" = 3 ]
    [ ! -e data ]
}

@test "a save directory that cannot be used is told before the game is played, and only to those who need it" {
    battery_rom b.nes
    echo >file
    for dir in file file/below; do
        run timeout 60 mews run --headless --frames 1000000000 --saves $dir b.nes
        [ "$status" -eq 1 ]
        one_line
        [[ $output == *"battery RAM cannot be kept (--saves none plays without): "* ]]
    done
    mkdir -p s/b.sav # what should be read cannot be
    run mews run --headless --frames 1 --saves s b.nes
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"s/b.sav: Is a directory" ]]
    mews run --headless --frames 1 --saves file "$rom"
}

@test "a save that fails after all is one line and status 1" {
    battery_rom b.nes
    run mews run --headless --frames 1 --saves /proc/nowhere b.nes # root may write there, it seems
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"battery RAM"*": "* ]]
}

@test "the game plays its demonstration the same by both loops" {
    mews run --headless --frames 900 --report a.json "$MEWS_GUESTS/nes/hawk/hawk.nes"
    mews run --headless --frames 900 --report b.json --set exact=true "$MEWS_GUESTS/nes/hawk/hawk.nes"
    cmp a.json b.json
}

@test "a run that is interrupted keeps what it has, and says so with its status" {
    battery_rom b.nes
    mews run --headless --frames 1000000000 --saves s --report r.json --audio s.wav b.nes &
    sleep 3
    kill -TERM $!
    status=0
    wait $! || status=$?
    [ "$status" -eq 143 ]
    [ "$(od -An -tu1 -N1 s/b.sav | tr -d ' ')" = 1 ]
    output=$(cat r.json)
    json 'j["frames"] > 0'
}

# ---- things and options that are wrong ----

@test "an unknown thing gets the list of what is accepted" {
    echo hello >x
    run mews run x
    [ "$status" -eq 1 ]
    one_line
    [[ $output == "mews: x: not a thing that can run (accepted: NES cartridges"* ]]
    run mews run nowhere
    [ "$status" -eq 1 ]
    [ "$output" = "mews: nowhere: No such file or directory" ]
    run mews run .
    [ "$status" -eq 1 ]
    [ "$output" = "mews: .: Is a directory" ]
}

@test "an unsupported mapper is named" {
    { head -c 6 "$rom"; printf '\100\100'; tail -c +9 "$rom"; } >m68.nes
    run mews run m68.nes
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"mapper 68 (Sunsoft-4) is not supported"* ]]
}

@test "--kind chooses, and an unknown kind is refused" {
    mews run --headless --frames 1 --kind nes "$rom"
    run mews run --headless --frames 1 --kind toaster "$rom"
    [ "$status" -eq 2 ]
    [[ $output == *"there is no kind 'toaster' (see mews kinds)" ]]
}

@test "a setting that is none, or a wrong value, is refused" {
    for set in cpu.nothing=1 cpu.a=1 region=mars ram_seed=x region =; do
        run mews run --headless --frames 1 --set $set "$rom"
        [ "$status" -eq 2 ]
        one_line
    done
    mews run --headless --frames 1 --set cpu.start='$C001' --set exact=true "$rom"
}

@test "wrong use is status 2 with one line that says where to look" {
    for words in "" "--frames" "--nonsense $rom" "-x $rom" "--headless $rom" "--frames x $rom" "--frames -1 $rom" \
        "--frames 0 $rom" "--frames 5 $rom" "--hash $rom" "--report r.json $rom" "--screenshot p.png $rom" \
        "--audio s.wav $rom" "--reset 3 $rom" "--reset auto $rom" "--json $rom" "--headless=1 $rom" \
        "--video paper $rom" "--headless --frames 1 --video sdl $rom" "--set" "--frames=99999999999999999999 $rom"; do
        # shellcheck disable=SC2086 # words
        run mews run $words
        [ "$status" -eq 2 ]
        one_line
        [[ $output == *"(see mews help run)" ]]
    done
}

@test "nowhere to show a picture is one line" {
    run mews run "$rom" </dev/null
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"nowhere to show pictures"* ]]
    run setsid -w mews run --video terminal "$rom" </dev/null
    [ "$status" -eq 1 ]
    one_line
    SDL_VIDEODRIVER=nonsense run mews run --video sdl "$rom"
    [ "$status" -eq 1 ]
    one_line
}

@test "a window on no screen shows until it is told to end, and keeps the save" {
    battery_rom b.nes
    SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy mews run --video sdl b.nes &
    for _ in $(seq 50); do sleep 0.1; done
    kill -TERM $!
    status=0
    wait $! || status=$?
    [ "$status" -eq 143 ]
    [ "$(od -An -tu1 -N1 data/mews/saves/b.sav | tr -d ' ')" = 1 ]
}

@test "in a terminal a signal ends it with its status, and the terminal is left as it was" {
    battery_rom b.nes
    TERM=xterm run script -qec \
        "sh -c '(sleep 4; kill -TERM \$\$) & exec mews run --video terminal b.nes'" out </dev/null
    [ "$status" -eq 143 ]
    grep -q $'\e\\[?1049h' out
    grep -q $'\e\\[?1049l' out
    [ "$(od -An -tu1 -N1 data/mews/saves/b.sav | tr -d ' ')" = 1 ]
}

@test "a configuration file with a mistake is named with its line" {
    mkdir -p config/mews
    printf '[video]\nscale = many\n' >config/mews/config
    SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy run mews run --video sdl "$rom"
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"config/mews/config:2: "* ]]
}
