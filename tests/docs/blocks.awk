# SPDX-License-Identifier: MIT OR Apache-2.0
# Writes the fenced blocks of a Markdown file to OUT/<line>.<language>, one file each. A block whose info string has the
# word "text" after its language is not written, unless it is C or C++ (cpp). Another word there is the file's name in the example
# ("```c fib.c"): it goes to OUT/<line>.name. C of a file of the source ("```c examples/life.c") goes to OUT/<line>.excerpt. Python with a
# file's name goes to OUT/<line>.file.
# usage: awk -v out=OUT -f blocks.awk FILE.md
/^```/ && !inside {
    inside = 1
    language = substr($1, 4)
    file = ""
    is_c = language == "c" || language == "cpp"
    if (language != "" && ($2 != "text" || is_c)) {
        kind = is_c && index($2, "/") ? "excerpt" : language == "python" && $2 != "" ? "file" : language
        file = sprintf("%s/%05d.%s", out, NR, kind)
        printf "" > file
        if ($2 != "")
            print $2 > sprintf("%s/%05d.name", out, NR)
    }
    next
}
/^```/ {
    inside = 0
    if (file != "")
        close(file)
    next
}
inside && file != "" { print > file }
END {
    if (inside) {
        print FILENAME ": a block is not closed" > "/dev/stderr"
        exit 1
    }
}
