#!/usr/bin/python3
"""A real image (made.py), looked into with e2fsck and debugfs. debian.py [--boot]

--boot: and booted by QEMU's translator, to its prompt: another program than mews finds a machine there as well. mews boots it in
tests/kvm/image.py."""
import hashlib, json, os, re, struct, subprocess, sys, tempfile, time

sys.dont_write_bytecode = True
from console import Console
from made import MEWS, NAME, SIZE, Absent, Failed, made

os.environ["PATH"] += ":/usr/sbin:/sbin"
failures = 0


def check(what, true, output=""):
    global failures
    print(f"{'ok' if true else 'not ok'} - {what}" + ("" if true else f"\n{output[-4000:]}"), flush=True)
    failures += not true


def say(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, **more)


def debugfs_bytes(image, path):
    return subprocess.run(["debugfs", "-R", f"cat {path}", image / "disk.img"], capture_output=True).stdout


def look_into(image):
    def debugfs(request):
        return say("debugfs", "-R", request, str(image / "disk.img")).stdout

    def text(path):
        return debugfs_bytes(image, path).decode()

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
    keys = debugfs("stat /root/.ssh/authorized_keys")
    check("the key is root's alone", re.search(r"Mode:\s+0600[\s\S]*User:\s+0 ", keys) and
          re.search(r"Mode:\s+0700", debugfs("stat /root")) and "tester" in text("/root/.ssh/authorized_keys"), keys)
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
    # Debian's own: the kernel as its package has it, the initrd as initramfs-tools has left it.
    inside = {f: debugfs_bytes(image, f"/boot/{f}-{about['kernel']}") for f in ("vmlinuz", "initrd.img")}
    sums = debugfs_bytes(image, f"/var/lib/dpkg/info/linux-image-{about['kernel']}.md5sums").decode()
    beside = {f: (image / f).read_bytes() for f in inside}
    check("kernel and initrd are those in the system", inside == beside)
    check("the kernel is the package's", f"{hashlib.md5(beside['vmlinuz']).hexdigest()}  boot/vmlinuz-{about['kernel']}" in sums, sums[:200])
    return about


def guest(image, command_line, overlay):
    accel = ["-accel", "kvm", "-cpu", "host"] if os.access("/dev/kvm", os.W_OK) and "KVM" in os.environ else ["-accel", "tcg", "-cpu", "max"]
    return Console(["qemu-system-x86_64", *accel, "-m", "512", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
                    "-kernel", image / "vmlinux", "-initrd", image / "initrd.img", "-append", command_line,
                    "-drive", f"file={image / 'disk.img'},format=raw,if=virtio,snapshot=on", "-netdev", "user,id=n", "-device",
                    "virtio-net-pci,netdev=n"], env={**os.environ, "TMPDIR": overlay})


def boot(image, command_line, overlay):
    """The serial line's prompt is root's; QEMU's own DHCP and DNS servers are what it finds."""
    g = guest(image, command_line, overlay)
    check("it boots to root's prompt", g.until(r"root@debian-amd64:~# "), g.seen)
    print(f"# {time.monotonic() - g.began:.1f} s to the prompt", flush=True)
    check("it has a name and an ID", g.answers("echo ID $(hostname)=$(wc -c </etc/machine-id)", r"debian-amd64=33\b"), g.seen)
    check("an address by DHCP", g.answers(
        "for i in $(seq 60); do ip -4 -br address | grep -q UP.*10.0.2 && break; sleep 1; done; ip -4 -br address",
        r"\n\S+ +UP +10\.0\.2\.15/24"), g.seen)
    check("its name server is the one it was told", g.answers("resolvectl dns; echo do''ne", r"10\.0\.2\.3[\s\S]*done"), g.seen)
    check("it answers to names", g.answers("getent hosts debian-amd64", r"127\.0\.1\.1"), g.seen)
    check("nothing has failed", g.answers("systemctl is-system-running --wait; systemctl --failed --no-legend --no-pager; echo do''ne",
                                          r"\nrunning\s+done"), g.seen)
    check("the disk is writable, and as large as it should be", g.answers(
        "touch /x && df --output=size -BM / | tail -n 1", r"\n +1[23]\d\dM"), g.seen)
    check("a key of its own", g.answers("ls /etc/ssh/*.pub | wc -l; ss -ltn | grep -c :22", r"\n1\s+[12]\b"), g.seen)
    g.type("poweroff")
    check("it switches itself off", g.until(r"Power down", 120), g.seen)
    check("and is gone", g.ends() is not None, g.seen)


def main():
    try:
        image = made()
    except Absent as e:
        print(f"skipped: {e}")
        return 77
    except Failed as e:
        print(f"not ok - it is made\n{e}")
        return 1
    os.environ["XDG_DATA_HOME"] = str(image.data)
    check("it is made, without a word", not image.about["said"], image.about["said"])
    check("nothing else is left", [p.name for p in image.directory.parent.iterdir()] == [NAME])
    look_into(image.directory)
    about = look_beside(image.directory)
    sizes = ", ".join(f"{p.name} {p.stat().st_blocks // 2048} MiB" for p in sorted(image.directory.iterdir()))
    print(f"# made in {image.about['seconds']:.0f} s: {sizes}", flush=True)
    if "--boot" in sys.argv:
        with tempfile.TemporaryDirectory(prefix="mews-image-") as d:
            boot(image.directory, about["command_line"], d)
    print(f"{failures} failed")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
