"""A person at a program's console: reads what comes, types, and is a terminal of 40 lines of 132 characters."""
import os, re, select, subprocess, time

ROWS, COLUMNS = 40, 132


class Console:
    def __init__(self, words, **more):
        self.seen, self.all, self.told, self.began = "", "", 0, time.monotonic()
        self.process = subprocess.Popen(list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, **more)

    def until(self, pattern, seconds=300):
        """Whether it comes, in what has been seen since something was typed."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.seen):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return False
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:  # it has ended
                return False
            text = data.decode(errors="replace")
            self.all += text
            if self.all.count("\x1b[6n") > self.told:  # where is the cursor?
                self.told += 1
                self.send(f"\x1b[{ROWS};{COLUMNS}R")
            # Without what only moves a cursor.
            self.seen = re.sub(r"\x1b(\[[?0-9;]*[A-Za-z]|[78=>])|\r", "", self.seen + text)
        return True

    def send(self, text):
        try:
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # nobody will answer

    def type(self, line):
        self.seen = ""
        self.send(line + "\n")

    def answers(self, line, pattern, seconds=120):
        self.type(line)
        return self.until(pattern, seconds)

    def ends(self, seconds=60):
        """Its exit status; None: it had to be killed."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None
