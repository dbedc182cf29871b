/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "say.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <tools/shared/output.h>

const char *say_task(const film *f, uint32_t task, char *text, size_t size)
{
    enum { NAME = 48 };
    const film_task *is = &f->task[task];
    char name[NAME], argument[16] = "", twin[16] = "";
    if (is->has_argument)
        snprintf(argument, sizeof argument, "(%" PRIu32 ")", is->argument);
    if (is->twin)
        snprintf(twin, sizeof twin, "#%" PRIu32, is->twin);
    snprintf(text, size, "%s%s%s", plain_text(trace_name(f->trace, is->name), name, sizeof name),
             argument, twin);
    return text;
}

/* By kind: the sentence if there is no other task, and if there is one. W: the worker; t: the task; o: the other
 * one; f: the worker that it came from; n: a name; v: a value; O: more about a theft. */
static const char *const sentences[FILM_KINDS][2] = {
    [FILM_STARTS] = {"{W} starts {t}", "{W}, in {o}, starts {t}"},
    [FILM_BEGINS] = {"{W} begins {t}", "{W}, in {o}, begins {t}"},
    [FILM_FORKS] = {"{W} forks {t}", "{W}, in {o}, forks {t}"},
    [FILM_TAKES] = {"{W} takes {t} from {f}{O}"},
    [FILM_ROBS] = {"{W} takes {t} from {f}{O}; {f} did not answer"},
    [FILM_FETCHES] = {"{W} takes {t} from the deque of {f}{O}"},
    [FILM_JOINS] = {NULL, "{W}, in {o}, joins {t}: nobody has taken it, so it runs here"},
    [FILM_OVERFLOWS] = {NULL, "{W}, in {o}, runs {t} at once: the fork stack is full"},
    [FILM_ENDS] = {"{W} ends {t}"},
    [FILM_RETURNS] = {"{W} ends {t}", "{W} ends {t} and goes on with {o}"},
    [FILM_NEEDS] = {NULL, "{W}, in {o}, needs {t}, which is not done"},
    [FILM_HAS] = {NULL, "{W}, in {o}, has the result of {t}"},
    [FILM_STOPS] = {"{t} stops in {n}; {W} looks for other work",
                    "{t} waits for {o}; {W} looks for other work"},
    [FILM_LEAVES] = {"{W} leaves {t}"},
    [FILM_WAKES] = {"{W} makes {t} ready to go on", "{W}, in {o}, makes {t} ready to go on"},
    [FILM_GOES_ON] = {"{W} goes on with {t}"},
    [FILM_CALLS] = {"{W}, in {t}, calls {n}({v})"},
    [FILM_MARKS] = {"{W}, in {t}, marks {n} = {v}"},
};

static void say_worker(uint32_t worker, char *text, size_t size)
{
    if (worker == FILM_OUTSIDE)
        snprintf(text, size, "a thread outside");
    else
        snprintf(text, size, "worker %" PRIu32, worker);
}

static void say_theft(const film_step *s, char *text, size_t size)
{
    char behind[32] = "";
    if (s->value > 1)
        snprintf(behind, sizeof behind, ", with the %" PRIu32 " behind it", s->value - 1);
    snprintf(text, size, "%s%s", s->is_oldest ? ", the oldest task there" : "", behind);
}

static void say_part(const film *f, const film_step *s, char part, char *text, size_t size)
{
    switch (part) {
    case 'W':
        say_worker(s->worker, text, size);
        break;
    case 'f':
        say_worker(s->from, text, size);
        break;
    case 't':
        say_task(f, s->task, text, size);
        break;
    case 'o':
        say_task(f, s->other, text, size);
        break;
    case 'n':
        plain_text(trace_name(f->trace, s->name), text, size);
        break;
    case 'v':
        snprintf(text, size, "%" PRIu32, s->value);
        break;
    default:
        say_theft(s, text, size);
    }
}

const char *say_step(const film *f, uint32_t step, char *text, size_t size)
{
    const film_step *s = &f->step[step];
    const char *from = sentences[s->kind][s->other && sentences[s->kind][1]];
    size_t at = 0;
    for (; *from && at + SAY_LABEL < size; from++) {
        if (*from != '{') {
            text[at++] = *from;
            continue;
        }
        say_part(f, s, from[1], text + at, SAY_LABEL);
        at += strlen(text + at);
        from += 2;
    }
    text[at] = '\0';
    return text;
}
