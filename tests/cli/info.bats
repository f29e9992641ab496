#!/usr/bin/env bats
# `mews info`: what a thing is and what can be set.

load common.bash

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
    loop_rom loop.nes
}

@test "a cartridge" {
    run mews info loop.nes
    [ "$status" -eq 0 ]
    grep -q '^kind: nes$' <<<"$output"
    grep -q '^board: nes$' <<<"$output"
    grep -q '^  region  *ntsc  *[a-z]' <<<"$output"
}

@test "a 6502v program" {
    run mews info "$MEWS_GUESTS/c6502/hello.hk"
    [ "$status" -eq 0 ]
    grep -q '^board: c6502$' <<<"$output"
}

@test "--json: the same keys, and every setting can be set" {
    run mews info --json loop.nes
    [ "$status" -eq 0 ]
    json 'j["kind"] == "nes" and len(j["settings"]) > 3'
    json 'all(s["path"] and s["value"] and s["doc"] for s in j["settings"])'
    python3 -c 'import json, sys; [print(s["path"] + "=" + s["value"]) for s in json.load(sys.stdin)["settings"]]' \
        <<<"$output" >settings
    while read -r setting; do
        mews run --headless --frames 1 --set "$setting" loop.nes
    done <settings
}

@test "a member of an archive" {
    python3 -m zipfile -c loop.zip loop.nes
    run mews info loop.zip
    [ "$status" -eq 0 ]
    grep -q '^kind: nes$' <<<"$output"
}

@test "what is no thing, and what is damaged" {
    run mews info nowhere.nes
    [ "$status" -eq 1 ]
    [ "$output" = "mews: nowhere.nes: No such file or directory" ]
    head -c 100 loop.nes >short.nes
    run mews info short.nes
    [ "$status" -eq 1 ]
    one_line
    : >empty
    run mews info empty
    [ "$status" -eq 1 ]
    one_line
    [[ $output == *"(accepted: "* ]]
}

@test "wrong use is status 2 with one line" {
    for words in "" "loop.nes loop.nes" --nonsense "--json" "--json=x loop.nes"; do
        # shellcheck disable=SC2086 # words
        run mews info $words
        [ "$status" -eq 2 ]
        one_line
        [[ $output == *"(see mews help info)" ]]
    done
}
