/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "screen.h"
#include "frame.h"

#include <tools/shared/window.h>

#ifdef FILCH_HAVE_NCURSES
#include <curses.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/terminal.h>

enum { SENTENCE = 2 /* lines */, BETWEEN = 700 /* ms, while it plays */, PAGE = 10 /* steps */ };

typedef struct screen {
    cursor c;
    const film_show *show;
    uint32_t first; /* worker that is shown first */
    bool plays, is_over;
} screen;

/* ---- Drawing ---- */

static int put(int y, const char *text)
{
    window_put(y, text, strlen(text));
    return y + 1;
}

static int put_head(const screen *s)
{
    char number[64], line[256];
    snprintf(number, sizeof number, "step %" PRIu32 " of %" PRIu32, s->c.step, s->show->range.last);
    int room = COLS - (int)strlen(number) - 2;
    snprintf(line, sizeof line, "%-*.*s  %s", room > 0 ? room : 0, room > 0 ? room : 0,
             s->show->title, number);
    attron(A_BOLD);
    put(0, line);
    attroff(A_BOLD);
    return 1;
}

/* Wrapped; the rest of a longer one is cut. */
static int put_sentence(const screen *s, int y)
{
    char text[SAY_SENTENCE], *lines = NULL;
    size_t size;
    FILE *out = open_memstream(&lines, &size);
    if (!out)
        return y;
    say_step(s->c.film, s->c.step - 1, text, sizeof text);
    terminal_wrap(text, COLS > 0 ? (unsigned)COLS : 1, out);
    fclose(out);
    const char *at = lines;
    for (int i = 0; i < SENTENCE; i++) {
        size_t length = strcspn(at, "\n");
        window_put(y + i, at, length);
        at += length + (at[length] == '\n');
    }
    free(lines);
    return y + SENTENCE;
}

/* Bold: a worker of the step. */
static int put_workers(screen *s, int y, int rows)
{
    enum { NUMBER = 5 };
    const film *f = s->c.film;
    const film_step *step = &f->step[s->c.step - 1];
    unsigned width = COLS > NUMBER ? (unsigned)(COLS - NUMBER) : 1;
    uint32_t most = f->workers > (uint32_t)rows ? f->workers - (uint32_t)rows : 0;
    s->first = s->first > most ? most : s->first;
    char parts[512], line[600];
    frame_title(width, parts, sizeof parts);
    snprintf(line, sizeof line, "%3s  %s", "#", parts);
    put(y++, line);
    for (uint32_t i = s->first; i < f->workers && rows-- > 0; i++) {
        bool is_named = i == step->worker || (film_is_steal(f, s->c.step - 1) && i == step->from);
        frame_line(&s->c, i, width, parts, sizeof parts);
        snprintf(line, sizeof line, "%3" PRIu32 "  %s", i, parts);
        attrset(is_named ? A_BOLD : A_NORMAL);
        put(y++, line);
        attrset(A_NORMAL);
    }
    return y;
}

static void put_lists(const screen *s, int y)
{
    static const struct {
        const char *title;
        void (*list)(const cursor *c, char *text, size_t size);
    } lists[] = {{"inbox", frame_inbox},
                 {"waiting", frame_waits},
                 {"done, not joined", frame_done}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists && y < LINES - 1; i++) {
        char list[512], line[600];
        lists[i].list(&s->c, list, sizeof list);
        snprintf(line, sizeof line, "%s: %s", lists[i].title, list);
        if (*list)
            y = put(y, line);
    }
}

static void draw(screen *s)
{
    enum { AROUND = 9 }; /* lines that are not workers */
    int rows = LINES > AROUND ? LINES - AROUND : 1;
    cursor_sort(&s->c);
    erase();
    int y = put_sentence(s, put_head(s));
    y = put_workers(s, y + 1, rows);
    put_lists(s, y + 1);
    attron(A_REVERSE);
    put(LINES - 1, s->plays ? "PLAYS   Space stops  q quit"
                            : "q quit  n next  p back  / steal  Space play  g first  G last");
    attroff(A_REVERSE);
    refresh();
}

/* ---- Keys ---- */

static void go(screen *s, int64_t to)
{
    const film_range *range = &s->show->range;
    cursor_go(&s->c, to < range->first  ? range->first
                     : to > range->last ? range->last
                                        : (uint32_t)to);
}

static void find_steal(screen *s)
{
    for (uint32_t i = s->c.step; i < s->show->range.last; i++)
        if (film_is_steal(s->c.film, i)) {
            go(s, (int64_t)i + 1);
            return;
        }
}

/* Keys that move: by so many steps, or to an end. */
static bool answer_move(screen *s, int key)
{
    static const struct {
        int key;
        int64_t by;
    } moves[] = {{KEY_RIGHT, 1},       {'n', 1},
                 {KEY_LEFT, -1},       {'p', -1},
                 {KEY_NPAGE, PAGE},    {KEY_PPAGE, -PAGE},
                 {KEY_END, FILM_MOST}, {KEY_HOME, -FILM_MOST},
                 {'g', -FILM_MOST},    {'G', FILM_MOST}};
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (moves[i].key == key) {
            go(s, s->c.step + moves[i].by);
            return true;
        }
    return false;
}

static void answer(screen *s, int key)
{
    bool played = s->plays;
    s->plays = false;
    if (answer_move(s, key))
        return;
    switch (key) {
    case 'q':
        s->is_over = true;
        break;
    case '/':
    case 'f':
        find_steal(s);
        break;
    case ' ':
        s->plays = !played;
        break;
    case KEY_DOWN:
        s->first++;
        break;
    case KEY_UP:
        s->first -= s->first > 0;
        break;
    default: /* KEY_RESIZE: it is drawn anew */
        s->plays = played;
        break;
    }
}

/* ---- The loop ---- */

int screen_play(const film *f, const film_show *show)
{
    screen s = {.show = show};
    if (!cursor_begin(&s.c, f)) {
        fputs("filch play: no memory; free some\n", stderr);
        return 2;
    }
    if (!window_begin("filch play", "--text")) {
        cursor_end(&s.c);
        return 2;
    }
    go(&s, show->range.first);
    while (!s.is_over) {
        draw(&s);
        timeout(BETWEEN); /* always: getch misses a SIGWINCH that comes just before it waits */
        int key = getch();
        if (key != ERR)
            answer(&s, key);
        else if (s.plays)
            go(&s, (int64_t)s.c.step + 1);
        s.plays = s.plays && s.c.step < show->range.last;
    }
    endwin();
    cursor_end(&s.c);
    return 0;
}

#else

int screen_play(const film *f, const film_show *show)
{
    (void)f, (void)show;
    window_begin("filch play", "--text");
    return 2;
}

#endif
