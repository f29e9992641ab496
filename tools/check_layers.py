#!/usr/bin/env python3
"""Fails when a C file includes a room that tools/layers.txt does not allow to its place.

A quoted include names a header of ours by its path from src/ or include/, so its first part is the room; helpers of
tests and fuzz targets are named from the root ("tests/mach/bench.h").
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')


def read_layers():
    layers = {}
    for line in (ROOT / "tools/layers.txt").read_text().splitlines():
        place, colon, rooms = line.split("#")[0].partition(":")
        if colon:
            layers[tuple(place.strip().split("/"))] = set(rooms.split())
    return layers


def check_include(parts, allowed, header):
    """Says what is wrong with `header` in the file at `parts` (its path from the root), or None."""
    room, *below = header.split("/")
    if not below:
        return f'"{header}" is not a path from src/ or include/'
    if not any((ROOT / top / header).is_file() for top in ("src", "include", "." if room in ("tests", "fuzz") else "src")):
        return f'"{header}" does not exist'
    own = parts[1] if parts[0] == "src" else None
    if room != own and room not in allowed:
        return f"{'/'.join(parts[:2])} may not include {header}"
    if room == own == "kinds" and len(below) > 1 and len(parts) > 3 and below[0] != parts[2]:
        return f"one kind may not include another: {header}"
    return None


def main():
    layers = read_layers()
    bad = files = 0
    for top in sorted({place[0] for place in layers}):
        for path in sorted((ROOT / top).rglob("*.[ch]")):
            name = path.relative_to(ROOT)
            place = max((p for p in layers if name.parts[: len(p)] == p), key=len, default=None)
            files += 1
            if place is None:
                print(f"{name}: its room is not in tools/layers.txt")
                bad += 1
                continue
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                match = INCLUDE.match(line)
                wrong = match and check_include(name.parts, layers[place], match[1])
                if wrong:
                    print(f"{name}:{number}: {wrong}")
                    bad += 1
    print(f"{files} files, {bad} wrong")
    return bad != 0


sys.exit(main())
