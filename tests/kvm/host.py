#!/usr/bin/python3
"""A host with AMD-V and /dev/kvm on any machine: Debian's cloud kernel under QEMU's translator, where a script is run with
the programs it needs. What is a real Linux guest to a monitor runs there; the machine's own /dev/kvm is not asked for.

  host.py [--with FILE[=PATH]]... [--run SCRIPT|-]     the script's output; its status is ours, 125: the host failed
  host.py --kernel                                     path of the kernel image, --guest INIT OUT: a guest's initramfs

--with puts a file, or a directory, there (a program with its libraries); mews is there with its modules and samples.
--guest makes an initramfs of busybox and the kernel's virtio modules, whose init is INIT; OUT is gzipped.
Packages are fetched once and unpacked into $MEWS_KVM_CACHE (else build/kvm-host), not installed."""
import argparse, fcntl, gzip, os, pathlib, re, shutil, stat, struct, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("MEWS_KVM_CACHE", ROOT / "build/kvm-host"))
UP = "host.py: up\n" # what the script's line carries first
STATUS = "host.py: status "
UP_SECONDS, TRIES = 90, 3


class Failed(Exception):
    pass


def kernel():
    """The unpacked package of the kernel: a directory with boot/ and lib/modules/."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list((CACHE / "kernel/boot").glob("vmlinuz-*")):
            depends = subprocess.run(["apt-cache", "depends", "linux-image-cloud-amd64"], capture_output=True, text=True).stdout
            names = re.findall(r"Depends: (linux-image-\S+)", depends)
            if not names:
                raise Failed("apt-cache knows no linux-image-cloud-amd64 (apt-get update)")
            with tempfile.TemporaryDirectory(dir=CACHE) as d:
                got = subprocess.run(["apt-get", "download", "-qq", names[0]], cwd=d, capture_output=True, text=True)
                packages = list(pathlib.Path(d).glob("*.deb"))
                if not packages:
                    raise Failed(f"{names[0]} could not be fetched: {got.stderr.strip()}")
                subprocess.run(["dpkg-deb", "-x", packages[0], f"{d}/k"], check=True)
                shutil.rmtree(CACHE / "kernel", ignore_errors=True)
                os.rename(f"{d}/k", CACHE / "kernel")
    return CACHE / "kernel"


def image():
    return next((kernel() / "boot").glob("vmlinuz-*"))


UNPACK = {b"\xfd7zXZ": ["xz", "-dc"], b"\x28\xb5\x2f\xfd": ["zstd", "-dc"], b"\x1f\x8b": ["gzip", "-dc"],
          b"\x02\x21\x4c\x18": ["lz4", "-dc"]}


def vmlinux(out):
    """The ELF file in the kernel's image, as the boot protocol's payload fields say where."""
    packed = image().read_bytes()
    offset, length = struct.unpack_from("<II", packed, 0x248)
    payload = packed[((packed[0x1f1] or 4) + 1) * 512 + offset:][:length - 4]  # its size is behind it
    tool = next(t for magic, t in UNPACK.items() if payload.startswith(magic))
    pathlib.Path(out).write_bytes(subprocess.run(tool, input=payload, capture_output=True, check=True).stdout)
    return out


def modules(*names):
    """Paths of modules and of what they need, in the order of loading."""
    base = next((kernel() / "lib/modules").iterdir())
    paths = {p.stem.replace("-", "_"): p for p in base.rglob("*.ko")}
    order = []

    def add(name):
        path = paths.get(name)
        if not path or path in order:  # it is built in
            return
        needs = re.search(rb"\0depends=([^\0]*)\0", path.read_bytes())  # the section .modinfo
        for need in filter(None, needs[1].decode().split(",") if needs else []):
            add(need.replace("-", "_"))
        order.append(path)

    for n in names:
        add(n.replace("-", "_"))
    return order


class Archive:
    """A cpio archive (newc), as the kernel unpacks it."""

    def __init__(self):
        self.data, self.seen = bytearray(), set()

    def entry(self, path, mode, data=b"", device=(0, 0)):
        if path in self.seen:
            return
        self.seen.add(path)
        name = path.encode() + b"\0"
        fields = [len(self.seen), mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0]
        self.data += b"070701" + b"".join(b"%08X" % f for f in fields) + name
        self.data += b"\0" * (-len(self.data) % 4) + data
        self.data += b"\0" * (-len(self.data) % 4)

    def directories(self, path):
        for p in reversed(pathlib.PurePosixPath(path).parents):
            if str(p) not in (".", "/"):
                self.entry(str(p), stat.S_IFDIR | 0o755)

    def add(self, path, source=None, data=None, mode=0o755):
        path = str(path).lstrip("/")
        self.directories(path)
        self.entry(path, stat.S_IFREG | mode, pathlib.Path(source).read_bytes() if source else data)

    def link(self, path, target):
        path = path.lstrip("/")
        self.directories(path)
        self.entry(path, stat.S_IFLNK | 0o777, target.encode())

    def program(self, path, source):
        """With the libraries that the loader would find."""
        self.add(path, source)
        for lib in re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", source], capture_output=True, text=True).stdout):
            self.add(lib, lib)

    def tree(self, path, source):
        for p in sorted(pathlib.Path(source).rglob("*")):
            if p.is_file():
                self.put(f"{path}/{p.relative_to(source)}", p)

    def put(self, path, source):
        if pathlib.Path(source).is_dir():
            self.tree(path, source)
        elif open(source, "rb").read(4) == b"\x7fELF":
            self.program(path, source)
        else:
            self.add(path, source, mode=os.stat(source).st_mode & 0o777)

    def busybox(self):
        self.add("bin/busybox", "/bin/busybox")
        for applet in subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True).stdout.split():
            self.link(f"bin/{applet}", "busybox")
        for d in "dev", "proc", "sys", "tmp", "run", "root":
            self.entry(d, stat.S_IFDIR | 0o755)
        self.entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))

    def modules(self, *names):
        """Copied, and listed for the loop in init."""
        paths = modules(*names)
        for p in paths:
            self.add(f"m/{p.name}", p)
        self.add("m/list", data="".join(f"/m/{p.name}\n" for p in paths).encode())

    def write(self, path):
        self.entry("TRAILER!!!", 0)
        with open(path, "wb") as f, gzip.GzipFile("", "wb", 1, f, 0) as z:
            z.write(self.data)


BEGIN = """#!/bin/sh
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev 2>/dev/null; mount -t tmpfs t /tmp
while read -r k; do insmod $k || echo "insmod $k: failed"; done </m/list
"""


def guest(init, out):
    a = Archive()
    a.busybox()
    a.modules("virtio_pci", "virtio_mmio", "virtio_blk", "virtio_net", "virtio_console", "virtio_rng", "ext4", "button", "evdev")
    a.add("init", data=(BEGIN + init).encode())
    a.add("dhcp", data=b'#!/bin/sh\n[ "$1" = bound ] && ip addr add $ip/$mask dev $interface && ip route add default via $router\n')
    a.write(out)


# The kernel's first root cannot be pivoted away from, as a jail wants to; one that is mounted over it can.
SWITCH = """#!/bin/sh
[ "$1" = again ] || { mkdir /host && mount -o bind / /host && cd /host && mount -o move . / && exec chroot . /bin/sh /init again; }
"""

# The second serial line carries the script's output and nothing else; the first is the kernel's.
SCRIPT = SWITCH + BEGIN + """
ip link set lo up
mkdir -p /dev/pts /run /root /var/tmp; mount -t devpts p /dev/pts
export HOME=/root XDG_RUNTIME_DIR=/run PATH=/bin:/usr/bin:/sbin:/usr/sbin TERM=dumb
stty -F /dev/ttyS1 raw -echo
echo "%s" >/dev/ttyS1
sh /script </dev/null >/dev/ttyS1 2>&1
echo "%s$?" >/dev/ttyS1
poweroff -f
""" % (UP.strip(), STATUS)


def command(directory, script, files=(), cpu="EPYC", smp=1, memory_mib=1024, npt=None, disk=None, modules=(),
            accel=("tcg,thread=multi",)):
    """The words that start a host with this script; its output is the second serial line, of which the caller says where it
    goes. disk: a file that is the host's /dev/vda; what is written to it is forgotten. modules: more for its kernel.
    npt: nested paging; None: with one processor. With two the translator once in some minutes finds a guest's page tables
    empty that are not (an interrupt is delivered while the other processor sends one): the guest ends by a triple fault.
    accel: QEMU's, and words behind it."""
    a = Archive()
    a.busybox()
    a.modules("irqbypass", "kvm", "kvm_amd", "tun", "loop", "ext4", *modules,
              *(["virtio_pci", "virtio_blk"] if disk else []))
    for path, source in files:
        a.put(path, source)
    a.add("script", data=script.encode())
    if npt is None:
        npt = smp == 1
    init = SCRIPT if npt else SCRIPT.replace("insmod $k |", "insmod $k $(case $k in *kvm-amd*) echo npt=0;; esac) |")
    a.add("init", data=init.encode())
    a.write(f"{directory}/initrd")
    words = ["qemu-system-x86_64", "-M", "q35", "-accel", *accel, "-cpu", cpu, "-smp", smp, "-m", memory_mib,
             "-display", "none", "-nodefaults", "-no-reboot", "-kernel", image(), "-initrd", f"{directory}/initrd",
             "-append", "console=ttyS0 panic=-1 no_timer_check quiet", "-serial", f"file:{directory}/console"]
    if disk:
        words += ["-drive", f"file={disk},format=raw,if=virtio,snapshot=on"]
    return list(map(str, words))


def attend(words, output, timeout):
    """Runs these words. Whether they came to an end, and what they said, or why not: with two processors this translator
    once in a dozen times hangs, also before the host is up."""
    end, up = time.monotonic() + timeout, time.monotonic() + UP_SECONDS
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as p:
        while True:
            try:
                return True, p.communicate(timeout=1)[1].strip()
            except subprocess.TimeoutExpired:
                now = time.monotonic()
                down = now > up and not (os.path.exists(output) and os.path.getsize(output))
                if down or now > end:
                    p.kill()
                    return False, "it does not come up" if down else f"no end after {timeout} s"


def read(path):
    return pathlib.Path(path).read_text(errors="replace") if os.path.exists(path) else ""


def run(script, files=(), timeout=200, **how):
    """Runs the script in a host of its own, which is begun anew when it hangs; returns (status, output, console)."""
    with tempfile.TemporaryDirectory(prefix="mews-host-") as d:
        words = command(d, script, files, **how) + ["-serial", f"file:{d}/output"]
        for _ in range(TRIES):
            try:
                ended, said = attend(words, f"{d}/output", timeout)
            except FileNotFoundError:
                raise Failed("no qemu-system-x86_64 here")
            if ended:
                break
            print(f"# a host: {said}: {read(f'{d}/output')[-500:]}", file=sys.stderr, flush=True)
        console, output = read(f"{d}/console"), read(f"{d}/output")
    body, found, status = output.rpartition(STATUS)
    if not found:
        raise Failed(f"the host gave no status: {said}\n{console[-2000:]}\n{output[-4000:]}")
    return int(status), body.replace(UP, "", 1), console


def mews_files():
    build = pathlib.Path(os.environ.get("MEWS_MODULES", ROOT / "build/release"))
    program = os.environ.get("MEWS", build / "mews")
    files = [("bin/mews", program), ("bin/mews-usernet", build / "mews-usernet")] + [(f"bin/{m.name}", m) for m in build.glob("*.so")]
    return files + [("guests", d) for d in [pathlib.Path(os.environ.get("MEWS_GUESTS", build / "guests")) / "x86"] if d.is_dir()]


def main():
    ap = argparse.ArgumentParser(usage=__doc__)
    ap.add_argument("--with", dest="files", action="append", default=[])
    ap.add_argument("--run")
    ap.add_argument("--kernel", action="store_true")
    ap.add_argument("--guest", nargs=2)
    ap.add_argument("--cpu", default="EPYC")
    ap.add_argument("--no-npt", action="store_true")
    ap.add_argument("--smp", type=int, default=1)
    ap.add_argument("--memory", type=int, default=1024)
    ap.add_argument("--timeout", type=int, default=300)
    ap.add_argument("--console", help="a file for what the host's kernel said")
    args = ap.parse_args()
    try:
        if args.kernel:
            return print(image())
        if args.guest:
            return guest(open(args.guest[0]).read(), args.guest[1])
        script = sys.stdin.read() if args.run == "-" else open(args.run).read()
        files = mews_files()
        for f in args.files:
            source, _, path = f.partition("=")
            files.append((path or "/root/" + os.path.basename(source), source))
        status, output, console = run(script, files, args.timeout, cpu=args.cpu, smp=args.smp, memory_mib=args.memory, npt=False if args.no_npt else None)
    except Failed as e:
        print(f"host.py: {e}", file=sys.stderr)
        return 125
    if args.console:
        pathlib.Path(args.console).write_text(console)
    sys.stdout.write(output)
    return status


if __name__ == "__main__":
    sys.exit(main())
