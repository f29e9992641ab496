#!/bin/sh
# The one list of Debian packages that mews needs, and what installs the missing ones.
# usage: deps.sh [GROUP...]            default: build run test
#        deps.sh --list GROUP...
# As root, or with sudo. MEWS_DEPS=no leaves the machine alone (other systems: install what --list names, in your way).
set -eu

packages() {
    case $1 in
    build) # compilers and the libraries' headers
        echo gcc libc6-dev make cmake ninja-build pkg-config
        echo libjansson-dev libuv1-dev libzstd-dev libxxhash-dev libarchive-dev libpng-dev zlib1g-dev
        echo libmd-dev # SHA-1 of pictures and sound
        echo liburing-dev # disks
        echo libsdl2-dev libchafa-dev
        echo libseccomp-dev # the program's sandbox
        echo libslirp-dev # mews-usernet
        echo libedit-dev # the debugger's lines
        echo libdw-dev   # symbols and lines of ELF files
        echo retroarch-dev # libretro.h
        echo cc65          # the guests of guests/nes and guests/c6502
        echo acpica-tools  # iasl, for what a PC tells its guest
        echo nasm          # those of guests/x86
        echo libcapstone-dev # x86 instructions as text
        ;;
    run) # what the installed program opens when a machine asks for it
        echo libsdl2-2.0-0 libchafa0 libarchive13 libedit2 libdw1 libcapstone4 libslirp0
        ;;
    test)
        echo libcmocka-dev bats python3 git g++ clang-format-14 mandoc
        echo gdb # with which machines are debugged, as a person would
        echo mmdebstrap e2fsprogs openssh-client # images: tests/image, tests/kvm/image.py
        echo qemu-system-x86 busybox-static # a host with AMD-V on any machine: tests/kvm/host.py
        ;;
    bench) # the peers
        echo libretro-nestopia retroarch fceux mame mednafen xvfb xauth
        echo qemu-system-x86 busybox-static binutils lz4 xz-utils zstd # and a kernel, unpacked
        ;;
    dev) # other compilers, and tools of people who work here
        echo clang-14 clang clang-tidy-14 libclang-rt-14-dev shellcheck gcovr
        ;;
    *)
        echo "deps.sh: no group '$1' (build run test bench dev)" >&2
        exit 2
        ;;
    esac
}

list=
[ "${1-}" = --list ] && { list=1; shift; }
[ $# -gt 0 ] || set -- build run test
wanted=$(for group; do packages "$group"; done | tr ' ' '\n' | sort -u)
[ -n "$list" ] && { echo "$wanted"; exit 0; }
[ "${MEWS_DEPS-}" = no ] && exit 0
if ! command -v dpkg-query >/dev/null; then
    # shellcheck disable=SC2086
    echo "deps: not a Debian system; these packages' like must be here:" $wanted >&2
    exit 0
fi

# shellcheck disable=SC2086,SC2016 # dpkg-query's own variables; one word per package
have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p' | sort -u)
missing=$(printf '%s\n' "$wanted" | grep -Fxv "${have:-none}" | tr '\n' ' ')
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
    sudo=sudo
    command -v sudo >/dev/null || {
        echo "deps: not root and no sudo here; as root: apt-get install --no-install-recommends $missing" >&2
        exit 1
    }
fi
echo "deps: installing${sudo:+ (with sudo)}: $missing"
install() {
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
}
install 2>/dev/null || { # the package lists may be old, or not there at all
    $sudo apt-get update -qq
    install
}
