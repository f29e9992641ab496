#!/usr/bin/env bats
# `mews help`: commands and options, from the tables that they are parsed by.

load common.bash

@test "the list names every command, and each command explains itself" {
    run mews help
    [ "$status" -eq 0 ]
    list=$output
    run mews help --json
    json 'len(j) >= 5 and all(o["doc"] for c in j for o in c["options"])'
    for command in $(python3 -c 'import json, sys; print(*(c["command"] for c in json.load(sys.stdin)))' <<<"$output"); do
        grep -q "^  $command " <<<"$list"
        run mews help "$command"
        [ "$status" -eq 0 ]
        [[ ${lines[0]} == "usage: mews $command"* ]]
        explained=$output
        run mews "$command" --help
        [ "$status" -eq 0 ]
        [ "$output" = "$explained" ]
        run mews "$command" -h
        [ "$output" = "$explained" ]
        run mews help --json "$command"
        json "j['command'] == '$command'"
    done
}

@test "mews alone, --help and -h are help; --version is version" {
    want=$(mews help)
    [ "$(mews)" = "$want" ]
    [ "$(mews --help)" = "$want" ]
    [ "$(mews -h)" = "$want" ]
    [ "$(mews --version)" = "$(mews version)" ]
}

@test "what is no command is status 2 with one line" {
    for words in bogus "help bogus" "help run kinds" "help --nonsense" --nonsense ""; do
        # shellcheck disable=SC2086 # words
        [ -n "$words" ] && run mews $words || run mews ""
        [ "$status" -eq 2 ]
        one_line
        [[ $output == *"(see mews help"* ]]
    done
}

@test "a full standard output is a failure" {
    for words in help kinds version "help --json"; do
        run bash -c "mews $words >/dev/full"
        [ "$status" -eq 1 ]
        [ "$output" = "mews: standard output: No space left on device" ]
    done
}
