"""NES: how many of AccuracyCoin's tests pass in mews and in the other programs that are here; see run.sh.

The ROM is $MEWS_TESTDATA/nes/AccuracyCoin/AccuracyCoin.nes. Every program gets the same: Start in frame 120, RAM read after
6,000 frames. The result is kept in bench/results.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.append("tests/conformance/nes")
from accuracycoin import verdicts
from run import CORE, FRONT, MEWS, machine, nestopia_core, package_version, run

FRAMES = 6000
START, HELD = 120, 6
RESULT = "bench/results/nes-conformance.txt"


def front_core(core):
    def ram(rom, out):
        run([FRONT, core, rom, str(FRAMES), "%d:Start:%d" % (START, HELD), "ram>" + out])
        return pathlib.Path(out).read_bytes()
    return ram


def mews_run(rom, out):
    run([MEWS, "run", "--headless", "--frames", str(FRAMES), "--press", "%d:Start:%d" % (START, HELD), "--report", out,
         rom])
    return bytes.fromhex(json.loads(pathlib.Path(out).read_text(encoding="utf-8"))["ram"])


FCEUX_SCRIPT = """
emu.speedmode("maximum")
for n = 0, %d - 1 do
    joypad.set(1, n >= %d and n < %d and { start = true } or {})
    emu.frameadvance()
end
local f = io.open("%s", "wb")
for a = 0, 2047 do f:write(string.char(memory.readbyte(a))) end
f:close()
os.exit(0)
"""


def fceux(*options):
    def ram(rom, out):
        script = out + ".lua"
        with open(script, "w", encoding="ascii") as f:
            f.write(FCEUX_SCRIPT % (FRAMES, START, START + HELD, out))
        env = dict(os.environ, SDL_AUDIODRIVER="dummy", HOME=os.path.dirname(out))
        subprocess.run(["xvfb-run", "-a", "-s", "-screen 0 800x600x24", "fceux", "--sound", "0", *options, "--loadlua",
                        script, rom], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=500,
                       check=False)
        return pathlib.Path(out).read_bytes()
    return ram


MAME_SCRIPT = """
local n = 0
local start
for _, port in pairs(manager.machine.ioport.ports) do
    for name, field in pairs(port.fields) do
        if name:match("Start") and field.player == 0 then start = field end
    end
end
emu.register_frame_done(function()
    if n == %d then start:set_value(1) elseif n == %d then start:set_value(0) end
    n = n + 1
    if n < %d then return end
    local space = manager.machine.devices[":maincpu"].spaces["program"]
    local f = io.open("%s", "wb")
    for a = 0, 2047 do f:write(string.char(space:read_u8(a))) end
    f:close()
    manager.machine:exit()
end)
"""


def mame(rom, out):
    script = out + ".lua"
    with open(script, "w", encoding="ascii") as f:
        f.write(MAME_SCRIPT % (START, START + HELD, FRAMES, out))
    subprocess.run(["mame", "nes", "-cart", rom, "-video", "none", "-sound", "none", "-nothrottle", "-skip_gameinfo",
                    "-autoboot_delay", "0", "-autoboot_script", script], cwd=os.path.dirname(out),
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=500, check=False)
    return pathlib.Path(out).read_bytes()


def programs():
    version = run([MEWS, "version"]).split()[-1]
    nestopia, has_fceux = nestopia_core(), package_version("xvfb")
    rows = [
        ("mews run", version, mews_run),
        ("mews libretro", version, front_core(CORE)),
        ("nestopia", package_version("libretro-nestopia"), nestopia and front_core(nestopia)),
        ("fceux --newppu 1", package_version("fceux"), has_fceux and fceux("--newppu", "1")),
        ("fceux", package_version("fceux"), has_fceux and fceux()),
        ("mame", package_version("mame"), mame),
    ]
    for name, there, function in rows:
        if not there or not function:
            print("not here, left out: %s" % name, file=sys.stderr)
    return [r for r in rows if r[1] and r[2]]


def main():
    data = os.environ.get("MEWS_TESTDATA")
    if not data:
        print("skipped: MEWS_TESTDATA does not name the public test suites")
        sys.exit(77)
    folder = pathlib.Path(data).resolve() / "nes"
    rom = str(folder / "AccuracyCoin" / "AccuracyCoin.nes")
    lines = []
    for name, version, function in programs():
        with tempfile.TemporaryDirectory() as directory:
            ram = function(rom, directory + "/ram")
        tests, bad = verdicts(ram, folder)
        lines.append("  %-18s %4d   %s" % (name, tests - len(bad), version))
        print(lines[-1], flush=True)
    with open(RESULT, "w", encoding="utf-8") as f:
        f.write("\n".join([machine(), "AccuracyCoin, %d tests: passed" % tests, ""] + lines) + "\n")


if __name__ == "__main__":
    main()
