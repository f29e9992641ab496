# What the tests of machines behind one's back share.
# shellcheck shell=bash disable=SC2034 # used by those who load it

setup() {
    cd "$BATS_TEST_TMPDIR" || exit 1
    hawk=$(find "$MEWS_GUESTS/nes/hawk" -name '*.nes')
    calc=$MEWS_GUESTS/c6502/calc.hk
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run XDG_DATA_HOME=$BATS_TEST_TMPDIR/data
    export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
    mkdir -m 700 run
    unset DISPLAY WAYLAND_DISPLAY
}

teardown() {
    for name in run/mews/*/; do
        name=$(basename "$name")
        [ "$name" = "*" ] || mews rm --force "$name" || true
    done
}

# field NAME KEY: of its entry in ps --json
field() {
    mews ps --json | python3 -c "
import json, sys
print(next(m for m in json.load(sys.stdin) if m['name'] == '$1').get('$2'))"
}

# until SECONDS COMMAND...: it succeeds, sooner or later
until_true() {
    local n=$(($1 * 20))
    shift
    while ! "$@"; do
        n=$((n - 1))
        [ $n -gt 0 ] || return 1
        sleep 0.05
    done
}

says() { mews logs "$1" | grep -q -- "$2"; }
is_state() { [ "$(field "$1" state)" = "$2" ]; }
more_frames() { [ "$(field "$1" frames)" -gt "$2" ]; }
