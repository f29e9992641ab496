"""What zsh makes of a line when Tab is pressed: it says that at a terminal alone.

complete.py DIRECTORY LINE: the line is typed in its files/, mews.zsh is the completion. Prints what it becomes."""
import os, pty, re, select, sys, time

top, typed = sys.argv[1:]
os.makedirs(f"{top}/zdot", exist_ok=True)
with open(f"{top}/zdot/.zshrc", "w") as f:
    f.write(f"""
PS1='ready> '; PS2=
autoload -Uz compinit; compinit -D -u
source {top}/mews.zsh 2>/dev/null; compdef _mews mews
show() {{ print -r -- "<<$BUFFER>>" >{top}/line }}
zle -N show; bindkey '^X' show
cd {top}/files
""")
line = f"{top}/line"
if os.path.exists(line):
    os.unlink(line)
pid, fd = pty.fork()
if not pid:
    os.environ.update(ZDOTDIR=f"{top}/zdot", TERM="dumb")
    os.execvp("zsh", ["zsh", "-d", "-i"])
seen = b""


def read_until(done):
    global seen
    end = time.time() + 60
    while not done() and time.time() < end:
        if select.select([fd], [], [], 0.05)[0]:
            try:
                seen += os.read(fd, 4096)
            except OSError:
                break
    if not done():
        sys.exit(f"zsh says only: {seen!r}")


read_until(lambda: b"ready> " in seen)
os.write(fd, typed.encode() + b"\t\x18")
read_until(lambda: os.path.exists(line) and os.path.getsize(line) > 0)
print(re.search(r"<<(.*)>>", open(line).read()).group(1))
os.kill(pid, 9)
os.waitpid(pid, 0)
