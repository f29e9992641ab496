#!/usr/bin/env bats
# Little Hawk, played: from the title to the tower, and to the ground.
#
# Pictures are compared by digests. They do not depend on the compiler, for what is shown at a frame follows from the
# buttons alone as long as the game is never late, which is tested too. The sound's digest does depend on it: when in its
# frame a register is written follows from where the processor was. It is compared if the cartridge is, byte for byte,
# the one of cc65 2.19. After a change of the game look at the pictures, then put the digests that are printed here.

setup() {
    load common
    cd "$BATS_TEST_TMPDIR"
    game=$MEWS_GUESTS/nes/hawk/hawk.nes
    start=100:Start:4
    # Over the houses, between the crows, home with two hearts.
    flight="$start 104:Down:18 122:Up:36 176:Down:18 230:Down:36 266:Up:36 302:Down:18 338:Down:18 356:Up:36
        392:Down:36 680:Up:54 734:Down:36 1076:Up:54 1130:Down:54 1184:Up:54 1238:Down:54 1292:Up:36 1346:Up:18
        1364:Down:36 1418:Up:18 1436:Down:36 1472:Up:36 1508:Down:36 1706:Up:18 1832:Up:54 1922:Up:54 1976:Down:72
        2048:Up:36 2102:Up:36 2210:Up:54 2300:Up:36 2390:Up:36 2480:Up:18"
    crash="$start 104:Down:900"
}

# play FRAMES PRESSES [OPTION...]: leaves r.json
play() {
    local frames=$1 press=() p
    for p in $2; do press+=(--press "$p"); done
    shift 2
    mews run --headless --frames "$frames" "${press[@]}" --report r.json "$@" "$game"
}

# fact EXPRESSION: of the report r; text(ROW) is a row of the screen, byte(LABEL) a variable of the game.
fact() {
    python3 - "$1" "$MEWS_GUESTS/nes/hawk/gen/hawk.labels" <<'END'
import json, sys
r = json.load(open("r.json"))
labels = {line.split()[2]: int(line.split()[1], 16) for line in open(sys.argv[2])}
ram = bytes.fromhex(r["ram"])
text = lambda row: " ".join(r["text"][row].split())
byte = lambda label: ram[labels["." + label]]
print(eval(sys.argv[1]))
END
}

# shows FRAMES PRESSES DIGEST
shows() {
    play "$1" "$2"
    if [ "$(fact 'r["picture_sha1"]')" != "$3" ]; then
        echo "frame $1: $(fact 'r["picture_sha1"]')"
        return 1
    fi
}

@test "the title, with nobody there" {
    shows 90 "" 59fffd8a703e3f72ae0b58210129256437996f1c
}

@test "the flight home, and the second day" {
    shows 400 "$flight" 272f642564257cde52fef0a13bad67149057eac3
    shows 1200 "$flight" 7495669e85faa4395b9bea1341fe6d7ea28e9143
    shows 2000 "$flight" ea4e549902c17c51d33d23766e7a658562601602
    shows 3060 "$flight" b4490f6c779e7dddc2bebfba10d246041cbc0c46
    [ "$(fact 'text(1)')" = "HOME! BEST DAY" ]
    [ "$(fact 'byte("_hearts")')" = 2 ]
    shows 3300 "$flight" 6fa1357010c4352e1f0892bea42bd9c046c95ea6
    [ "$(fact 'text(2)[12:]')" = "2" ]
}

@test "the ground, and the flight is over" {
    shows 800 "$crash" 772b4488e147bf9f83dc260eebd0ad43c21497a6
    shows 900 "$crash" 781d0db9de0624ecd6f6c87d402819c88bdf67ce
    [ "$(fact 'text(13)')" = "THE FLIGHT" ]
}

@test "the demonstration" {
    shows 1300 "" 35895b13a42cd6bd1496b4fb334c6f66ad372997
}

@test "the sound of all that" {
    [ "$(sha1sum <"$game" | cut -d' ' -f1)" = eb48ea26e7a3a4652db82c1c2ea3a96cf5a1be29 ] || skip "another cartridge than that of cc65 2.19"
    play 3300 "$flight"
    fact 'r["audio_sha1"]'
    [ "$(fact 'r["audio_sha1"]')" = 456140aed0072d8cc8082a15e9b015a4d674eb4b ]
    play 1300 "$crash"
    fact 'r["audio_sha1"]'
    [ "$(fact 'r["audio_sha1"]')" = 8f5435f313c9892ab21299d624e695150eb1ef4d ]
}

@test "the game is never late" {
    play 3600 "$flight"
    [ "$(fact 'byte("_lag_count"), byte("_hearts") > 0')" = "(0, True)" ]
    play 3600 "" # the demonstration, twice
    [ "$(fact 'byte("_lag_count")')" = 0 ]
    play 1400 "$start 110:A:20 140:A:30 180:Up+Right:40 220:A+Right:30 260:A:9 280:A+Up:60 400:A:300"
    [ "$(fact 'byte("_lag_count")')" = 0 ]
}

@test "a pause is silent, stands still, and ends" {
    play 420 "$start 300:Start:4 500:Start:4"
    fact 'r["picture_sha1"]' >paused
    [ "$(fact 'text(1)')" = "SCORE PAUSE DAY" ]
    play 620 "$start 300:Start:4 500:Start:4" --audio s.wav
    python3 - <<'END'
import struct, wave
w = wave.open("s.wav")
samples = struct.unpack(f"<{w.getnframes()}h", w.readframes(w.getnframes()))
def span(first, last):
    part = samples[first * 48000 // 60 : last * 48000 // 60]
    return max(part) - min(part)
assert span(200, 290) > 5000 and span(320, 490) == 0 and span(520, 610) > 5000
assert max(map(abs, samples)) < 32767  # nothing is clipped
END
    play 480 "$start 300:Start:4 500:Start:4"
    [ "$(fact 'r["picture_sha1"]')" = "$(cat paused)" ]
    play 505 "$start 300:Start:4 500:Start:4"
    [ "$(fact 'text(1)')" = "SCORE BEST DAY" ]
}

@test "the best score outlives the power, and a damaged one is none" {
    mkdir saves
    play 900 "$crash" --saves saves
    score=$(fact 'text(17)')
    [[ $score == "BEST "*[1-9]* ]]
    play 200 "" --saves saves
    [ "$(fact 'text(27)')" = "$score" ]
    # Whoever scores less does not take it away.
    play 700 "$start 104:A:900" --saves saves
    play 200 "" --saves saves
    [ "$(fact 'text(27)')" = "$score" ]
    printf '\011' | dd of=saves/hawk.sav bs=1 seek=4 conv=notrunc status=none
    play 200 "" --saves saves
    [ "$(fact 'text(27)')" = "BEST 00000" ]
}

@test "what RAM holds at power-on does not matter" {
    for ram in ff 1 2; do
        play 1300 "" --ram $ram
        fact 'r["picture_sha1"]' >>digests
    done
    [ "$(sort -u digests | wc -l)" = 1 ]
}
