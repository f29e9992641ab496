#!/usr/bin/env python3
"""What recording and verifying cost: the same work plain, with rewind memory, recorded, replayed and verified, in turns;
then how long it takes to go to moments of the past.

usage: run.py [--rounds N] [--build DIR]     prints a table: medians of CPU seconds, and their ratios to the plain run
"""
import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

WORK = [
    # name, what is run, options of a run, what a replay wants
    ("Little Hawk, 6000 pictures", "nes/hawk/hawk.nes",
     ["--headless", "--frames", "6000", "--press", "70:Start:3", "--press", "150:Right:4000", "--press", "300:A:40"],
     ["--headless"]),
    ("a 6502v program that only computes", "bench/compute.hk", [], []),
]


def seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path(os.environ.get("MEWS_BUILD", "build/release")))
    o = parser.parse_args()
    mews = str(o.build / "mews")
    cpu = [l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")]
    version = subprocess.run([mews, "version"], check=True, capture_output=True, text=True).stdout.split("\n")[0]
    print(f"{cpu[0]}, {len(cpu)} processors; {version}; {o.rounds} rounds of CPU seconds, medians; a ratio is that of a round\n")
    with tempfile.TemporaryDirectory() as tmp:
        for name, thing, options, replay in WORK:
            path = str(o.build / "guests" / thing)
            if thing.startswith("bench/"):
                path = compute(o.build, tmp)
            recording = f"{tmp}/a.rec"
            ways = {
                "plain": [mews, "run", *options, path],
                "rewind memory": [mews, "run", "--rewind-memory", "64M", *options, path],
                "recorded": [mews, "run", "--record", recording, *options, path],
                "replayed": [mews, "replay", *replay, recording],
                "verified": [mews, "replay", *replay, "--verify", recording],
            }
            times = {way: [] for way in ways}
            for _ in range(o.rounds):
                for way, command in ways.items():
                    times[way].append(seconds(command))
            plain = statistics.median(times["plain"])
            print(f"{name}; the recording has {os.path.getsize(recording)} bytes")
            for way, list_ in times.items():
                ratios = [t / p for t, p in zip(list_, times["plain"])]
                print(f"  {way:14} {statistics.median(list_):7.3f} s   {statistics.median(ratios):5.2f} of plain   "
                      f"(rounds: {' '.join(f'{t:.2f}' for t in list_)})")
            assert plain > 0
            print(flush=True)
    print("Going to moments of Little Hawk's past (bench/replay/measure.c):")
    subprocess.run([o.build / "bench/replay/measure", o.build / "guests/nes/hawk/hawk.nes", "6000"], check=True)


def compute(build, tmp):
    """A program that computes for a while: the sum of 20 million steps of a counter, in assembly."""
    source = pathlib.Path(__file__).resolve().parents[2] / "guests" / "c6502"
    asm = pathlib.Path(tmp) / "compute.asm"
    asm.write_text("""        .include "6502v.inc"
.segment "HEADER"
        .byte "HKNS"
.segment "VECTORS"
        .addr irq, reset, irq
.segment "CODE"
reset:  cld
        ldx #0
        ldy #0
        lda #250
        sta $12
loop:   clc
        lda $10
        adc $11
        sta $10
        eor table,x
        sta $11
        sta $0400,x
        inx
        bne loop
        iny
        bne loop
        dec $12
        bne loop
        lda #0
        vmcall EXIT
irq:    rti
table:  .res 256, $a5
""")
    objects = f"{tmp}/compute.o"
    subprocess.run(["ca65", "-I", source / "include", "-o", objects, asm], check=True)
    subprocess.run(["ld65", "-C", source / "asm.cfg", "-o", f"{tmp}/compute.hk", objects], check=True)
    return f"{tmp}/compute.hk"


if __name__ == "__main__":
    main()
