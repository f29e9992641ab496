"""Attacks the control socket of a machine in every way that its protocol forbids: hostile.py SOCKET SECONDS [debugger].
With `debugger` as one who has the machine stand still, too, and runs it."""
import array, os, random, socket, sys, time

path, seconds, debugs = sys.argv[1], float(sys.argv[2]), len(sys.argv) > 3
HELLO = b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1}}\n'
random.seed(1)
end = time.time() + seconds
held = []


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(0.2)
    s.connect(path)
    return s


def attempt(f):
    try:
        f()
    except OSError:
        pass  # cut off, turned away, not read from: all of it is fair


def long_line():
    s = connect()
    for _ in range(40):
        s.sendall(b"x" * 65536)


def flood():
    s = connect()
    s.sendall(HELLO)
    line = random.choice([b'{"jsonrpc":"2.0","id":1,"method":"methods"}\n', b'{"jsonrpc":"2.0","id":1,"method":"wait"}\n',
                          b'{"jsonrpc":"2.0","id":1,"method":"machine.stats"}\n', b"{}\n", b"\n"])
    for _ in range(200):
        s.sendall(line * 50)


def half():
    s = connect()
    s.sendall(HELLO[:random.randrange(len(HELLO))])
    held.append(s)
    if len(held) > 100:
        held.pop(0).close()


def descriptors():
    s = connect()
    s.sendall(HELLO)
    r, w = os.pipe()
    name = random.choice([b"snapshot.save", b"screen.open", b"nothing"])
    fds = array.array("i", [random.choice([r, w, 0])] * random.randrange(1, 20))
    s.sendmsg([b'{"jsonrpc":"2.0","id":2,"method":"' + name + b'","fds":%d}\n' % random.randrange(-1, 20)],
              [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
    os.close(r)
    os.close(w)


def small_memory():
    """A screen that is taken away under the machine's hands."""
    s = connect()
    s.sendall(HELLO)
    fd = os.memfd_create("x")
    os.ftruncate(fd, 1 << 20)
    socket.send_fds(s, [b'{"jsonrpc":"2.0","id":2,"method":"screen.open","fds":1}\n'], [fd])
    time.sleep(0.05)
    os.ftruncate(fd, 0)
    time.sleep(0.05)
    os.close(fd)


def debugger():
    """Whoever gets it uses it badly, does not read, and leaves in the middle."""
    s = connect()
    s.sendall(HELLO)
    words = [b'"debug.attach","params":{"json":%s,"rewind_memory":%d}' % (random.choice([b"true", b"false", b"7"]), random.choice([0, 1, 1 << 24, 1 << 62, -1])),
             b'"debug.command","params":{"line":"continue"}', b'"debug.command","params":{"line":"trace cpu.*"}',
             b'"debug.command","params":{"line":"step 100000"}', b'"debug.command","params":{"line":"reverse-continue"}',
             b'"debug.command","params":{"line":"last-write 0300"}', b'"debug.command","params":{"line":"goto start"}',
             b'"debug.command","params":{"line":"source /etc/passwd"}', b'"debug.command","params":{"line":"break ppu 10"}',
             b'"debug.command","params":{"line":"set cpu.pc=0"}', b'"debug.command","params":{"line":[]}', b'"debug.greet"',
             b'"debug.symbols","params":{"symbols":[["a",1,true]],"files":["f"],"lines":[[1,2,%d,4,true]]}' % random.randrange(-2, 3),
             b'"debug.symbols","params":{"symbols":[%s]}' % b",".join([b'["%d",7,true]' % i for i in range(5000)]),
             b'"debug.complete","params":{"line":"print "}', b'"debug.interrupt"', b'"debug.detach"',
             b'"trace.start","params":{"events":"%s","count":%d}' % (random.choice([b"*", b"cpu.step", b"", b"@", b"cpu.*@0-ff"]), random.choice([0, 5, -1])),
             b'"trace.stop"', b'"pause"', b'"resume"', b'"view.get","params":{"name":"oam"}']
    s.sendall(b'{"jsonrpc":"2.0","id":2,"method":' + words[0] + b"}\n")
    for _ in range(random.randrange(12)):
        s.sendall(b'{"jsonrpc":"2.0","id":3,"method":' + random.choice(words) + b"}\n")
    if random.random() < 0.3:
        held.append(s)  # and is there for a while
    else:
        time.sleep(random.random() / 10)


def rubbish():
    s = connect()
    if random.random() < 0.5:
        s.sendall(HELLO)
    for _ in range(20):
        s.sendall(os.urandom(random.randrange(2000)) + b"\n")


while time.time() < end:
    attempt(debugger if debugs and random.random() < 0.7 else random.choice([long_line, flood, half, descriptors, small_memory, rubbish]))
