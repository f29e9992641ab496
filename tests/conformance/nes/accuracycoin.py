"""AccuracyCoin's verdicts: a byte of RAM for each of its tests, listed in accuracycoin.tsv beside the ROM's folder."""


def verdicts(ram, folder):
    """How many tests there are, and the names of those that do not pass: bit 0 is clear, or all bits are set (skipped)."""
    rows = [line.split("\t") for line in (folder / "accuracycoin.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    results = [(row[3], ram[int(row[0][1:], 16)]) for row in rows]
    return len(rows), [name for name, byte in results if not byte & 1 or byte == 0xFF]
