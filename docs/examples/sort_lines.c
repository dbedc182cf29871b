/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Prints the lines of a file in the order of their bytes, as `LC_ALL=C sort` does. Shows FILCH_SORT
 * with a comparison of one's own, and a way to make it fast. The first eight bytes of a line stand in
 * its record as one number, so that most comparisons need not look at the text.
 *
 *   cc -O2 sort_lines.c $(pkg-config --cflags --libs filch) -o sort_lines
 *   ./sort_lines FILE */
#include <err.h>
#include <fcntl.h>
#include <filch/par.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct line {
    uint64_t head; /* eight bytes, the first one the most significant; zeros for those missing */
    const char *text;
    size_t length; /* without its newline */
} line;

static inline bool before(line a, line b)
{
    if (a.head != b.head)
        return a.head < b.head;
    int order = memcmp(a.text, b.text, FILCH_MIN(a.length, b.length));
    return order ? order < 0 : a.length < b.length;
}
FILCH_SORT(sort_lines, line, before)

FILCH_FOR(fill_heads, i, (line *, lines))
{
    uint64_t head = 0;
    for (size_t k = 0; k < 8; k++)
        head = head << 8 | (k < lines[i].length ? (unsigned char)lines[i].text[k] : 0);
    lines[i].head = head;
}

/* How many lines [text, end) has. Puts them into the array if there is one. */
static size_t find_lines(const char *text, const char *end, line *lines)
{
    size_t n = 0;
    for (const char *newline; text < end; text = newline + 1, n++) {
        newline = memchr(text, '\n', (size_t)(end - text));
        newline = newline ? newline : end;
        if (lines)
            lines[n] = (line){0, text, (size_t)(newline - text)};
    }
    return n;
}

int main(int argc, char **argv)
{
    char *text = NULL, *path = argc > 1 ? argv[1] : "/dev/stdin";
    off_t size = 0;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || (size = lseek(fd, 0, SEEK_END)) < 0 ||
        (text = mmap(NULL, (size_t)size + 1, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED)
        err(1, "%s", path);
    size_t n = find_lines(text, text + size, NULL);
    line *lines = calloc(n + 1, sizeof *lines);
    if (!lines)
        err(1, "%zu lines", n);
    find_lines(text, text + size, lines);
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL) || FILCH_RUN(rt, fill_heads, 0, n, lines) ||
        FILCH_RUN(rt, sort_lines, lines, n))
        errx(1, "%s", filch_error());
    filch_runtime_destroy(rt);
    for (size_t i = 0; i < n; i++) {
        fwrite(lines[i].text, 1, lines[i].length, stdout);
        putchar('\n');
    }
    free(lines);
    if (fclose(stdout))
        err(1, "output");
}
