# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks the chapters of the guide:
#   ```c NAME.c   are lines of that program, one after the other, as they stand there; a link to it comes before
#   ```text NAME  is what a program prints: each has one such block (run.sh compares it); so has each exercise (exercise.sh)
# Links to files lead somewhere; README.md has one to each chapter. Numbers follow each other. The last section of a chapter
# is the exercise of its number, and its last line leads to the next chapter, from the last chapter to the reference.
# usage: awk -v programs=DIRECTORY -v names="NAME..." -f text.awk CHAPTER.md... README.md

function complain(line, what) {
    print FILENAME ":" line ": " what
    bad = 1
}

# The text of a file, a line break before it.
function slurp(file,    line, text) {
    text = "\n"
    while ((getline line < file) > 0)
        text = text line "\n"
    close(file)
    return text
}

function check_block() {
    if (language == "c" && name == "")
        complain(first, "whose lines? (```c NAME.c)")
    else if (language == "c" && !index(slurp(programs "/" name), "\n" body))
        complain(first, "these lines are not in " name)
    else if (language == "c" && !((FILENAME, programs "/" name) in linked))
        complain(first, "no link to " name " comes before")
    else if (language == "text" && name != "") {
        outputs[exercise = name]++
        if (!index(names, " " name " "))
            complain(first, "there is no program " name)
    }
}

function check_links(line,    target) {
    while (match(line, /\]\([^)#: ]+[)#]/)) {
        target = substr(line, RSTART + 2, RLENGTH - 3)
        if (system("test -e '" target "'"))
            complain(FNR, "a link leads nowhere: " target)
        linked[FILENAME, target] = 1
        listed[target] = FILENAME == "README.md" || listed[target]
        line = substr(line, RSTART + RLENGTH)
    }
}

# The foot of the chapter that has just been read, before another file begins.
function check_foot(next_one) {
    if (chapter !~ /^[0-9]/)
        return
    if (next_one !~ /^[0-9]/)
        next_one = "../pools/README.md"
    if (last !~ /^Next: \[/ || !index(last, "](" next_one ")")) {
        print chapter ": its last line is not: Next: [..](" next_one ")"
        bad = 1
    }
    if (heading != "## Exercise" || exercise + 0 != number) {
        print chapter ": its last section is not that of exercise " number
        bad = 1
    }
}

function check_end() {
    if (inside)
        print chapter ":" first ": this block is not closed"
    bad = bad || inside
    inside = 0
}

FNR == 1 {
    check_end()
    check_foot(FILENAME)
    chapter = FILENAME
    heading = exercise = ""
    if (chapter ~ /^[0-9]/ && (chapter + 0 != ++number || $2 != number "."))
        complain(FNR, "chapter " number " should be here")
}
{ last = $0 }
/^```/ && !inside {
    inside = 1
    language = substr($1, 4)
    name = $2
    first = FNR
    body = ""
    next
}
/^```/ {
    inside = 0
    check_block()
    next
}
inside { body = body $0 "\n" }
!inside { check_links($0) }
!inside && /^## / { heading = $0 }

END {
    check_end()
    count = split(names, all)
    for (i = 1; i <= count; i++)
        if (outputs[all[i]] != 1) {
            print all[i] ": " outputs[all[i]] + 0 " blocks ```text " all[i] ", not one"
            bad = 1
        }
    for (i = 1; i < ARGC; i++)
        if (ARGV[i] ~ /^[0-9]/ && !listed[ARGV[i]]) {
            print ARGV[i] ": not a link in README.md"
            bad = 1
        }
    exit bad
}
