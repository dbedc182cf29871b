# SPDX-License-Identifier: MIT OR Apache-2.0
# The Game of Life once more, cell by living cell, with the gun of life.c: prints what ./life GENERATIONS prints.
# usage: awk -v generations=N -f life.awk life.c
match($0, /"[.O]+"/) {
    for (j = 1; j <= RLENGTH - 2; j++)
        if (substr($0, RSTART + j, 1) == "O")
            cells[(4 + rows) * 256 + 3 + j]
    rows++
}
END {
    for (g = 0; g < generations; g++)
        step()
    for (c in cells) {
        count++
        small[int(int(c / 256) / 8) * 64 + int(c % 256 / 4)]++
    }
    for (i = 0; i < 32; i++) {
        line = ""
        for (j = 0; j < 64; j++)
            line = line substr(" .:*#", int((small[i * 64 + j] + 3) / 4) + 1, 1)
        print line
    }
    printf "generation %d: %d cells alive\n", generations, count
}

function step(    c, d, near, next_cells) {
    for (c in cells)
        for (d = -257; d <= 255; d += 256) {
            near[c + d]++
            near[c + d + 1]++
            near[c + d + 2]++
        }
    for (c in near)
        if (near[c] == 3 || (near[c] == 4 && c in cells)) # with itself
            next_cells[c]
    split("", cells)
    for (c in next_cells)
        cells[c]
}
