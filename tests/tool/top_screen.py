# SPDX-License-Identifier: MIT OR Apache-2.0
"""filch top on a terminal of 60 by 20 without colours: top_screen.py PID presses keys, top_screen.py PID end kills the
program meanwhile."""
import os
import re
import signal
import sys

from terminal import HEIGHT, WIDTH, Terminal, has, last_line


def is_first_worker(number):
    return lambda lines: len(lines) > 7 and re.match(rf" *{number} [a-z]", lines[7])


def begin():
    return Terminal([os.environ["FILCH_COMMAND"], "top", "--interval", "100", sys.argv[1]], WIDTH, HEIGHT)


def watch_the_end():
    """The program is killed while it is watched."""
    terminal = begin()
    terminal.wait_for("the figures", has(rf"^process {sys.argv[1]}  top_program"))
    os.kill(int(sys.argv[1]), signal.SIGKILL)
    if terminal.status() != (0, True):
        sys.exit("the end of the program gives another status than 0, or leaves the terminal changed")
    terminal.wait_for("the reason", has(f"process {sys.argv[1]}: it has ended"))


def press_keys():
    terminal = begin()
    terminal.wait_for("the figures", has(rf"^process {sys.argv[1]}  top_program", r"^ *# state", r"^   1 [a-z]", r"^listeners",
                                         r"jobs [0-9.]+( k)?/s", "2 filch_channel_receive"))
    terminal.wait_for("the keys", last_line("by number   q quit  p pause  s sort  ? help"))
    terminal.press("s")
    terminal.wait_for("another order", last_line("by work"))
    terminal.press("sss")
    terminal.wait_for("the first order", last_line("by number"))
    terminal.press("\x1bOB")
    terminal.wait_for("worker 1 first, after scrolling", is_first_worker(1))
    terminal.press("\x1bOA")
    terminal.wait_for("worker 0 first again", is_first_worker(0))
    terminal.press("?")
    terminal.wait_for("help", has("^q +quit", "^ready +items"))
    terminal.press("?p")
    terminal.wait_for("a pause", last_line("PAUSED"))
    terminal.press("p")
    terminal.wait_for("no pause", lambda lines: "PAUSED" not in lines[-1])
    terminal.press("+")
    terminal.wait_for("a refusal", last_line("takes no requests"))
    terminal.press("\x1bOA")
    terminal.wait_for("the keys after the refusal", last_line("q quit"))
    terminal.resize(100, 30)
    terminal.wait_for("a larger window", lambda lines: "q quit" in lines[29] and has("thief . victim")(lines))
    terminal.resize(10, 3)
    terminal.wait_for("a tiny window", lambda lines: lines[0].startswith("process") and len(lines) == 3)
    terminal.resize(WIDTH, HEIGHT)
    terminal.wait_for("the figures again", has("^listeners", "q quit"))
    if terminal.screen.colours:
        sys.exit("colours on a terminal without them")
    terminal.press("q")
    if terminal.status() != (0, True):
        sys.exit("q ended with another status than 0, or left the terminal changed")


if __name__ == "__main__":
    watch_the_end() if sys.argv[2:] == ["end"] else press_keys()
