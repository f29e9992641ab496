#!/usr/bin/env python3
"""The same of QEMU: a PC whose memory is full of random bytes, stopped, to a file (`migrate`), and from it until it runs.

CPU time of the process, all its threads, and of the `cat` that moves the stream. QEMU 7.2 knows no file that can be mapped: the
stream is read whole. -accel tcg, so that no KVM is needed. The guest has not run before the save, so there is
nothing to be saved twice.
usage: qemu.py [--quick]      status 77 when there is no qemu-system-x86_64
"""
import json, os, shutil, socket, statistics, subprocess, sys, tempfile, time

TRIALS = 3
MIB = 1 << 20


class Qemu:
    def __init__(self, folder, *arguments):
        path = os.path.join(folder, "qmp")
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-nodefaults", "-display", "none", "-S"]
            + ["-qmp", f"unix:{path},server=on,wait=off", *arguments]
        )
        while True:
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.connect(path)
                break
            except OSError:
                assert self.process.poll() is None, "QEMU has ended"
                time.sleep(0.005)
        self.lines = self.socket.makefile("rw")
        self.lines.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.lines.flush()
        while True:
            answer = json.loads(self.lines.readline())
            assert "error" not in answer, answer
            if "return" in answer:
                return answer["return"]

    def cpu(self):
        """Seconds that the process has had, its ended threads too (clock_getcpuclockid(3)), and its ended children."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            children = sum(map(int, stat.read().rsplit(")", 1)[1].split()[13:15]))  # cutime, cstime: proc(5)
        return time.clock_gettime((~self.process.pid) << 3 | 2) + children / os.sysconf("SC_CLK_TCK")

    def until(self, command, done):
        while not done(self.ask(command)):
            time.sleep(0.005)

    def end(self):
        self.ask("quit")
        self.process.wait()


def save(folder, memory, content, file):
    vm = Qemu(folder, "-m", f"{memory // MIB}", "-device", f"loader,file={content},addr={MIB:#x},force-raw=on")
    vm.ask("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
    start = vm.cpu()
    vm.ask("migrate", uri=f"exec:cat >{file}")
    vm.until("query-migrate", lambda a: a.get("status") == "completed")
    time.sleep(0.2)  # until it has waited for its child
    took = vm.cpu() - start
    vm.end()
    return took


def begin(folder, memory, *incoming):
    """From the start of the process until the guest runs: with the file, and without one for comparison."""
    vm = Qemu(folder, "-m", f"{memory // MIB}", *incoming)
    vm.until("query-status", lambda a: a["status"] != "inmigrate")
    vm.ask("cont")
    vm.until("query-status", lambda a: a["running"])
    time.sleep(0.2)
    took = vm.cpu()
    vm.end()
    return took


def main():
    if not shutil.which("qemu-system-x86_64"):
        print("QEMU is not here: apt-get install qemu-system-x86")
        return 77
    version = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    print(f"{version}: migrate to a file and back; the machine stands from beginning to end")
    print(f"{'memory':10} {'file':>12} {'stopped: ms':>14} {'restore: ms':>14} {'start alone: ms':>16}")
    for memory in [64] if "--quick" in sys.argv else [64, 256, 1024]:
        with tempfile.TemporaryDirectory() as folder:
            content, file = os.path.join(folder, "content"), os.path.join(folder, "file")
            with open(content, "wb") as f:
                for _ in range(memory - 2):
                    f.write(os.urandom(MIB))
            saves = [save(folder, memory * MIB, content, file) for _ in range(TRIALS)]
            back = [begin(folder, memory * MIB, "-incoming", f"exec:cat {file}") for _ in range(TRIALS)]
            alone = [begin(folder, memory * MIB) for _ in range(TRIALS)]
            print(
                f"{memory:6} MiB {os.path.getsize(file) // MIB:8} MiB {statistics.median(saves) * 1e3:14.1f}"
                f" {statistics.median(back) * 1e3:14.1f} {statistics.median(alone) * 1e3:16.1f}",
                flush=True,
            )
    return 0


sys.exit(main())
