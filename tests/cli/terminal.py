"""Runs a command in a terminal of its own, as a person would: terminal.py STEP... -- COMMAND...

Steps, in order: wait:TEXT (until the command has written it), send:TEXT (typed; \\x01 and so on), signal:TERM (to the
command), sh:COMMAND (somewhere else). What the command wrote goes to standard output; the status is the command's, 98 when
a step took longer than ten seconds, 99 when the terminal is not as it was before.
"""
import os, pty, select, signal, subprocess, sys, termios, time

at = sys.argv.index("--")
steps, command = sys.argv[1:at], sys.argv[at + 1:]
master, slave = pty.openpty()
before = termios.tcgetattr(slave)
written = b""


def child_setup():
    os.setsid()
    os.close(os.open(os.ttyname(0), os.O_RDWR))  # becomes the controlling terminal


child = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, preexec_fn=child_setup, close_fds=True)


def read(seconds):
    """Takes what is there; whether anything was."""
    global written
    ready, _, _ = select.select([master], [], [], seconds)
    if ready:
        written += os.read(master, 65536)
    return bool(ready)


def late(what):
    sys.stderr.write(f"terminal.py: {what}: not within ten seconds\n")
    child.kill()
    sys.stdout.buffer.write(written)
    sys.exit(98)


for step in steps:
    what, _, text = step.partition(":")
    if what == "wait":
        end, wanted = time.time() + 10, text.encode().decode("unicode_escape").encode("latin-1")
        while wanted not in written:
            if time.time() > end:
                late(step)
            read(0.1)
        written = written[written.index(wanted) + len(wanted):]
    elif what == "send":
        os.write(master, text.encode().decode("unicode_escape").encode("latin-1"))
    elif what == "signal":
        child.send_signal(getattr(signal, "SIG" + text))
    elif what == "sh":
        subprocess.run(text, shell=True, check=True)
end = time.time() + 10
while child.poll() is None:
    read(0.05)
    if time.time() > end:
        late("the command's end")
while read(0):
    pass
sys.stdout.buffer.write(written)
sys.stdout.flush()
if termios.tcgetattr(slave) != before:
    sys.stderr.write("terminal.py: the terminal was not restored\n")
    sys.exit(99)
sys.exit(child.returncode if child.returncode >= 0 else 128 - child.returncode)
