#!/usr/bin/env python3
"""Writes src/kinds/nes/synth_kernel.h: the band-limited impulses of synth.c."""
import math

PHASES, TAPS, CUTOFF, UNIT = 32, 16, 0.45, 4096


def impulse(phase):
    centre = TAPS / 2 - 1 + phase / PHASES
    row = []
    for i in range(TAPS):
        x = i - centre
        sinc = 2 * CUTOFF if x == 0 else math.sin(2 * math.pi * CUTOFF * x) / (math.pi * x)
        w = (x / (TAPS / 2) + 1) / 2
        window = 0.42 - 0.5 * math.cos(2 * math.pi * w) + 0.08 * math.cos(4 * math.pi * w) if 0 < w < 1 else 0
        row.append(sinc * window)
    total = sum(row)
    row = [round(v * UNIT / total) for v in row]
    row[TAPS // 2 - 1] += UNIT - sum(row)
    return row


print("/* Made by tools/make_kernel.py. */")
print("/* clang-format off */")
for phase in range(PHASES):
    print("{ " + ", ".join(str(v) for v in impulse(phase)) + " },")
print("/* clang-format on */")
