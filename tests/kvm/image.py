#!/usr/bin/python3
"""A real image of Debian (tests/image/made.py) run by mews in a host with AMD-V under QEMU's translator (host.py), with a person
at the console: image.py [--show]

The host's second serial line is the terminal. --show prints all that it has seen."""
import pathlib, re, shutil, subprocess, sys, tempfile, time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path[:0] = [str(TOP / "tests/kvm"), str(TOP / "tests/image")]
import host
from console import COLUMNS, ROWS, Console
from made import NAME, SIZE, Absent, Failed, made

GROWN = SIZE + (300 << 20)
PROMPT = rf"root@{NAME}:~# "
failures = 0


def check(what, true, output):
    global failures
    print(f"{'ok' if true else 'not ok'} - {what}" + ("" if true else f"\n{output[-6000:]}"), flush=True)
    failures += not true
    return true


# The image lies on a disk of the host's.
SCRIPT = f"""
export XDG_DATA_HOME=/data; IMAGE=/data/mews/images/{NAME}; TTY=/dev/ttyS1
mkdir -p /data /etc /var/tmp /tmp/w/cgi-bin; mount -t ext4 /dev/vda /data || exit 9
chmod 600 /root/key; echo root:x:0:0:root:/root:/bin/sh >/etc/passwd

# While the guest runs its person's console is this script's; what it asks the host's server for is done beside it.
echo "a word from the host" >/tmp/w/word
cat >/tmp/w/cgi-bin/beside <<'END'
#!/bin/sh
echo; exec 2>&1
mews run --overlay none {NAME} </dev/null; echo "IN USE $?"
ssh -i /root/key -p 2222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/tmp/known -o LogLevel=ERROR root@127.0.0.1 \\
    'echo "SSH $(hostname) $(whoami)"' </dev/null
END
chmod +x /tmp/w/cgi-bin/beside
httpd -p 127.0.0.1:8000 -h /tmp/w

mews image ls; mews info {NAME} | sed 's/^/INFO /'
mews run -d {NAME} >/tmp/names && mews run -d {NAME} >>/tmp/names && mews ps
echo "NAMES $(tr '\\n' ' ' </tmp/names)"; mews rm --force $(cat /tmp/names)
mews run {NAME} <$TTY; echo "LEFT $?"

truncate -s {GROWN} $IMAGE/disk.img
mews run --overlay none --net user,forward=tcp:2222:22 {NAME} <$TTY; echo "STATUS $?"
e2fsck -fn $IMAGE/disk.img; echo "FSCK $?"

mews run --disk $IMAGE/disk.img --initrd $IMAGE/initrd.img --memory 256M --append 'root=/dev/vda rw console=ttyS0 quiet panic=-1 init=/bin/sh -- -c "echo STOCK $(uname -r) $(findmnt -no SOURCE,FSTYPE /); mount -o remount,ro /; poweroff -ff"' $IMAGE/vmlinuz
echo "STOCK $?"
e2fsck -fn $IMAGE/disk.img; echo "FSCK $?"
"""


def host_disk(directory, data):
    """A disk with the image on it, holes where it has some."""
    disk = directory / "disk"
    with open(disk, "wb") as f:
        f.truncate(3 << 30)
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-m", "0", "-d", data, disk], check=True)
    return disk


def begin(directory, image):
    files = host.mews_files() + [("root/key", image.key), ("bin/ssh", shutil.which("ssh")), ("bin/e2fsck", "/sbin/e2fsck")]
    words = host.command(directory, SCRIPT, files, smp=2, memory_mib=1536, disk=host_disk(directory, image.data))
    return Console(words + ["-chardev", "stdio,id=tty,signal=off", "-serial", "chardev:tty"], stderr=open(directory / "said", "w"))


def many(c):
    check("two machines of one image, called as it", c.until(r"NAMES debian-amd64 debian-amd64-\d+ ", 120), c.seen)
    check("what the image is", re.search(r"INFO version: \S+-cloud-amd64 .*(\n.*)*INFO boot protocol: PVH", c.seen), c.seen)
    check("it says how to leave it", c.until(r"Ctrl-A x", 60), c.seen)
    c.send("\x01x")
    check("and is left", c.until(r"LEFT 0", 60), c.seen)


def logs_in(c, last):
    began = time.monotonic()
    came = c.until(PROMPT, 600)
    if not came and not last:
        print(f"# no prompt:\n{c.seen[-3000:]}", flush=True)
        return False
    if not check("it boots to root's prompt", came, c.seen):
        return False
    print(f"# {time.monotonic() - began:.0f} s to the prompt", flush=True)
    check("an address by DHCP", c.answers(
        "for i in $(seq 60); do ip -4 -br address | grep -q UP.*10.0.2 && break; sleep 1; done; ip -4 -br address",
        r"\n\S+ +UP +10\.0\.2\.15/24"), c.seen)
    c.answers("get() { exec 3<>/dev/tcp/10.0.2.2/8000; printf 'GET %s HTTP/1.0\\r\\n\\r\\n' $1 >&3; cat <&3; }; echo do''ne", r"\ndone")
    check("a server of the host's is reached", c.answers("get /word", r"\na word from the host"), c.seen)
    check("nothing has failed", c.answers("systemctl is-system-running --wait; systemctl --failed --no-legend --no-pager; echo do''ne",
                                          r"\nrunning\s+done", 300), c.seen)
    c.answers("get /cgi-bin/beside; echo do''ne", r"\ndone")
    check("who has the key is root there", re.search(rf"\nSSH {NAME} root", c.seen), c.seen)
    check("the disk is its own meanwhile", re.search(r"\nmews: .*\nIN USE 1", c.seen), c.seen)
    check("nothing complains", c.answers("journalctl -b -p err -o cat --no-pager | sed 's/^/ERR /'; echo do''ne", r"\ndone")
          and "\nERR" not in c.seen, c.seen)
    check("it knows its terminal", c.answers("resize; stty size; echo $TERM", rf"\n{ROWS} {COLUMNS}\s+xterm"), c.seen)
    check("the file system has grown with the disk", c.answers("df --output=size -BM / | tail -n 1", r"\n +1[56]\d\dM"), c.seen)
    check("packages come from Debian", c.answers("grep -hv '^#' /etc/apt/sources.list; echo do''ne", r"\ndeb http\S+ bookworm main[\s\S]*\ndone"), c.seen)
    return True


def session(image, last):
    """One host from beginning to end. False: no prompt came; once in a while such a host hangs, so that is nothing yet."""
    with tempfile.TemporaryDirectory(prefix="mews-host-") as d:
        began = time.monotonic()
        c = begin(pathlib.Path(d), image)
        print(f"# {time.monotonic() - began:.0f} s for the host's disk", flush=True)
        try:
            many(c)
            if not logs_in(c, last):
                return False
            c.type("poweroff")
            check("poweroff ends it", c.until(r"STATUS 0", 300), c.seen)
            check("its disk is clean", c.until(r"FSCK 0", 120), c.seen)
            check("the stock kernel boots from the disk", c.until(r"STOCK \S+-cloud-amd64 /dev/vda ext4[\s\S]*STOCK 0", 300), c.seen)
            check("which is clean again", c.until(r"FSCK 0[\s\S]*FSCK 0", 120), c.seen)
            print(f"# {time.monotonic() - began:.0f} s in all", flush=True)
            return True
        finally:
            c.process.kill()
            c.process.wait()
            if "--show" in sys.argv:
                print(c.all)


def main():
    try:
        image = made()
        if not session(image, False):
            print("# once more", flush=True)
            session(image, True)
    except Absent as e:
        print(f"skipped: {e}")
        return 77
    except host.Failed as e:
        absent = "could not be fetched" in str(e) or "apt-cache" in str(e)
        print(f"{'skipped:' if absent else 'not ok -'} {e}")
        return 77 if absent else 1
    except FileNotFoundError as e:  # qemu-system-x86_64, mke2fs
        print(f"skipped: no {e.filename}")
        return 77
    except Failed as e:
        print(f"not ok - {e}")
        return 1
    print(f"{failures} failed")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
