#!/usr/bin/python3
"""Debian's gdb on x86 machines of both boards, in a host with AMD-V under QEMU's translator (host.py): gdb.py [WORD...]

gdb runs there too, with symbols of the guests of guests/x86. That host delivers no breakpoint (debugger.py), so what waits for
one goes by single instructions; that gdb does not see."""
import importlib.util, pathlib, re, shutil, sys

spec = importlib.util.spec_from_file_location("microvm", pathlib.Path(__file__).with_name("microvm.py"))
microvm = importlib.util.module_from_spec(spec)
spec.loader.exec_module(microvm)
host, check = microvm.host, microvm.check


def gdb_files():
    """gdb with its data, and of Python what it wants when it begins."""
    files = [("usr/bin/gdb", shutil.which("gdb")), ("usr/share/gdb", "/usr/share/gdb")]
    library = next(p for p in sorted(pathlib.Path("/usr/lib").glob("python3.*"), reverse=True) if (p / "os.py").exists())
    for d in ".", "collections", "encodings", "importlib", "json", "re", "logging", "urllib":
        files += [(str(p).lstrip("/"), p) for p in (library / d).glob("*.py")]
    return files


LIB = """
export HOME=/root PYTHONDONTWRITEBYTECODE=1
gdb() { # WORD FILE COMMAND...: what it says, behind the word
    word=$1 file=$2; shift 2
    for c; do set -- "$@" -ex "$c"; shift; done
    timeout 150 /usr/bin/gdb -nx -q -batch ${file:+"$file"} -ex 'set pagination off' "$@" 2>&1 | sed "s/^/$word /"
}
machine() { name=$1; shift; mews run -d --name $name --gdb /tmp/$name "$@"; }
later() { echo "python import os, signal, threading; threading.Timer($1, os.kill, (os.getpid(), signal.SIGINT)).start()"; }
"""


def said(word, out):
    return "\n".join(line[len(word) + 1:] for line in out.splitlines() if line.startswith(word + " "))


def micro():
    """64 bits with interrupts, 32 and 16 bits: the architecture that gdb gets, symbols, lines, all sorts of points."""
    out = microvm.run("", LIB + """
machine a --sandbox on /guests/interrupts.elf
gdb A /guests/interrupts.elf 'target remote /tmp/a' 'p $pc == (long)&_start' 'info registers rip rsp eflags cs' 'p/x $efer & 0x400' \\
    'p/x $mxcsr' 'p $fctrl' 'p $st0' 'tbreak set_gate' continue backtrace 'info args' 'p/x vector' finish 'stepi' 'stepi' 'p $pc > 0x100000' \\
    'break print_number' continue 'p ticks' continue 'p ticks' backtrace 'info line *$pc' 'delete' 'watch ticks' continue 'p ticks' 'delete' \\
    'set var ticks = 1000' 'p ticks' 'p/x $rbx=0x1122334455667788' 'p/x $ebx' 'p/x $xmm3.v2_int64[1]=7' 'p $xmm3.v2_int64[1]' 'x/2i $pc' \\
    'next' 'stepi' 'reverse-stepi' 'monitor registers' 'info threads' 'x/4xb 0x7f000000000' "$(later 3)" continue 'p ended' detach
n=0; until mews logs a | grep -q 'tick 101[0-9]' || [ $n -gt 60 ]; do n=$((n + 1)); sleep 0.5; done
mews logs a | grep -c 'tick 101[0-9]' | sed 's/^/TICKED /'; mews stats a | head -n 3 | sed 's/^/S /'; mews ps; mews stop --timeout 1 a
machine b /guests/echo32.elf
printf x | mews send b
gdb B /guests/echo32.elf 'target remote /tmp/b' 'show architecture' 'tbreak take_key' continue 'p $eip == (int)&take_key || $eip > 0x100000' \\
    'info registers eip esp eflags' 'p sizeof(long)' 'stepi' 'p count' 'x/i $eip' kill
mews wait b; mews rm b
machine c --kind kvm /guests/echo16.bin
gdb C '' 'target remote /tmp/c' 'show architecture' 'p/x $eip' 'x/3i $eip' 'stepi' 'stepi' 'p $eip > 0x7c00' 'break *$eip' 'info registers cs' kill
mews rm --force c
""", more=gdb_files())
    a, b, c = (said(w, out) for w in "ABC")
    check("it stands at the entry", re.search(r"^\$1 = 1$", a, re.M), out)
    check("registers of the long mode", re.search(r"^rip +0x10\w+ +0x10\w+ <_start>\n(.*\n)*eflags +0x\w+ +\[.*\]", a, re.M) and "= 0x400" in a, out)
    check("x87's and SSE's", re.search(r"= 0x1f80$", a, re.M) and re.search(r"^\$\d+ = 895$", a, re.M), out)
    check("a breakpoint by its symbol, and who has called", re.search(r"breakpoint 1, .*set_gate.*\n(.*\n)*#0 .*set_gate.*\n#1 .*set_up_interrupts.*\n#2 .*_start", a), out)
    check("its arguments by the debug information", "vector = 14" in a or re.search(r"= 0xe$", a, re.M), out)
    check("it is run to its end", re.search(r"^set_up_interrupts \(\) at ", a, re.M), out)
    ticks = [int(n) for n in re.findall(r"^Breakpoint 2, .*print_number.*\n.*\n\$\d+ = (\d+)$", a, re.M)]
    check("a breakpoint in a handler, again and again", ticks == [1, 2] and re.search(r"^#1 .*on_timer", a, re.M), out)
    check("a watched variable", re.search(r"Hardware watchpoint 3: ticks\n\nOld value = (\d+)\nNew value", a), out)
    check("memory is written", re.search(r"= 1000$", a, re.M), out)
    check("registers are", "0x1122334455667788" in a and re.search(r"= 0x55667788$", a, re.M) and re.search(r"= 7$", a, re.M), out)
    check("what it cannot is refused", "does not support this command" in a, out)
    check("the monitor's own words", re.search(r"rbx=\$1122334455667788", a), out)
    check("where nothing is", "Cannot access memory at address 0x7f000000000" in a, out)
    check("Ctrl-C", "received signal SIGINT" in a, out)
    check("left alone, it goes on", re.search(r"^a .* running ", out, re.M) and "TICKED 0" not in out, out)
    check("32 bits", re.search(r'"i386"', b) and "breakpoint 1, " in b and re.search(r"= 4$", b, re.M) and "killed" in b, out)
    check("16 bits, by linear addresses", re.search(r'"i8086"', c) and re.search(r"= 0x7c00$", c, re.M) and re.search(r"= 1$", c, re.M), out)


def microvm_():
    """The board microvm: a 32-bit PVH program from power-on, and a kernel with two processors that is interrupted."""
    out = microvm.run("""
echo "USER"; i=0; while [ $i -lt 4000 ]; do echo "tick $i"; i=$((i + 1)); sleep 0.2; done
""", LIB + """
machine p --sandbox on --set memory=64 /guests/pvh.elf
gdb P /guests/pvh.elf 'target remote /tmp/p' 'show architecture' 'break count' continue backtrace 'p counter' 'watch counter' 'delete 1' \\
    continue 'p counter' 'stepi' 'p $ebp != 0' 'delete' 'tbreak quit' continue 'p counter' continue
mews wait p; echo "STATUS $?"; mews logs p | tail -n 2
machine k --sandbox on --set cpus=2 --set memory=256 --initrd /root/g.gz --append "console=ttyS0 quiet nokaslr" $K
mews resume k
n=0; while ! mews logs k | grep -q "tick 3" && [ $n -lt 400 ]; do n=$((n + 1)); sleep 0.3; done
gdb K '' 'target remote /tmp/k' 'show architecture' 'info threads' 'thread 2' 'p $rip' 'x/i $rip' 'thread 1' 'p/x $cr3 != 0' 'p/x $gs_base' \\
    'x/2xg $rsp' "$(later 5)" continue 'info threads' 'thread 2' 'stepi' 'p $_thread' detach
was=$(mews logs k | grep -c tick); sleep 4; [ "$(mews logs k | grep -c tick)" -gt "$was" ] && echo "GOES ON"
mews logs k | grep -ciE 'oops|panic|BUG|soft lockup'; mews stop --timeout 1 k
""", smp=2, more=gdb_files())
    p, k = said("P", out), said("K", out)
    check("a program of 32 bits is one to gdb", '"i386"' in p, out)
    check("a breakpoint from power-on, with who has called", re.search(r"^Breakpoint 1, .*\n(.*\n)*#0 +.*count.*\n#1 +.*", p, re.M), out)
    check("a watched variable", re.search(r"Hardware watchpoint 2: counter\n\nOld value = (0|1|3)\nNew value = ", p), out)
    check("it ends as it would have", "exited normally" in p and "STATUS 0" in out and "done" in out, out)
    check("two processors are two threads", len(re.findall(r"^[* ] +\d +Thread \d \"?cpu\d", k, re.M)) >= 2, out)
    check("each has registers of its own, and memory behind its page tables", re.search(r"^=> 0xffffffff\w+:", k, re.M) and
          re.search(r"^0xffff\w+:\s+0x\w+\s+0x\w+", k, re.M), out)
    check("Ctrl-C stops both", "received signal SIGINT" in k, out)
    check("the guest goes on unharmed", "GOES ON" in out and re.search(r"^0$", out, re.M), out)


def main():
    if not shutil.which("gdb"):
        print("skipped: no gdb here")
        return 77
    return microvm.perform([micro, microvm_], sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
