#!/usr/bin/env python3
"""Random straight-line 6502 code as subroutines _case0, _case1 ... for driver.c: random_code.py SEED

Every official opcode but BRK, RTI, CLI and SEI. Memory operands lie in $80-$FF and $5000-$53FF; addresses of the code
itself never stay in a register or memory that is compared, since the two machines place it elsewhere. The stack is left
as it was. Decimal mode is not tried: the simulator's flags, and its sums of digits above 9, are not the processor's.
"""
import random
import sys

CASES, LENGTH = 60, 60
ALU = "ora and eor adc lda cmp sbc".split()
IMPLIED = "asl a|rol a|lsr a|ror a|tax|tay|txa|tya|inx|iny|dex|dey|clc|sec|clv|nop".split("|")
rng = random.Random(int(sys.argv[1]))


def zp():
    return "$%02X" % rng.randrange(0x90, 0x100)


def work():
    return "$%04X" % rng.randrange(0x5000, 0x5300)  # an index reaches $53FE at most


def operand(modes):
    """An operand of one of the modes, and what must be done before it."""
    mode = rng.choice(modes)
    pointer = "$%02X" % rng.randrange(0x80, 0x8F, 2)  # driver.c keeps pointers there
    return {
        "imm": lambda: ([], "#$%02X" % rng.randrange(256)),
        "zp": lambda: ([], zp()),
        # the index is chosen so that what is touched is ours, also when it wraps
        "zpx": lambda: (["ldx #$%02X" % rng.randrange(256)], None),
        "zpy": lambda: (["ldy #$%02X" % rng.randrange(256)], None),
        "abs": lambda: ([], work()),
        "abx": lambda: ([], work() + ",x"),
        "aby": lambda: ([], work() + ",y"),
        "izx": lambda: (["ldx #$%02X" % rng.randrange(256)], "pointer"),
        "izy": lambda: ([], "(%s),y" % pointer),
    }[mode](), mode


def memory(op, modes):
    (before, text), mode = operand(modes)
    if mode in ("zpx", "zpy"):
        index = int(before[0][-2:], 16)
        text = "$%02X,%s" % ((rng.randrange(0x90, 0x100) - index) & 0xFF, mode[2])
    elif mode == "izx":
        index = int(before[0][-2:], 16)
        text = "($%02X,x)" % ((rng.randrange(0x80, 0x8F, 2) - index) & 0xFF)
    return before + ["%s %s" % (op, text)]


class Case:
    def __init__(self):
        self.depth = self.labels = 0

    def label(self):
        self.labels += 1
        return "@l%d" % self.labels

    def branch(self):
        to = self.label()
        op = rng.choice("bpl bmi bvc bvs bcc bcs bne beq".split())
        return ["%s %s" % (op, to)] + self.lines(rng.randrange(4)) + [to + ":"]

    def stack(self):
        if self.depth and rng.randrange(2):
            self.depth -= 1
            return [rng.choice(["pla", "pulled_p"])]
        if self.depth < 20:
            self.depth += 1
            return [rng.choice(["pha", "php"])]
        return []

    def jump(self):
        to, back = self.label(), self.label()
        kind = rng.randrange(3)
        if kind == 0:
            return ["jmp " + to, "sta $5000", to + ":"]
        if kind == 1:
            return ["jmp " + to, back + ":"] + self.lines(2) + ["rts", to + ":", "jsr " + back]
        return ["php", "pha", "lda #<" + to, "sta $5280", "lda #>" + to, "sta $5281", "jmp ($5280)", to + ":",
                "lda #0", "sta $5280", "sta $5281", "pla", "plp"]

    def stack_pointer(self):
        there, then = rng.randrange(256), rng.randrange(256)
        return ["tsx", "stx tmp_s", "ldx #%d" % there, "txs", "tsx", "stx $53FF", "ldx tmp_s", "txs", "ldx #%d" % then]

    def one(self):
        kind = rng.randrange(16)
        if kind < 6:
            modes = ["imm", "zp", "zpx", "abs", "abx", "aby", "izx", "izy"]
            return memory(rng.choice(ALU), modes)
        if kind < 8:
            op, modes = rng.choice([("sta", "zp zpx abs abx aby izx izy"), ("stx", "zp zpy abs"), ("sty", "zp zpx abs")])
            return memory(op, modes.split())
        if kind == 8:
            op = rng.choice("asl rol lsr ror inc dec".split())
            # The simulator of cc65 2.19 takes ROL abs,X for an instruction of two bytes.
            return memory(op, ["zp", "zpx", "abs"] + ["abx"] * (op != "rol"))
        if kind == 9:
            op, modes = rng.choice([("ldx", "imm zp zpy abs aby"), ("ldy", "imm zp zpx abs abx"), ("bit", "zp abs"),
                                    ("cpx", "imm zp abs"), ("cpy", "imm zp abs")])
            return memory(op, modes.split())
        if kind < 13:
            return [rng.choice(IMPLIED)]
        if kind == 13:
            return self.branch()
        if kind == 14:
            return self.jump() if rng.randrange(2) else self.stack_pointer()
        if not rng.randrange(3):
            return ["sed", "cld"]
        return ["stack"]

    def lines(self, count):
        """What may be skipped or called: it leaves the stack alone."""
        return [line for _ in range(count) for line in self.one() if line != "stack"]

    def whole(self):
        out = []
        for _ in range(LENGTH):
            for line in self.one():
                out += self.stack() if line == "stack" else [line]
        while self.depth:
            self.depth -= 1
            out.append("pla")
        return out


print("""
; Registers go in and come out at $5410: A X Y P; the subroutine's address is at $5414, S before and after at $5416.
        .export _cases, _case_table, _call
tmp_s = $5400
        .segment "CODE"
_call:  tsx
        stx $5416
        lda $5413
        pha
        lda $5410
        ldx $5411
        ldy $5412
        plp
        jsr go
        php
        cld
        sta $5410
        stx $5411
        sty $5412
        pla
        sta $5413
        tsx
        stx $5417
        rts
go:     jmp ($5414)
""")
# PLP may not bring decimal mode, nor let go of I.
print(".macro pulled_p\n pla\n and #$C3\n ora #$34\n pha\n plp\n.endmacro")
print(".segment \"RODATA\"\n_cases: .word %d" % CASES)
print("_case_table:")
for i in range(CASES):
    print(" .addr case%d" % i)
print(".segment \"CODE\"")
for i in range(CASES):
    print("case%d:" % i)
    for line in Case().whole():
        print(line if line.endswith(":") else "        " + line)
    print("        rts")
