# SPDX-License-Identifier: MIT OR Apache-2.0
"""A command on a pseudo terminal without colours, and a screen that knows the few sequences of a vt100 that ncurses writes. Each
step waits until the screen has a text."""
import fcntl
import os
import re
import select
import signal
import struct
import sys
import termios
import time

WIDTH, HEIGHT, PATIENCE = 60, 20, 60
SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])|\x1b[()][A-Z0-9]|\x1b[=>78MDE]|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+")
CUT = re.compile(r"(\x1b[^A-Za-z]*)?$")


class Screen:
    def __init__(self, width, height):
        self.resize(width, height)
        self.colours = False
        self.rest = ""  # the beginning of a sequence

    def resize(self, width, height):
        self.width, self.height = width, height
        self.cells = [[" "] * width for _ in range(height)]
        self.x = self.y = self.first = 0
        self.last = height - 1  # of the lines that scroll

    def erase(self, y, begin, end):
        self.cells[y][begin:end] = [" "] * (end - begin)

    def text(self, text):
        for letter in text:
            if self.x < self.width:
                self.cells[self.y][self.x] = letter
            self.x = min(self.x + 1, self.width)

    def scroll(self, begin, end):
        """The line `begin` goes, a blank one comes at `end`."""
        del self.cells[begin]
        self.cells.insert(end, [" "] * self.width)

    def index(self, step):
        edge, other = (self.last, self.first) if step > 0 else (self.first, self.last)
        if self.y == edge:
            self.scroll(other, edge)
        else:
            self.y = min(max(self.y + step, 0), self.height - 1)

    def control(self, letter):
        if letter == "\r":
            self.x = 0
        elif letter in "\n\x1bM\x1bD":
            self.index(-1 if letter == "\x1bM" else 1)
        elif letter == "\t":
            self.x = min(self.x // 8 * 8 + 8, self.width - 1)
        elif letter == "\b":
            self.x = max(min(self.x, self.width - 1) - 1, 0)

    def clear(self, kind, of_line):
        begin, end = (self.x, self.width) if kind == 0 else (0, self.x + 1) if kind == 1 else (0, self.width)
        self.erase(self.y, begin, end)
        rows = [] if of_line else range(self.y + 1, self.height) if kind == 0 else range(self.height) if kind == 2 else range(self.y)
        for y in rows:
            self.erase(y, 0, self.width)

    def command(self, numbers, letter):
        first = numbers[0] if numbers else 0
        if letter == "H":
            self.y = min((first or 1), self.height) - 1
            self.x = min((numbers[1] if len(numbers) > 1 else 1) or 1, self.width) - 1
        elif letter in "ABCD":
            step = first or 1
            self.y = min(max(self.y + {"A": -step, "B": step}.get(letter, 0), 0), self.height - 1)
            self.x = min(max(self.x + {"C": step, "D": -step}.get(letter, 0), 0), self.width - 1)
        elif letter == "r":
            self.first, self.last = (first or 1) - 1, (numbers[1] if len(numbers) > 1 else self.height) - 1
            self.x = self.y = 0
        elif letter in "JK":
            self.clear(first, letter == "K")
        elif letter == "m":
            self.colours |= any(30 <= n <= 49 for n in numbers)

    def feed(self, text):
        text = self.rest + text
        self.rest = CUT.search(text)[0]
        for part in SEQUENCE.finditer(text[: len(text) - len(self.rest)]):
            if part[3]:
                self.command([int(n or 0) for n in part[2].split(";")] if not part[1] else [], part[3])
            elif part[0] < " ":
                self.control(part[0])
            else:
                self.text(part[0])

    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]


class Terminal:
    """A command on a pseudo terminal."""

    def __init__(self, command, width, height):
        self.screen = Screen(width, height)
        self.master, slave = os.openpty()
        self.slave = slave
        self.set_size(width, height)
        self.before = termios.tcgetattr(slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(slave, fd)
            os.environ.update(TERM="vt100", NO_COLOR="1")
            for name in ("LINES", "COLUMNS"):
                os.environ.pop(name, None)
            os.execv(command[0], command)

    def set_size(self, width, height):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def resize(self, width, height):
        self.screen.resize(width, height)
        self.set_size(width, height)  # the kernel sends SIGWINCH to the terminal's processes

    def press(self, keys):
        os.write(self.master, keys.encode())

    def read_some(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            self.screen.feed(os.read(self.master, 65536).decode("utf-8", "replace"))

    def wait_for(self, what, is_there):
        end = time.monotonic() + PATIENCE
        while not is_there(self.screen.lines()):
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                sys.exit(f"{what}: not on the screen:\n" + "\n".join(self.screen.lines()))
            self.read_some(0.1)

    def status(self):
        """The exit status, and whether the terminal is as it was. Reads the last output meanwhile."""
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.read_some(0.05)
            if pid:
                break
        return os.waitstatus_to_exitcode(status), termios.tcgetattr(self.slave) == self.before


def has(*words):
    return lambda lines: all(any(re.search(word, line) for line in lines) for word in words)


def last_line(words):
    return lambda lines: words in lines[-1]
