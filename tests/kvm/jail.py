#!/usr/bin/python3
"""What a jailed monitor of a KVM machine holds, and what bounds it, in a host of its own (host.py): jail.py [WORD...]

Each function below is one boot of the host with a script in it, and what its output must say. WORDs choose some of them;
`lists`, which is chosen by its name alone, strips one rule after the other of each thread's list where KVM is AMD-V's."""
import importlib.util, os, pathlib, re, sys

spec = importlib.util.spec_from_file_location("microvm", pathlib.Path(__file__).with_name("microvm.py"))
microvm = importlib.util.module_from_spec(spec)
spec.loader.exec_module(microvm)
host, check = microvm.host, microvm.check

LIB = """
pid_of() { mews ps --json | tr -d ' \\n' | sed 's/.*"name":"'$1'"[^}]*"pid":\\([0-9]*\\).*/\\1/'; }
until_true() { n=$(($1 * 5)); shift; while ! "$@"; do n=$((n - 1)); [ $n -gt 0 ] || { echo "never: $*"; return 1; }; sleep 0.2; done; }
says() { mews logs $1 | grep -q "$2"; }
head -c 1048576 /dev/zero >/tmp/a.img; cp /tmp/a.img /tmp/b.img
DEVICES=/guests/devices.elf
"""


def run(script, more=(), **how):
    """The output of a script."""
    return host.run(LIB + script, host.mews_files() + list(more), **how)[1]


def holds():
    """What the kernel says of each of its threads, its namespaces, mounts and descriptors."""
    out = run(r"""
mews run -d --sandbox on --name m --set cpus=2 --set memory=64 --disk /tmp/a.img --disk /tmp/b.img,overlay=tmp --net user \
    --snapshot /tmp/end.snap $DEVICES
until_true 60 says m round
P=$(pid_of m)
mews ps --json | grep '"jailed"'
for t in /proc/$P/task/*; do
    echo "THREAD $(cat $t/comm) $(sed -n 's/^\(Seccomp\|Seccomp_filters\|NoNewPrivs\|CapEff\|CapPrm\|CapInh\|CapAmb\):[[:space:]]*/\1=/p' $t/status | tr '\n' ' ')"
done
for n in user mnt net ipc; do [ "$(readlink /proc/$P/ns/$n)" != "$(readlink /proc/self/ns/$n)" ] && echo "NAMESPACE $n"; done
sed 's/^/MOUNT /' /proc/$P/mountinfo
ls -A /proc/$P/root/ | sed 's/^/ENTRY /'
touch /proc/$P/root/file 2>/dev/null && echo "ENTRY touched"
sed '1,2d; s/:.*//; s/ //g; s/^/DEVICE /' /proc/$P/net/dev
for fd in /proc/$P/fd/*; do echo "FD $(readlink $fd)"; done
mews logs m | grep -v -e round -e devices | head -3 | sed 's/^/LOG /'
mews stop m >/dev/null 2>&1
mews run -d --name n --sandbox off --set memory=64 $DEVICES
mews ps --json | grep '"jailed"'
mews logs n | grep sandbox
""", smp=2)
    threads = re.findall(r"^THREAD (.*)", out, re.M)
    own = [t for t in threads if t.startswith("mews ")]  # the kernel's for a ring (iou-wrk) are as who has made it
    check("nine threads: the machine's, control, two vCPUs, four of the pool, a link", len(own) == 9, out)
    check("each has one list, no privileges to come, no capability", threads and all(
        f"Seccomp=2 Seccomp_filters=1" in t and "NoNewPrivs=1" in t and t.count("=0000000000000000") == 4 for t in threads), out)
    check("namespaces of its own", len(re.findall(r"^NAMESPACE", out, re.M)) == 4, out)
    check("one mount, read-only and empty", re.findall(r"^MOUNT .* / / ro,nosuid,nodev,noexec", out, re.M)
          and len(re.findall(r"^MOUNT", out, re.M)) == 1 and "ENTRY" not in out, out)
    check("no network device but its own loopback", re.findall(r"^DEVICE (.*)", out, re.M) == ["lo"], out)
    known = (r"/dev/null|.*/mews/m/(log|status|lock)|/proc/\d+/(statm|pagemap)|/dev/kvm|/tmp/[ab]\.img|/var/tmp/.*\(deleted\)|/memfd:mews-keeper.*"
             r"|pipe:.*|socket:.*|anon_inode:\[?(event(fd|poll)|io_uring|kvm-vm|kvm-vcpu:[01])\]?")
    fds = re.findall(r"^FD (.*)", out, re.M)
    check("no descriptor that is not named in docs/security.md", fds and all(re.fullmatch(known, f) for f in fds), out)
    check("no complaint of a part that the host refuses", "LOG " not in out, out)
    check("mews ps says which is jailed", '"jailed": true' in out and '"jailed": false' in out, out)
    check("without a jail the log says so", "mews: --sandbox off: " in out, out)


def bounds():
    """A cgroup of its own: what is in it, that it bounds, and when it goes; where there can be none."""
    guest = f"{microvm.top.name}/g.gz"
    host.guest("poweroff -f", guest)
    out = run(r"""
mews run -d --host-cpus 1 --set memory=64 $DEVICES; echo "WITHOUT $?"
mount -t cgroup2 none /sys/fs/cgroup; cd /sys/fs/cgroup
chmod 666 /dev/kvm; chmod 777 /run
/root/setpriv --reuid 1000 --regid 1000 --clear-groups mews run -d --host-memory 100M --set memory=64 $DEVICES; echo "NOBODY $?"
mews run -d --name m --host-cpus 0.25 --host-memory 100M --net user --snapshot /tmp/end.snap --set memory=64 $DEVICES
P=$(pid_of m); G=mews-$P
echo "GROUP $(cat $G/cpu.max) $(cat $G/memory.max) $(cat $G/memory.oom.group) $(wc -l <$G/cgroup.procs)"
grep -q "^0::/$G" /proc/$P/cgroup && echo "INSIDE"
until_true 60 says m round
a=$(sed -n 's/^usage_usec //p' $G/cpu.stat); sleep 8; b=$(sed -n 's/^usage_usec //p' $G/cpu.stat)
echo "USED $((b - a))"
kill -9 $P; until_true 20 test ! -d $G && echo "GONE killed"
mews run -d --name n --host-cpus 2 --set memory=64 $DEVICES; P=$(pid_of n)
until_true 60 says n round; mews send n --line q; until_true 20 test ! -d mews-$P && echo "GONE ended"
mews run -d --name o --host-memory 100M --set memory=64 $DEVICES; P=$(pid_of o)
J=$(grep -l "^PPid:[[:space:]]*$P$" /proc/[0-9]*/status | cut -d/ -f3); kill -9 $J; kill -9 $P; sleep 1
[ -d mews-$P ] && echo "LEFT"
mews run --host-memory 100M --set memory=64 --append x /guests/pvh.elf >/dev/null; echo "STATUS $?"
[ -d mews-$P ] || echo "SWEPT"
until_true 20 sh -c '! ls -d mews-* >/dev/null 2>&1' && echo "GONE all"
mews run -d --name p --host-memory 100K --set memory=64 $DEVICES; echo "SMALL $?"
dmesg -c >/dev/null
mews run -d --name r --set memory=64 $DEVICES
mews run -d --name q --host-memory 24M --set memory=256 --initrd /root/g.gz --append "console=ttyS0 quiet" /root/bzImage
until_true 90 sh -c 'dmesg | grep -q "Memory cgroup out of memory: Killed process [0-9]* (mews)"' && mews ps | grep -v ^q
until_true 20 sh -c '! ls -d mews-* >/dev/null 2>&1' && echo "GONE small"
""", [("root/bzImage", host.image()), ("root/g.gz", guest), ("root/setpriv", "/usr/bin/setpriv")], smp=2)
    check("no cgroup v2: one line, and no machine", "mews: --host-cpus: no cgroup v2 is mounted here" in out and "WITHOUT 1" in out, out)
    check("not permitted: one line that says how", re.search(r"mews: --host-memory: no cgroup may be made in /sys/fs/cgroup \(as root", out)
          and "NOBODY 1" in out, out)
    check("the monitor, its keeper, its network and a thread of KVM's for it are in it", "GROUP 25000 100000 104857600 1 4" in out and "INSIDE" in out, out)
    used = int((re.findall(r"^USED (\d+)", out, re.M) or ["0"])[0])
    check(f"a quarter of a processor: {used / 8e6:.3f}", 1000000 < used < 2600000, out)
    for how in "killed", "ended", "all", "small":
        check(f"it goes with the last process: {how}", f"GONE {how}" in out, out)
    check("what is left by a host that killed all of it goes with the next", "LEFT" in out and "SWEPT" in out and "STATUS 0" in out, out)
    check("a machine that cannot be in so little memory is not there", "SMALL 1" in out, out)
    check("a guest that takes more than there is ends its machine, and it alone", re.search(r"^r +kvm +running", out, re.M), out)


def lists():
    """src/app/jail_test.c, where breakpoints are INT3s and a vCPU's interrupts the processor's."""
    build = pathlib.Path(os.environ.get("MEWS_BUILD", host.ROOT / "build/release"))
    files = [("bin/jail_test", build / "tests/test-app-jail"), ("all", build / "guests")]
    out = run("MEWS_GUESTS=/all jail_test; echo \"STATUS $?\"", files, smp=2, timeout=3000)
    sys.stdout.write(out)
    check("each rule is missed by somebody", "STATUS 0" in out, out)


if __name__ == "__main__":
    sys.exit(microvm.perform([lists] if "lists" in sys.argv[1:] else [holds, bounds], sys.argv[1:]))
