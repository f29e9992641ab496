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

case $1 in
idle) # a machine that has all its devices and nothing to do
    ip link set eth0 up; dd if=/dev/vda of=/dev/null bs=1M count=4 iflag=direct 2>/dev/null
    sleep 1; echo "@idle"; sleep 60;;
disk)
    R=$((200 << 20))
    timed read-4k-1 disk /dev/vda read 4096 1 500 $R
    timed read-4k-16 disk /dev/vda read 4096 16 1600 $R
    timed read-256k-4 disk /dev/vda read 262144 4 200 $R
    timed write-4k-16 disk /dev/vda write 4096 16 1600 $R
    timed write-256k-4 disk /dev/vda write 262144 4 200 $R
    timed sync-4k-1 disk /dev/vda sync 4096 1 300 $R;;
net) # ADDRESS of ours, of the server's
    ip link set eth0 up; ip addr add "$2/24" dev eth0
    i=0; until /bin/load answer "$3" 7000 1 2>/dev/null || [ $i -gt 50 ]; do sleep 0.2; i=$((i + 1)); done
    timed answer answer "$3" 7000 500
    timed send send "$3" 7000 "$4"
    timed ask ask "$3" 7000 "$4";;
esac
poweroff -f
