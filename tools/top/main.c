/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "control.h"
#include "page.h"
#include "screen.h"
#include "view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tools/shared/command.h>

/* ---- The command line ---- */

enum { SHORTEST = 100, LONGEST = 60000, USUAL = 1000 /* ms */, MOST = 1 << 22 /* of the kernel */ };

typedef struct top_options {
    long process;
    unsigned long runtime, interval;
    bool once, json;
    char *change; /* "workers 4", or NULL */
} top_options;

static void read_change(const command *c, const command_option *row, void *to, const char *text)
{
    (void)row;
    char *change = strdup(text); /* lives as long as the process */
    char *value = strchr(change, '=');
    if (!value)
        command_refuse(c, "unknown change '%s' (valid: workers=N, policy=NAME)", text);
    *value = ' ';
    ((top_options *)to)->change = change;
}

#define FIELD(field) COMMAND_FIELD(top_options, field)

static const command_option known[] = {
    {"once", .help = "Print the figures of one interval and exit", .read = command_flag,
     FIELD(once)},
    {"json", .help = "With --once: as JSON", .read = command_flag, FIELD(json)},
    {"set", "NAME=VALUE",
     "Change the runtime and exit: workers=N, or policy=NAME; with FILCH_SHARE=2",
     .read = read_change},
    {"interval", "MS", "Milliseconds between readings, 100 to 60000 (default: 1000)", .letter = 'i',
     .read = command_count, FIELD(interval), .least = SHORTEST, .most = LONGEST},
    {"runtime", "N", "Show this runtime of the process (default: the first one)", .letter = 'r',
     .read = command_count, FIELD(runtime), .least = 1, .most = MOST},
    {0},
};

static const command top = {
    .name = "filch top",
    .arguments = "PID",
    .least = 1,
    .most = 1,
    .options = known,
    .about = "Shows a running program: each worker with its state, task and depths, rates, steals "
             "by thief and victim, pools, parallel loops, and the calls in which tasks wait. The "
             "program is not stopped; it has to be started with FILCH_SHARE=1.",
    .ending = "Examples:\n"
              "  FILCH_SHARE=1 ./program &\n"
              "  filch top $!\n"
              "  filch top --once --json 1234\n"
              "  filch top --set workers=4 1234\n"
              "\n"
              "Keys: q quits, p pauses, s sorts, ? explains, arrows scroll, + and - change the\n"
              "number of workers.\n"
              "\n"
              "Exit status: 0, also when the program ends meanwhile; 2 for a wrong command line,\n"
              "for a process that cannot be shown, and if the result could not be written.\n",
};

static void read_options(top_options *o, int argc, char **argv)
{
    const char *process = *command_read(&top, o, argc, argv);
    o->process = (long)command_whole(&top, "process", process, 1, MOST);
    if (o->json && !o->once)
        command_refuse(&top, "--json without --once (valid: --once --json)");
    if (o->change && o->once)
        command_refuse(&top, "--set with --once (valid: one of them)");
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
    nap((long)o->interval);
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
    top_options o = {.interval = USUAL};
    char error[PAGE_ERROR];
    top_page shared;
    view v = {.page = &shared};
    read_options(&o, argc, argv);
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
