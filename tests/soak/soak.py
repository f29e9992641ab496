#!/usr/bin/python3
"""200 machines at once, whose roles change at random: soak.py [--seconds 60] [--seed N] [--machines 200] [--keep DIR]

20 NES run at 60 pictures a second, 30 at 10; the rest are paused, or programs of the 6502v that wait for a line. At random
they are paused, resumed, given another speed, snapshotted, forked, stopped, killed (SIGKILL), restored. Then it is asked that
 - a snapshot of a machine, run on without a screen, ends with the digests of a run that nobody disturbed;
 - no paced machine made fewer pictures than its speed asks for, but for what the host had no processor for;
 - a monitor's memory, descriptors and threads do not grow, and no monitor has complained in its log;
 - in the end no process, no entry of the run directory and no unfinished file is left.
What is done is written to DIR/actions.log, which a failure names. The seed decides the actions, not when they come to pass."""
import argparse, json, os, pathlib, random, re, signal, socket, subprocess, sys, tempfile, time, traceback

SLOW, FAST = 10 / 60.0988, 1.0  # speeds; the NES makes 60.0988 pictures a second
ap = argparse.ArgumentParser()
ap.add_argument("--seconds", type=float, default=60)
ap.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
ap.add_argument("--machines", type=int, default=200)
ap.add_argument("--keep", help="an empty directory, which is kept; else a temporary one, kept after a failure")
args = ap.parse_args()
rnd = random.Random(args.seed)
top = pathlib.Path(args.keep or tempfile.mkdtemp(prefix="mews-soak-"))
run = top / "run"
run.mkdir(mode=0o700, parents=True)
(top / "snap").mkdir()
guests = pathlib.Path(os.environ["MEWS_GUESTS"])
hawk = str(next((guests / "nes/hawk").glob("*.nes")))
calc, primes = str(guests / "c6502/calc.hk"), str(guests / "c6502/primes.hk")
mews = os.environ.get("MEWS", "mews")
env = dict(os.environ, XDG_RUNTIME_DIR=str(run), XDG_DATA_HOME=str(top / "data"), XDG_CONFIG_HOME=str(top / "config"),
           TMPDIR=str(top))
log = open(top / "actions.log", "w", buffering=1)
faults, counts, began = [], {}, time.monotonic()


def note(*words):
    print(f"{time.monotonic() - began:9.3f}", *words, file=log)


def fault(text):
    note("FAULT", text)
    print("soak:", text, flush=True)
    faults.append(text)


def command(*words, good=(0,)):
    counts[words[0]] = counts.get(words[0], 0) + 1
    p = subprocess.run([mews, *map(str, words)], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    note(*words, "->", p.returncode, p.stdout.strip()[:80].replace("\n", " "), p.stderr.strip())
    if p.returncode not in good or p.returncode < 0:
        fault(f"mews {' '.join(map(str, words))}: status {p.returncode}: {p.stderr.strip()}")
    return p.stdout


class Machine:
    """A monitor and our connection to it, by docs/formats/control.md."""

    def __init__(self, name, kind, speed):
        self.name, self.kind, self.speed, self.paused, self.id = name, kind, speed, False, 0
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(run / "mews" / name / "control.sock"))
        self.file = self.socket.makefile("r")
        self.pid = self.call("hello", protocol=1)["pid"]
        self.first = self.footprint()
        self.mark = None  # (time, frames, cpu the host had left) since when it has been paced without a break

    def call(self, method, **params):
        self.id += 1
        self.socket.sendall(json.dumps({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params}).encode() + b"\n")
        while True:
            line = self.file.readline()
            if not line:
                raise ConnectionError(f"{self.name}: {method}: the connection ended")
            j = json.loads(line)
            if j.get("id") == self.id:
                if "error" in j:
                    raise RuntimeError(f"{self.name}: {method}: {j['error']}")
                return j["result"]

    def do(self, method, **params):
        counts[method] = counts.get(method, 0) + 1
        note(self.name, method, params)
        return self.call(method, **params)

    def footprint(self):
        p = f"/proc/{self.pid}"
        sizes = dict(line.split()[:2] for line in open(p + "/smaps_rollup") if line.startswith(("Pss:", "Private_Dirty:")))
        return {"kib": int(sizes["Private_Dirty:"]), "pss": int(sizes["Pss:"]), "fds": len(os.listdir(p + "/fd")),
                "threads": len(os.listdir(p + "/task"))}

    def pace(self):
        """From now on its pictures are counted."""
        self.mark = (time.monotonic(), self.call("status")["frames"], idle()) if self.kind == "nes" and not self.paused else None

    def check_pace(self):
        """Ends that: what it should have made since, less what the host had no time for."""
        if not self.mark:
            return
        t, frames, free = self.mark
        made, now = self.call("status")["frames"] - frames, time.monotonic()
        self.mark, took = None, now - t
        if took < 2:
            return
        wanted = took * 60.0988 * self.speed
        paced["wanted"] += wanted
        paced["made"] += made
        # Late by more than a fifth of a second and 2 %, while a tenth of the host's time went to nobody.
        if made < wanted * 0.98 - 60.0988 * self.speed * 0.2 - 2 and idle() - free > 0.1 * took * os.cpu_count():
            fault(f"{self.name}: {made} pictures in {took:.2f} s at speed {self.speed:.3f}, which is {wanted:.0f}")
        if made > wanted * 1.02 + 60.0988 * self.speed * 0.2 + 2:
            fault(f"{self.name}: too fast: {made} pictures in {took:.2f} s, not {wanted:.0f}")


paced = {"wanted": 0.0, "made": 0}


def idle():
    """Seconds of processor that nobody wanted, of all processors."""
    words = open("/proc/stat").readline().split()
    return (int(words[4]) + int(words[5])) / os.sysconf("SC_CLK_TCK")


def cpu(pid):
    words = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


# ---- roles: how many there should be of each, whatever happens to single machines ----
machines, number = {}, 0


def fresh():
    global number
    number += 1
    return f"m{number}"


def begin(kind, speed, source=None):
    name = fresh()
    if source:
        command("restore", "-d", "--speed", speed, "--name", name, source)
    elif kind == "nes":
        command("run", "-d", "--speed", speed, "--saves", "none", "--name", name, hawk)
    else:
        command("run", "-d", "--name", name, calc)
    return adopt(name, kind, speed)


def adopt(name, kind, speed):
    m = machines[name] = Machine(name, kind, speed)
    m.pace()
    return m


def wanted_roles():
    n = args.machines
    return {("nes", FAST): n // 10, ("nes", SLOW): n * 3 // 20, ("nes", 0): n * 3 // 20, ("c6502", 1): n - n // 10 - 2 * (n * 3 // 20)}


def role(m):
    return (m.kind, 0 if m.paused else m.speed) if m.kind == "nes" else ("c6502", 1)


def refill():
    """Starts what is missing, so that there are as many of each role as there should be."""
    have = {}
    for m in machines.values():
        have[role(m)] = have.get(role(m), 0) + 1
    for (kind, speed), n in wanted_roles().items():
        for _ in range(n - have.get((kind, speed), 0)):
            m = begin(kind, speed or FAST)
            if kind == "nes" and not speed:
                pause(m)


def end(m, entry_stays):
    m.socket.close()
    m.file.close()
    del machines[m.name]
    if entry_stays:
        command("rm", m.name)


def pause(m):
    m.check_pace()
    m.do("pause")
    m.paused = True
    a, b = m.call("status"), m.call("status")
    if a["ticks"] != b["ticks"] or a["state"] != "paused":
        fault(f"{m.name}: it goes on while it is paused")


def resume(m, speed):
    m.do("machine.speed", speed=speed)
    m.do("resume")
    m.paused, m.speed = False, speed
    m.pace()


# ---- what happens ----
def swap():
    """One that is paced is paused, and one that is paused takes its place."""
    a = pick(lambda m: m.kind == "nes" and not m.paused)
    b = pick(lambda m: m.paused)
    pause(a)
    resume(b, a.speed)


def change_speed():
    a, b = pick(lambda m: role(m) == ("nes", FAST)), pick(lambda m: role(m) == ("nes", SLOW))
    for m, speed in (a, SLOW), (b, FAST):
        m.check_pace()
        m.do("machine.speed", speed=speed)
        m.speed = speed
        m.pace()


references, kept = {}, []


def reference(frames):
    """The digests of a run of so many pictures that nobody disturbed."""
    if frames not in references:
        references[frames] = json.loads(command("run", "--headless", "--frames", frames, "--hash", "--json", hawk))
    return references[frames]


def snapshot():
    m = pick(lambda m: m.kind == "nes")
    path = top / "snap" / f"{fresh()}.snap"
    command("snapshot", m.name, path)
    kept.append(path)
    if len(kept) > 20:
        kept.pop(0).unlink()


def check_digest():
    """A snapshot is taken further to a round number of pictures, where a run from power-on must be the same."""
    if not kept:
        return snapshot()
    path = rnd.choice(kept)
    name = fresh()
    command("restore", "-d", "--speed", 0.01, "--name", name, path)
    m = Machine(name, "nes", 0.01)
    machines[name] = m
    m.do("pause")
    at = m.call("status")["frames"]
    command("snapshot", name, top / "snap/now.snap")
    command("rm", "--force", name)
    end(m, False)
    to = (at // 200 + 1) * 200
    got = json.loads(command("restore", "--headless", "--frames", to - at, "--hash", "--json", top / "snap/now.snap"))
    for what in "picture", "ram", "labels":  # the digest of sound is of what was heard since the beginning of the run
        if got[what] != reference(to)[what]:
            fault(f"{path} of picture {at}: at {to} the {what} is {got[what]}, not {reference(to)[what]}")


def fork():
    m = pick(lambda m: True)
    name = fresh()
    command("fork", "--name", name, m.name)
    c = adopt(name, m.kind, FAST)
    if m.kind == "nes":
        c.check_pace()
        c.do("machine.speed", speed=m.speed)
        c.speed = m.speed
        c.pace()
        if m.paused:
            pause(c)
    stop(m)  # the copy takes its place


def stop(m=None):
    m = m or pick(lambda m: True)
    m.check_pace()
    command("stop", m.name)
    end(m, True)


def kill():
    m = pick(lambda m: True)
    note("SIGKILL", m.name, m.pid)
    counts["SIGKILL"] = counts.get("SIGKILL", 0) + 1
    os.kill(m.pid, signal.SIGKILL)
    end(m, False)


def restore():
    if not kept:
        return snapshot()
    m = pick(lambda m: role(m) == ("nes", SLOW))
    begin("nes", SLOW, rnd.choice(kept))
    stop(m)


def calculate():
    """A program that waited answers rightly."""
    m = pick(lambda m: m.kind == "c6502")
    a, b = rnd.randrange(100), rnd.randrange(100)
    before = m.call("console.log").get("text", "")
    m.do("console.send", text=f"{a}+{b}\n")
    for _ in range(500):
        said = m.call("console.log").get("text", "")[len(before):]
        if "\n" in said:
            break
        time.sleep(0.02)
    if said.split("\n")[0] != str(a + b):
        fault(f"{m.name}: {a}+{b} has the answer {said!r}")


def check_computation():
    """A program that is saved in the midst of its work comes to the same result."""
    name, path = fresh(), top / "snap/now.snap"
    command("run", "-d", "--speed", 1, "--name", name, primes)
    time.sleep(rnd.random() * 0.5)
    command("snapshot", name, path)
    command("rm", "--force", name)
    got, right = command("restore", path), reference_output()
    if got != right:
        fault(f"{path}: a computation ended with {got!r}, not {right!r}")


def reference_output():
    if "primes" not in references:
        references["primes"] = command("run", primes)
    return references["primes"]


def list_all():
    listed = {j["name"]: j for j in json.loads(command("ps", "--json"))}
    for name in set(listed) ^ set(machines):
        fault(f"ps and we differ about {name}")
    for name, m in machines.items():
        if name in listed and listed[name]["state"] != ("paused" if m.paused else "running"):
            fault(f"{name} is {listed[name]['state']}")


def pick(f):
    return rnd.choice([m for m in machines.values() if f(m)])


actions = [(swap, 8), (change_speed, 4), (snapshot, 4), (check_digest, 2), (fork, 3), (stop, 2), (kill, 3), (restore, 3),
           (calculate, 6), (check_computation, 1), (list_all, 1)]


# ---- the end ----
def check_growth():
    most = {}
    for m in machines.values():
        f = m.footprint()
        # What a guest has touched since it began is not a leak: 2 MiB of it; descriptors and threads stay as they were.
        if f["kib"] > m.first["kib"] + 2048 or f["fds"] > m.first["fds"] + 2 or f["threads"] > m.first["threads"] + 1:
            fault(f"{m.name} has grown: {m.first} -> {f}")
        most.setdefault(m.kind, []).append(f["pss"])
    return {k: sum(v) / len(v) for k, v in most.items()}


def check_logs():
    for m in machines.values():
        text = (run / "mews" / m.name / "log").read_text(errors="replace")
        text = re.sub(r"^mews: no namespaces here .*\n", "", text, flags=re.M)  # a complaint of the host, and no fault of ours
        if "mews:" in text or "Sanitizer" in text:
            fault(f"{m.name}'s log: {text[-300:]}")


def check_nothing_left():
    left = [p for p in (run / "mews").iterdir() if p.name != ".lock"]
    if left:
        fault(f"left in the run directory: {left}")
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            if f"XDG_RUNTIME_DIR={run}\0" in open(f"/proc/{p}/environ").read():
                fault(f"process {p} is left")
        except OSError:  # somebody else's, or it has just ended
            pass
    for f in (top / "snap").iterdir():
        if f not in kept and f.name != "now.snap":
            fault(f"left: {f}")
    others = {p.name for p in top.iterdir()} - {"run", "snap", "data", "config", "actions.log"}
    if others or list((top / "data").rglob("*.*")):
        fault(f"left: {others} {list((top / 'data').rglob('*.*'))}")


def main():
    t = time.monotonic()
    refill()
    print(f"soak: seed {args.seed}: {len(machines)} machines in {time.monotonic() - t:.2f} s", flush=True)
    list_all()
    still = [m for m in machines.values() if m.paused or m.kind == "c6502"]
    before, t0, c0 = [cpu(m.pid) for m in still], time.monotonic(), idle()
    for m in machines.values():
        m.check_pace()
        m.pace()
    time.sleep(5)
    took = time.monotonic() - t0
    burnt = sum(cpu(m.pid) for m in still) - sum(before)
    print(f"soak: at rest: {100 - 100 * (idle() - c0) / took / os.cpu_count():.0f} % of the host is busy; {len(still)} machines "
          f"that stand still or wait took {burnt:.2f} s of processor in {took:.1f} s", flush=True)
    if burnt > 0.002 * took * len(still):
        fault(f"machines that stand still took {burnt:.2f} s of processor")
    for m in machines.values():
        m.check_pace()
        m.first = m.footprint()
        m.pace()
    over = time.monotonic() + args.seconds
    while time.monotonic() < over and len(faults) < 20:
        rnd.choices([a for a, _ in actions], [w for _, w in actions])[0]()
        refill()
        time.sleep(rnd.random() * 0.1)
    list_all()
    for m in machines.values():
        m.check_pace()
    if paced["made"] < 0.97 * paced["wanted"]:
        fault(f"over the whole run {paced['made']} pictures of {paced['wanted']:.0f}")
    pss = check_growth()
    check_logs()
    print("soak: memory of a machine (Pss):", ", ".join(f"{k} {v:.0f} KiB" for k, v in sorted(pss.items())))
    print(f"soak: pictures: {paced['made']} of {paced['wanted']:.0f};", ", ".join(f"{v} {k}" for k, v in sorted(counts.items())))
    names = list(machines)
    for m in list(machines.values()):
        end(m, False)
    command("stop", *names)
    command("rm", *names)
    if command("ps").count("\n") != 1:
        fault("ps lists something in the end")
    check_nothing_left()


try:
    main()
except Exception as e:  # of ours or of a machine: what was done is in the log
    fault("".join(traceback.format_exception(e)))
finally:
    for m in list(machines.values()):  # only after a failure is there one
        try:
            os.kill(m.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
if faults:
    sys.exit(f"soak: {len(faults)} faults; seed {args.seed}; what was done: {top}/actions.log")
if not args.keep:
    subprocess.run(["rm", "-r", str(top)])
print("soak: nothing leaked, nothing was late, nothing is left")
