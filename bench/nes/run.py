"""NES: frames per CPU second beside other programs; see run.sh.

Programs take turns in every round, so that what else the machine does falls on all of them alike. A figure is the median
over the rounds; the ratio is the median of the rounds' own ratios to Nestopia. Measured is the CPU time, user and
system, of the whole process with its threads and children, never the time on the wall. All get the same
buttons but MAME, which gets none; mews and Nestopia make picture and sound, FCEUX a picture, MAME neither.
"""
import argparse
import glob
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile

BUILD = os.environ.get("MEWS_BUILD", "build/release")
MEWS = os.path.abspath(BUILD + "/mews")
FRONT = os.path.abspath(BUILD + "/bench/front")
CORE = os.path.abspath(BUILD + "/mews_libretro.so")
RESULT = "bench/results/nes.txt"
BASE = "nestopia"
NTSC_FPS = 60.0988
os.environ["PATH"] += ":/usr/games"

# Start twice, then right with a jump now and then: what a person would do with a game of unknown rules.
PRESSES = [(60, "Start", 6), (180, "Start", 6), (240, "Right", 100000)]
PRESSES += [(n, "A", 24) for n in range(300, 300 + 50 * 110, 110)]


def run(command, **more):
    """Runs it and returns its standard output; says what it said if it failed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    if done.returncode:
        sys.exit("%s: status %d\n%s" % (" ".join(command), done.returncode, done.stderr[-2000:]))
    return done.stdout


def package_version(name):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    return done.stdout if not done.returncode else None


def nestopia_core():
    if not package_version("libretro-nestopia"):
        return None
    listed = run(["dpkg", "-L", "libretro-nestopia"]).split()
    return next(f for f in listed if f.endswith("_libretro.so"))


def texts(presses):
    return ["%d:%s:%d" % p for p in presses]


# ---- one measurement each: frames per CPU second -----------------------------------------------------------------

def front_core(core):
    def measure(game, frames):
        seconds = float(run([FRONT, core, game, str(frames)] + texts(PRESSES)).split()[0])
        return frames / seconds
    return measure


def mews_run(game, frames):
    presses = [word for text in texts(PRESSES) for word in ("--press", text)]
    command = [FRONT, "--", MEWS, "run", "--headless", "--frames", str(frames)] + presses + [game]
    return frames / float(run(command).split()[0])


FCEUX_SCRIPT = """
emu.speedmode("maximum")
local presses, out = { %s }, "%s"
local function frames(from, to)
    for n = from, to - 1 do
        local held = {}
        for _, p in ipairs(presses) do
            if n >= p[1] and n < p[1] + p[3] then held[p[2]] = true end
        end
        joypad.set(1, held)
        emu.frameadvance()
    end
end
frames(0, 60) -- the window is there by then
local start = os.clock() -- CPU time of all threads
frames(60, %d)
local f = io.open(out, "w")
f:write(os.clock() - start)
f:close()
os.exit(0)
"""


def fceux(game, frames):
    lua_names = {"A": "A", "Start": "start", "Right": "right"}
    presses = ", ".join('{ %d, "%s", %d }' % (n, lua_names[b], count) for n, b, count in PRESSES)
    with tempfile.TemporaryDirectory() as directory:
        script, out = directory + "/bench.lua", directory + "/seconds"
        with open(script, "w", encoding="ascii") as f:
            f.write(FCEUX_SCRIPT % (presses, out, 60 + frames))
        env = dict(os.environ, SDL_AUDIODRIVER="dummy", HOME=directory)
        subprocess.run(["xvfb-run", "-a", "-s", "-screen 0 800x600x24", "fceux", "--sound", "0", "--loadlua", script,
                        os.path.abspath(game)], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=240, check=False)
        with open(out, encoding="ascii") as f:
            return frames / float(f.read())


def mame(game, frames):
    def seconds(emulated):
        with tempfile.TemporaryDirectory() as directory:
            command = [FRONT, "--", "mame", "nes", "-cart", os.path.abspath(game), "-bench", str(emulated),
                       "-skip_gameinfo"]
            return float(run(command, cwd=directory).split()[0])
    emulated = max(1, round(frames / NTSC_FPS))
    return emulated * NTSC_FPS / (seconds(emulated + 5) - seconds(5))


def programs(only):
    """Name, version, function; the absent ones are left out and named."""
    mews_version = run([MEWS, "version"]).split()[-1]
    core = nestopia_core()
    rows = [
        (BASE, package_version("libretro-nestopia"), core and front_core(core)),
        ("mews run", mews_version, mews_run),
        ("mews libretro", mews_version, front_core(CORE) if os.path.exists(CORE) else None),
        ("fceux", package_version("fceux"), fceux if package_version("xvfb") else None),
        ("mame", package_version("mame"), mame),
    ]
    if only:
        rows = [r for r in rows if r[0] in only.split(",") or r[0] == BASE]
    for name, version, function in rows:
        if not version or not function:
            print("not here, left out: %s" % name, file=sys.stderr)
    return [r for r in rows if r[1] and r[2]]


# ---- rounds ------------------------------------------------------------------------------------------------------

def measure(game, rows, rounds, frames):
    """{name: [frames per CPU second of each round]}; the slow ones sit out every other round."""
    got = {name: [] for name, _, _ in rows}
    for i in range(rounds):
        for name, _, function in rows:
            slow = name in ("fceux", "mame")
            if slow and i % 2:
                got[name].append(None)
                continue
            try:
                got[name].append(function(game, frames // 2 if slow else frames))
            except (OSError, ValueError, subprocess.TimeoutExpired) as e:
                sys.exit("%s on %s: %s" % (name, game, e))
    return got


def table(game, got, rows):
    lines = ["%s" % os.path.basename(game),
             "  %-14s %12s %8s   %s" % ("", "frames/CPU s", "ratio", "rounds")]
    for name, _, _ in rows:
        values = [v for v in got[name] if v]
        ratio = "-"
        if got.get(BASE):
            ratio = "%.2f" % statistics.median(v / b for v, b in zip(got[name], got[BASE]) if v)
        lines.append("  %-14s %12.0f %8s   %s" %
                     (name, statistics.median(values), ratio, " ".join("%.0f" % v for v in values)))
    return lines


def size_and_start(game, rounds):
    """Resident size of a headless run, and CPU time of two commands that do next to nothing."""
    lines = []
    command = [FRONT, "--", MEWS, "run", "--headless", "--frames", "600", game]
    peak = max(int(run(command).split()[1]) for _ in range(3))
    lines.append("mews run --headless --frames 600: %.1f MiB resident at its peak" % (peak / 1024))
    for words in (["version"], ["kinds"]):
        times = [float(run([FRONT, "--", MEWS] + words).split()[0]) for _ in range(4 * rounds)]
        lines.append("mews %s: %.1f ms of CPU from start to end" % (" ".join(words), 1000 * statistics.median(times)))
    return lines


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        found = re.search(r"model name\s*: (.*)", f.read())
        model = found.group(1) if found else model
    compiler = run(["cc", "--version"]).splitlines()[0]
    return "%s, %d processors, %s" % (model, os.cpu_count(), compiler)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--frames", type=int, default=3000)
    p.add_argument("--only", help="these rows, and Nestopia")
    a = p.parse_args()
    rows = programs(a.only)
    # Games are in a folder of their own name; test cartridges are no games.
    games = [g for g in sorted(glob.glob(BUILD + "/guests/nes/*/*.nes"))
             if os.path.basename(g) == os.path.basename(os.path.dirname(g)) + ".nes"]
    if "MEWS_TESTDATA" in os.environ:
        games += sorted(glob.glob(os.environ["MEWS_TESTDATA"] + "/nes/games/*.nes"))
    lines = [machine(), ", ".join("%s %s" % r[:2] for r in rows),
             "%d rounds of %d frames; ratio to %s, higher is faster" % (a.rounds, a.frames, BASE), ""]
    for game in games:
        lines += table(game, measure(game, rows, a.rounds, a.frames), rows) + [""]
    lines += size_and_start(games[0], a.rounds)
    print("\n".join(lines))
    if not a.only and a.rounds >= p.get_default("rounds"): # a trial is not kept
        os.makedirs(os.path.dirname(RESULT), exist_ok=True)
        with open(RESULT, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
