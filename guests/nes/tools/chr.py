#!/usr/bin/env python3
"""Turns drawings in text into NES tiles and the tables that name them.

usage: chr.py ART_DIR OUT_DIR

Reads font.txt, world.txt, title.txt and sprites.txt from ART_DIR. Writes into OUT_DIR:
  world.chr, title.chr, sprites.chr  4096 bytes each: a pattern table
  art.s                        tables of blocks and metasprites for the assembler
  art.h                        their numbers for C
  art.json                     what level.py and screen.py need to know of the blocks

A tile is 8 by 8 pixels of 2 bits: eight bytes of low bits, then eight of high bits.
Equal tiles are stored once. The same input always gives the same bytes.
"""

import json
import os
import sys

TILE = 8
BANK_TILES = 256
BLOCK_FLAGS = ("air", "solid", "hard", "slope")  # as in hawk.h
FONT_FIRST = 0x20  # so that a tile's number is the ASCII code of its letter


class ArtError(Exception):
    """A drawing that cannot be converted; the text names the place."""


def sections_read(path):
    """Yield (keyword, argument, options, rows, line number) for each @section of a file."""
    current = None
    with open(path, encoding="ascii") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line.startswith("@"):
                if current:
                    yield current
                words = line[1:].split()
                argument = words[1] if len(words) > 1 else ""
                options = dict((w.split("=", 1) + [""])[:2] for w in words[2:])
                current = (words[0], argument, options, [], number)
            elif current and line and not line.startswith("# ") and line != "#":
                current[3].append(line)
    if current:
        yield current


def pixels_from(rows, where):
    """Rows of '.123' as a list of lists of numbers."""
    width = len(rows[0])
    for row in rows:
        if len(row) != width or set(row) - set(".123"):
            raise ArtError(f"{where}: '{row}' is not {width} characters of .123")
    return [[".123".index(c) for c in row] for row in rows]


def padded(pixels):
    """The drawing with width and height rounded up to whole tiles."""
    width = -(-len(pixels[0]) // TILE) * TILE
    height = -(-len(pixels) // TILE) * TILE
    rows = [row + [0] * (width - len(row)) for row in pixels]
    return rows + [[0] * width for _ in range(height - len(rows))]


def tile_cut(pixels, x, y):
    """The 16 bytes of the tile whose top left pixel is (x, y)."""
    low, high = bytearray(), bytearray()
    for row in pixels[y : y + TILE]:
        bits = row[x : x + TILE]
        low.append(sum((p & 1) << (7 - i) for i, p in enumerate(bits)))
        high.append(sum((p >> 1) << (7 - i) for i, p in enumerate(bits)))
    return bytes(low + high)


def scale2x(pixels):
    """Double a drawing and round its corners (the Scale2x rule)."""

    def at(x, y):
        if 0 <= y < len(pixels) and 0 <= x < len(pixels[0]):
            return pixels[y][x]
        return 0

    out = []
    for y in range(len(pixels)):
        upper, lower = [], []
        for x in range(len(pixels[0])):
            mid, up, left = at(x, y), at(x, y - 1), at(x - 1, y)
            right, down = at(x + 1, y), at(x, y + 1)
            if up != down and left != right:
                upper += [left if left == up else mid, right if right == up else mid]
                lower += [left if left == down else mid, right if right == down else mid]
            else:
                upper += [mid, mid]
                lower += [mid, mid]
        out += [upper, lower]
    return out


def logo_shade(ink):
    """Colour doubled lettering: light above, colour 2 below, a shadow of colour 3 beside it."""
    height, width = len(ink), len(ink[0])
    out = [[0] * (width + 2) for _ in range(height + 2)]
    for y in range(height):
        for x in range(width):
            if ink[y][x]:
                for dy, dx in ((1, 1), (2, 2), (2, 1), (1, 2)):
                    out[y + dy][x + dx] = 3
    for y in range(height):
        for x in range(width):
            if ink[y][x]:
                out[y][x] = 1 if y < height // 2 or (y == height // 2 and x % 2) else 2
    return out


class Bank:
    """One pattern table: tiles are added once and get a number."""

    def __init__(self, name):
        self.name = name
        self.tiles = [None] * BANK_TILES
        self.number = {}
        self.next = 0

    def put(self, index, data):
        self.tiles[index] = data
        self.number.setdefault(data, index)

    def add(self, data):
        if data not in self.number:
            while self.next < BANK_TILES and self.tiles[self.next] is not None:
                self.next += 1
            if self.next == BANK_TILES:
                raise ArtError(f"{self.name}: more than {BANK_TILES} different tiles")
            self.put(self.next, data)
        return self.number[data]

    def used(self):
        return sum(t is not None for t in self.tiles)

    def bytes(self):
        return b"".join(t or bytes(16) for t in self.tiles)


def font_load(bank, path):
    (_, _, _, rows, line) = next(sections_read(path))
    index = FONT_FIRST
    for band in range(0, len(rows), TILE):
        glyphs = [row.split() for row in rows[band : band + TILE]]
        if any(len(row) != 8 for row in glyphs):
            raise ArtError(f"{path}:{line}: a band of letters is not 8 by 8")
        for column in range(8):
            pixels = [[1 if c == "#" else 3 for c in row[column]] for row in glyphs]
            bank.put(index, tile_cut(pixels, 0, 0))
            index += 1


def block_tiles(bank, pixels):
    return [bank.add(tile_cut(pixels, x, y)) for y in (0, TILE) for x in (0, TILE)]


def world_load(bank, path, art):
    """Blocks and single tiles of the world; returns the blocks' drawings."""
    drawings = {}
    for keyword, name, options, rows, line in sections_read(path):
        where = f"{path}:{line}"
        if keyword == "tile":
            art["tiles"][name] = bank.add(tile_cut(pixels_from(rows, where), 0, 0))
            continue
        if "flip" in options:
            pixels = [row[::-1] for row in drawings[options["flip"]]]
        else:
            pixels = pixels_from(rows, where)
        if len(pixels) != 16 or len(pixels[0]) != 16:
            raise ArtError(f"{where}: block '{name}' is not 16 by 16")
        drawings[name] = pixels
        flags = next((n for n, word in enumerate(BLOCK_FLAGS) if word in options), 0)
        art["blocks"][name] = {
            "index": len(art["blocks"]),
            "tiles": block_tiles(bank, pixels),
            "palette": int(options["palette"]),
            "flags": flags,
        }
    return drawings


def title_load(bank, path, sprites, blocks, art):
    """The title's pictures, and what it borrows of the world's blocks (@use CHARS)."""
    for keyword, name, options, rows, line in sections_read(path):
        if keyword == "logo":
            width = max(map(len, rows))
            ink = [[int(c == "#") for c in row.ljust(width, ".")] for row in rows]
            pixels = padded(logo_shade(scale2x(ink)))
        elif keyword == "big":
            pixels = padded(scale2x(sprites[name]))
        elif keyword == "use":
            for char in name:
                art["title_blocks"][char] = block_tiles(bank, blocks[char])
            continue
        else:
            raise ArtError(f"{path}:{line}: unknown section @{keyword}")
        art["pictures"][name] = [
            [bank.add(tile_cut(pixels, x, y)) for x in range(0, len(pixels[0]), TILE)]
            for y in range(0, len(pixels), TILE)
        ]


def sprites_load(bank, path):
    """Returns the drawings and, in order, each metasprite's list of (dx, dy, tile, palette)."""
    drawings, metas = {}, {}
    for _, name, options, rows, line in sections_read(path):
        pixels = padded(pixels_from(rows, f"{path}:{line}"))
        drawings[name] = pixels
        parts = []
        for y in range(0, len(pixels), TILE):
            for x in range(0, len(pixels[0]), TILE):
                data = tile_cut(pixels, x, y)
                if any(data):
                    parts.append((x, y, bank.add(data), int(options["palette"])))
        metas[name] = parts
    return drawings, metas


def bytes_table(label, values):
    lines = [f"{label}:"]
    for i in range(0, len(values), 16):
        lines.append("        .byte " + ", ".join(f"${v:02X}" for v in values[i : i + 16]))
    return lines


def assembly_write(path, art, metas):
    blocks = list(art["blocks"].values())
    out = ["; made by chr.py from the drawings: do not edit", ""]
    out += ["        .export _block_top_left, _block_top_right, _block_bottom_left"]
    out += ["        .export _block_bottom_right, _block_palette, _block_flags"]
    out += ["        .export metasprite_low, metasprite_high", ""]
    out += ['        .segment "RODATA"', ""]
    names = ("top_left", "top_right", "bottom_left", "bottom_right")
    for i, name in enumerate(names):
        out += bytes_table(f"_block_{name}", [b["tiles"][i] for b in blocks])
    out += bytes_table("_block_palette", [b["palette"] for b in blocks])
    out += bytes_table("_block_flags", [b["flags"] for b in blocks])
    out += ["", "; a metasprite: tile, palette, dx, dy for each part; $FF ends it"]
    for name, parts in metas.items():
        flat = [v for x, y, tile, palette in parts for v in (tile, palette, x, y)]
        out += bytes_table(f"sprite_{name}", flat + [0xFF])
    for half, sign in (("low", "<"), ("high", ">")):
        out.append(f"metasprite_{half}:")
        out += [f"        .byte {sign}sprite_{name}" for name in metas]
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(out) + "\n")


def header_write(path, art, metas):
    out = ["/* made by chr.py from the drawings: do not edit */", "#ifndef ART_H", "#define ART_H", ""]
    for name, tile in art["tiles"].items():
        out.append(f"#define TILE_{name.upper()} 0x{tile:02X}")
    for index, name in enumerate(metas):
        out.append(f"#define SPRITE_{name.upper()} {index}")
    for name, parts in metas.items():
        if len(parts) == 1:
            out.append(f"#define SPRITE_TILE_{name.upper()} 0x{parts[0][2]:02X}")
    out += ["", "#endif"]
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(out) + "\n")


def main(art_dir, out_dir):
    art = {"tiles": {}, "blocks": {}, "pictures": {}, "title_blocks": {}}
    world, title, sprites = Bank("world"), Bank("title"), Bank("sprites")
    font_load(world, os.path.join(art_dir, "font.txt"))
    font_load(title, os.path.join(art_dir, "font.txt"))
    drawings, metas = sprites_load(sprites, os.path.join(art_dir, "sprites.txt"))
    blocks = world_load(world, os.path.join(art_dir, "world.txt"), art)
    title_load(title, os.path.join(art_dir, "title.txt"), drawings, blocks, art)
    os.makedirs(out_dir, exist_ok=True)
    for bank in (world, title, sprites):
        with open(os.path.join(out_dir, bank.name + ".chr"), "wb") as file:
            file.write(bank.bytes())
        print(f"chr.py: {bank.name}: {bank.used()} of {BANK_TILES} tiles")
    assembly_write(os.path.join(out_dir, "art.s"), art, metas)
    header_write(os.path.join(out_dir, "art.h"), art, metas)
    with open(os.path.join(out_dir, "art.json"), "w", encoding="ascii") as file:
        json.dump(art, file, indent=1)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(sys.argv[1], sys.argv[2])
    except ArtError as error:
        sys.exit(f"chr.py: {error}")
