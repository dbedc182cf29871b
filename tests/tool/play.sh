#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# filch play shows a run step by step: as text, on a screen of 60 by 20 without colours, as a strip and as a page; and refuses what it
# cannot play.
. "$(dirname "$0")/common.bash"

echo "no trace" >text
refused "no trace is named --list" play
refused "too many arguments: '5' [OPTION...] TRACE | EXAMPLE [NUMBER]" play fib 4 5
refused "too many arguments: 'b' a trace, or an example and its number" play text b
refused "n: '0' (1..16)" play fib 0
refused "depth: '11' (1..10)" play tree 11
refused "--workers: '17' (1..16)" play fib --workers 17
refused "--workers: '0' (1..16)" play fib --workers 0
refused "--seed: 'x' (0.." play fib --seed x
refused "two results --text, --svg, --html" play fib --text --svg a.svg
refused "--columns without --svg" play fib --columns 3
refused "--columns: '0' (1..100)" play fib --svg a.svg --columns 0
refused "--workers with a trace" play --workers 2 text
refused "--seed with a trace" play --seed 2 text
refused "/nonexistent/a.trace No such file fib trace" play /nonexistent/a.trace
refused "/nonexistent/a.svg" play fib 2 --svg /nonexistent/a.svg
refused "text not a trace of Filch" play text
refused "cannot open trace 'fibb': No such file (nearest: fib; tree trace" play fibb
claim "a folder that is not there is named" sh -c '! TMPDIR=/nonexistent "$1" play fib 2 2>err' sh "$filch"
claim "and the file: $(cat err)" grep -q "cannot create '/nonexistent/filch-play-.*No such file" err

run_filch 0 play --list
for name in fib tree nqueens pingpong; do
    claim "the list has $name" grep -q "^$name " out
done

# A film is the same forwards and backwards, which the unit test checks; here, that each example tells its parts.
mkdir folder
for example in fib tree nqueens pingpong; do
    TMPDIR=folder run_filch 0 play "$example" --workers 2 --text
    claim "$example begins with its start: $(head -1 out)" grep -q "^step 1 of [0-9]*: a thread outside starts" out
    steps=$(sed -n 's/^step 1 of \([0-9]*\):.*/\1/p' out)
    claim "$example has all steps" test "$(grep -c '^step' out)" -eq "$steps"
    claim "$example ends with its last task" sh -c 'grep "^step" out | tail -1 | grep -q "worker [01] ends"'
    claim "each step of $example shows both workers" test "$(grep -c '^  worker [01] ' out)" -eq $((2 * steps))
    claim "no trace is left in the folder" test -z "$(ls folder)"
done
run_filch 0 play fib 6 --workers 3 --seed 7 --text
cp out first
claim "workers steal: $(grep -c takes first)" grep -q "^step .* takes fib.* from worker" first
run_filch 0 play fib 6 --workers 3 --seed 7 --text
claim "the same seed gives the same film" cmp -s first out
run_filch 0 play fib 6 --workers 3 --seed 8 --text
claim "another one gives another film" sh -c '! cmp -s first out'
run_filch 0 play fib 2 --text --steps 2..3
claim "a part of the steps: $(cat out)" sh -c 'test "$(grep -c ^step out)" -eq 2 && grep -q "^step 2 of" out'
run_filch 0 play fib 2 --text --steps 3
claim "one step: $(cat out)" sh -c 'test "$(grep -c ^step out)" -eq 1 && grep -q "^step 3 of" out'
for steps in 0 1000 3..2 1..x x..2 ..; do
    refused "steps '$steps' are out of range A..B from 1 to" play fib 2 --text --steps "$steps"
done

# A made trace, whose steps are known: worker 1 takes a task of a bad name from worker 0.
cat >make.py <<'END'
import made_trace

SWITCH, ROOT, BAD = "SWITCH", 1, 2
made_trace.write("made.trace", 2, 1000, ["root", "<b>&\"\x1b", "fib"], [
    (0, 10, SWITCH, 4, 0), (0, 20, "JOB", 77, ROOT), (0, 30, "FORK", 500, BAD), (1, 35, SWITCH, 5, 0), (1, 36, "GIFT", 0, 1),
    (1, 40, "RUN", 500, BAD), (1, 50, "RUN_END", 500, 0), (0, 60, "JOINED", 500, 0), (0, 70, "JOB_END", 4, 0)], level=1)
made_trace.write("steals.trace", 2, 1000, ["root"], [(0, 10, SWITCH, 4, 0), (0, 20, "JOB", 77, ROOT)])
made_trace.write("empty.trace", 2, 1000, ["root"], [(0, 10, SWITCH, 4, 0)], level=1)
made_trace.write("late.trace", 2, 1000, ["root"], [(0, 10, SWITCH, 4, 0), (0, 20, "FORK", 500, ROOT)], level=1)
made_trace.write("wide.trace", 17, 1000, ["root"], [(0, 10, SWITCH, 4, 0), (0, 20, "JOB", 77, ROOT), (0, 30, "JOB_END", 4, 0)], level=1)
forks = [event for i in range(600) for event in ((0, 30 + i, "FORK", 500 + i, BAD),)]
made_trace.write("long.trace", 2, 9000, ["root", "task"], [
    (0, 10, SWITCH, 4, 0), (0, 20, "JOB", 77, ROOT), *forks,
    *(event for i in reversed(range(600)) for event in ((0, 3000, "RUN", 500 + i, BAD), (0, 3000, "RUN_END", 500 + i, 1))),
    (0, 4000, "JOB_END", 4, 0)], level=1)
END
claim "traces are made" env PYTHONPATH="$here" python3 -B make.py
run_filch 0 play made.trace --text
cat >told <<'END'
step 1 of 7: worker 0 begins root
step 2 of 7: worker 0, in root, forks <b>&"?
step 3 of 7: worker 1 takes <b>&"? from worker 0, the oldest task there
step 4 of 7: worker 1 begins <b>&"?
step 5 of 7: worker 1 ends <b>&"?
step 6 of 7: worker 0, in root, has the result of <b>&"?
step 7 of 7: worker 0 ends root
END
claim "the steps are those of the trace: $(cat out)" sh -c 'grep ^step out | diff - told'
refused "steals.trace level is steals FILCH_TRACE=FILE,tasks" play steals.trace
refused "empty.trace no task ran" play empty.trace
refused "late.trace began while tasks ran" play late.trace
head -c 5000 made.trace >cut.trace
refused "cannot play 'cut.trace' damaged" play cut.trace
refused "17 workers do not fit in a picture at most 16" play wide.trace --svg wide.svg
refused "17 workers do not fit" play wide.trace --html wide.html
run_filch 0 play wide.trace --text
refused "1802 steps do not fit in a picture at most 1000 --steps A..B" play long.trace --html long.html
claim "no picture of these is there" sh -c '! ls wide.svg wide.html long.html 2>/dev/null'
run_filch 0 play long.trace --svg long.svg --steps 590..610 --columns 1
claim "a deep deque is cut: the rest is a number" grep -q "+[0-9]* newer" long.svg
claim "a full disk is an error" sh -c '! "$1" play fib 2 --svg /dev/full 2>err' sh "$filch"
claim "and named: $(cat err)" grep -q "No space left" err

run_filch 0 play made.trace --svg made.svg
cat >check.py <<'END'
import sys
import xml.etree.ElementTree as ElementTree

SVG = "{http://www.w3.org/2000/svg}"
root = ElementTree.parse("made.svg").getroot()
width, height = (float(value) for value in root.get("viewBox").split()[2:])
frames = root.findall(SVG + "g")
assert len(frames) == 7, len(frames)
texts = ["".join(text.itertext()) for text in frames[2].iter(SVG + "text")]
assert "3 of 7" in texts and '<b>&"?' in texts and "worker 0" in texts, texts
thefts = [len([path for path in frame.iter(SVG + "path") if path.get("class") == "theft"]) for frame in frames]
assert thefts == [0, 0, 1, 0, 0, 0, 0], thefts
for frame in frames:
    x, y = (float(value) for value in frame.get("transform")[10:-1].split())
    box = frame.find(SVG + "rect")
    assert x + float(box.get("width")) <= width and y + float(box.get("height")) <= height, (x, y)
    for rect in frame.iter(SVG + "rect"):
        if rect is not box:
            assert float(rect.get("x")) + float(rect.get("width")) <= float(box.get("width")), rect.attrib
assert len({frame.get("transform") for frame in frames}) == 7
END
claim "the strip is XML with a frame for each step: $(cat err)" python3 check.py

# The screen, of a run with a steal: worker 1 takes fib(2).
cat >screen.py <<'END'
import made_trace

FIB = 1
made_trace.write("screen.trace", 3, 9000, ["fib"], [
    (made_trace.OUTSIDE, 5, "SUBMIT", 77, 0), (0, 10, "SWITCH", 4, 0), (0, 20, "JOB", 77, FIB),
    *((0, 30 + i, "FORK", 500 + i, FIB) for i in range(5)),
    (1, 40, "SWITCH", 5, 0), (1, 41, "GIFT", 0, 1), (1, 50, "RUN", 500, FIB), (1, 60, "RUN_END", 500, 0),
    *((0, 70, kind, 500 + i, kind == "RUN" or 1) for i in (4, 3, 2, 1) for kind in ("RUN", "RUN_END")),
    (0, 90, "JOINED", 500, 0), (0, 95, "JOB_END", 4, 0)], level=1)
END
claim "a trace for the screen is made" env PYTHONPATH="$here" python3 -B screen.py
run_filch 0 play screen.trace --text
steal=$(sed -n 's/^step \([0-9]*\) of.* takes .*/\1/p' out | head -1)
status=0
python3 -B "$here/play_screen.py" screen.trace "$(grep -c ^step out)" "$steal" >screen.txt 2>&1 || status=$?
claim "the screen: $(cat screen.txt)" test $status -eq 0
finish
