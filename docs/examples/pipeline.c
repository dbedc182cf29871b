/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Prints how many lines, words and bytes all files below a directory have, as `wc` counts them, by a pipeline: one stage finds
 * files, some readers load them, some counters count. Channels between the stages have room for a few items, so fast
 * stages wait for slow ones, and memory stays small. Where a disk may make a thread wait, the reader says so. A file that
 * cannot be read stops all stages. (word_count.c does the same by one reduction.)
 *
 *   cc -O2 pipeline.c $(pkg-config --cflags --libs filch) -o pipeline
 *   ./pipeline DIRECTORY */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <filch/filch.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READERS = 4, COUNTERS = 2, ROOM = 8 };

typedef struct text {
    char *bytes;
    size_t size;
} text;

typedef struct pipeline {
    char *directory;
    filch_channel *paths, *texts; /* of char *; of text */
    filch_waitgroup reading;
    filch_mutex mutex;
    size_t lines, words, bytes, files; /* under the mutex */
} pipeline;

/* Sends, unless the pipeline is being stopped: then nobody may be there to receive. */
static int pass_on(filch_scope *scope, filch_channel *to, const void *item)
{
    filch_case cases[] = {FILCH_SEND(to, item), FILCH_DONE(filch_scope_context(scope))};
    int which = filch_select(cases, 2);
    return which < 0 ? which : cases[which].code;
}

static int find(filch_self self, filch_scope *scope, void *arg)
{
    (void)self;
    pipeline *p = arg;
    FTS *tree = fts_open((char *[]){p->directory, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    int rc = tree ? 0 : -errno;
    for (FTSENT *entry; !rc && (entry = fts_read(tree));) {
        char *path = entry->fts_info == FTS_F ? strdup(entry->fts_path) : NULL;
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS)
            rc = filch_scope_fail(scope, -entry->fts_errno, "%s: %s", entry->fts_path,
                                  strerror(entry->fts_errno));
        else if (path && (rc = pass_on(scope, p->paths, &path)))
            free(path);
    }
    if (tree)
        fts_close(tree);
    filch_channel_close(p->paths);
    return rc;
}

/* Runs where it may block. */
static text load(const char *path)
{
    text loaded = {NULL, 0};
    FILE *file = fopen(path, "r");
    FILE *copy = file ? open_memstream(&loaded.bytes, &loaded.size) : NULL;
    char block[65536];
    for (size_t n; copy && (n = fread(block, 1, sizeof block, file));)
        fwrite(block, 1, n, copy);
    bool complete = copy && !ferror(file) && fclose(copy) == 0;
    if (file)
        fclose(file);
    if (!complete)
        loaded.bytes = NULL;
    return loaded;
}

static int read_files(filch_self self, filch_scope *scope, void *arg)
{
    (void)self;
    pipeline *p = arg;
    int rc = 0;
    FILCH_EACH(char *, path, p->paths)
    {
        bool outside = !filch_blocking_begin();
        text loaded = load(path);
        int error = outside ? filch_blocking_end() : errno;
        if (!loaded.bytes)
            rc = filch_scope_fail(scope, -error, "%s: %s", path, strerror(error));
        else if (pass_on(scope, p->texts, &loaded))
            free(loaded.bytes);
        free(path);
    }
    filch_waitgroup_done(&p->reading);
    return rc;
}

static void count(pipeline *p, const text *t)
{
    size_t lines = 0, words = 0;
    bool in_word = false;
    for (size_t i = 0; i < t->size; i++) {
        bool space = isspace((unsigned char)t->bytes[i]);
        lines += t->bytes[i] == '\n';
        words += !in_word && !space;
        in_word = !space;
    }
    filch_mutex_lock(&p->mutex);
    p->lines += lines;
    p->words += words;
    p->bytes += t->size;
    p->files++;
    filch_mutex_unlock(&p->mutex);
}

static int count_texts(filch_self self, filch_scope *scope, void *arg)
{
    (void)self, (void)scope;
    pipeline *p = arg;
    FILCH_EACH(text, one, p->texts)
    {
        count(p, &one);
        free(one.bytes);
    }
    return 0;
}

/* The last of several senders closes. */
static int end_texts(filch_self self, filch_scope *scope, void *arg)
{
    (void)self, (void)scope;
    pipeline *p = arg;
    filch_waitgroup_wait(&p->reading);
    return filch_channel_close(p->texts);
}

int main(int argc, char **argv)
{
    filch_runtime *rt;
    filch_scope scope;
    pipeline p = {.directory = argc > 1 ? argv[1] : "."};
    if (filch_runtime_create(&rt, NULL) || filch_scope_begin(&scope, rt, NULL) ||
        filch_channel_create(&p.paths, sizeof(char *), ROOM) ||
        filch_channel_create(&p.texts, sizeof(text), ROOM))
        errx(1, "%s", filch_error());
    filch_waitgroup_add(&p.reading, READERS);
    FILCH_SPAWN(&scope, find, &p);
    for (int i = 0; i < READERS; i++)
        FILCH_SPAWN(&scope, read_files, &p);
    for (int i = 0; i < COUNTERS; i++)
        FILCH_SPAWN(&scope, count_texts, &p);
    FILCH_SPAWN(&scope, end_texts, &p);
    if (filch_scope_end(&scope))
        errx(1, "%s", filch_scope_failure(&scope)->message);
    filch_channel_destroy(p.paths);
    filch_channel_destroy(p.texts);
    filch_runtime_destroy(rt);
    printf("%zu lines, %zu words, %zu bytes in %zu files\n", p.lines, p.words, p.bytes, p.files);
}
