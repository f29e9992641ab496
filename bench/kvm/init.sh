#!/bin/sh
# The init of the guest that is timed. What it shall do comes behind "--" on the kernel's command line; at each mark ("@" at
# the beginning of a line) the meter looks. A test runs from "@NAME" to "@NAME.".
echo "@init"
[ "$1" = boot ] && poweroff -f
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev
while read -r k; do insmod "$k"; done </m/list

timed() { # NAME WORDS OF LOAD
    name=$1; shift
    sleep 0.3; echo "@$name"
    /bin/load "$@" && echo "@$name."
}

network() { # ADDRESS of ours, of the server's, MIB each way
    ip link set eth0 up; ip addr add "$1/24" dev eth0
    i=0; until /bin/load answer "$2" 7000 1 2>/dev/null || [ $i -gt 50 ]; do sleep 0.2; i=$((i + 1)); done
    timed answer answer "$2" 7000 500
    timed send send "$2" 7000 "$3"
    timed ask ask "$2" 7000 "$3"
}

disk() {
    R=$((200 << 20))
    timed read-4k-1 disk /dev/vda read 4096 1 500 $R
    timed read-4k-16 disk /dev/vda read 4096 16 1600 $R
    timed read-256k-4 disk /dev/vda read 262144 4 200 $R
    timed write-4k-16 disk /dev/vda write 4096 16 1600 $R
    timed write-256k-4 disk /dev/vda write 262144 4 200 $R
    timed sync-4k-1 disk /dev/vda sync 4096 1 300 $R
}

shift
[ -e /dev/vda ] && disk
network "$@"
sleep 1; echo "@idle"
poweroff -f
