# shellcheck shell=sh disable=SC2086,SC2046 # lists of words
# What runs where KVM is (run.py has the names of things ahead of it): the same work by each monitor in turn, round after
# round. Each run's first line is "= PART MONITOR ROUND", then the meter's lines follow.
#   FILES  guests and kernel   FROM, TO  which rounds   PARTS  which   MEMORY  of the Linux guest, LARGE  of one that is restored, MiB
DISK=$FILES/disk.img
GROUPS_AT=/sys/fs/cgroup
count=0
[ -w $GROUPS_AT/cgroup.procs ] || mount -t cgroup2 c $GROUPS_AT 2>/dev/null

run() { # PART MONITOR METER'S-OPTIONS -- COMMAND
    echo "= $1 $2 $round"
    shift 2
    count=$((count + 1))
    group=$GROUPS_AT/bench-$$-$count
    if mkdir $group 2>/dev/null; then set -- -g $group "$@"; fi
    meter "$@" </dev/null || [ $? = 137 ] || echo "status $?"
    for _ in 1 2 3 4 5 6 7 8 9; do rmdir $group 2>/dev/null && break; sleep 0.1; done
}

# ---- monitors: whatever is best for this ----
q35() {
    echo "qemu-system-x86_64 -M q35,usb=off,hpet=off,smbus=off,sata=off,vmport=off $qemu"
}
microvm() {
    echo "qemu-system-x86_64 -M microvm,pit=off,pic=off,rtc=on $qemu"
}
qemu="-accel kvm -cpu host -nodefaults -display none -no-reboot -serial stdio"
append="console=ttyS0 quiet panic=-1"

linux() { # PART METER'S-OPTIONS WORDS-FOR-INIT ; $mews_more, $q35_more, $microvm_more
    part=$1 options=$2 words=$3
    kernel="-m $MEMORY -kernel $FILES/vmlinux -initrd $FILES/guest.gz"
    # Whoever is first pays for what is cold, of a translator's most of all: each is in its turn.
    set -- $monitors
    for _ in $(seq $((round % $#))); do next=$1; shift; set -- "$@" $next; done
    for who; do
        case $who in
        mews) run $part mews $options mews run --memory ${MEMORY}M --initrd $FILES/guest.gz --append "$append -- $words" $mews_more $FILES/vmlinux;;
        mews-bz) run $part mews-bz $options mews run --memory ${MEMORY}M --initrd $FILES/guest.gz --append "$append -- $words" $mews_more $FILES/bzImage;;
        q35) run $part q35 $options $(q35) $kernel -append "$append -- $words" $q35_more;;
        q35-bz) run $part q35-bz $options $(q35) -m $MEMORY -kernel $FILES/bzImage -initrd $FILES/guest.gz -append "$append -- $words" $q35_more;;
        q35-vhost) run $part q35-vhost $options $(q35) $kernel -append "$append -- $words" $vhost_more;;
        microvm) run $part microvm $options $(microvm) $kernel -append "$append -- $words" $microvm_more;;
        esac
    done
}
nothing() { mews_more='' q35_more='' microvm_more='' vhost_more=''; }
with_disk() {
    mews_more="$mews_more --disk $DISK"
    drive="-object iothread,id=t -drive file=$DISK,format=raw,if=none,id=d,cache=writeback,aio=io_uring,discard=unmap"
    q35_more="$q35_more $drive -device virtio-blk-pci,drive=d,iothread=t"
    microvm_more="$microvm_more $drive -device virtio-blk-device,drive=d,iothread=t"
}
with_tap() {
    mews_more="$mews_more --net tap=bench0"
    tap="-netdev tap,id=n,ifname=bench0,script=no,downscript=no"
    vhost_more="$q35_more $tap,vhost=on -device virtio-net-pci,netdev=n,romfile="
    q35_more="$q35_more $tap,vhost=off -device virtio-net-pci,netdev=n,romfile="
    microvm_more="$microvm_more $tap,vhost=off -device virtio-net-device,netdev=n"
}
with_user() {
    mews_more="$mews_more --net user"
    q35_more="$q35_more -netdev user,id=n -device virtio-net-pci,netdev=n,romfile="
    microvm_more="$microvm_more -netdev user,id=n -device virtio-net-device,netdev=n"
}
disk_there() { [ -e $DISK ] || dd if=/dev/zero of=$DISK bs=1M count=200 2>/dev/null; }
tap_there() {
    [ -e /sys/class/net/bench0 ] && return
    { tunctl -t bench0 || ip tuntap add bench0 mode tap; } >/dev/null 2>&1
    ip addr add 10.9.0.1/24 dev bench0; ip link set bench0 up
}

# ---- parts ----
first() { # from exec to the first instruction, 512 MiB
    run first bare -n 1 bare $FILES/guest.bin 512
    run first micro -n 1 mews run --memory 512M --set strays=ignore $FILES/micro.elf
    run first mews -n 1 mews run --memory 512M $FILES/guest.elf
    nothing; disk_there; with_disk; with_user
    run first mews-devices -n 1 -r 512 mews run --memory 512M $mews_more $FILES/guest.elf
    [ $QEMU ] || return
    run first q35 -n 1 $(q35) -m 512 -kernel $FILES/guest.elf
    run first microvm -n 1 $(microvm) -m 512 -kernel $FILES/guest.elf
}
exits() { # a port read, an address read
    run exits bare -n 4 bare $FILES/guest.bin 16
    run exits micro -n 4 mews run --memory 16M --set strays=ignore $FILES/micro.elf
    run exits mews -n 4 mews run --memory 16M $FILES/guest.elf
    [ $QEMU ] || return
    run exits q35 -n 4 $(q35) -m 16 -kernel $FILES/guest.elf
    run exits microvm -n 4 $(microvm) -m 16 -kernel $FILES/guest.elf
}
restore() { # until the guest says the next word
    for size in 512 $LARGE; do
        snap=$FILES/$size.snap
        if [ ! -e $snap ]; then
            mews run -d --name bench-$size --memory ${size}M $FILES/again.elf
            sleep 1; mews snapshot bench-$size $snap; mews rm --force bench-$size
        fi
        run restore $size-MiB -n 1 mews restore $snap
    done
}
boot() {
    monitors="mews mews-bz"; [ $QEMU ] && monitors="mews q35 microvm mews-bz q35-bz"
    nothing; linux boot "" boot
}
loads() { # a disk, a network by a tap device; and how much memory that takes
    monitors=mews; [ $QEMU ] && monitors="mews q35 microvm q35-vhost"
    nothing; disk_there; tap_there; with_disk; with_tap
    linux loads "-r $MEMORY" "loads 10.9.0.2 10.9.0.1 24"
}
user() { # a network by libslirp
    monitors=mews; [ $QEMU ] && monitors="mews q35 microvm"
    nothing; with_user; linux user "" "loads 10.0.2.15 10.0.2.2 8"
}

load serve 7000 & server=$!
for round in $(seq $FROM $TO); do
    for part in $PARTS; do $part; done
done
kill $server
