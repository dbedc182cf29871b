/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "frame.h"

#include <inttypes.h>
#include <string.h>
#include <tools/shared/terminal.h>

enum { RUNS_LEAST = 18, RUNS_USUAL = 30, LINE = 1024, CELL = SAY_LABEL + 8 };

/* ---- Parts ---- */

static frame_part part_of(const cursor *c, enum film_where where, bool of_all, uint32_t at)
{
    frame_part part = {0};
    for (uint32_t i = 0; i < c->count; i++) {
        const cursor_task *is = &c->there[i];
        if (is->place.where != where || (!of_all && is->place.at != at))
            continue;
        if (!part.count++)
            part.task = is;
    }
    return part;
}

frame_part frame_at(const cursor *c, enum film_where where, uint32_t at)
{
    return part_of(c, where, false, at);
}

frame_part frame_all(const cursor *c, enum film_where where)
{
    return part_of(c, where, true, 0);
}

frame_deque frame_deque_of(const cursor *c, uint32_t worker)
{
    return (frame_deque){.tasks = frame_at(c, FILM_DEQUE, worker),
                         .ready = frame_at(c, FILM_READY, worker)};
}

/* Both parts are in order of arrival. */
const cursor_task *frame_deque_next(frame_deque *d)
{
    const cursor_task *task = d->tasks.count ? d->tasks.task : NULL,
                      *ready = d->ready.count ? d->ready.task : NULL;
    if (!task && !ready)
        return NULL;
    frame_part *from =
        !task || (ready && ready->place.order < task->place.order) ? &d->ready : &d->tasks;
    from->count--;
    return from->task++;
}

bool frame_is_innermost(const frame_part *part, uint32_t i)
{
    return i + 1 == part->count || part->task[i + 1].place.at != part->task[i].place.at;
}

/* ---- Lists ---- */

/* A list that is cut when it is full. */
typedef struct list {
    char *text;
    size_t size, length;
    uint32_t more; /* that found no room */
} list;

static list list_begin(char *text, size_t size)
{
    *text = '\0';
    return (list){.text = text, .size = size};
}

static void list_add(list *l, const char *separator, const char *item)
{
    enum { REST = 6 }; /* of " +9999" */
    size_t needed = strlen(item) + (l->length ? strlen(separator) : 0);
    if (l->more || l->length + needed + REST > l->size) {
        l->more++;
        return;
    }
    l->length += (size_t)snprintf(l->text + l->length, l->size - l->length, "%s%s",
                                  l->length ? separator : "", item);
}

static void list_end(list *l)
{
    if (l->more)
        snprintf(l->text + l->length, l->size - l->length, " +%" PRIu32, l->more);
}

static const char *cell(const cursor *c, const cursor_task *is, char *text, size_t size)
{
    char label[SAY_LABEL];
    say_task(c->film, is->task, label, sizeof label);
    snprintf(text, size, "%s%s", label, is->place.where == FILM_READY ? "*" : "");
    return text;
}

static void add_part(list *l, const cursor *c, frame_part part)
{
    char text[CELL];
    for (uint32_t i = 0; i < part.count; i++)
        list_add(l, " ", cell(c, &part.task[i], text, sizeof text));
}

static void add_deque(list *l, const cursor *c, uint32_t worker)
{
    frame_deque deque = frame_deque_of(c, worker);
    char text[CELL];
    for (const cursor_task *is; (is = frame_deque_next(&deque)) != NULL;)
        list_add(l, " ", cell(c, is, text, sizeof text));
}

void frame_waits(const cursor *c, char *text, size_t size)
{
    frame_part part = frame_all(c, FILM_WAITS);
    list l = list_begin(text, size);
    for (uint32_t i = 0; i < part.count; i++) {
        char task[SAY_LABEL], until[SAY_LABEL], item[2 * SAY_LABEL + 8];
        if (!frame_is_innermost(&part, i))
            continue;
        say_task(c->film, part.task[i].task, task, sizeof task);
        snprintf(item, sizeof item, "%s%s%s", task, part.task[i].place.until ? " for " : "",
                 part.task[i].place.until
                     ? say_task(c->film, part.task[i].place.until, until, sizeof until)
                     : "");
        list_add(&l, ", ", item);
    }
    list_end(&l);
}

void frame_done(const cursor *c, char *text, size_t size)
{
    list l = list_begin(text, size);
    add_part(&l, c, frame_all(c, FILM_DONE));
    list_end(&l);
}

void frame_inbox(const cursor *c, char *text, size_t size)
{
    list l = list_begin(text, size);
    add_deque(&l, c, FILM_OUTSIDE);
    list_end(&l);
}

/* ---- Lines ---- */

static unsigned runs_width(unsigned width)
{
    unsigned part = width ? width * 2 / 5 : RUNS_USUAL;
    return part < RUNS_LEAST ? RUNS_LEAST : part;
}

/* The innermost task last; the outermost ones are cut. */
static void runs_text(const cursor *c, uint32_t worker, char *text, size_t size)
{
    static const char between[] = " > ", rest[] = ".. > ";
    frame_part runs = frame_at(c, FILM_RUNS, worker), held = frame_at(c, FILM_HELD, worker);
    char one[CELL], all[LINE];
    size_t at = sizeof all - 1, most = size < sizeof all ? size : sizeof all; /* from its end */
    all[at] = '\0';
    for (uint32_t i = runs.count; i-- > 0 && !held.count;) {
        const char *behind = all[at] ? between : "";
        size_t length = strlen(cell(c, &runs.task[i], one, sizeof one)) + strlen(behind);
        bool fits = sizeof all - at + length + (i ? strlen(rest) : 0) <= most;
        if (!fits && all[at]) {
            at -= strlen(rest);
            memcpy(all + at, rest, strlen(rest));
            break;
        }
        at -= length;
        memcpy(all + at, one, strlen(one));
        memcpy(all + at + strlen(one), behind, strlen(behind));
    }
    if (held.count)
        snprintf(text, size, "takes %s", cell(c, &held.task[0], one, sizeof one));
    else
        snprintf(text, size, "%s", all[at] ? all + at : "-");
}

void frame_line(const cursor *c, uint32_t worker, unsigned width, char *text, size_t size)
{
    char runs[LINE], deque[LINE];
    unsigned first = runs_width(width);
    size_t room = width > first + 2 ? width - first - 2 : sizeof deque;
    runs_text(c, worker, runs, first + 1);
    list l = list_begin(deque, room < sizeof deque ? room : sizeof deque);
    add_deque(&l, c, worker);
    list_end(&l);
    snprintf(text, size, "%-*s%s%s", *deque ? (int)first : 0, runs, *deque ? "  " : "", deque);
}

void frame_title(unsigned width, char *text, size_t size)
{
    snprintf(text, size, "%-*s  %s", (int)runs_width(width), "runs", "deque, oldest first");
}

void frame_write(cursor *c, unsigned width, FILE *out)
{
    static const struct {
        const char *title;
        void (*list)(const cursor *c, char *text, size_t size);
    } lists[] = {{"inbox", frame_inbox},
                 {"waiting", frame_waits},
                 {"done, not joined", frame_done}};
    char text[2 * LINE];
    cursor_sort(c);
    if (c->step) {
        fprintf(out, "step %" PRIu32 " of %" PRIu32 ": %s\n", c->step, c->film->steps,
                say_step(c->film, c->step - 1, text, sizeof text));
    }
    for (uint32_t i = 0; i < c->film->workers; i++) {
        frame_line(c, i, width, text, sizeof text);
        fprintf(out, "  worker %-4" PRIu32 "%s\n", i, text);
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        lists[i].list(c, text, LINE);
        if (*text)
            fprintf(out, "%s: %s\n", lists[i].title, text);
    }
}
