/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "film.h"
#include "frame.h"
#include "page.h"
#include "record.h"
#include "screen.h"
#include "strip.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/command.h>
#include <tools/shared/output.h>
#include <tools/shared/spell.h>
#include <tools/shared/terminal.h>
#include <unistd.h>

/* ---- The command line ---- */

enum { MOST_WORKERS = 16, USUAL_WORKERS = 3 };
enum play_as { AS_USUAL /* the terminal, or text */, TEXT, SVG, HTML };

typedef struct play_options {
    const char *path; /* a trace; NULL: an example */
    recording example;
    enum play_as as;
    const char *output, *steps;
    const char *of_examples; /* an option that a trace does not take */
    unsigned columns;
    bool lists;
} play_options;

static void choose(const command *c, void *to, enum play_as as)
{
    play_options *o = to;
    if (o->as)
        command_refuse(c, "two results (valid: one of --text, --svg, --html)");
    o->as = as;
}

static void read_text(const command *c, const command_option *row, void *to, const char *text)
{
    (void)row;
    (void)text;
    choose(c, to, TEXT);
}

static void read_page(const command *c, const command_option *row, void *to, const char *path)
{
    choose(c, to, row->least > 0 ? SVG : HTML);
    command_path(c, row, to, path);
}

static void read_of_example(const command *c, const command_option *row, void *to, const char *text)
{
    ((play_options *)to)->of_examples = row->name;
    command_count(c, row, to, text);
}

static void list_examples(names_list *out)
{
    for (const example *one = examples; one->name; one++)
        names_add(out, one->name);
}

#define FIELD(field) COMMAND_FIELD(play_options, field)

static const command_option known[] = {
    {"workers", "N", "Workers of an example, 1 to 16 (default: 3)", .letter = 'w',
     .read = read_of_example, FIELD(example.workers), .least = 1, .most = MOST_WORKERS},
    {"seed", "N", "Seed of an example's run (default: 1)", .letter = 's', .read = read_of_example,
     FIELD(example.seed)},
    {"list", .help = "Print the examples and exit", .read = command_flag, FIELD(lists)},
    {"text", .help = "Print all steps (default without a terminal)", .read = read_text},
    {"svg", "FILE", "Draw a film strip, a frame for each step", .read = read_page, FIELD(output),
     .least = 1},
    {"html", "FILE", "Make a page to step through", .read = read_page, FIELD(output)},
    {"steps", "A..B", "These steps alone", .read = command_text, FIELD(steps)},
    {"columns", "N", "With --svg: frames in a row, 1 to 100 (default: 3)", .read = command_count,
     FIELD(columns), .least = 1, .most = 100},
    {0},
};

static const command play_command = {
    .name = "filch play",
    .arguments = "TRACE | EXAMPLE [NUMBER]",
    .most = 2,
    .registry = list_examples,
    .options = known,
    .about = "Plays a recorded run step by step, forwards and backwards: each fork, steal and "
             "join, with the deque of each worker. TRACE is a trace of level tasks. EXAMPLE is a "
             "built-in program, which is run and recorded first.",
    .ending = "Examples:\n"
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
              "cannot be played, and if the result could not be written.\n",
};

FILCH_NORETURN static void refuse_trace(const char *path)
{
    const char *why = strerror(errno);
    char allowed[NAMES_ALLOWED];
    names_list list = {.count = 0};
    list_examples(&list);
    command_refuse(&play_command, "cannot open trace '%s': %s (%s, or a trace file)", path, why,
                   names_allowed(allowed, path, list.at));
}

/* A trace; or an example and its number. */
static void take_arguments(play_options *o, char **arguments)
{
    const command *c = &play_command;
    if (!arguments[0])
        command_refuse(c, "no trace is named; name one, or an example (--list)");
    const example *what = o->example.what = example_named(arguments[0]);
    o->path = what ? NULL : arguments[0];
    if (o->path && access(o->path, R_OK) != 0)
        refuse_trace(o->path);
    if (o->path && arguments[1])
        command_refuse(c, "too many arguments: '%s' (valid: a trace, or an example and its number)",
                       arguments[1]);
    if (o->path && o->of_examples)
        command_refuse(c, "--%s with a trace (valid: with an example)", o->of_examples);
    if (o->columns && o->as != SVG)
        command_refuse(c, "--columns without --svg (valid: --svg FILE --columns N)");
    if (what)
        o->example.number =
            (unsigned)(arguments[1] ? command_whole(c, what->argument, arguments[1], 1, what->most)
                                    : what->usual);
}

/* ---- The work ---- */

static void print_examples(void)
{
    for (const example *one = examples; one->name; one++)
        printf("%-9s %-6s 1 to %-4lu %s\n", one->name, one->argument, one->most, one->what);
}

static trace_file *open_trace(const play_options *o)
{
    char error[512];
    trace_file *trace = o->path ? trace_open(o->path, error, sizeof error)
                                : record(&o->example, error, sizeof error);
    if (!trace)
        fprintf(stderr, "filch play: %s\n", error);
    return trace;
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
        enum play_as as;
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
    play_options o = {.example = {.workers = USUAL_WORKERS, .seed = 1}};
    char **arguments = command_read(&play_command, &o, argc, argv);
    if (o.lists) {
        print_examples();
        return 0;
    }
    take_arguments(&o, arguments);
    trace_file *trace = open_trace(&o);
    if (!trace)
        return 2;
    int status = play(&o, trace);
    trace_close(trace);
    return status;
}
