/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Prints how many lines, words and bytes all files below a directory have, as `wc` counts them.
 * Shows FILCH_REDUCE with a sum of one's own type, and a body that stops the whole when it fails.
 *
 *   cc -O2 word_count.c $(pkg-config --cflags --libs filch) -o word_count
 *   ./word_count DIRECTORY */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <filch/par.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct counts {
    size_t lines, words, bytes;
} counts;

static inline counts add(counts a, counts b)
{
    return (counts){a.lines + b.lines, a.words + b.words, a.bytes + b.bytes};
}

/* false: the file cannot be read. */
static bool count_file(const char *path, counts *sum)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    bool in_word = false;
    for (int c; (c = getc_unlocked(file)) != EOF; in_word = !isspace(c)) {
        sum->lines += c == '\n';
        sum->words += !in_word && !isspace(c);
        sum->bytes++;
    }
    bool complete = !ferror(file);
    fclose(file);
    return complete;
}

FILCH_REDUCE(count_all, counts, (counts){0}, add, i, (char *const *, files))
{
    counts sum = {0};
    if (!count_file(files[i], &sum))
        FILCH_STOP_WITH((int)i + 1, sum); /* so that main knows which one it was */
    return sum;
}

int main(int argc, char **argv)
{
    char *directory = argc > 1 ? argv[1] : ".", **files = NULL;
    size_t n = 0;
    FTS *tree = fts_open((char *[]){directory, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; tree && (entry = fts_read(tree));) {
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS)
            errx(1, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
        if (entry->fts_info != FTS_F)
            continue;
        files = reallocarray(files, n + 1, sizeof *files);
        if (!files || !(files[n++] = strdup(entry->fts_path)))
            err(1, "%s", entry->fts_path);
    }
    if (!tree || errno || fts_close(tree))
        err(1, "%s", directory);

    counts all;
    filch_runtime *rt;
    int rc = 0;
    if (filch_runtime_create(&rt, NULL) || (rc = FILCH_RUN(rt, count_all, 0, n, &all, files)) < 0)
        errx(1, "%s", filch_error());
    if (rc > 0)
        errx(1, "%s: cannot be read", files[rc - 1]);
    filch_runtime_destroy(rt);
    printf("%zu lines, %zu words, %zu bytes in %zu files\n", all.lines, all.words, all.bytes, n);
    while (n > 0)
        free(files[--n]);
    free(files);
}
