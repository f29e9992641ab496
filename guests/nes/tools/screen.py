#!/usr/bin/env python3
"""Packs whole screens (name table and attributes) by run lengths.

usage: screen.py ART_JSON SCREENS_TXT OUT_S

A screen is drawn as 15 rows of 16 blocks, then dressed:
  @screen NAME bank=world|title    begins one; rows of blocks follow
  @picture NAME X Y PALETTE        puts a picture of title.txt at tile (X, Y)
  @text X Y STRING                 writes letters from tile (X, Y)
  @fill X Y WIDTH HEIGHT TILE      fills with a named tile, or "space", in palette 0
Packed form: 0 ends; 1..127 repeats the next byte so often; 128+n is followed by n plain bytes.
"""

import json
import sys

WIDTH, HEIGHT = 32, 30


class Screen:
    def __init__(self, art, bank):
        self.art = art
        self.bank = bank
        self.tiles = [[0] * WIDTH for _ in range(HEIGHT)]
        self.palettes = [[0] * 16 for _ in range(16)]
        self.rows = 0

    def block_row(self, row):
        for x, char in enumerate(row):
            block = self.art["blocks"][char]
            tiles = block["tiles"] if self.bank == "world" else self.art["title_blocks"][char]
            for i, tile in enumerate(tiles):
                self.tiles[self.rows * 2 + i // 2][x * 2 + i % 2] = tile
            self.palettes[self.rows][x] = block["palette"]
        self.rows += 1

    def picture(self, name, x, y, palette):
        for dy, row in enumerate(self.art["pictures"][name]):
            for dx, tile in enumerate(row):
                self.tiles[y + dy][x + dx] = tile
                self.palettes[(y + dy) // 2][(x + dx) // 2] = palette

    def text(self, x, y, string):
        for i, char in enumerate(string):
            self.tiles[y][x + i] = ord(char)

    def fill(self, x, y, width, height, tile):
        for row in self.tiles[y : y + height]:
            row[x : x + width] = [tile] * width
        for row in self.palettes[y // 2 : (y + height) // 2]:
            row[x // 2 : (x + width) // 2] = [0] * (width // 2)

    def bytes(self):
        """The 1024 bytes of the name table: tiles, then two bits of palette for each block."""
        out = [tile for row in self.tiles for tile in row]
        for y in range(0, 16, 2):
            for x in range(0, 16, 2):
                quad = [self.palettes[y + i // 2][x + i % 2] for i in range(4)]
                out.append(sum(p << (2 * i) for i, p in enumerate(quad)))
        return out


def pack(data):
    out, plain, i = [], [], 0

    def flush():
        while plain:
            part = plain[:127]
            del plain[:127]
            out.extend([128 + len(part)] + part)

    while i < len(data):
        run = 1
        while i + run < len(data) and run < 127 and data[i + run] == data[i]:
            run += 1
        if run >= 3:
            flush()
            out.extend([run, data[i]])
            i += run
        else:
            plain.append(data[i])
            i += 1
    flush()
    return out + [0]


def screens_read(art, path):
    screens = {}
    with open(path, encoding="ascii") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            words = line.split()
            if not words or line.startswith("# "):
                continue
            if words[0] == "@screen":
                screen = screens[words[1]] = Screen(art, words[2].split("=")[1])
            elif words[0] == "@picture":
                screen.picture(words[1], *map(int, words[2:5]))
            elif words[0] == "@text":
                screen.text(int(words[1]), int(words[2]), line.split(" ", 3)[3])
            elif words[0] == "@fill":
                tile = ord(" ") if words[5] == "space" else art["tiles"][words[5]]
                screen.fill(*map(int, words[1:5]), tile)
            elif len(line) == 16:
                screen.block_row(line)
            else:
                sys.exit(f"{path}:{number}: '{line}' is neither 16 blocks nor a known word")
    return screens


def main(json_path, screens_path, out_path):
    with open(json_path, encoding="ascii") as file:
        art = json.load(file)
    out = ["; made by screen.py from screens.txt: do not edit", "", '        .segment "RODATA"']
    for name, screen in screens_read(art, screens_path).items():
        data = pack(screen.bytes())
        print(f"screen.py: {name}: {len(data)} bytes")
        out += ["", f"        .export _screen_{name}", f"_screen_{name}:"]
        for i in range(0, len(data), 16):
            out.append("        .byte " + ", ".join(f"${v:02X}" for v in data[i : i + 16]))
    with open(out_path, "w", encoding="ascii") as file:
        file.write("\n".join(out) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
