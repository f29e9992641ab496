#!/usr/bin/env python3
"""Listens to the test ROMs that can only be heard: how loud is a cartridge's sound beside the console's own?

usage: levels.py PATH-OF-MEWS FOLDER. Prints what it measured of each ROM below FOLDER ($MEWS_TESTDATA/nes).
run.py judges the same ROMs by judge()."""
import array
import math
import pathlib
import subprocess
import sys
import tempfile
import wave

# The loudest square wave of the chip against the 2A03's, in dB by RMS: lowest and highest that are right. The figures
# are the survey of hardware that the ROMs' author made with them (nesdev.org: "NSFe", chunk mixe), half a dB either
# way. A Namco 163 differs by cartridge; the quiet group of them measured 11.2 to 13.0.
SURVEY = {
    "nes-audio-tests/db_apu.nes": (-0.7, 0.3),  # the triangle, -0.2
    "nes-audio-tests/db_vrc6a.nes": (-0.5, 0.5),  # 0
    "nes-audio-tests/db_mmc5.nes": (-0.5, 0.5),  # 0
    "nes-audio-tests/db_vrc7.nes": (10.5, 11.5),  # 11, two operators as a near square
    "nes-audio-tests/db_n163.nes": (11.0, 13.0),
    "nes-audio-tests/db_5b.nes": (-1.8, -0.8),  # -1.3, volume 12
}
# Between two beeps, a channel plays a tone and the DMC its inverse. What is left, in dB below the beeps, in the worst
# quarter of a second: the program's writes come a few cycles late or early, so it is never nothing.
CANCELLED = {"apu_mixer/dmc.nes": -24, "apu_mixer/square.nes": -24}

BLOCK = 480  # samples: 10 ms


def record(mews, rom, frames):
    with tempfile.TemporaryDirectory() as d:
        out = pathlib.Path(d) / "sound.wav"
        r = subprocess.run([mews, "run", "--headless", "--frames", str(frames), "--audio", out, rom],
                           capture_output=True, text=True, timeout=600)
        if r.returncode:
            raise RuntimeError(r.stderr.strip() or f"status {r.returncode}")
        with wave.open(str(out)) as w:
            samples = array.array("h", w.readframes(w.getnframes()))
            return samples[::w.getnchannels()]


def rms(samples):
    mean = sum(samples) / len(samples)
    return math.sqrt(sum((s - mean) ** 2 for s in samples) / len(samples))


def stretches(samples, over, seconds):
    """Where the sound is louder than `over` for at least so long: pairs of first and last block."""
    blocks = [rms(samples[i:i + BLOCK]) for i in range(0, len(samples) - BLOCK + 1, BLOCK)] + [0]
    found, start = [], None
    for i, v in enumerate(blocks):
        if v > over and start is None:
            start = i
        elif v <= over and start is not None:
            if (i - start) * BLOCK >= seconds * 48000:
                found.append((start, i))
            start = None
    return found


def ratios(samples):
    """The tones come in pairs, the console's own first; the dB of the second, for each pair."""
    levels = []
    for start, end in stretches(samples, 30, 1.9):
        quarter = (end - start) // 4
        levels.append(rms(samples[(start + quarter) * BLOCK:(end - quarter) * BLOCK]))
    return [20 * math.log10(b / a) for a, b in zip(levels[::2], levels[1::2])]


def residue(samples):
    """The loudest quarter of a second between the two beeps, in dB of the beeps; None: there are no two."""
    beeps = stretches(samples, 1500, 0.2)
    if len(beeps) < 2:
        return None
    (first, start), (end, last) = beeps[0], beeps[-1]
    beep = rms(samples[(first + 2) * BLOCK:(start - 2) * BLOCK])
    between = samples[(start + 2) * BLOCK:(end - 25) * BLOCK]  # the DMC is let down just before the second beep
    parts = [rms(between[i:i + 12000]) for i in range(0, len(between) - 12000 + 1, 12000)]
    return 20 * math.log10(max(parts) / beep) if parts and max(parts) else None


def judge(mews, rom, name, frames):
    """None for a pass, a text for a failure."""
    samples = record(mews, rom, frames)
    if name in CANCELLED:
        left = residue(samples)
        if left is None:
            return "no two beeps with something between them"
        return None if left <= CANCELLED[name] else f"{left:.1f} dB are left of the beeps, more than {CANCELLED[name]}"
    low, high = SURVEY[name]
    found = ratios(samples)
    if len(found) < 2:
        return f"{len(found)} pairs of tones"
    wrong = [f"{r:.2f}" for r in found if not low <= r <= high]
    return f"{', '.join(wrong)} dB, not {low} to {high}" if wrong else None


def main():
    mews, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    for name in SURVEY:
        print(f"{name}: {', '.join(f'{r:.2f}' for r in ratios(record(mews, folder / name, 1200)))} dB")
    for name in CANCELLED:
        print(f"{name}: {residue(record(mews, folder / name, 1320)):.1f} dB")


if __name__ == "__main__":
    main()
