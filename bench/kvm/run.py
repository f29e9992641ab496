#!/usr/bin/env python3
"""Builds what is run, runs rounds.sh on a host that has KVM, and makes tables of what it said: medians, and least to most.

usage: run.py [--rounds N] [--only PART,...] [--here|--nested] [--keep FILE] [--icount]
  parts: first exits restore boot loads user     --keep: the figures as they came
  --icount: the nested host counts instructions instead of time; neither what else the machine does nor what a switch
  of worlds costs is in it then"""
import argparse, os, pathlib, re, shutil, statistics, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).parent
BUILD = pathlib.Path(os.environ.get("MEWS_BUILD", ROOT / "build/release")).resolve()
os.environ.setdefault("MEWS_MODULES", str(BUILD))
sys.path.insert(0, str(ROOT / "tests/kvm"))
import host

PARTS = ["first", "exits", "restore", "boot", "loads", "user"]
MEMORY = 256
COUNT = 10000  # of accesses in guest.asm
QEMU_DATA = ["/usr/share/qemu", "/usr/share/seabios"]
QEMU_FILES = ["bios-256k.bin", "bios-microvm.bin", "qboot.rom", "pvh.bin", "linuxboot_dma.bin", "kvmvapic.bin"]


def build(d):
    """All that rounds.sh finds in its FILES, in the directory d; the programs in d/bin."""
    (d / "bin").mkdir()
    cc = ["gcc", "-O2", "-std=gnu17", "-Wall", "-Wextra"]
    subprocess.run([*cc, "-o", d / "bin/bare", HERE / "bare.c"], check=True)
    subprocess.run([*cc, "-o", d / "bin/meter", HERE / "meter.c"], check=True)
    subprocess.run([*cc, "-static", "-pthread", "-o", d / "bin/load", HERE / "load.c"], check=True)
    guest = HERE / "guest.asm"
    subprocess.run(["nasm", "-f", "bin", "-o", d / "guest.bin", guest], check=True)
    for name, words in ("guest", []), ("micro", ["-dMICRO"]), ("again", ["-dFOREVER"]):
        subprocess.run(["nasm", *words, "-f", "elf32", "-o", d / f"{name}.o", guest], check=True)
        subprocess.run(["ld", "-m", "elf_i386", "-Ttext-segment=0x100000", "-o", d / f"{name}.elf", d / f"{name}.o"], check=True)
    host.vmlinux(d / "vmlinux")
    shutil.copy(host.image(), d / "bzImage")
    a = host.Archive()
    a.busybox()
    a.modules("virtio_pci", "virtio_mmio", "virtio_blk", "virtio_net")
    a.add("bin/load", d / "bin/load")
    a.add("init", HERE / "init.sh")
    a.write(d / "guest.gz")


def qemu_runs():
    """Whether QEMU can use this machine's KVM: not each takes all registers that it sets."""
    qemu = shutil.which("qemu-system-x86_64")
    if not qemu:
        return False
    p = subprocess.Popen([qemu, "-M", "microvm", "-accel", "kvm", "-cpu", "host", "-nodefaults", "-display", "none", "-S"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        said = p.communicate(timeout=5)[1]
        print(f"QEMU does not run here: {said.strip().splitlines()[0] if said.strip() else f'status {p.returncode}'}")
        return False
    except subprocess.TimeoutExpired:
        p.kill()
        p.communicate()
        return True


def script(files, first, last, parts, large, qemu):
    names = f"FILES={files} FROM={first} TO={last} PARTS='{' '.join(parts)}' MEMORY={MEMORY} LARGE={large} QEMU={'yes' if qemu else ''}\n"
    return names + (HERE / "rounds.sh").read_text()


def here(d, args):
    """On this machine."""
    for name in "mews", "mews-usernet":
        (d / "bin" / name).symlink_to(BUILD / name)
    env = dict(os.environ, PATH=f"{d}/bin:{os.environ['PATH']}", MEWS_MODULES=str(BUILD))
    p = subprocess.run(["sh", "-c", script(d, 1, args.rounds, args.parts, 4096, qemu_runs())], stdout=subprocess.PIPE, text=True, env=env)
    return p.stdout


def keep(args, text):
    if args.keep:
        pathlib.Path(args.keep).write_text(text)


def nested(d, args):
    files = host.mews_files() + [(f"root/{f.name}", f) for f in d.iterdir() if f.suffix in (".bin", ".elf", ".gz")]
    files += [(f"root/{n}", d / n) for n in ("vmlinux", "bzImage")] + [(f"bin/{f.name}", f) for f in (d / "bin").iterdir()]
    if shutil.which("qemu-system-x86_64"):
        files.append(("usr/bin/qemu-system-x86_64", shutil.which("qemu-system-x86_64")))
        for name in QEMU_FILES:
            path = next((p for q in QEMU_DATA for p in [pathlib.Path(q, name)] if p.exists()), None)
            if path:
                files.append((f"usr/share/qemu/{name}", path))
    how = {"memory_mib": 6144, "smp": 1 if args.icount else 2, "timeout": args.timeout, "modules": ["vhost_net"]}
    how["npt"] = True  # a PC's firmware takes minutes without; a guest that the translator ends for it (host.py) says no times
    if args.icount:
        how["accel"] = ["tcg,thread=single", "-icount", "shift=0,sleep=off"]
    # Each round has a host of its own: one that hangs takes nothing with it.
    qemu = shutil.which("qemu-system-x86_64")
    text = ""
    for n in range(args.rounds):
        text += host.run(script("/root", n, n, args.parts, 2048, qemu), files, **how)[1]
        keep(args, text)
    return text


# ---- what was said ----

def read(text):
    """{(part, monitor): [{mark: (wall us, cpu us, KiB)}, a dictionary a run]}"""
    runs, now = {}, None
    for line in text.splitlines():
        words = line.split()
        if line.startswith("= "):
            now = {}
            runs.setdefault((words[1], words[2]), []).append(now)
        elif now is not None and re.fullmatch(r"\S+( \d+){2,3}", line):
            now[words[0]] = tuple(map(int, words[1:]))
        else:
            print(line, file=sys.stderr)
    return runs


def between(runs, first, last, what, scale):
    """Of each run that has both marks; None: its beginning."""
    out = []
    for r in runs:
        if last in r and (first is None or first in r):
            out.append((r[last][what] - (r[first][what] if first else 0)) / scale)
    return out


def show(values, digits=2):
    if not values:
        return f"{'-':>24}"
    return f"{statistics.median(values):10.{digits}f} {f'{min(values):.{digits}f}-{max(values):.{digits}f}':>13}"


def table(runs, part, title, first, last, scale, unit, over=1):
    """CPU and wall time by monitor, and how much of mews's each takes."""
    rows = {m: r for (p, m), r in runs.items() if p == part}
    if not any(between(r, first, last, 1, 1) for r in rows.values()):
        return
    print(f"{title + ', ' + unit:54} {'CPU':>10} {'least-most':>13} {'elapsed':>10} {'least-most':>13} {'CPU/mews':>9}")
    mews = between(rows.get("mews", []), first, last, 1, scale * over)
    for m, r in rows.items():
        cpu, wall = (between(r, first, last, what, scale * over) for what in (1, 0))
        ratio = f"{statistics.median(cpu) / statistics.median(mews):.2f}" if cpu and mews else "-"
        print(f"  {m:52} {show(cpu)} {show(wall)} {ratio:>9}")


def report(runs):
    MS = 1000
    table(runs, "first", "from exec to the first instruction, 512 MiB", None, "a", MS, "ms")
    table(runs, "exits", "a port read", "a", "p", 1, "us", COUNT)
    table(runs, "exits", "an address read", "c", "m", 1, "us", COUNT)
    table(runs, "restore", "restore, to the next word of the guest", None, "a", MS, "ms")
    table(runs, "boot", "from exec to the kernel's init", None, "init", MS, "ms")
    for test in "read-4k-1", "read-4k-16", "read-256k-4", "write-4k-16", "write-256k-4", "sync-4k-1":
        table(runs, "loads", f"disk: {test}", test, test + ".", MS, "ms")
    for part, net in ("loads", "tap"), ("user", "user"):
        for test in "answer", "send", "ask":
            table(runs, part, f"{net}: {test}", test, test + ".", MS, "ms")
    pss(runs, "first", "a", "at the first instruction, one disk, one link")
    pss(runs, "loads", "idle", "Linux, one disk, one link")


def pss(runs, part, mark, title):
    memory = {m: [r[mark][2] for r in rs if len(r.get(mark, ())) == 3] for (p, m), rs in runs.items() if p == part}
    if any(memory.values()):
        print(f"memory of the monitor: Pss without the guest's, KiB; {title}")
    for m, kib in memory.items():
        if kib:
            print(f"  {m:52} {show(kib, 0)}")


def conditions(nested, args):
    model = re.search(r"^model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    load = os.getloadavg()
    qemu = shutil.which("qemu-system-x86_64")
    version = subprocess.run([qemu, "--version"], capture_output=True, text=True).stdout.split("\n")[0] if qemu else "no QEMU"
    print(f"{os.cpu_count()} of {model[1] if model else 'a processor'}, load {load[0]:.1f} at the beginning; {version}; {args.rounds} rounds")
    if nested:
        print("in a host with AMD-V under QEMU's translator: ratios say something, times do not"
              + ("; each instruction counts as 1 ns" if args.icount else ""))
    else:
        print("on this machine's /dev/kvm" + (" (PVM, which emulates each instruction)" if os.path.exists("/sys/module/kvm_pvm") else ""))


def main():
    ap = argparse.ArgumentParser(usage=__doc__)
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--only", default=",".join(PARTS))
    ap.add_argument("--here", action="store_true")
    ap.add_argument("--nested", action="store_true")
    ap.add_argument("--keep")
    ap.add_argument("--icount", action="store_true")
    ap.add_argument("--timeout", type=int, default=500, help="of a nested host, seconds")
    args = ap.parse_args()
    args.parts = args.only.split(",")
    if set(args.parts) - set(PARTS):
        ap.error(f"--only: of {' '.join(PARTS)}")
    is_nested = args.nested or not (args.here or os.access("/dev/kvm", os.R_OK | os.W_OK))
    conditions(is_nested, args)
    sys.stdout.flush()
    with tempfile.TemporaryDirectory(prefix="mews-bench-") as d:
        build(pathlib.Path(d))
        text = (nested if is_nested else here)(pathlib.Path(d), args)
    keep(args, text)
    report(read(text))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except host.Failed as e:
        sys.exit(f"run.py: {e}")
