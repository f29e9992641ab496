#!/usr/bin/env python3
"""Makes a test cartridge of a header and one bank of 8 KiB, or the font that goes into it.

usage: banks.py font FONT.txt OUT.bin
       banks.py rom FONT.txt LINKED.bin OUT.nes

Every bank of program ROM is a copy of the one, with its own number in the first byte. Every KiB of pattern ROM begins
with its number in two bytes; the rest shows the letters where their ASCII codes are."""
import sys


def font_read(path):
    """64 characters from the blank on, eight to a band, as eight bytes each."""
    rows = [l.split() for l in open(path) if l[0] in ".#" and len(l.split()) == 8]
    assert len(rows) == 64, f"{path}: {len(rows)} rows of eight characters, not 64"
    glyphs = []
    for band in range(8):
        for column in range(8):
            glyphs.append(bytes(int(rows[band * 8 + y][column].replace("#", "1").replace(".", "0"), 2)
                                for y in range(8)))
    return glyphs


def tiles_page(number, glyphs):
    """64 tiles: a quarter of a pattern table."""
    page = bytearray(1024)
    for tile in range(64):
        code = (number & 3) * 64 + tile
        if 32 <= code < 96:
            page[tile * 16:tile * 16 + 8] = glyphs[code - 32]
    page[0:2] = number.to_bytes(2, "little")
    return page


def rom_make(font, linked):
    header, bank = linked[:16], bytearray(linked[16:])
    assert len(bank) == 8192, f"a bank of {len(bank)} bytes"
    out = bytearray(header)
    for number in range(header[4] * 2):
        bank[0] = number
        out += bank
    for number in range(header[5] * 8):
        out += tiles_page(number, font)
    return out


def main():
    what, font, *rest = sys.argv[1:]
    glyphs = font_read(font)
    out = b"".join(glyphs) if what == "font" else rom_make(glyphs, open(rest[0], "rb").read())
    open(rest[-1], "wb").write(out)


main()
