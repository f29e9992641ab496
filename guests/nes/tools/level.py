#!/usr/bin/env python3
"""Packs the drawn level into the tables that the game streams.

usage: level.py ART_JSON LEVEL_TXT OUT_S

The level is a run of columns, ten blocks high. Equal columns are kept once; the run is stored as pairs
(repeat count, column number), ended by a count of zero; level_end is where the camera stops. The actors are a list in
order of columns: (column, kind << 4 | row), ended by column $FF. The top three rows of the drawing hold only actors.
"""

import json
import sys

ACTOR_KINDS = "@%!+"  # numbered from 1, as in hawk.h
ACTOR_ROWS = 3
BLOCK_ROWS = 10
SCREEN_COLUMNS = 16


def level_read(path):
    """The drawing as a list of columns, each a string from top to bottom."""
    columns, strip = [], []
    with open(path, encoding="ascii") as file:
        lines = [line.rstrip("\n") for line in file if not line.startswith("# ")]
    for number, line in enumerate(lines + [""], 1):
        if line:
            strip.append(line)
        elif strip:
            if len(strip) != ACTOR_ROWS + BLOCK_ROWS or len(set(map(len, strip))) != 1:
                sys.exit(f"{path}: the strip before line {number} is not {ACTOR_ROWS + BLOCK_ROWS} equal rows")
            columns += ["".join(column) for column in zip(*strip)]
            strip = []
    if len(columns) > 254:
        sys.exit(f"{path}: {len(columns)} columns; there may be 254")
    return columns


def level_pack(columns, blocks, path):
    """Returns (unique columns as block numbers, run pairs, actors)."""
    unique, runs, actors = [], [], []
    for x, column in enumerate(columns):
        for y, char in enumerate(column):
            if char in ACTOR_KINDS:
                actors.append((x, (ACTOR_KINDS.index(char) + 1) << 4 | y))
        body = ["." if c in ACTOR_KINDS else c for c in column]
        if set(body[:ACTOR_ROWS]) != {"."}:
            sys.exit(f"{path}: column {x}: a block stands in the band of the clouds")
        unknown = set(body) - set(blocks)
        if unknown:
            sys.exit(f"{path}: column {x}: no block '{min(unknown)}'")
        # The first row shares its attribute bytes with the clouds above it.
        if blocks[body[ACTOR_ROWS]]["palette"] != 0:
            sys.exit(f"{path}: column {x}: the top block must use palette 0")
        packed = [blocks[c]["index"] for c in body[ACTOR_ROWS:]]
        if packed not in unique:
            unique.append(packed)
        number = unique.index(packed)
        if runs and runs[-1][1] == number:
            runs[-1][0] += 1
        else:
            runs.append([1, number])
    return unique, runs, actors


def table(label, values, width):
    out = [f"{label}:"]
    for i in range(0, len(values), width):
        out.append("        .byte " + ", ".join(f"${v:02X}" for v in values[i : i + width]))
    return out


def main(json_path, level_path, out_path):
    with open(json_path, encoding="ascii") as file:
        blocks = json.load(file)["blocks"]
    columns = level_read(level_path)
    unique, runs, actors = level_pack(columns, blocks, level_path)
    out = ["; made by level.py from level.txt: do not edit", ""]
    out += ["        .export _level_runs, _level_actors, _level_end, _level_column", ""]
    out += ['        .segment "RODATA"', ""]
    out.append(f"_level_end: .word {16 * (len(columns) - SCREEN_COLUMNS)}")
    out += table("_level_runs", [v for run in runs for v in run] + [0], 16)
    out += table("_level_actors", [v for actor in actors for v in actor] + [0xFF], 16)
    out += table("columns", [v for column in unique for v in column], BLOCK_ROWS)
    out.append("_level_column:")
    out += [f"        .addr columns + {BLOCK_ROWS * i}" for i in range(len(unique))]
    with open(out_path, "w", encoding="ascii") as file:
        file.write("\n".join(out) + "\n")
    size = len(unique) * (BLOCK_ROWS + 2) + 2 * len(runs) + 2 * len(actors)
    print(f"level.py: {len(columns)} columns, {len(unique)} different, {len(actors)} actors, {size} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
