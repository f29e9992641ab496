#!/usr/bin/env bats
# `mews version`

load common.bash

@test "the version, as a line and as JSON" {
    run mews version
    [ "$status" -eq 0 ]
    [[ $output =~ ^mews\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
    version=${output#mews }
    run mews version --json
    [ "$status" -eq 0 ]
    json "j == {'version': '$version'}"
}

@test "it maps a handful of libraries: the heavy ones are in modules" {
    command -v ldd >/dev/null
    ! ldd "$MEWS" | grep -E 'SDL|chafa|archive|png|glib|libX'
    [ "$(ldd "$MEWS" | grep -c '=>')" -le 13 ] # with the sanitizers' own
}

@test "wrong use is status 2 with one line" {
    for words in x --nonsense --json=1; do
        run mews version $words
        [ "$status" -eq 2 ]
        one_line
        [[ $output == *"(see mews help version)" ]]
    done
}
