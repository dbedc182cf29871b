# SPDX-License-Identifier: MIT OR Apache-2.0
"""filch play on a terminal of 60 by 20 without colours: play_screen.py TRACE STEPS STEAL, the number of its steps and of its first
steal."""
import os
import re
import sys

from terminal import HEIGHT, WIDTH, Terminal, has, last_line

TRACE, STEPS, STEAL = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
RIGHT, LEFT, HOME, END = "\x1bOC", "\x1bOD", "g", "G"  # a vt100 has no keys Home and End


def is_step(number):
    return lambda lines: lines[0].endswith(f"step {number} of {STEPS}")


def main():
    terminal = Terminal([os.environ["FILCH_COMMAND"], "play", TRACE], WIDTH, HEIGHT)
    terminal.wait_for("the first step", is_step(1))
    terminal.wait_for("the parts", has("^ *# +runs +deque, oldest first", r"^ *0 ", r"^ *2 ", "^inbox: fib"))
    terminal.wait_for("the keys", last_line("q quit  n next  p back  / steal  Space play"))
    terminal.press("n")
    terminal.wait_for("the second step", is_step(2))
    first = terminal.screen.lines()[:-1]
    terminal.press(RIGHT + RIGHT + LEFT + "p")
    terminal.wait_for("the second step again, as it was", lambda lines: lines[:-1] == first)
    terminal.press("/")
    terminal.wait_for("the first steal", is_step(STEAL))
    terminal.wait_for("its sentence", has("^worker [0-9] takes fib", "takes fib"))
    terminal.press(END)
    terminal.wait_for("the last step", is_step(STEPS))
    terminal.wait_for("nothing is left", lambda lines: not any("fib" in line for line in lines[3:]))
    terminal.press("n")
    terminal.press("p")
    terminal.wait_for("no step behind the last one", is_step(STEPS - 1))
    terminal.press(HOME)
    terminal.wait_for("the first step again", is_step(1))
    terminal.press(" ")
    terminal.wait_for("it plays", is_step(3))
    terminal.press(" ")
    terminal.wait_for("it stops", last_line("Space play"))
    terminal.press(END + " ")
    terminal.wait_for("the end does not play", last_line("Space play"))
    terminal.resize(100, 30)
    terminal.wait_for("a larger window", lambda lines: "q quit" in lines[29] and is_step(STEPS)(lines))
    terminal.resize(10, 3)
    terminal.wait_for("a tiny window", lambda lines: len(lines) == 3 and lines[2].startswith("q quit"))
    terminal.resize(WIDTH, HEIGHT)
    terminal.wait_for("the step again", is_step(STEPS))
    terminal.press("\x1bOB")  # scrolls: all workers fit, so nothing moves
    terminal.wait_for("all workers", lambda lines: re.match(r" *0 ", lines[5]))
    if terminal.screen.colours:
        sys.exit("colours on a terminal without them")
    terminal.press("q")
    if terminal.status() != (0, True):
        sys.exit("q ended with another status than 0, or left the terminal changed")


main()
