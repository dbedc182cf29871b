/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "film.h"
#include "frame.h"
#include "page.h"
#include "record.h"
#include "screen.h"
#include "strip.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/output.h>
#include <tools/shared/spell.h>
#include <tools/shared/terminal.h>
#include <unistd.h>

/* ---- The command line ---- */

enum { TEXT = 256, SVG, HTML, STEPS, COLUMNS, LIST, MOST_WORKERS = 16, USUAL_WORKERS = 3 };

typedef struct play_options {
    const char *path; /* a trace; NULL: an example */
    recording example;
    int as; /* TEXT, SVG, HTML; 0: the terminal, or text */
    const char *output, *steps;
    const char *of_examples; /* an option that is for examples only */
    unsigned long columns;
    bool has_number, lists;
} play_options;

static const struct argp_option known[] = {
    {"workers", 'w', "N", 0, "Workers of an example, 1 to 16 (default: 3)", 0},
    {"seed", 's', "N", 0, "Seed of an example's run (default: 1)", 0},
    {"list", LIST, NULL, 0, "Print the examples and end", 0},
    {"text", TEXT, NULL, 0, "Print all steps (default without a terminal)", 1},
    {"svg", SVG, "FILE", 0, "Draw a film strip, a frame for each step", 1},
    {"html", HTML, "FILE", 0, "Make a page to step through", 1},
    {"steps", STEPS, "A..B", 0, "These steps alone", 1},
    {"columns", COLUMNS, "N", 0, "With --svg: frames in a row, 1 to 100 (default: 3)", 1},
    {0},
};

static const char about[] =
    "Plays a recorded run step by step, forwards and backwards: each fork, steal and join, with "
    "the "
    "deque of each worker. TRACE is a trace of level tasks. EXAMPLE is a built-in program, which "
    "is "
    "run and recorded first.\v"
    "Examples:\n"
    "  filch play fib 6 --workers 3 --seed 7\n"
    "  FILCH_TRACE=run.trace,tasks ./program; filch play run.trace\n"
    "  filch play fib 4 --text\n"
    "  filch play tree --svg strip.svg --steps 5..12 --columns 4\n"
    "  filch play nqueens --html film.html\n"
    "\n"
    "Keys: Right or n, Left or p step; / or f goes to the next steal, Home or g to\n"
    "the first step, End or G to the last; Space plays, arrows scroll, q quits.\n"
    "\n"
    "Exit status: 0 if the film was shown; 2 for a wrong command line, a trace that\n"
    "cannot be played, and if the result could not be written.\n";

static unsigned long count_of(const char *text, const char *what, unsigned long most,
                              const struct argp_state *state)
{
    unsigned long count = 0;
    if (!spell_count(text, 1, most, &count))
        argp_error(state, "%s '%s' is out of range (valid: 1 to %lu)", what, text, most);
    return count;
}

static uint64_t seed_of(const char *text, const struct argp_state *state)
{
    unsigned long seed = 0;
    if (!spell_count(text, 0, ULONG_MAX, &seed))
        argp_error(state, "seed '%s' is out of range (valid: 0 to %lu)", text, ULONG_MAX);
    return seed;
}

static void take_argument(play_options *o, char *argument, const struct argp_state *state)
{
    const example *what = o->example.what;
    if (!o->path && !what) {
        o->example.what = example_named(argument);
        o->path = o->example.what ? NULL : argument;
    } else if (what && !o->has_number) {
        o->example.number = (unsigned)count_of(argument, what->argument, what->most, state);
        o->has_number = true;
    } else {
        argp_error(state,
                   "'%s' is one argument too many (valid: a trace, or an example and its number)",
                   argument);
    }
}

static void choose(play_options *o, int as, const char *path, const struct argp_state *state)
{
    if (o->as)
        argp_error(state, "two results (valid: one of --text, --svg, --html)");
    o->as = as;
    o->output = path && strcmp(path, "-") != 0 ? path : NULL;
}

static void check(play_options *o, const struct argp_state *state)
{
    if (!o->path && !o->example.what && !o->lists)
        argp_error(state, "no trace is named; name one, or an example (--list)");
    if (o->path && o->of_examples)
        argp_error(state, "%s with a trace (valid: with an example)", o->of_examples);
    if (o->columns && o->as != SVG)
        argp_error(state, "--columns without --svg (valid: --svg FILE --columns N)");
    if (o->example.what && !o->has_number)
        o->example.number = (unsigned)o->example.what->usual;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    play_options *o = state->input;
    switch (key) {
    case 'w':
        o->example.workers = (unsigned)count_of(argument, "number of workers", MOST_WORKERS, state);
        o->of_examples = "--workers";
        return 0;
    case 's':
        o->example.seed = seed_of(argument, state);
        o->of_examples = "--seed";
        return 0;
    case LIST:
        o->lists = true;
        return 0;
    case TEXT:
    case SVG:
    case HTML:
        choose(o, key, argument, state);
        return 0;
    case STEPS:
        o->steps = argument;
        return 0;
    case COLUMNS:
        o->columns = count_of(argument, "number of columns", 100, state);
        return 0;
    case ARGP_KEY_ARG:
        take_argument(o, argument, state);
        return 0;
    case ARGP_KEY_END:
        check(o, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- The work ---- */

static void list_examples(void)
{
    for (const example *one = examples; one->name; one++)
        printf("%-9s %-6s 1 to %-4lu %s\n", one->name, one->argument, one->most, one->what);
}

static trace_file *open_trace(const play_options *o)
{
    char error[512];
    trace_file *trace = o->path ? trace_open(o->path, error, sizeof error)
                                : record(&o->example, error, sizeof error);
    if (trace)
        return trace;
    bool is_absent = o->path && access(o->path, F_OK) != 0;
    fprintf(stderr, "filch play: %s%s\n", error,
            is_absent ? " (nor is it an example; --list prints them)" : "");
    return NULL;
}

/* "5..12", or "5". Steps from 1. */
static bool find_range(const play_options *o, const film *f, film_range *range)
{
    unsigned long first = 1, last = f->steps;
    char text[64];
    *range = (film_range){1, f->steps};
    if (!o->steps)
        return true;
    snprintf(text, sizeof text, "%s", o->steps);
    char *dots = strstr(text, "..");
    if (dots)
        *dots = '\0';
    if (spell_count(text, 1, f->steps, &first) &&
        spell_count(dots ? dots + 2 : text, first, f->steps, &last)) {
        *range = (film_range){(uint32_t)first, (uint32_t)last};
        return true;
    }
    fprintf(stderr, "filch play: steps '%s' are out of range (valid: A..B from 1 to %" PRIu32 ")\n",
            o->steps, f->steps);
    return false;
}

static int write_text(const film *f, const film_show *show, FILE *out)
{
    cursor c;
    if (!cursor_begin(&c, f))
        return -ENOMEM;
    for (uint32_t i = show->range.first; i <= show->range.last && !ferror(out); i++) {
        cursor_go(&c, i);
        frame_write(&c, terminal_width(out), out);
        fputs(i < show->range.last ? "\n" : "", out);
    }
    cursor_end(&c);
    return 0;
}

static int write_result(const play_options *o, const film *f, const film_show *show)
{
    static const struct {
        int as;
        const char *option;
        int (*write)(const film *f, const film_show *show, FILE *out);
    } results[] = {{SVG, "--svg", strip_write},
                   {HTML, "--html", page_write},
                   {TEXT, "--text", write_text}};
    size_t i = 0;
    char why[256];
    while (results[i].as != TEXT && results[i].as != o->as)
        i++;
    if (results[i].as != TEXT && !strip_fits(f, show, why, sizeof why)) {
        fprintf(stderr, "filch play: %s\n", why);
        return 2;
    }
    output out;
    if (output_open(&out, "filch play", results[i].option, o->output))
        return 2;
    int rc = results[i].write(f, show, out.file);
    if (rc)
        fprintf(stderr, "filch play: cannot draw the film: %s\n", strerror(-rc));
    return output_close(&out, rc) ? 2 : 0;
}

static void name_film(const play_options *o, char *title, size_t size)
{
    if (o->path)
        snprintf(title, size, "%s", o->path);
    else
        snprintf(title, size, "%s %u, %u worker%s, seed %" PRIu64, o->example.what->name,
                 o->example.number, o->example.workers, o->example.workers > 1 ? "s" : "",
                 o->example.seed);
}

static int play(const play_options *o, trace_file *trace)
{
    film f;
    char title[256];
    const char *why = NULL;
    film_show show = {.title = title, .columns = (unsigned)o->columns};
    int rc = film_build(&f, trace, &why);
    name_film(o, title, sizeof title);
    if (!rc && !f.steps)
        why = "no task ran in it";
    if (rc || !f.steps) {
        fprintf(stderr, "filch play: cannot play '%s': %s\n", title, why ? why : strerror(-rc));
        film_free(&f);
        return 2;
    }
    bool on_screen = !o->as && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    int status = !find_range(o, &f, &show.range) ? 2
                 : on_screen                     ? screen_play(&f, &show)
                                                 : write_result(o, &f, &show);
    film_free(&f);
    return status;
}

int filch_play_main(int argc, char **argv)
{
    static const struct argp parser = {known, parse, "TRACE\nEXAMPLE [NUMBER]", about, NULL,
                                       NULL,  NULL};
    play_options o = {.example = {.workers = USUAL_WORKERS, .seed = 1}};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, &o);
    if (o.lists) {
        list_examples();
        return 0;
    }
    trace_file *trace = open_trace(&o);
    if (!trace)
        return 2;
    int status = play(&o, trace);
    trace_close(trace);
    return status;
}
