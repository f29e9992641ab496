#!/usr/bin/env bats
# mews_libretro.so as a front-end sees it: first ours (bench/nes/front.c), then Debian's RetroArch without a screen.

setup() {
    core=$MEWS_BUILD/mews_libretro.so
    game=$MEWS_GUESTS/nes/hawk/hawk.nes
    [ -e "$core" ] || skip "no mews_libretro.so in this build"
    [ -e "$game" ] || skip "the guests are not built"
}

facts() {
    "$MEWS_BUILD/bench/front" --facts "$core" "$@"
}

# The value of one fact in $output.
fact() {
    sed -n "s/^$1: *//p" <<<"$output"
}

digest() {
    sed -n "s/^$1 *//p" <<<"$hashes"
}

@test "pictures, sound and memory are those of mews run" {
    hashes=$(mews run --headless --hash --frames 600 --press 60:Start:6 --press 240:Right+A:300 "$game")
    run facts "$game" 600 mews_crop_vertical=0 60:Start:6 240:Right+A:300
    [ "$status" = 0 ]
    [ "$(fact labels)" = "$(digest labels)" ]
    [ "$(fact sound)" = "$(digest sound)" ]
    [ "$(fact ram)" = "$(digest ram)" ]
    [ "$(fact pictures)" = 600 ]
    [ -z "$(fact log)" ]
}

@test "the first picture is the first one, not a later one" {
    hashes=$(mews run --headless --hash --frames 1 "$game")
    run facts "$game" 1 mews_crop_vertical=0
    [ "$(fact labels)" = "$(digest labels)" ]
    [ "$(fact sound)" = "$(digest sound)" ]
}

@test "reset is the button" {
    hashes=$(mews run --headless --hash --frames 400 --press 60:Start:6 --reset 300 "$game")
    run facts "$game" 400 mews_crop_vertical=0 60:Start:6 300:reset
    [ "$(fact labels)" = "$(digest labels)" ]
    [ "$(fact sound)" = "$(digest sound)" ]
    [ "$(fact ram)" = "$(digest ram)" ]
}

@test "buttons reach the game, of both controllers; a cross cannot be left and right at once" {
    run facts "$game" 600 60:Start:6
    still=$(fact ram)
    run facts "$game" 600 60:Start:6 240:Right:300
    [ "$(fact ram)" != "$still" ]
    run facts "$game" 600 60:Start:6 240:Left+Right:300
    [ "$(fact ram)" = "$still" ]
    [ "$(grep -c '^input: [01]' <<<"$output")" = 16 ]
    [ "$(grep -c '^port: [01] Controller' <<<"$output")" = 2 ]
}

@test "timing and region: as the cartridge says, or as chosen" {
    run facts "$game" 2
    [ "$(fact timing)" = "60.098814 48000" ]
    [ "$(fact region)" = ntsc ]
    for region in pal dendy; do
        hashes=$(mews run --headless --hash --frames 90 --region $region "$game")
        run facts "$game" 90 mews_region=$region mews_crop_vertical=0
        [ "$(fact timing)" = "50.006979 48000" ]
        [ "$(fact region)" = pal ]
        [ "$(fact labels)" = "$(digest labels)" ]
        [ "$(fact sound)" = "$(digest sound)" ]
    done
}

@test "RAM at power-on is chosen" {
    hashes=$(mews run --headless --hash --frames 1 --ram ff "$game")
    run facts "$game" 1 mews_ram_fill=ones
    [ "$(fact ram)" = "$(digest ram)" ]
}

@test "a value that is not offered is named, and the default taken" {
    run facts "$game" 1 mews_ram_fill=sevens
    [ "$status" = 0 ]
    [[ "$(fact log)" == *"mews_ram_fill: no value 'sevens'"* ]]
}

@test "what a television hides is cut off, also while the game runs" {
    run facts "$game" 2
    [ "$(fact picture)" = 256x224 ]
    [ "$(fact geometry)" = "256x224 of 256x240, 1.3061" ]
    [ -z "$(fact changed)" ]
    run facts "$game" 4 2:mews_crop_horizontal=16
    [ "$(fact picture)" = 224x224 ]
    [ "$(fact changed)" = "224x224 of 256x240, 1.1429" ]
}

@test "a palette from the system directory" {
    cd "$BATS_TEST_TMPDIR"
    run facts "$game" 90 mews_palette=file
    [[ "$(fact log)" == *"mews.pal: cannot be opened"* ]]
    head -c 192 /dev/zero >mews.pal
    run facts "$game" 90 mews_palette=file
    [ -z "$(fact log)" ]
    # All colours are one: every pixel has label 0.
    [ "$(fact labels)" = "$(head -c $((256 * 224)) /dev/zero | sha1sum | cut -d' ' -f1)" ]
    head -c 191 /dev/zero >mews.pal
    run facts "$game" 90 mews_palette=file
    [[ "$(fact log)" == *mews.pal:* ]]
}

@test "battery RAM is the front-end's: filled before the first picture, kept after the last" {
    head -c 8192 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/in"
    run facts "$game" 0 "save<$BATS_TEST_TMPDIR/in" "save>$BATS_TEST_TMPDIR/out"
    [ "$status" = 0 ]
    [ "$(fact save-bytes)" = 8192 ]
    cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
    run facts "$game" 60 "save>$BATS_TEST_TMPDIR/out"
    run cmp -s "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
    [ "$status" = 1 ] # the game has written its own by now
    run facts "$game" 0 "save<$BATS_TEST_TMPDIR/out"
    [ "$(fact save)" = "$(sha1sum <"$BATS_TEST_TMPDIR/out" | cut -d' ' -f1)" ]
}

@test "memory by the CPU's addresses, for cheats and achievements; no states yet" {
    run facts "$game" 1
    grep -qx 'map: 0000+0800 ram' <<<"$output"
    grep -q '^map: 6000+2000' <<<"$output"
    [ "$(fact ram-bytes)" = 2048 ]
    [ "$(fact state-bytes)" = 0 ]
}

@test "what is no cartridge is refused with a reason" {
    echo nonsense >"$BATS_TEST_TMPDIR/nonsense.nes"
    run facts "$BATS_TEST_TMPDIR/nonsense.nes" 1
    [ "$status" = 1 ]
    [[ "$output" == *"nonsense.nes: not a thing that can run"* ]]
}

@test "RetroArch runs it to the end" {
    command -v retroarch >/dev/null || skip "no retroarch here"
    case $(nm -D "$core") in *__asan_* | *__tsan_*) skip "RetroArch does not bring the sanitizer's runtime" ;; esac
    cd "$BATS_TEST_TMPDIR"
    cat >ra.cfg <<'END'
video_driver = "null"
audio_driver = "null"
input_driver = "null"
menu_driver = "null"
audio_enable = "false"
video_vsync = "false"
fastforward_ratio = "0.0"
config_save_on_exit = "false"
END
    printf 'savefile_directory = "%s"\nlog_dir = "%s"\n' "$PWD" "$PWD" >>ra.cfg
    HOME=$PWD run timeout 120 retroarch -v -c ra.cfg -L "$core" --max-frames=600 "$game"
    [ "$status" = 0 ]
    [[ "$output" == *"SET_PIXEL_FORMAT: XRGB8888"* ]]
    [[ "$output" == *SET_MEMORY_MAPS* ]]
    [[ "$output" == *"Core]: Content ran"* ]]
    # After as many pictures the battery holds what it does with our front-end.
    facts "$game" 600 "save>$PWD/ours.srm"
    cmp hawk.srm ours.srm
}
