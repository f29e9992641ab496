#!/usr/bin/env python3
"""Runs the public NES test ROMs below $MEWS_TESTDATA/nes against their own verdicts.

usage: run.py PATH-OF-MEWS. Prints a line per failure and ends with "N passed, N failed"."""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import levels
from accuracycoin import verdicts

ACCURACYCOIN_AT_LEAST = 137  # of 141; only ever raised
# ROMs that ask for the other revision of a chip than the usual one: options of the machine, not of the ROM.
OTHER_REVISION = {"mmc3_irq_tests/5.MMC3_rev_A.nes", "mmc3_test_2/6-MMC3_alt.nes"}

# Counted neither way until it is built; a pass is reported, so that the line goes.
NOT_YET = {}


def report(mews, rom, frames, *options):
    with tempfile.TemporaryDirectory() as d:
        out = pathlib.Path(d) / "report.json"
        r = subprocess.run([mews, "run", "--headless", "--frames", str(frames), "--reset", "auto", "--report", out,
                            *options, rom], capture_output=True, text=True, timeout=600)
        if r.returncode:
            raise RuntimeError(r.stderr.strip() or f"status {r.returncode}")
        return json.loads(out.read_text())


def said(r):
    return " ".join(" ".join(r["text"]).split())


def status6000(r):
    w = bytes.fromhex(r["wram"])
    if w[1:4] != b"\xde\xb0\x61":
        return "no status at $6000"
    text = w[4:].split(b"\0")[0].decode("ascii", "replace")
    return None if w[0] == 0 else f"status {w[0]:02X}: {' '.join(text.split())}"


def screen(r):
    text = said(r)
    ok = re.search(r"passed|all tests complete", text, re.I) and not re.search(r"failed|error", text, re.I)
    return None if ok else text


def accuracycoin(r, folder):
    tests, bad = verdicts(bytes.fromhex(r["ram"]), folder)
    print(f"AccuracyCoin: {tests - len(bad)} of {tests}" + (f"; not: {', '.join(bad)}" if bad else ""))
    return None if tests - len(bad) >= ACCURACYCOIN_AT_LEAST else f"fewer than {ACCURACYCOIN_AT_LEAST}"


def nestest(mews, rom):
    """The trace of 8,991 instructions against the log: address, opcode, registers, cycle."""
    p = subprocess.Popen([mews, "run", "--headless", "--frames", "20", "--trace", "--set", "cpu.start=$C000", rom],
                         stdout=subprocess.PIPE, text=True)
    row = re.compile(r"(\w{4})  (\w\w) .* A:(\w\w) X:(\w\w) Y:(\w\w) (?:S:(\w\w) )?P:(\w\w)(?: SP:(\w\w))? .*CYC:(\d+)")

    def key(line):
        m = row.match(line)
        return m and (m[1], m[2], m[3], m[4], m[5], m[6] or m[8], m[7], m[9])

    try:
        for n, want in enumerate(rom.with_suffix(".log").read_text().splitlines(), 1):
            got = p.stdout.readline()
            if key(want + " ") is None or key(want + " ") != key(got.rstrip() + " "):
                return f"line {n}: want {want.strip()!r}, got {got.strip()!r}"
    finally:
        p.kill()
        p.wait()
    return None


def judge(mews, folder, name, protocol, frames, expected):
    """None for a pass, a text for a failure."""
    rom = folder / name
    options = ["--region", "pal"] if name.startswith("pal_") else []
    if name in OTHER_REVISION:
        options += ["--set", "mapper.revision=a"]
    if protocol == "nestest-log":
        return nestest(mews, rom)
    if protocol == "audio":
        return levels.judge(mews, rom, name, int(frames))
    if protocol == "ram-accuracycoin":
        options += ["--press", "120:Start:6"]
    r = report(mews, rom, frames, *options)
    ram = bytes.fromhex(r["ram"])
    if protocol == "status6000":
        return status6000(r)
    if protocol in ("ram-F0", "ram-F8"):
        code = ram[int(protocol[4:], 16)]
        return None if code == 1 else f"code {code}: {said(r)}"
    if protocol == "screen-text":
        return screen(r)
    if protocol == "screen-crc":
        return None if any(c in said(r) for c in re.findall(r"\b[0-9A-F]{8}\b", expected)) else said(r)
    if protocol == "screen-mapperel":
        return None if re.search(r"RESULT: ?0000|: ?0000 ", said(r)) else said(r)
    if protocol == "ram-accuracycoin":
        return accuracycoin(r, folder)
    want = re.search(r"label-hash (\w+)", expected)[1]
    return None if r["labels_sha1"].startswith(want) else f"labels {r['labels_sha1'][:12]}, not {want}"


def main():
    data = os.environ.get("MEWS_TESTDATA")
    if not data:
        print("skipped: MEWS_TESTDATA does not name the public test suites")
        return 77
    mews, folder = os.path.abspath(sys.argv[1]), pathlib.Path(data) / "nes"
    rows = [l.split("\t") + [""] * 7 for l in (folder / "index.tsv").read_text().splitlines()[1:]]
    jobs = [(r[1], r[3], r[4], r[5] + " " + r[6]) for r in rows]
    heard = levels.SURVEY.keys() | levels.CANCELLED.keys()
    automatic = [j for j in jobs if (j[1] != "audio" or j[0] in heard) and (j[1] != "picture" or "label-hash" in j[3])]
    failed = skipped = 0

    def one(job):
        try:
            return judge(mews, folder, *job)
        except (RuntimeError, subprocess.TimeoutExpired, OSError) as e:
            return str(e)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for job, why in zip(automatic, pool.map(one, automatic)):
            if job[0] in NOT_YET:
                skipped += 1
                failed += not why
                print(f"{job[0]}: not yet: {NOT_YET[job[0]]}" if why else f"{job[0]} passes: strike it from NOT_YET")
            elif why:
                failed += 1
                print(f"{job[0]}: {why[:300]}")
    print(f"not automatic (for the eye or the ear): {len(jobs) - len(automatic)}")
    print(f"{len(automatic) - failed - skipped} passed, {failed} failed")
    return failed != 0


sys.exit(main())
