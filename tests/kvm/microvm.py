#!/usr/bin/python3
"""Debian's kernel on the board microvm, in a host with AMD-V under QEMU's translator (host.py): microvm.py [WORD...]

Each function below is one boot of the host with a script in it, and what its output must say. WORDs choose some of them."""
import importlib.util, os, pathlib, re, sys, tempfile, time

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
    """The output of a script that finds the guest /root/g.gz with this init; the host may hang once in a while."""
    guest = f"{top.name}/g.gz"
    host.guest(init, guest)
    files = host.mews_files() + [("root/bzImage", host.image()), ("root/g.gz", guest)] + list(more)
    for attempt in 1, 2:
        try:
            status, output, console = host.run(LIB + script, files, **how)
            return output
        except host.Failed as e:
            if attempt == 2:
                raise
            print(f"# once more: {str(e)[:2000]}", flush=True)


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
    """By the keyboard controller, by ACPI, in place or as an end; the exit port; more than 3 GiB."""
    out = run("""
echo "USER $(cat /proc/cmdline) $(grep MemTotal /proc/meminfo)"
case "$(cat /proc/cmdline)" in *mode=exit*) printf '\\007' | dd of=/dev/port bs=1 seek=244 2>/dev/null;; esac
reboot -f
""", """
for how in k a; do
    mews run --set reboot=false --set memory=128 --initrd /root/g.gz --append "console=ttyS0 quiet reboot=$how" $K >/tmp/out 2>&1
    echo "STATUS $how $?"; grep -c USER /tmp/out
done
mews run -d --name r --set memory=128 --initrd /root/g.gz --append "console=ttyS0 quiet" $K
n=0; while [ "$(mews logs r | grep -c USER)" -lt 3 ] && [ $n -lt 300 ]; do n=$((n + 1)); sleep 0.3; done
echo "AGAIN $(mews logs r | grep -c USER)"; mews stop --timeout 1 r
mews run --set memory=4096 --initrd /root/g.gz --append "console=ttyS0 quiet mode=exit" $K; echo "STATUS exit $?"
""", memory_mib=1536)
    check("a reset is an end when it shall be one", "STATUS k 0" in out and "STATUS a 0" in out, out)
    check("else the machine begins again", re.search(r"AGAIN [3-9]", out), out)
    check("the exit port has the last word", "STATUS exit 7" in out, out)
    memory = re.search(r"mode=exit.*MemTotal: +(\\d+)", out)
    check("memory on both sides of the hole", memory and int(memory[1]) > 3_900_000, out)


def saved():
    """Pause, snapshot, restore, fork, with two processors at work."""
    out = run("""
echo "USER"
( n=0; while [ $n -lt 40 ]; do dd if=/dev/zero bs=64k count=20 2>/dev/null | md5sum >/dev/null; n=$((n + 1)); done; echo "WORK done" ) &
i=0; while [ $i -lt 14 ]; do echo "tick $i $(cut -d' ' -f1 /proc/uptime)"; i=$((i + 1)); sleep 1; done
wait; poweroff -f
""", """
mews run -d --name k --set cpus=2 --set memory=256 --initrd /root/g.gz --append "console=ttyS0 quiet" $K
for i in $(seq 300); do mews logs k | grep -q "tick 2" && break; sleep 0.3; done
mews pause k; before=$(mews logs k | tail -1); sleep 4; echo "HELD $([ "$(mews logs k | tail -1)" = "$before" ] && echo yes)"
mews snapshot k /tmp/a.snap && mews resume k
until [ "$(mews logs k | grep -c tick)" -ge 5 ]; do sleep 0.2; done
mews snapshot k /tmp/b.snap; echo "SNAPSHOT $?"
mews logs k | grep tick; mews rm --force k
now() { cut -d' ' -f1 /proc/uptime; }
for x in a b; do
    echo "$x: $(now) begins"; mews restore /tmp/$x.snap | while read -r line; do echo "$x: $(now) $line"; done
done
""", smp=2, timeout=400)
    times = [float(t) for t in re.findall(r"^tick \d+ ([\d.]+)", out, re.M)]
    check("a machine that is held stands still", "HELD yes" in out, out)
    check("and its clock too", all(b - a < 3 for a, b in zip(times, times[1:])) and len(times) >= 5, out)
    for image, first in ("a", 2), ("b", 4):
        begins = re.search(rf"^{image}: ([\d.]+) begins", out, re.M)
        ticks = [(float(h), int(n), float(g)) for h, n, g in
                 re.findall(rf"^{image}: ([\d.]+) tick (\d+) ([\d.]+)", out, re.M)]
        check(f"{image}: it goes on where it was", ticks and ticks[0][1] > first and
              [n for _, n, _ in ticks] == list(range(ticks[0][1], 14)), out)
        if ticks and begins: # not more of its time than of the host's
            check(f"{image}: its clock has not jumped", all(0 < b[2] - a[2] < b[0] - a[0] + 1 for a, b in zip(ticks, ticks[1:]))
                  and times[ticks[0][1] - 1] < ticks[0][2] < times[ticks[0][1] - 1] + ticks[0][0] - float(begins[1]) + 1.5, out)
        check(f"{image}: work that was under way is done", re.search(rf"{image}: [\d.]+ WORK done", out), out)
        check(f"{image}: it ends", re.search(rf"{image}: .*reboot: Power down", out), out)


def main():
    tests = [boots, resets, saved]
    try:
        for t in tests:
            if not sys.argv[1:] or t.__name__ in sys.argv[1:]:
                began = time.monotonic()
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
    sys.exit(main())
