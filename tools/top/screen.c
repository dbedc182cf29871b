/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "screen.h"
#include "control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/window.h>

#ifdef FILCH_HAVE_NCURSES
#include <curses.h>

enum {
    HEAD = 7,      /* lines that stay: the head, and the title of the workers */
    SILENT = 1000, /* ms without a publication, which are ten a second */
};

typedef struct screen {
    view *v;
    int interval; /* ms */
    int first;    /* line of the body that is shown first */
    bool is_paused, has_help, is_over, has_failed;
    char error[PAGE_ERROR];   /* after which it ends */
    char refusal[PAGE_ERROR]; /* of the last change; "": none */
} screen;

static const char *const help[] = {
    "q      quit",
    "p      pause, go on",
    "s      sort workers by number, work, steals, ready tasks",
    "Up, Down, Page Up, Page Down, Home: scroll",
    "+ -    a worker more, a worker less (with FILCH_SHARE=2)",
    "?      this help, and back",
    "",
    "work    share of time with something to do",
    "ready   items in the worker's ready deque",
    "forked  tasks on its fork stack, to a power of two",
    "steals  tasks and items taken from other workers",
    "helped  calls of a loop of which another worker did a part",
    "serial  time of a call on one worker",
};

/* ---- Drawing ---- */

/* The head, then the body from the first line on; the last line of the window is for the state. */
static void put_text(screen *s, const char *text)
{
    int y = 0, room = LINES - 1, lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    int most = lines > room ? lines - room : 0;
    s->first = s->first > most ? most : s->first < 0 ? 0 : s->first;
    for (int line = 0; *text && y < room; line++) {
        size_t length = strcspn(text, "\n");
        if (line < HEAD || line >= HEAD + s->first) {
            if (line == HEAD - 1)
                attron(A_BOLD);
            window_put(y++, text, length);
            attroff(A_BOLD);
        }
        text += length + (text[length] == '\n');
    }
}

static void put_state(const screen *s)
{
    if (s->refusal[0]) {
        window_put(LINES - 1, s->refusal, strlen(s->refusal));
        return;
    }
    char line[128];
    snprintf(line, sizeof line, "%s by %s   q quit  p pause  s sort  ? help",
             s->is_paused                              ? "PAUSED  "
             : (int)s->v->idle * s->interval >= SILENT ? "NO NEWS "
                                                       : "        ",
             view_order_name(s->v->order));
    attron(A_REVERSE);
    window_put(LINES - 1, line, strlen(line));
    attroff(A_REVERSE);
}

static void put_help(void)
{
    for (size_t i = 0; i < sizeof help / sizeof *help && (int)i < LINES - 1; i++)
        window_put((int)i, help[i], strlen(help[i]));
}

static void draw(screen *s)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out) {
        view_write(s->v, COLS > 0 ? (unsigned)COLS : 1, out);
        fclose(out);
    }
    erase();
    if (s->has_help)
        put_help();
    else if (text)
        put_text(s, text);
    put_state(s);
    refresh();
    free(text);
}

/* ---- Keys ---- */

/* One worker more, or less. */
static void change_workers(screen *s, int by)
{
    char request[64];
    page_table rt = page_table_of(&s->v->now, "runtime");
    snprintf(request, sizeof request, "workers %lld",
             (long long)page_number(&rt, 0, "workers") + by);
    if (control_send(&s->v->now, request, s->refusal))
        s->refusal[0] = '\0';
}

static void answer(screen *s, int key)
{
    s->refusal[0] = '\0';
    switch (key) {
    case 'q':
        s->is_over = true;
        break;
    case 'p':
        s->is_paused = !s->is_paused;
        break;
    case 's':
        s->v->order = (s->v->order + 1) % VIEW_ORDERS;
        break;
    case '?':
        s->has_help = !s->has_help;
        break;
    case '+':
    case '-':
        change_workers(s, key == '+' ? 1 : -1);
        break;
    case KEY_UP:
    case KEY_DOWN:
        s->first += key == KEY_UP ? -1 : 1;
        break;
    case KEY_PPAGE:
    case KEY_NPAGE:
        s->first += (key == KEY_PPAGE ? -1 : 1) * (LINES - HEAD - 1);
        break;
    case KEY_HOME:
        s->first = 0;
        break;
    default: /* KEY_RESIZE: it is drawn anew */
        break;
    }
}

/* ---- The loop ---- */

/* An interval is over. */
static void renew(screen *s)
{
    if (!page_is_alive(s->v->page)) {
        strcpy(s->error, "it has ended");
        s->is_over = true;
    } else if (!s->is_paused && !view_read(s->v, s->error)) {
        s->is_over = s->has_failed = true;
    }
}

int screen_run(view *v, int interval_ms)
{
    screen s = {.v = v, .interval = interval_ms};
    if (!window_begin("filch top", "--once"))
        return 2;
    timeout(interval_ms);
    draw(&s);
    while (!s.is_over) {
        int key = getch();
        if (key == ERR)
            renew(&s);
        else
            answer(&s, key);
        draw(&s);
    }
    endwin();
    if (s.error[0])
        fprintf(stderr, "filch top: process %ld: %s\n", v->page->process, s.error);
    return s.has_failed ? 2 : 0;
}

#else

int screen_run(view *v, int interval_ms)
{
    (void)v, (void)interval_ms;
    window_begin("filch top", "--once");
    return 2;
}

#endif
