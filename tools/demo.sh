#!/bin/sh
# `make demo`: each kind of machine running a guest, the last in front of you if there is a screen: a window where there
# is a display, the terminal where there is none, and else pictures in out/.
set -eu
cd "$(dirname "$0")/.."
mews=build/release/mews
c6502=build/release/guests/c6502
hawk=build/release/guests/nes/hawk/hawk.nes
mkdir -p out

say() { printf '\n== %s\n' "$*"; }
show() {
    echo "\$ mews $*"
    $mews "$@" || echo "   (status $?)"
}

say "A program in assembly for the 6502v: prints its arguments, ends with their number."
show run $c6502/hello.hk from the mews
say "One in C, by cc65: a desk calculator reads its input."
echo '$ echo "2*(3+4)" | mews run' $c6502/calc.hk
echo '2*(3+4)' | $mews run $c6502/calc.hk || echo "   (status $?)"
say "One in C which copies a file, in the one directory that it may open."
cp README.md out/
show run --share out $c6502/copy.hk README.md copied.md
cmp out/README.md out/copied.md && ls -l out/copied.md

if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
    x86=build/release/guests/x86
    say "The course's exercise in 16-bit x86 assembly, on this processor (KVM): the last line, ten times a second."
    echo '$ echo "a line" | mews run --kind kvm' $x86/echo16.bin
    { echo 'a line'; sleep 0.5; } | $mews run --kind kvm $x86/echo16.bin || echo "   (status $?)"
    say "A 64-bit x86 program: interrupts, page tables and a page fault of its own (guests/x86/interrupts.c)."
    echo '$ echo "hello!" | mews run' $x86/interrupts.elf
    { echo 'hello!'; sleep 1; } | $mews run $x86/interrupts.elf || echo "   (status $?)"
    say "One that draws on a text screen, behind your back, and looked at from outside."
    screen=demo-screen-$$
    echo "\$ mews run -d --name $screen $x86/screen.elf"
    if $mews run -d --name $screen $x86/screen.elf; then
        sleep 0.5
        show show $screen screen
        $mews rm --force $screen
    else
        echo "   (status $?)"
    fi
    say "A kernel of a page: the board microvm, on which Linux runs too (mews run vmlinuz --initrd ...)."
    show run $x86/pvh.elf
else
    say "x86 programs on this processor (guests/x86) are left out: /dev/kvm is not there, or may not be opened."
fi

say "A NES cartridge: Little Hawk (guests/nes/hawk), fifteen seconds without a screen."
show run --headless --frames 900 --screenshot out/hawk.png --audio out/hawk.wav --hash $hawk
echo "   picture: $PWD/out/hawk.png"
echo "   sound:   $PWD/out/hawk.wav"

# To play: CI, a pipe or a dumb terminal has nobody to see it.
if [ -n "${DISPLAY-}${WAYLAND_DISPLAY-}" ]; then
    where="a window"
elif [ -t 0 ] && [ -t 1 ] && [ "${TERM-dumb}" != dumb ]; then
    where="this terminal"
else
    exit 0
fi
[ -z "${CI-}" ] || exit 0
say "The same to play, in $where: arrows, X, Z, Return; Escape leaves, P pauses (mews help run; man mews-run)."
[ "$where" = "a window" ] || sleep 3 # the screen will be cleared
if [ -t 0 ]; then
    $mews run $hawk || echo "   (status $?)"
else # nobody at the keys: the game plays its demonstration
    timeout 20 $mews run $hawk || true
fi
