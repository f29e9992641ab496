#!/usr/bin/python3
"""A real image: made by `mews image create` with Debian's tools, looked into with e2fsck and debugfs, and booted once, by
QEMU's translator, to its prompt: network by DHCP, names, poweroff. debian.py [--keep] [--no-boot]

Needs Debian's servers (or the mirror that apt uses here) and a way to own other users' files; else it says so and exits 77."""
import json, os, pathlib, re, select, struct, subprocess, sys, tempfile, time

MEWS = os.environ.get("MEWS", "mews")
SIZE = 1400 << 20
os.environ["PATH"] += ":/usr/sbin:/sbin"
failures = 0


def check(what, true, output=""):
    global failures
    print(f"{'ok' if true else 'not ok'} - {what}" + ("" if true else f"\n{output[-4000:]}"), flush=True)
    failures += not true


def say(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, **more)


def mirror():
    """Where this host's apt gets bookworm from; none when it does not say."""
    for line in say("apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)").stdout.splitlines():
        codename, _, uri = line.partition(" ")
        if codename == "bookworm":
            return ["--mirror", uri.rstrip("/")]
    return []


def create():
    began = time.monotonic()
    p = say(MEWS, "image", "create", "--size", str(SIZE), "--package", "openssh-server", *mirror(), "debian-amd64")
    if re.search(r"Failed to fetch|newuidmap|user namespace|tools are missing", p.stderr):
        print(f"skipped: {p.stderr.strip()}")
        sys.exit(77)
    check("it is made, without a word", p.returncode == 0 and not p.stdout + p.stderr, p.stdout + p.stderr)
    if p.returncode:
        sys.exit(1)
    return time.monotonic() - began


def look_into(image):
    def debugfs(request):
        return say("debugfs", "-R", request, str(image / "disk.img")).stdout

    def text(path):
        return debugfs(f"cat {path}")

    p = say("e2fsck", "-fn", str(image / "disk.img"))
    check("e2fsck finds it clean", p.returncode == 0, p.stdout + p.stderr)
    check("its size", (image / "disk.img").stat().st_size == SIZE)
    check("the machine's ID is empty", "Size: 0" in debugfs("stat /etc/machine-id"), debugfs("stat /etc/machine-id"))
    for path in "/etc/fstab", "/etc/systemd/network/80-mews.network", "/etc", "/":
        said = debugfs(f"stat {path}")
        check(f"{path} is root's", re.search(r"User:\s+0\s+Group:\s+0\s", said) and re.search(r"Mode:\s+0[67][45][45]", said), said)
    check("other owners are kept", not re.search(r"User:\s+0 ", debugfs("stat /var/cache/apt/archives/partial")))
    check("su runs as root", re.search(r"Mode:\s+04755", debugfs("stat /usr/bin/su")), debugfs("stat /usr/bin/su"))
    check("ping may", "security.capability" in debugfs("ea_list /usr/bin/ping"), debugfs("ea_list /usr/bin/ping"))
    check("resolv.conf is systemd-resolved's", "stub-resolv.conf" in debugfs("stat /etc/resolv.conf"))
    check("its name", text("/etc/hostname") == "debian-amd64\n")
    check("no keys that copies would share", "ssh_host" not in debugfs("ls /etc/ssh"))
    check("no package lists, no packages", ".deb" not in debugfs("ls /var/cache/apt/archives") and
          "Packages" not in debugfs("ls /var/lib/apt/lists"))
    check("root has no password", re.search(r"^root:[*!]", text("/etc/shadow"), re.M))


def has_pvh(elf):
    offset, = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    for n in range(count):
        kind, _, at, _, _, length = struct.unpack_from("<IIQQQQ", elf, offset + n * size)
        end = at + length
        while kind == 4 and at + 12 <= end:
            name, desc, type_ = struct.unpack_from("<III", elf, at)
            if type_ == 18 and elf[at + 12:at + 16] == b"Xen\0":
                return True
            at += 12 + (name + 3 & ~3) + (desc + 3 & ~3)
    return False


def look_beside(image):
    check("what is beside the disk", sorted(p.name for p in image.iterdir()) ==
          ["disk.img", "image.json", "initrd.img", "vmlinux", "vmlinuz"])
    check("the kernel is a bzImage", (image / "vmlinuz").read_bytes()[0x202:0x206] == b"HdrS")
    elf = (image / "vmlinux").read_bytes()
    check("unpacked it is an ELF file with the PVH entry", elf[:4] == b"\x7fELF" and has_pvh(elf))
    about = json.loads(say(MEWS, "image", "info", "--json", "debian-amd64").stdout)
    check("what is known of it", about["suite"] == "bookworm" and about["disk_bytes"] == SIZE and "cloud-amd64" in about["kernel"])
    return about


class Guest:
    def __init__(self, image, command_line, overlay):
        self.seen, self.began = "", time.monotonic()
        accel = ["-accel", "kvm", "-cpu", "host"] if os.access("/dev/kvm", os.W_OK) and "KVM" in os.environ else ["-accel", "tcg", "-cpu", "max"]
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", *accel, "-m", "512", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
             "-kernel", image / "vmlinux", "-initrd", image / "initrd.img", "-append", command_line,
             "-drive", f"file={image / 'disk.img'},format=raw,if=virtio,snapshot=on", "-netdev", "user,id=n", "-device",
             "virtio-net-pci,netdev=n"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": overlay})

    def until(self, pattern, seconds=300):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.seen):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return False
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:  # it has ended
                return False
            # Without what only moves a cursor.
            self.seen = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]|\r", "", self.seen + data.decode(errors="replace"))
        return True

    def type(self, line):
        self.seen = ""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def answers(self, line, pattern, seconds=120):
        self.type(line)
        return self.until(pattern, seconds)


def boot(image, command_line, overlay):
    """The serial line's prompt is root's; QEMU's own DHCP and DNS servers are what it finds."""
    g = Guest(image, command_line, overlay)
    check("it boots to root's prompt", g.until(r"root@debian-amd64:~# "), g.seen)
    print(f"# {time.monotonic() - g.began:.1f} s to the prompt", flush=True)
    check("it has a name and an ID", g.answers("echo ID $(hostname)=$(wc -c </etc/machine-id)", r"debian-amd64=33\b"), g.seen)
    check("an address by DHCP", g.answers(
        "for i in $(seq 60); do ip -4 -br address | grep -q UP.*10.0.2 && break; sleep 1; done; ip -4 -br address",
        r"\n\S+ +UP +10\.0\.2\.15/24"), g.seen)
    check("its name server is the one it was told", g.answers("resolvectl dns; echo do''ne", r"10\.0\.2\.3[\s\S]*done"), g.seen)
    check("it answers to names", g.answers("getent hosts debian-amd64", r"127\.0\.1\.1"), g.seen)
    check("nothing has failed", g.answers("systemctl is-system-running --wait; systemctl --failed --no-legend; echo do''ne",
                                          r"\nrunning\s+done"), g.seen)
    check("the disk is writable, and as large as it should be", g.answers(
        "touch /x && df --output=size -BM / | tail -n 1", r"\n +1[23]\d\dM"), g.seen)
    check("keys of its own", g.answers("ls /etc/ssh/*.pub | wc -l; ss -ltn | grep -c :22", r"\n3\s+[12]\b"), g.seen)
    g.type("poweroff")
    check("it switches itself off", g.until(r"Power down", 120), g.seen)
    try:
        g.process.wait(60)
    except subprocess.TimeoutExpired:
        check("and is gone", False, g.seen)
        g.process.kill()


def main():
    with tempfile.TemporaryDirectory(prefix="mews-image-") as top:
        os.environ["XDG_DATA_HOME"] = top
        image = pathlib.Path(top, "mews/images/debian-amd64")
        seconds = create()
        check("nothing else is left", [p.name for p in image.parent.iterdir()] == ["debian-amd64"])
        look_into(image)
        about = look_beside(image)
        sizes = ", ".join(f"{p.name} {p.stat().st_blocks // 2048} MiB" for p in sorted(image.iterdir()))
        print(f"# made in {seconds:.0f} s: {sizes}", flush=True)
        if "--keep" in sys.argv:
            subprocess.run(["cp", "-a", "--sparse=always", image, "."], check=True)
        if "--no-boot" not in sys.argv:
            boot(image, about["command_line"], top)
        p = say(MEWS, "image", "rm", "debian-amd64")
        check("it is removed", p.returncode == 0 and not list(image.parent.iterdir()), p.stderr)
    print(f"{failures} failed")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
