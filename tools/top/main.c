/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "control.h"
#include "page.h"
#include "screen.h"
#include "view.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- The command line ---- */

enum { ONCE = 256, JSON, SET, SHORTEST = 100, LONGEST = 60000, USUAL = 1000 /* ms */ };

typedef struct top_options {
    long process;
    long runtime, interval;
    bool once, json;
    char *change; /* "workers 4", or NULL */
} top_options;

static const struct argp_option known[] = {
    {"once", ONCE, NULL, 0, "Print the figures of one interval and end", 0},
    {"json", JSON, NULL, 0, "With --once: as JSON", 0},
    {"set", SET, "NAME=VALUE", 0,
     "Change the runtime and end: workers=N, or policy=NAME; with FILCH_SHARE=2", 0},
    {"interval", 'i', "MS", 0, "Milliseconds between readings, 100 to 60000 (default: 1000)", 0},
    {"runtime", 'r', "N", 0, "Show this runtime of the process (default: the first one)", 0},
    {0},
};

static const char about[] =
    "Shows a running program: each worker with its state, task and depths, rates, steals by thief "
    "and victim, pools, parallel loops, and the calls in which tasks wait. The program is not "
    "stopped; it has to "
    "be "
    "started with FILCH_SHARE=1.\v"
    "Examples:\n"
    "  FILCH_SHARE=1 ./program &\n"
    "  filch top $!\n"
    "  filch top --once --json 1234\n"
    "  filch top --set workers=4 1234\n"
    "\n"
    "Keys: q quits, p pauses, s sorts, ? explains, arrows scroll, + and - change the\n"
    "number of workers.\n"
    "\n"
    "Exit status: 0, also when the program ends meanwhile; 2 for a wrong command line,\n"
    "for a process that cannot be shown, and if the result could not be written.\n";

static long number_of(const char *text, const char *what, long least, long most,
                      const struct argp_state *state)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < least || number > most)
        argp_error(state, "%s '%s' is out of range (valid: %ld to %ld)", what, text, least, most);
    return number;
}

/* As the program wants it: a blank in the place of "=". */
static char *change_of(char *text, const struct argp_state *state)
{
    char *value = strchr(text, '=');
    if (!value || value == text || !value[1])
        argp_error(state, "unknown change '%s' (valid: workers=N, policy=NAME)", text);
    *value = ' ';
    return text;
}

static void check(const top_options *o, const struct argp_state *state)
{
    if (o->json && !o->once)
        argp_error(state, "--json without --once (valid: --once --json)");
    if (o->change && o->once)
        argp_error(state, "--set with --once (valid: one of them)");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    enum { MOST = 1 << 22 /* of the kernel */ };
    top_options *o = state->input;
    switch (key) {
    case ONCE:
        o->once = true;
        return 0;
    case JSON:
        o->json = true;
        return 0;
    case SET:
        o->change = change_of(argument, state);
        return 0;
    case 'i':
        o->interval = number_of(argument, "interval", SHORTEST, LONGEST, state);
        return 0;
    case 'r':
        o->runtime = number_of(argument, "runtime", 1, MOST, state);
        return 0;
    case ARGP_KEY_ARG:
        if (o->process)
            argp_error(state, "'%s' is one process too many (valid: one)", argument);
        o->process = number_of(argument, "process", 1, MOST, state);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no process is named; give the number of one");
        return 0;
    case ARGP_KEY_END:
        check(o, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- The work ---- */

static void nap(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) && errno == EINTR)
        ;
}

static int explain(const top_options *o, const char *error)
{
    fprintf(stderr, "filch top: process %ld: %s\n", o->process, error);
    return 2;
}

static int change(const top_options *o, const view *v)
{
    char error[PAGE_ERROR];
    return control_send(&v->now, o->change, error) ? 0 : explain(o, error);
}

static int show_once(const top_options *o, view *v)
{
    char error[PAGE_ERROR];
    nap(o->interval);
    if (!view_read(v, error))
        return explain(o, error);
    if (o->json)
        return view_write_json(v, stdout);
    view_write(v, 0, stdout);
    if (fflush(stdout) == 0)
        return 0;
    fprintf(stderr, "filch top: cannot write the figures: %s\n", strerror(errno));
    return 2;
}

int filch_top_main(int argc, char **argv)
{
    static const struct argp parser = {known, parse, "PID", about, NULL, NULL, NULL};
    top_options o = {.interval = USUAL};
    char error[PAGE_ERROR];
    top_page shared;
    view v = {.page = &shared};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, &o);
    if (!page_open(&shared, o.process, (uint32_t)o.runtime, error)) {
        fprintf(stderr, "filch top: %s\n", error);
        return 2;
    }
    int status = !view_read(&v, error) ? explain(&o, error)
                 : o.change            ? change(&o, &v)
                 : o.once              ? show_once(&o, &v)
                                       : screen_run(&v, (int)o.interval);
    view_free(&v);
    page_close(&shared);
    return status;
}
