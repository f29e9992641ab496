#!/usr/bin/env python3
"""How long the debugger's ways back take, over ten million instructions of little hawk on the NES.

usage: run.py BUILD-DIRECTORY      (a release build)

Each row is a session that runs little hawk for FRAMES pictures and then asks; what the run alone takes is taken off.
Best of three."""
import json, os, subprocess, sys, time

FRAMES, ROUNDS = 1150, 3
build = sys.argv[1]
env = dict(os.environ, MEWS_MODULES=build)
hawk = f"{build}/guests/nes/hawk/hawk.nes"


def session(*commands):
    best, out = 1e9, ""
    for _ in range(ROUNDS):
        words = [w for c in (f"frames {FRAMES}", *commands) for w in ("-c", c)]
        start = time.monotonic()
        out = subprocess.run([f"{build}/mews", "debug", "-b", "--json", *words, hawk], env=env, check=True,
                             capture_output=True, text=True).stdout
        best = min(best, time.monotonic() - start)
    return best, [json.loads(line) for line in out.splitlines()]


base, out = session()
ticks = out[-1]["time"]
print(f"little hawk, {FRAMES} pictures, {ticks} cycles, {base:.2f} s to run them with rewind memory")
rows = {
    "reverse-step 1": ["reverse-step"],
    "reverse-step 10000000": ["reverse-step 10000000"],
    "reverse-continue, a breakpoint that is never hit": ["break 7fff", "reverse-continue"],
    "reverse-continue, a watch that is never hit": ["wwatch 7fff", "reverse-continue"],
    "reverse-continue, each instruction, a false condition": ["break 8000..ffff if a == 300", "reverse-continue"],
    "last-write of a byte that nothing writes": ["last-write 7fff"],
    "reverse-next": ["reverse-next"],
}
for name, commands in rows.items():
    took, out = session(*commands)
    end = out[-1]
    if name.startswith("reverse-step 1000"):
        assert end["stop"] == "stepped", end
        name += f" ({ticks - end['time']} cycles)"
    print(f"  {name:58} {max(took - base, 0):6.2f} s")
