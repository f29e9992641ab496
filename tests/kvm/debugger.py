#!/usr/bin/python3
"""What can be seen of a machine on the board microvm, and what stops it: CPUID, faults, the debugger, counters, traces; in
a host with AMD-V under QEMU's translator (host.py): debugger.py [WORD...]

That host delivers no breakpoint, neither by registers nor by INT3: what waits for one there goes by single instructions."""
import importlib.util, os, pathlib, re, subprocess, sys, time

spec = importlib.util.spec_from_file_location("microvm", pathlib.Path(__file__).with_name("microvm.py"))
microvm = importlib.util.module_from_spec(spec)
spec.loader.exec_module(microvm)
host, check = microvm.host, microvm.check
P = "/guests/pvh.elf"

def faults():
    """A PVH program; its mistakes stop the machine with reason, instruction and registers, and status 134."""
    out = microvm.run("", f"""
mews run {P}; echo "STATUS whole $?"
for w in triple nowhere float; do mews run --set memory=64 --append $w {P} 2>&1; echo "STATUS $w $?"; done
mews run --no-reboot --set shutdown=reset --append triple {P}; echo "STATUS reset $?"
mews run -d --name s --sandbox off --set memory=64 --append float {P}; mews wait s; mews logs s | tail -n 3; mews stop s
""")
    check("a PVH program is entered, counts and ends", re.search(r"(count\n){3}done\nSTATUS whole 0", out), out)
    check("a triple fault", "triple fault" in out and "STATUS triple 134" in out, out)
    check("code where no memory is", "it executes at 0xd0000000, where no memory is" in out and "STATUS nowhere 134" in out, out)
    check("an instruction that KVM cannot play, with what it is and the registers, also in the sandbox",
          re.search(r"dd 0\d  fld qword ptr \[e..\]\n  rax .*\n(.*\n)+.*cannot execute this instruction.*\nSTATUS float 134", out), out)
    check("a triple fault that resets", "STATUS reset 0" in out, out)


def programs():
    """The debugger from power-on: symbols of the program, break, step, watch, calls, memory; counters and traces."""
    out = microvm.run("", f"""
mews debug -b -c 'break count' -c continue -c bt -c 'step 3' -c 'watch counter' -c continue -c continue -c 'x/4xb counter' -c 'set rax=0x1234' -c regs \\
    -c delete -c 'tbreak quit' -c continue -c 'x/4xb counter' -c continue {P}; echo "STATUS $?"
mews debug -b -c 'break work' -c continue -c next -c 'until count' -c finish -c bt {P} | sed 's/^/N /'
mews trace -n 40 {P} </dev/null | sed 's/^/T /'
mews trace -e port.out,exit -n 12 {P} </dev/null | sed 's/^/P /'
mews trace -e irq.line -n 2 {P} </dev/null | sed 's/^/L /'
mews run -d --name s --set cpus=2 --append x --initrd {P} /root/bzImage; sleep 3; mews stats s | sed 's/^/S /'; mews stats --json s | sed 's/^/J /'; mews stop --timeout 1 s
""", smp=2)
    check("a breakpoint by its symbol, calls, steps", re.search(r"breakpoint 1: count\n> \S+101070 .*push ebp.*\n#0 .* count .*\n#1 .*\n#2", out), out)
    check("a watched variable, by whom and what", "counter\n$" in out and re.search(r"written by \S+ count\+\d+ .*: \$00 -> \$01", out), out)
    check("again", re.search(r"written by \S+ count\+\d+ .*: \$01 -> \$03", out) or "breakpoint 1: count" in out, out)
    check("a register is set", "rax=$0000000000001234" in out, out)
    check("it ends as it would have", re.search(r"count\ndone", out) and "the program has ended, status 0" in out and "STATUS 0" in out, out)
    check("next and finish know calls", re.search(r"N > .*work\+", out), out)
    check("instructions are traced", out.count("\nT ") == 40 and "mov esp" in out, out)
    check("ports and exits are", re.search(r"P .*port.out.*3F8", out) and re.search(r"P .*exit", out), out)


def topology():
    """CPUID: what Linux makes of four vCPUs, and of the baseline."""
    for model in "host", "baseline":
        out = microvm.run("""
echo "USER $(nproc)"
for c in /sys/devices/system/cpu/cpu[0-9]*; do
    echo "TOPOLOGY ${c##*cpu} $(cat $c/topology/physical_package_id) $(cat $c/topology/core_id) $(cat $c/topology/thread_siblings_list) $(cat $c/topology/core_siblings_list)"
done
grep -m 1 flags /proc/cpuinfo; grep -m 1 'model name' /proc/cpuinfo; grep -c 'model name' /proc/cpuinfo
echo "CLOCK $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
dmesg | grep -iE 'tsc|topology|APIC id|mismatch|sibling|firmware bug|package' | sed 's/^/D /'
grep -E '^ *LOC' /proc/interrupts
poweroff -f
""", f"""
mews run --set cpu={model} --set cpus=4 --set memory=256 --initrd /root/g.gz --append "console=ttyS0 quiet" $K </dev/null; echo "STATUS $?"
""", smp=2)
        check(f"{model}: four processors", "USER 4" in out and "STATUS 0" in out, out)
        for i in range(4):
            check(f"{model}: processor {i} is a core of one package", f"TOPOLOGY {i} 0 {i} {i} 0-3" in out, out)
        check(f"{model}: nothing that a kernel complains about",
              # of the counters: this host's own are not constant, and the kernel assumes that those of four are not equal
              not re.search(r"D .*(unstable|firmware bug|mismatch|Unable|failed|bad)", out.replace("unstable due to TSCs unsync", ""), re.I), out)
        flags = re.search(r"flags\s*: (.*)", out)
        flags = flags[1].split() if flags else []
        v2 = "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3 sse2 aes hypervisor x2apic".split()
        check(f"{model}: x86-64-v2 and AES", set(v2) <= set(flags), out)
        more = {"avx", "avx2", "xsave", "bmi1", "rdrand", "sse4a", "smap"}
        check(f"{model}: {'more' if model == 'host' else 'nothing beyond'}", bool(more & set(flags)) == (model == "host"), out)


def unit():
    """src/kinds/kvm/micro_test.c where a processor's own virtualisation is behind KVM."""
    program = pathlib.Path(os.environ.get("MEWS_BUILD", microvm.host.ROOT / "build/release"), "tests/test-kinds-kvm-micro")
    out = microvm.run("", "/root/test; echo \"STATUS $?\"", more=[("root/test", program)])
    check("the board micro's unit tests", "STATUS 0" in out and re.search(r"PASSED.* [1-9]\d* test", out), out)


LINUX = """
for s in schedule_idle jiffies_64 linux_banner do_idle cpu_startup_entry default_idle; do grep -E " $s\\$" /proc/kallsyms | sed 's/^/SYM /'; done
echo "USER ready"
sleep 100000 # nobody but the kernel: what it wakes up for it does in its own threads
"""


def linux():
    """The debugger on Debian's kernel, entered by PVH as ELF: symbols, a breakpoint in the idle loop, steps, calls, a watch."""
    elf = host.vmlinux(pathlib.Path(microvm.top.name, "vmlinux"))
    guest = f"{microvm.top.name}/d.gz"
    host.guest(LINUX, guest)
    out = microvm.run("", """
echo "SIZE $(stat -c %s /root/vmlinux)"
mews run -d --name k --set cpus=2 --set memory=256 --initrd /root/d.gz --append "console=ttyS0 quiet nokaslr" /root/vmlinux
n=0; while ! mews logs k | grep -q "USER ready" && [ $n -lt 400 ]; do n=$((n + 1)); sleep 0.3; done
mews logs k | sed -n 's/^SYM //p' | tr -d '\\r' >/tmp/System.map; cat /tmp/System.map
mews debug -b -s /tmp/System.map -c cpu -c 'x/32c linux_banner' -c 'tbreak schedule_idle' -c continue -c bt -c step -c next -c regs -c cpu k; echo "DEBUG $?"
mews debug -b -s /tmp/System.map -c 'watch jiffies_64' -c continue -c 'cpu 1' -c 'break 0x1000' k; echo "WATCH $?"
mews stats k; (sleep 2; mews send k </dev/null; printf "x\\n" | mews send k) & timeout 20 mews trace -e exit,irq.line -n 5 k; echo "TRACE $?"
mews logs k | grep -ciE 'oops|panic|BUG|soft lockup'; mews ps; mews stop --timeout 1 k
""", smp=2, more=[("root/vmlinux", elf), ("root/d.gz", guest)])
    check("an ELF kernel is entered by PVH", "USER ready" in out or "schedule_idle" in out, out)
    check("System.map's symbols, and memory by them", re.search(r"linux_banner", out) and "L" in out, out)
    check("a breakpoint in the kernel is reached", re.search(r"breakpoint 1: schedule_idle\n(cpu \d: )?> \S+ .*schedule_idle", out), out)
    check("who has called it is found without frame pointers", re.search(r"#1 .*do_idle\+", out) or re.search(r"#\d .*cpu_startup_entry\+", out), out)
    check("steps", "DEBUG 0" in out, out)
    check("a kernel variable is watched", re.search(r"watchpoint 1: jiffies_64\n", out), out)
    check("the guest has taken no harm", re.search(r"^0$", out, re.M), out)


def moved():
    """A host that lacks what the guest was given refuses it; a baseline is at home on both. A page that is lost."""
    guest = """
echo "USER"; i=0; while [ $i -lt 400 ]; do echo "tick $i"; i=$((i + 1)); sleep 0.2; done
"""
    save = """
for m in host baseline; do
    mews run -d --name $m --set cpu=$m --set memory=128 --initrd /root/g.gz --append "console=ttyS0 quiet" $K
    for i in $(seq 400); do mews logs $m | grep -q "tick 2" && break; sleep 0.3; done
    mews snapshot $m /tmp/$m.snap; echo "SAVED $m $?"; mews stop --timeout 1 $m; mews rm --force $m 2>/dev/null
done
"""
    out = microvm.run(guest, save + """
mews restore -d --name l /tmp/baseline.snap; sleep 2; mews logs l | tail -n 2; mews stop --timeout 1 l; mews rm --force l 2>/dev/null
cp /tmp/baseline.snap /tmp/cut.snap; mews restore -d --name c /tmp/cut.snap; mews pause c; truncate -s 65536 /tmp/cut.snap; mews resume c
n=0; while mews ps | grep -q '^c .*running' && [ $n -lt 60 ]; do n=$((n + 1)); sleep 0.5; done
mews ps; mews wait c; echo "LOST $?"; mews logs c | tail -n 4
""")
    check("both are saved", "SAVED host 0" in out and "SAVED baseline 0" in out, out)
    check("the baseline goes on", re.search(r"tick \d+", out), out)
    check("a page of memory that is lost is the host's fault", re.search(r"mews: .*(a page of the guest's memory cannot be had|its memory is lost)", out) and "LOST 1" in out, out)


if __name__ == "__main__":
    # By single instructions a breakpoint in a kernel that idles is reached at once or hardly ever: `linux` is for who asks.
    sys.exit(microvm.perform([unit, faults, programs, topology, moved] + ([linux] if sys.argv[1:] else []), sys.argv[1:]))
