#!/usr/bin/env python3
"""Writes src/kinds/nes/chips/vrc7_tables.h: the two ROMs of Yamaha's FM chips, from their formulas."""
import math


def rows(name, values):
    print(f"static const u16 {name}[256] = {{")
    for i in range(0, 256, 16):
        print("    " + ", ".join(str(v) for v in values[i:i + 16]) + ",")
    print("};")


print("/* Made by tools/make_fm_tables.py. */")
print("/* clang-format off */")
print("/* A quarter of a sine as attenuation, 256 to the octave: -256 log2 sin. */")
rows("log_sine", [round(-256 * math.log2(math.sin((i + 0.5) * math.pi / 512))) for i in range(256)])
print("/* And back: 1024 * 2^-(i/256), from the highest to the lowest. */")
rows("power", [round(1024 * 2 ** ((255 - i) / 256)) for i in range(256)])
print("/* clang-format on */")
