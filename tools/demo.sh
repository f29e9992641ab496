#!/bin/sh
# `make demo`: each kind of machine running a guest. Pictures go to out/.
set -eu
cd "$(dirname "$0")/.."
mews=build/release/mews
mkdir -p out

echo "== a program for the 6502v (guests/c6502/hello.s): prints its arguments, ends with their number"
$mews run build/release/guests/c6502/hello.hk from the mews || echo "   status $?"

for rom in build/release/guests/nes/*/*.nes build/release/guests/nes/*.nes; do
    [ -f "$rom" ] || continue
    name=$(basename "$rom" .nes)
    echo "== a NES cartridge: $rom, 900 frames"
    $mews run --headless --frames 900 --screenshot "out/$name.png" --audio "out/$name.wav" --hash "$rom"
    echo "   picture: out/$name.png   sound: out/$name.wav"
done
