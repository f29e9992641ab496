#!/usr/bin/python3
"""Debian's kernel on the board microvm, in a host with AMD-V under QEMU's translator (host.py): microvm.py [WORD...]

Each function below is one boot of the host with a script in it, and what its output must say. WORDs choose some of them."""
import importlib.util, os, pathlib, re, subprocess, sys, tempfile, time

spec = importlib.util.spec_from_file_location("host", pathlib.Path(__file__).with_name("host.py"))
host = importlib.util.module_from_spec(spec)
spec.loader.exec_module(host)
top = tempfile.TemporaryDirectory(prefix="mews-microvm-")
failures = 0

LIB = """
K=/root/bzImage
until_line() { # FILE TEXT [SECONDS]
    n=$((${3:-90} * 5))
    while ! grep -q "$2" "$1"; do n=$((n - 1)); [ $n -gt 0 ] || { echo "never: $2"; cat "$1"; return 1; }; sleep 0.2; done
}
"""


def check(what, true, output):
    global failures
    if not true:
        failures += 1
        print(f"not ok - {what}\n{output[-6000:]}")
    else:
        print(f"ok - {what}", flush=True)


def run(init, script, more=(), **how):
    """The output of a script that finds the guest /root/g.gz with this init."""
    guest = f"{top.name}/g.gz"
    host.guest(init, guest)
    files = host.mews_files() + [("root/bzImage", host.image()), ("root/g.gz", guest)] + list(more)
    return host.run(LIB + script, files, **how)[1]


def boots():
    """From power-on to poweroff: processors, interrupts, console, clock."""
    out = run("""
echo "USER $(nproc) processors, $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
grep MemTotal /proc/meminfo
echo "INTERRUPTS $(awk '$1 == "4:" || $1 == "9:" { print $NF }' /proc/interrupts | tr '\\n' ' ')"
dmesg | grep -iE 'ACPI (BIOS )?(Error|Warning)|spurious|nobody cared|Unable to|Call Trace' | grep -v xstate
echo "say something"; read -r line; echo "heard <$line>"
poweroff -f
""", """
mkfifo /tmp/in; exec 9<>/tmp/in
mews run --set cpus=2 --set memory=256 --initrd /root/g.gz --append "console=ttyS0 quiet" $K </tmp/in >/tmp/out 2>&1 &
until_line /tmp/out something && echo "some words" >/tmp/in
wait $!; echo "STATUS $?"; cat /tmp/out
""", smp=2)
    check("two processors, kvm-clock", "USER 2 processors, kvm-clock" in out, out)
    check("ACPI and the serial line have their interrupts", re.search(r"INTERRUPTS ttyS0 acpi", out), out)
    check("nothing that a kernel complains about", not re.search(r"Error|Warning|spurious|nobody", out), out)
    check("what is typed is read", "heard <some words>" in out, out)
    check("it switches itself off", "reboot: Power down" in out and "STATUS 0" in out, out)


def resets():
    """By the keyboard controller, by ACPI, in place or as an end; more than 3 GiB."""
    out = run("""
echo "USER $(cat /proc/cmdline) $(grep MemTotal /proc/meminfo)"
reboot -f
""", """
for how in k a; do
    mews run --no-reboot --set memory=128 --initrd /root/g.gz --append "console=ttyS0 quiet reboot=$how" $K >/tmp/out 2>&1
    echo "STATUS $how $?"; grep -c USER /tmp/out
done
mews run -d --name r --set memory=128 --initrd /root/g.gz --append "console=ttyS0 quiet" $K
n=0; while [ "$(mews logs r | grep -c USER)" -lt 3 ] && [ $n -lt 300 ]; do n=$((n + 1)); sleep 0.3; done
echo "AGAIN $(mews logs r | grep -c USER)"; mews stop --timeout 1 r
mews run --no-reboot --set memory=4096 --initrd /root/g.gz --append "console=ttyS0 quiet mode=large" $K
""", memory_mib=1536)
    check("a reset is an end when it shall be one", "STATUS k 0" in out and "STATUS a 0" in out, out)
    check("else the machine begins again", re.search(r"AGAIN [3-9]", out), out)
    memory = re.search(r"mode=large.*MemTotal: +(\d+)", out)
    check("memory on both sides of the hole", memory and int(memory[1]) > 3_900_000, out)


def saved():
    """Pause, snapshot, restore, fork, with two processors at work."""
    out = run("""
echo "USER"; echo 5 >/proc/sys/kernel/watchdog_thresh # twice that is a lockup
head -c 1300000 /dev/urandom >/data; sum=$(md5sum </data) # which is read again and again, to the last ticks
( n=0; bad=0; until [ -e /enough ]; do [ "$(md5sum </data)" = "$sum" ] || bad=$((bad + 1)); n=$((n + 1)); done; echo "WORK $((n > 9)) $bad bad" ) &
i=0; while [ $i -lt 14 ]; do echo "tick $i $(cut -d' ' -f1 /proc/uptime)"; i=$((i + 1)); [ $i -lt 12 ] || echo >/enough; sleep 1; done
wait; poweroff -f
""", """
mews run -d --name k --set cpus=2 --set memory=256 --initrd /root/g.gz --append "console=ttyS0 quiet" $K
for i in $(seq 300); do mews logs k | grep -q "tick 2" && break; sleep 0.3; done
mews pause k; before=$(mews logs k | tail -1); sleep 14; echo "HELD $([ "$(mews logs k | tail -1)" = "$before" ] && echo yes)"
mews snapshot k /tmp/a.snap && mews resume k
until [ "$(mews logs k | grep -c tick)" -ge 5 ]; do sleep 0.2; done
mews snapshot k /tmp/b.snap; echo "SNAPSHOT $?"
mews logs k | grep tick; mews rm --force k
now() { cut -d' ' -f1 /proc/uptime; }
for x in a b; do
    echo "$x: $(now) begins"; mews restore /tmp/$x.snap | while read -r line; do echo "$x: $(now) $line"; done
done
""", smp=2)
    times = [float(t) for t in re.findall(r"^tick \d+ ([\d.]+)", out, re.M)]
    check("a machine that is held stands still", "HELD yes" in out, out)
    check("and its clock too", all(b - a < 3 for a, b in zip(times, times[1:])) and len(times) >= 5, out)
    check("nor do its watchdogs find that a processor was stuck", not re.search(r"soft lockup|stall|unstable", out), out)
    for image, first in ("a", 2), ("b", 4):
        begins = re.search(rf"^{image}: ([\d.]+) begins", out, re.M)
        ticks = [(float(h), int(n), float(g)) for h, n, g in
                 re.findall(rf"^{image}: ([\d.]+) tick (\d+) ([\d.]+)", out, re.M)]
        check(f"{image}: it goes on where it was", ticks and ticks[0][1] > first and
              [n for _, n, _ in ticks] == list(range(ticks[0][1], 14)), out)
        if ticks and begins: # not more of its time than of the host's
            check(f"{image}: its clock has not jumped", all(0 < b[2] - a[2] < b[0] - a[0] + 1 for a, b in zip(ticks, ticks[1:]))
                  and times[ticks[0][1] - 1] < ticks[0][2] < times[ticks[0][1] - 1] + ticks[0][0] - float(begins[1]) + 1.5, out)
        check(f"{image}: work that was under way goes on, and finds memory as it was", re.search(rf"{image}: [\d.]+ WORK 1 0 bad", out), out)
        check(f"{image}: it ends", re.search(rf"{image}: .*reboot: Power down", out), out)


def disk_image(name, mib, **files):
    """An ext4 disk with these files on it."""
    path, root = f"{top.name}/{name}", f"{top.name}/{name}.d"
    os.makedirs(root, exist_ok=True)
    for file, text in files.items():
        pathlib.Path(root, file).write_text(text)
    with open(path, "wb") as f:
        f.truncate(mib << 20)
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-d", root, path], check=True)
    return (f"root/{name}", path)


def disks():
    """A disk over virtio-pci: written, read, read only, an overlay, and whole after its monitor was killed; the power button."""
    out = run(r"""
echo "RNG $(cat /sys/class/misc/hw_random/rng_current) $(head -c 8 /dev/hwrng | wc -c)"
echo "MSI $(grep -c 'virtio.*req' /proc/interrupts)"
for f in serial ro size; do echo "vdb $f $(cat /sys/block/vdb/$f)"; done
mount /dev/vda /root && cat /root/hello
case "$(cat /proc/cmdline)" in
*mode=write*)
    dd if=/dev/urandom of=/root/big bs=64k count=64 2>/dev/null; sync; md5sum /root/big | sed 's/^/WRITTEN /'
    echo 3 >/proc/sys/vm/drop_caches; md5sum /root/big | sed 's/^/READ /'
    echo x >/root/gone; rm /root/big; fstrim -v /root; umount /root; poweroff -f;;
*mode=sync*) # until it is killed: what is printed is on the disk
    i=0; while true; do echo "$i" >/root/count; sync; echo "SYNCED $i"; i=$((i + 1)); done;;
*mode=button*) echo "WAITS"; dd if=/dev/input/event0 bs=24 count=1 2>/dev/null | wc -c; echo "BUTTON"; umount /root; poweroff -f;;
esac
""", r"""
boot() { m=$1; shift; mews run --sandbox on --memory 128M --initrd /root/g.gz --append "console=ttyS0 quiet mode=$m" "$@" $K; }
cp /root/a.img /root/before.img
boot write --disk /root/a.img,overlay=/root/o.img --disk /root/b.img,ro,serial=B0; echo "STATUS $?"
cmp /root/a.img /root/before.img && echo "BASE untouched"
boot write --disk /root/a.img --disk /root/b.img; echo "STATUS $?"
mews run -d --name s --memory 128M --initrd /root/g.gz --append "console=ttyS0 quiet mode=sync" --disk /root/a.img --disk /root/b.img $K
mews run --disk /root/a.img $K; echo "LOCKED $?"
for i in $(seq 300); do mews logs s | grep -q "SYNCED 5" && break; sleep 0.3; done
kill -9 $(mews ps --json | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
echo "KILLED after $(mews logs s | sed -n 's/.*SYNCED //p' | tail -1)"; mews rm s
mews run -d --name p --memory 128M --initrd /root/g.gz --append "console=ttyS0 quiet mode=button" --disk /root/a.img --disk /root/b.img $K
for i in $(seq 300); do mews logs p | grep -q WAITS && break; sleep 0.3; done
mews stop --timeout 60 p; echo "STOP $?"; mews logs p | tail -3
mount -t ext4 -o ro /root/a.img /mnt 2>/dev/null || { mkdir -p /mnt; mount -t ext4 -o ro,loop /root/a.img /mnt; }
echo "COUNT $(cat /mnt/count)"
""", more=[disk_image("a.img", 24, hello="a file of the disk's\n"), disk_image("b.img", 8)], memory_mib=1536)
    check("random numbers come from virtio", "RNG virtio_rng.0 8" in out, out)
    check("a disk's interrupts are messages", "MSI 2" in out, out)
    check("a file is read", out.count("a file of the disk's") == 2, out)
    written, read = re.findall(r"WRITTEN (\w+)", out), re.findall(r"READ (\w+)", out)
    check("what was written is read", len(written) == 2 and written == read, out)
    check("read only, serial number, size", "vdb ro 1" in out and "vdb serial B0" in out and "vdb size 16384" in out, out)
    check("an overlay leaves its base alone", "BASE untouched" in out, out)
    check("both ends are good", out.count("STATUS 0") == 2, out)
    check("a disk has one machine", re.search(r"mews: .*a\.img.*\n(.*\n)*LOCKED 1", out), out)
    killed = re.search(r"KILLED after (\d+)", out)
    count = re.search(r"COUNT (\d+)", out)
    check("what was synced has outlived its monitor", killed and count and int(count[1]) >= int(killed[1]), out)
    check("the power button is heard, and the guest ends by itself", "BUTTON" in out and "STOP 0" in out and "killed" not in out, out)


def saved_disks():
    """Snapshots and a copy while the guest writes to an overlay that goes with it; what was written is read after each."""
    out = run(r"""
mount /dev/vda /root; n=0
while [ ! -e /root/last ]; do # a file more, all of it read again now and then
    dd if=/dev/urandom of=/root/f$n bs=16k count=8 2>/dev/null; (cd /root; md5sum f$n >>sums; sync)
    [ $((n % 10)) -ne 9 ] || { echo 3 >/proc/sys/vm/drop_caches; (cd /root; md5sum -c sums 2>&1 | grep -vc OK | sed 's/^/BAD /'); }
    n=$((n + 1)); echo "FILES $n"; [ $n -lt 30 ] || echo >/root/last; sleep 0.3
done
echo "SUMS $(wc -l </root/sums)"; umount /root; mount /dev/vda /root && (cd /root; md5sum -c sums | grep -c OK | sed 's/^/GOOD /'); poweroff -f
""", r"""
D=/root/a.img,overlay=tmp
files() { mews logs $1 | sed -n 's/FILES //p' | tail -1; }
until_files() { for i in $(seq 600); do [ "$(files $1)" -ge $2 ] 2>/dev/null && return; sleep 0.2; done; echo "never: $1 $2"; mews logs $1 | tail -5; }
mews run -d --name m --cpus 2 --memory 128M --initrd /root/g.gz --append "console=ttyS0 quiet" --disk $D $K
until_files m 5; mews snapshot m /tmp/a.snap; echo "SNAPSHOT $? at $(files m)"
until_files m 12; mews snapshot --incremental m /tmp/b.snap; echo "INCREMENTAL $? $(stat -c %s /tmp/b.snap)"
mews snapshot --squash /tmp/c.snap /tmp/a.snap /tmp/b.snap; echo "SQUASH $?"
mews fork --name f m; echo "FORK $?"
mews wait f; echo "f: $(mews logs f | tr -d '\r' | grep -E 'GOOD|SUMS|BAD [^0]' | tr '\n' ' ')"
mews wait m; echo "m: $(mews logs m | tr -d '\r' | grep -E 'GOOD|SUMS|BAD [^0]' | tr '\n' ' ')"
for s in a c; do echo "$s: $(mews restore --disk $D /tmp/$s.snap | tr -d '\r' | grep -E 'GOOD|SUMS|BAD [^0]' | tr '\n' ' ')"; done
mews restore /tmp/a.snap; echo "WITHOUT $?"; mews restore --disk /root/a.img,ro /tmp/a.snap; echo "OTHER $?"
touch /root/a.img; mews restore --disk $D /tmp/a.snap; echo "CHANGED $?"
echo "a again: $(mews restore --disk $D,changed=ok /tmp/a.snap | tr -d '\r' | grep -E 'GOOD|SUMS' | tr '\n' ' ')"
""", more=[disk_image("a.img", 24, hello="x")], memory_mib=1536, smp=2)
    check("a snapshot under load", re.search(r"SNAPSHOT 0 at ([5-9]|[12]\d)\b", out), out)
    more = re.search(r"INCREMENTAL 0 (\d+)", out)
    check("an incremental one is smaller than memory", more and int(more[1]) < 64 << 20 and "SQUASH 0" in out, out)
    for name in "f", "m", "a", "c", "a again":
        check(f"{name}: what was written is there", re.search(rf"^{name}: SUMS 30 GOOD 30", out, re.M), out)
    check("without its disks there is no machine", re.search(r"mews: .*has 1 disk.*\n(.*\n)*WITHOUT 2", out), out)
    check("a copy finds its disks itself", "FORK 0" in out, out)
    check("nor with another one", re.search(r"mews: .*\nOTHER 1", out) and re.search(r"mews: .*changed after the snapshot.*\nCHANGED 1", out), out)


def networks():
    """Two guests on one link, one that reaches a server of the host's through mews-usernet, a forwarded port; a tap device."""
    out = run(r"""
ip link set lo up
case "$(cat /proc/cmdline)" in
*mode=user*)
    ip link set eth0 up; udhcpc -i eth0 -n -q -t 10 -s /dhcp >/dev/null 2>&1; echo "LEASE $(ip -4 addr show eth0 | sed -n 's/.*inet \([0-9.]*\).*/\1/p')"
    wget -q -O - http://10.0.2.2:8000/word; head -c 3000000 /dev/zero | tr '\0' x >/tmp/x; md5sum </tmp/x
    wget -q -O - http://10.0.2.2:8000/large | md5sum | sed 's/^/LARGE /'
    httpd -p 80 -h /; echo "SERVES"; sleep 20; poweroff -f;;
*mode=tap*)
    ip addr add 192.168.7.2/24 dev eth0; ip link set eth0 up
    wget -q -O - http://192.168.7.1:8001/large | tee /tmp/large | md5sum | sed 's/^/TAP LARGE /'
    mkdir /tmp/w; mv /tmp/large /tmp/w/back; httpd -p 80 -h /tmp/w; echo "SERVES"; read -r line; poweroff -f;;
*)
    n=$(sed -n 's/.*mode=\([12]\).*/\1/p' /proc/cmdline); ip link set eth0 up; ip addr add 192.168.9.$n/24 dev eth0
    echo "MAC $n $(cat /sys/class/net/eth0/address)"
    other=$((3 - n)); i=0; until ping -c 1 -W 1 192.168.9.$other >/dev/null 2>&1 || [ $i -gt 60 ]; do i=$((i + 1)); done
    ping -c 5 -s 1400 -i 0.2 192.168.9.$other | sed -n "s/^/$n: /; /received/p"; sleep 3; poweroff -f;;
esac
""", r"""
boot() { m=$1; shift; mews run --sandbox on --memory 128M --initrd /root/g.gz --append "console=ttyS0 quiet mode=$m" "$@" $K; }
mkdir -p /tmp/w /tmp/link; echo "a word from the host" >/tmp/w/word; head -c 3000000 /dev/urandom >/tmp/w/large; httpd -p 127.0.0.1:8000 -h /tmp/w
md5sum </tmp/w/large | sed 's/^/IS /'
boot user --net user,forward=tcp:2280:80 >/tmp/u 2>&1 & until_line /tmp/u SERVES 120
wget -q -O - http://127.0.0.1:2280/m/list | head -1 | sed 's/^/FORWARDED /'
wait $!; echo "STATUS $?"; cat /tmp/u
mkfifo /tmp/in; exec 9<>/tmp/in
boot tap --net tap=tap0 </tmp/in >/tmp/t 2>&1 & until ip link show tap0 >/dev/null 2>&1; do sleep 0.1; done
ip addr add 192.168.7.1/24 dev tap0; ip link set tap0 up; httpd -p 192.168.7.1:8001 -h /tmp/w
until_line /tmp/t SERVES 120; ping -c 5 -s 1400 -i 0.2 192.168.7.2 | sed -n 's/^/TAP /; /received/p'
wget -q -O - http://192.168.7.2/back | md5sum | sed 's/^/TAP BACK /'; echo end >/tmp/in
wait $!; echo "TAP STATUS $?"; cat /tmp/t
boot 1 --name one --net link=/tmp/link >/tmp/one 2>&1 & boot 2 --name two --net link=/tmp/link >/tmp/two 2>&1; wait; cat /tmp/one /tmp/two
""", smp=2)
    check("DHCP gives an address", "LEASE 10.0.2.15" in out, out)
    check("a server of the host's is reached", "a word from the host" in out, out)
    is_, large = re.search(r"IS (\w+)", out), re.search(r"LARGE (\w+)", out)
    check("three megabytes come over unharmed", is_ and large and is_[1] == large[1], out)
    check("a port leads into the guest", "FORWARDED /m/" in out, out)
    check("it ends well", "STATUS 0" in out, out)
    check("by a tap device the host and the guest hear each other", re.search(r"TAP 5 packets transmitted, 5 (packets )?received", out), out)
    tap = re.findall(r"TAP (?:LARGE|BACK) (\w+)", out)
    check("three megabytes by it, each way", is_ and tap == [is_[1]] * 2 and "TAP STATUS 0" in out, out)
    macs = re.findall(r"MAC \d (\S+)", out)
    check("each card has its own address", len(macs) == 2 and macs[0] != macs[1], out)
    check("two guests hear each other", re.search(r"1: 5 packets transmitted, 5 (packets )?received", out)
          and re.search(r"2: 5 packets transmitted, 5 (packets )?received", out), out)


def consoles():
    """virtio's console: output, input, the size of the terminal in front, of one that is attached, and after a restore."""
    out = run(r"""
cat >/do <<'X'
size() { s="$(stty size 2>/dev/null)"; echo "${s:-unknown}"; }
trap 'echo "RESIZED $(size)"' WINCH
echo "a word by the serial line" >/dev/ttyS0
echo "first words"; sleep 1; echo "USER $(tty) $(size)"; echo "say something"
until [ "$line" = end ]; do read -r line && echo "heard <$line>"; done
X
setsid -c sh /do </dev/hvc0 >/dev/hvc0 2>&1
poweroff -f
""", r"""
run="--memory 128M --initrd /root/g.gz"; line="console=hvc0 quiet"
at_terminal() { setsid -c "$@" </dev/ttyS0; }
stty -F /dev/ttyS0 rows 33 cols 99
at_terminal mews run --name f $run --append "$line" $K >/tmp/f 2>&1 &
until_line /tmp/f something && mews send --line "some words" f
until_line /tmp/f "heard <some words>"; stty -F /dev/ttyS0 rows 44 cols 111
until_line /tmp/f "RESIZED 44 111"; mews send --line end f; wait $!; echo "STATUS $?"; cat /tmp/f
mews run -d --name d $run --append "$line" $K
for i in $(seq 300); do mews logs d | grep -q something && break; sleep 0.3; done
mews snapshot d /tmp/d.snap; mews logs d | sed 's/^/before: /'
for name in d e; do
    [ $name = e ] && mews restore -d --name e /tmp/d.snap
    : >/tmp/$name; at_terminal mews attach $name >/tmp/$name 2>&1 & a=$!
    until_line /tmp/$name "RESIZED 44 111"; stty -F /dev/ttyS0 rows 20 cols 60; until_line /tmp/$name "RESIZED 20 60"
    stty -F /dev/ttyS0 rows 44 cols 111; until_line /tmp/$name "RESIZED 44 111"
    mews send --line "to $name" $name; mews send --line end $name; wait $a; sed "s/^/$name: /" /tmp/$name
    mews wait $name; echo "WAITED $?"; mews rm $name
done
mews run $run --append "console=hvc0 console=ttyS0 quiet" --set console=auto $K </dev/null >/tmp/s 2>&1
grep -c something /tmp/s | sed 's/^/SERIAL /'
""")
    check("the guest is at hvc0, and knows the terminal's size", "USER /dev/hvc0 33 99" in out, out)
    check("the serial line speaks beside it", "a word by the serial line" in out, out)
    check("what is typed is read", "heard <some words>" in out and "heard <end>" in out and "STATUS 0" in out, out)
    check("a guest that nobody looks at knows no size", "before: USER /dev/hvc0 unknown" in out, out)
    for name in "de":
        sizes = re.findall(rf"{name}: RESIZED (\d+ \d+)", out)
        check(f"{name}: who attaches has it resized, and again", sizes[:1] == ["44 111"] and "20 60" in sizes
              and sizes[-1:] == ["44 111"], out)
        check(f"{name}: and types", f"{name}: heard <to {name}>" in out, out)
    check("both end well", out.count("WAITED 0") == 2, out)
    check("with the serial line as the last console= there is no other", "SERIAL 0" in out, out)


def transports():
    """Disk, network, random numbers and console by PCI and by registers in memory; with notifications beside the guest
    and by exits; saved under load and restored; what is counted and told of it."""
    out = run(r"""
for d in /sys/bus/virtio/devices/*; do echo "DEVICE $(cat $d/device) $(readlink -f $d | grep -o 'LNRO0005\|pci' | head -1)"; done
ip link set lo up; ip link set eth0 up; udhcpc -i eth0 -n -q -t 10 -s /dhcp >/dev/null 2>&1
wget -q -O - http://10.0.2.2:8000/large | md5sum | sed 's/^/LARGE /'
echo "RNG $(head -c 8 /dev/hwrng | wc -c)"; [ -e /dev/hvc0 ] && echo "a word by hvc0" >/dev/hvc0
mount /dev/vda /root; dd if=/dev/urandom of=/root/big bs=64k count=48 2>/dev/null; sync; md5sum /root/big | sed 's/^/WRITTEN /'
echo 3 >/proc/sys/vm/drop_caches; md5sum /root/big | sed 's/^/READ /'
grep -i 'virtio' /proc/interrupts | sed 's/^/INTERRUPTS /'
echo "READY"
i=0; while [ $i -lt 16 ]; do dd if=/dev/urandom of=/root/f$i bs=4k count=32 conv=fsync 2>/dev/null; (cd /root; md5sum f$i) >>/tmp/sums; echo "tick $i"; i=$((i + 1)); sleep 0.5; done
echo 3 >/proc/sys/vm/drop_caches; cd /root; md5sum -c /tmp/sums >/dev/null && echo "SUMS good"; cd /; umount /root; poweroff -f
""", r"""
mkdir -p /tmp/w; head -c 1000000 /dev/urandom >/tmp/w/large; httpd -p 127.0.0.1:8000 -h /tmp/w; md5sum </tmp/w/large | sed 's/^/IS /'
for how in pci,eventfd mmio,eventfd mmio,exit; do
    t=${how%,*}; n=${how#*,}; cp /root/a.img /tmp/$n.img
    mews run -d --name $n --memory 128M --initrd /root/g.gz --append "console=ttyS0 quiet" --set transport=$t --set notify=$n         --set console=virtio --disk /tmp/$n.img --net user,mac=52:54:00:12:34:56 $K
    for i in $(seq 300); do mews logs $n | grep -q "READY" && break; sleep 0.3; done
    mews stats $n | sed "s/^/$how: /"
    timeout 4 mews trace -e 'disk.*,virtio.notify' $n >/tmp/trace; for w in "virtio.notify virtio=2" disk.write disk.flush disk.done; do grep -m1 " $w" /tmp/trace | sed "s/^/$how: /"; done
    mews pause $n; mews snapshot $n /tmp/$n.snap; cp -p /tmp/$n.img /tmp/again.img; mews logs $n | sed "s/^/$how: /"; mews rm --force $n
    mews restore --disk /tmp/again.img --net user,mac=52:54:00:12:34:56 /tmp/$n.snap >/tmp/$n.out 2>&1; echo "$how: STATUS $?"
    sed "s/^/$how: /" /tmp/$n.out; rm -f /tmp/*.img
done
""", more=[disk_image("a.img", 24)], memory_mib=2048)
    is_ = re.search(r"IS (\w+)", out)
    for how, where, kind in (("pci,eventfd", "pci", "pci"), ("mmio,eventfd", "LNRO0005", "mmio"), ("mmio,exit", "LNRO0005", "mmio")):
        mine = "\n".join(re.findall(rf"^{how}: (.*)", out, re.M))
        check(f"{how}: all devices are there",
              sorted(re.findall(rf"DEVICE 0x000(\d) {where}", mine)) == list("1234") and "RNG 8" in mine, mine)
        check(f"{how}: a megabyte comes over the network", is_ and f"LARGE {is_[1]}" in mine, mine)
        written, read = re.search(r"WRITTEN (\w+)", mine), re.search(r"READ (\w+)", mine)
        check(f"{how}: what was written is read", written and read and written[1] == read[1], mine)
        check(f"{how}: the console hears virtio's", "a word by hvc0" in mine, mine)
        check(f"{how}: saved under load and restored it goes on, and loses nothing",
              "STATUS 0" in mine and "SUMS good" in mine and re.findall(r"tick (\d+)", mine)[-1:] == ["15"], mine)
        count = {n: int(v) for n, v in re.findall(r"(mmio|doorbell|writes|flushes|written_bytes|notified|sent|received_bytes) (\d+)",
                                                  "".join(re.findall(r"^counters.*|^  disk 0.*|^  net  0.*", mine, re.M)))}
        check(f"{how}: the disk's requests and bytes are counted", count.get("writes", 0) > 5 and count.get("flushes", 0) > 0
              and count.get("written_bytes", 0) > 3 << 20, mine)
        rung = count.get("doorbell", 0)
        check(f"{how}: notifications are no exits, or are", rung > 50 if "eventfd" in how else rung == 0 and count.get("mmio", 0) > 50, mine)
        check(f"{how}: requests are told", all(re.search(p, mine) for p in (
            r"virtio\.notify virtio=2 queue=0", r"disk\.write disk=0 sector=[0-9A-F]+ bytes=[0-9A-F]+", r"disk\.done disk=0 sector=\w+ ns=")), mine)


def perform(tests, chosen=()):
    """Runs the chosen ones of these functions, all unless words name some; an exit status. A host under a translator now and
    then loses seconds, and its guests what they wait for: what fails is done once more, and that counts."""
    global failures
    try:
        for t in tests:
            if not chosen or t.__name__ in chosen:
                began, before = time.monotonic(), failures
                t()
                if failures > before:
                    print("# once more", flush=True)
                    failures = before
                    t()
                print(f"# {t.__name__}: {time.monotonic() - began:.0f} s", flush=True)
    except host.Failed as e:
        text = str(e)
        if "could not be fetched" in text or "no qemu" in text or "apt-cache" in text:
            print(f"skipped: {text}")
            return 77
        print(f"not ok - {text}")
        return 1
    print(f"{failures} failed")
    return failures > 0


if __name__ == "__main__":
    sys.exit(perform([boots, resets, saved, disks, saved_disks, networks, consoles, transports], sys.argv[1:]))
