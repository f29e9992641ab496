#!/usr/bin/env python3
"""Reads a snapshot by docs/formats/snapshot.md alone, and compares it with what `mews inspect --json` says of it.

usage: read_snapshot.py FILE >MEMORY      the bytes of all its memories, of a flat image, go to standard output
"""
import json, subprocess, sys

PAGE = 4096


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        assert self.at + n <= len(self.data), "cut short"
        self.at += n
        return self.data[self.at - n : self.at]

    def number(self, n):
        return int.from_bytes(self.take(n), "little")

    def text(self, n=2):
        return self.take(self.number(n)).decode()

    def done(self):
        return self.at == len(self.data)


def header(data):
    r = Reader(data)
    assert r.take(8) == b"\x89MEWS\r\n\x1a"
    h = {"version": r.number(4), "flags": r.number(4), "bytes": r.number(8), "manifest": (r.number(8), r.number(8))}
    h["digest"], h["base"], h["stands_for"] = r.take(16).hex(), r.take(16).hex(), r.take(16).hex()
    assert h["version"] == 1 and h["bytes"] == len(data) and h["flags"] in (0, 1, 2, 3)
    return h


def sections(data):
    r, found = Reader(data), {}
    while not r.done():
        name, zero, length = r.take(4).decode(), r.number(4), r.number(8)
        assert zero == 0 and name not in found
        found[name] = r.take(length)
        assert not any(r.take(-length % 8))
    return found


def recipe(data):
    r = Reader(data)
    made = {"kind": r.text(4), "name": r.text(4), "board": r.text(4)}
    made["settings"] = [(r.text(4), r.text(4)) for _ in range(r.number(4))]
    made["arguments"] = [r.text(4) for _ in range(r.number(4))]
    made["image"] = r.take(r.number(8))
    assert r.done()
    return made


TYPES = ["bool", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "enum", "group"]
BYTES = {"bool": 1, "enum": 1} | {f"{s}{b}": b // 8 for s in "us" for b in (8, 16, 32, 64)}


def table(r):
    name, version, fields = r.text(), r.number(4), []
    for _ in range(r.number(4)):
        f = {"name": r.text(), "type": TYPES[r.number(1)], "role": r.number(1), "count": r.number(4)}
        f["group"], f["values"] = r.number(4), r.text().split()
        fields.append(f)
    return {"name": name, "version": version, "fields": fields}


def value(r, f):
    raw = r.take(BYTES[f["type"]])
    if f["type"] == "bool":
        return bool(raw[0] & 1)
    if f["type"] == "enum":
        return f["values"][raw[0]] if raw[0] < len(f["values"]) else raw[0]
    return int.from_bytes(raw, "little", signed=f["type"][0] == "s")


def values(r, tables, number, path, out):
    for f in tables[number]["fields"]:
        name = f"{path}.{f['name']}" if path else f["name"]
        if f["type"] == "group":
            for k in range(f["count"]):
                values(r, tables, f["group"], f"{name}[{k}]" if f["count"] > 1 else name, out)
        else:
            all_of_them = [value(r, f) for _ in range(f["count"])]
            out[name] = all_of_them if f["count"] > 1 else all_of_them[0]


def state(data):
    r, out, paths = Reader(data), {}, []
    tables = [table(r) for _ in range(r.number(4))]
    for _ in range(r.number(4)):
        role, name, parent, number = r.take(1), r.text(), r.number(4), r.number(4)
        # The root of the machine's parts has no name in a path.
        path = (f"{paths[parent - 1]}.{name}" if paths[parent - 1] else name) if parent else "" if role == b"c" else name
        paths.append(path)
        own = Reader(r.take(r.number(4)))
        if number:
            values(own, tables, number - 1, path, out)
        assert own.done()
    assert r.done()
    return out


def events(data, out):
    r = Reader(data)
    for _ in range(r.number(4)):
        out[f"events.{r.text()}"] = r.number(8)
    assert r.done()


def memories(data):
    r = Reader(data)
    names = ("bytes", "base", "place", "table", "records", "sum", "stored")
    found = [{"name": r.text()} | {n: r.number(8) for n in names} for _ in range(r.number(4))]
    assert r.done()
    return found


def memory(file, m):
    """Its bytes, and that nothing but its records has any."""
    r, flat = Reader(file[m["table"] : m["table"] + 32 * m["records"]]), file[m["place"] : m["place"] + m["bytes"]]
    built = bytearray(m["bytes"])
    for _ in range(m["records"]):
        first, offset, size, stored = r.number(8), r.number(8), r.number(4), r.number(4)
        r.take(8)
        assert first % PAGE == 0 and size == stored <= 256 << 10 and offset == m["place"] + first
        built[first : first + size] = file[offset : offset + stored]
    assert m["place"] % PAGE == 0 and built == flat
    return flat


def main(path):
    file = open(path, "rb").read()
    h = header(file)
    at, length = h["manifest"]
    assert at + length == len(file)
    found = sections(file[at:])
    said = json.loads(subprocess.run(["mews", "inspect", "--json", path], check=True, capture_output=True).stdout)
    info = Reader(found["info"])
    for word in ("program", "kind", "board", "name"):
        assert info.text() == said[word], word
    assert abs(info.number(8) / info.number(8) - said["hz"]) < 1e-6 and info.done()
    assert h["digest"] == said["digest"] and h["bytes"] == said["bytes"]
    made = recipe(found["make"])
    assert made["kind"] == said["kind"] and made["name"] == said["name"] and made["image"]
    read = state(found["stat"])
    events(found["evnt"], read)
    read = {path: str(v) if isinstance(v, int) and v >= 1 << 63 else v for path, v in read.items()}  # as inspect has it
    assert read == {f["path"]: f["value"] for f in said["state"]}, "the state"
    spaces = memories(found["spac"])
    assert [(m["name"], m["base"], m["bytes"], m["stored"]) for m in spaces] == [
        (m["name"], m["base"], m["bytes"], m["stored"]) for m in said["memory"]
    ], "the memories"
    for m in spaces:
        sys.stdout.buffer.write(memory(file, m))


main(sys.argv[1])
