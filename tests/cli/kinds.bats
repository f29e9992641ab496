#!/usr/bin/env bats
# `mews kinds`: what there is and what each can do.

load common.bash

@test "each kind has a line, and each verb a yes or a reason" {
    run mews kinds
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "nes: NES cartridges, and programs for the 6502v" ]
    grep -q '^  picture  *yes$' <<<"$output"
    ! grep -Eqv '^([a-z]+: .+|  [a-z]+ +(yes|no: .+))$' <<<"$output"
}

@test "--json says the same" {
    run mews kinds --json
    [ "$status" -eq 0 ]
    json 'j[0]["kind"] == "nes" and j[0]["can"]["reset"] is True'
    json 'all(v is True or (isinstance(v, str) and v) for k in j for v in k["can"].values())'
    text=$(mews kinds | grep -c '^  ')
    json "sum(len(k['can']) for k in j) == $text"
}

@test "wrong use is status 2 with one line" {
    for words in x --nonsense --json=1 "--json x"; do
        # shellcheck disable=SC2086 # words
        run mews kinds $words
        [ "$status" -eq 2 ]
        one_line
        [[ $output == *"(see mews help kinds)" ]]
    done
}
