/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "strip.h"
#include "frame.h"

#include "play_strip.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_WORKERS = 16,
    MOST_FRAMES = 1000,
    MOST_CELLS = 8,
    LEAST_COLUMNS = 3, /* the width of a frame */
    COLUMN = 108,
    CELL = 98, /* width */
    CELL_HIGH = 24,
    ROW = 28,     /* a cell and its gap */
    EDGE = 10,    /* of a frame */
    TITLE = 22,   /* the names of the workers */
    RUNS = 56,    /* the running task, and those below it */
    LINE = 18,    /* of text */
    SENTENCE = 3, /* lines */
    LETTER = 7,   /* the width of one, at most */
    CELL_LETTERS = 13,
    COLUMNS = 3,
    TEXT = 512
};

/* ---- Text ---- */

void strip_escaped(const char *text, FILE *out)
{
    static const struct {
        char letter;
        const char *entity;
    } escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};
    for (; *text; text++) {
        size_t i = 0;
        while (i < sizeof escapes / sizeof *escapes && escapes[i].letter != *text)
            i++;
        if (i < sizeof escapes / sizeof *escapes)
            fputs(escapes[i].entity, out);
        else
            fputc(*text >= ' ' && *text < 0x7f ? *text : '?', out);
    }
}

static void put_text(unsigned x, unsigned y, const char *class, const char *text, size_t letters,
                     FILE *out)
{
    char cut[TEXT];
    bool fits = strlen(text) <= letters;
    snprintf(cut, sizeof cut, "%.*s", (int)(fits ? letters : letters - 2), text);
    fprintf(out, "<text x=\"%u\" y=\"%u\" class=\"%s\">", x, y, class);
    strip_escaped(cut, out);
    fputs(fits ? "</text>\n" : "..</text>\n", out);
}

/* ---- Parts of a frame ---- */

static unsigned top_of(uint32_t row)
{
    return TITLE + 6 + row * ROW;
}

/* In the middle, if the frame has room for more workers. */
static unsigned left_of(const cursor *c, const strip_size *size, uint32_t worker)
{
    return (size->width - c->film->workers * COLUMN + COLUMN - CELL) / 2 + worker * COLUMN;
}

static unsigned runs_top(const strip_size *size)
{
    return top_of(size->cells) + 10;
}

static void put_cell(unsigned x, unsigned y, const char *class, const char *label, FILE *out)
{
    fprintf(out,
            "<rect x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" rx=\"4\" class=\"cell %s\"/>\n", x,
            y, CELL, CELL_HIGH, class);
    put_text(x + CELL / 2, y + 16, "label", label, CELL_LETTERS, out);
}

/* The task of the step stands out. */
static void put_task(const cursor *c, const cursor_task *is, unsigned x, unsigned y,
                     const char *class, FILE *out)
{
    char label[SAY_LABEL], classes[32];
    bool is_now = c->step && c->film->step[c->step - 1].task == is->task;
    snprintf(classes, sizeof classes, "%s%s", class, is_now ? " now" : "");
    put_cell(x, y, classes, say_task(c->film, is->task, label, sizeof label), out);
}

static void put_deque(const cursor *c, const strip_size *size, uint32_t worker, FILE *out)
{
    frame_deque deque = frame_deque_of(c, worker);
    uint32_t all = deque.tasks.count + deque.ready.count;
    for (uint32_t row = 0; row < all && row < size->cells; row++) {
        if (row + 1 == size->cells && all > size->cells) {
            char rest[32];
            snprintf(rest, sizeof rest, "+%" PRIu32 " newer", all - row);
            put_cell(left_of(c, size, worker), top_of(row), "rest", rest, out);
            return;
        }
        const cursor_task *is = frame_deque_next(&deque);
        put_task(c, is, left_of(c, size, worker), top_of(row),
                 is->place.where == FILM_READY ? "ready" : "waits", out);
    }
}

static void put_runs(const cursor *c, const strip_size *size, uint32_t worker, FILE *out)
{
    frame_part runs = frame_at(c, FILM_RUNS, worker), held = frame_at(c, FILM_HELD, worker);
    unsigned x = left_of(c, size, worker), y = runs_top(size);
    char below[TEXT] = "";
    if (held.count) {
        put_task(c, &held.task[0], x, y, "held", out);
        put_text(x, y + CELL_HIGH + 16, "quiet", "taken", CELL_LETTERS, out);
        return;
    }
    if (!runs.count) {
        put_cell(x, y, "none", "", out);
        return;
    }
    put_task(c, &runs.task[runs.count - 1], x, y, "runs", out);
    for (uint32_t i = runs.count - 1; i-- > 0 && strlen(below) < 2 * CELL_LETTERS;) {
        char label[SAY_LABEL];
        size_t length = strlen(below);
        snprintf(below + length, sizeof below - length, "%s%s", length ? ", " : "in ",
                 say_task(c->film, runs.task[i].task, label, sizeof label));
    }
    put_text(x, y + CELL_HIGH + 16, "quiet", below, CELL_LETTERS + 2, out);
}

/* From the old end of the victim's deque to the thief. */
static void put_theft(const cursor *c, const strip_size *size, FILE *out)
{
    const film_step *s = &c->film->step[c->step - 1];
    if (!film_is_steal(c->film, c->step - 1) || s->from >= c->film->workers)
        return;
    unsigned x1 = left_of(c, size, s->from) + CELL / 2, y1 = top_of(0) - 2,
             x2 = left_of(c, size, s->worker) + CELL / 2, y2 = runs_top(size) - 3;
    fprintf(out,
            "<circle cx=\"%u\" cy=\"%u\" r=\"4\" class=\"head\"/>\n<path d=\"M%u %u C%u %u %u %u "
            "%u %u\" class=\"theft\"/>\n"
            "<path d=\"M%u %u l-5 -9 h10 z\" class=\"head\"/>\n",
            x1, y1, x1, y1, x2, y1, x2, y1, x2, y2 - 8, x2, y2);
}

static void put_lines(const cursor *c, const strip_size *size, FILE *out)
{
    static const struct {
        const char *title;
        void (*list)(const cursor *c, char *text, size_t size);
    } lists[] = {{"inbox", frame_inbox}, {"waiting", frame_waits}, {"done", frame_done}};
    unsigned y = runs_top(size) + RUNS + LINE / 2;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        char list[TEXT], line[TEXT + 16];
        lists[i].list(c, list, sizeof list);
        if (!*list)
            continue;
        snprintf(line, sizeof line, "%s: %s", lists[i].title, list);
        put_text(EDGE, y, "small", line, (size->width - 2 * EDGE) / LETTER, out);
        y += LINE;
    }
}

void strip_frame(cursor *c, const strip_size *size, FILE *out)
{
    cursor_sort(c);
    for (uint32_t i = 0; i < c->film->workers; i++) {
        char name[32];
        snprintf(name, sizeof name, "worker %" PRIu32, i);
        put_text(left_of(c, size, i) + CELL / 2, TITLE - 6, "label name", name, CELL_LETTERS, out);
        fprintf(out, "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" class=\"edge\"/>\n",
                left_of(c, size, i), runs_top(size) - 6, left_of(c, size, i) + CELL,
                runs_top(size) - 6);
        put_deque(c, size, i, out);
        put_runs(c, size, i, out);
    }
    put_theft(c, size, out);
    put_lines(c, size, out);
}

void strip_style(FILE *out)
{
    fwrite(part_strip_css, 1, sizeof part_strip_css, out);
}

/* ---- The size ---- */

static void measure(cursor *c, strip_size *size)
{
    uint32_t deepest = 0;
    cursor_sort(c);
    for (uint32_t i = 0; i < c->film->workers; i++) {
        uint32_t cells = frame_at(c, FILM_DEQUE, i).count + frame_at(c, FILM_READY, i).count;
        deepest = cells > deepest ? cells : deepest;
    }
    unsigned lines = (frame_at(c, FILM_DEQUE, FILM_OUTSIDE).count > 0 ||
                      frame_at(c, FILM_READY, FILM_OUTSIDE).count > 0) +
                     (frame_all(c, FILM_WAITS).count > 0) + (frame_all(c, FILM_DONE).count > 0);
    size->cells = deepest > size->cells ? deepest : size->cells;
    size->lines = lines > size->lines ? lines : size->lines;
}

strip_size strip_measure(cursor *c, film_range range)
{
    strip_size size = {.cells = 1};
    for (uint32_t i = range.first; i <= range.last; i++) {
        cursor_go(c, i);
        measure(c, &size);
    }
    uint32_t columns = c->film->workers > LEAST_COLUMNS ? c->film->workers : LEAST_COLUMNS;
    size.cells = size.cells > MOST_CELLS ? MOST_CELLS : size.cells;
    size.width = 2 * EDGE + columns * COLUMN - (COLUMN - CELL);
    size.height = runs_top(&size) + RUNS + size.lines * LINE + EDGE;
    return size;
}

bool strip_fits(const film *f, const film_show *show, char *why, size_t size)
{
    uint32_t frames = show->range.last - show->range.first + 1;
    if (f->workers > MOST_WORKERS)
        snprintf(why, size, "%" PRIu32 " workers do not fit in a picture (valid: at most %d)",
                 f->workers, MOST_WORKERS);
    else if (frames > MOST_FRAMES)
        snprintf(why, size,
                 "%" PRIu32
                 " steps do not fit in a picture (valid: at most %d; choose by --steps A..B)",
                 frames, MOST_FRAMES);
    else
        return true;
    return false;
}

/* ---- The strip ---- */

/* The sentence in lines. */
static void put_sentence(const film *f, uint32_t step, unsigned width, FILE *out)
{
    char text[SAY_SENTENCE];
    const char *at = say_step(f, step, text, sizeof text);
    size_t letters = width / LETTER;
    for (unsigned line = 0; *at && line < SENTENCE; line++) {
        size_t length = strlen(at), end = length;
        if (length > letters && line + 1 < SENTENCE)
            for (end = letters; end > 0 && at[end] != ' ';)
                end--;
        end = end ? end : letters;
        char words[SAY_SENTENCE];
        snprintf(words, sizeof words, "%.*s", (int)end, at);
        put_text(EDGE, 40 + line * LINE, "small", words, letters, out);
        at += end + (at[end] == ' ');
    }
}

static void put_frame(cursor *c, const strip_size *size, unsigned x, unsigned y, FILE *out)
{
    enum { HEAD = 28 + SENTENCE * LINE };
    char number[64];
    snprintf(number, sizeof number, "%" PRIu32 " of %" PRIu32, c->step, c->film->steps);
    fprintf(out,
            "<g transform=\"translate(%u %u)\">\n<rect width=\"%u\" height=\"%u\" rx=\"8\" "
            "class=\"frame\"/>\n",
            x, y, size->width, size->height + HEAD);
    put_text(EDGE, 20, "quiet", number, sizeof number, out);
    put_sentence(c->film, c->step - 1, size->width - 2 * EDGE, out);
    fprintf(out, "<g transform=\"translate(0 %d)\">\n", HEAD);
    strip_frame(c, size, out);
    fputs("</g>\n</g>\n", out);
}

int strip_write(const film *f, const film_show *show, FILE *out)
{
    enum { GAP = 14, TOP = 62, HEAD = 28 + SENTENCE * LINE };
    cursor c;
    if (!cursor_begin(&c, f))
        return -ENOMEM;
    strip_size size = strip_measure(&c, show->range);
    unsigned frames = show->range.last - show->range.first + 1,
             wanted = show->columns ? show->columns : COLUMNS,
             columns = wanted < frames ? wanted : frames, rows = (frames + columns - 1) / columns;
    unsigned wide = size.width + GAP, high = size.height + HEAD + GAP;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" width=\"%u\" "
            "height=\"%u\">\n<title>",
            columns * wide + GAP, rows * high + TOP, columns * wide + GAP, rows * high + TOP);
    strip_escaped(show->title, out);
    fputs("</title>\n<style>\n", out);
    strip_style(out);
    fputs("</style>\n<rect width=\"100%\" height=\"100%\" class=\"ground\"/>\n", out);
    put_text(GAP, 28, "title", show->title, columns * wide / LETTER, out);
    put_text(GAP, 50, "quiet",
             "Above each line a deque, the oldest task on top; below it the running task.",
             columns * wide / (LETTER - 1), out);
    for (uint32_t i = 0; i < frames; i++) {
        cursor_go(&c, show->range.first + i);
        put_frame(&c, &size, GAP + i % columns * wide, TOP + i / columns * high, out);
    }
    fputs("</svg>\n", out);
    cursor_end(&c);
    return 0;
}
