/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "analysis.h"
#include "diff.h"
#include "export/chrome.h"
#include "export/folded.h"
#include "export/html.h"
#include "span_report.h"
#include "summary.h"

#include <errno.h>
#include <string.h>
#include <tools/shared/command.h>
#include <tools/shared/output.h>

/* ---- The command line ---- */

enum format { SUMMARY, HTML, SPAN, SPAN_CSV, CHROME, FOLDED };

typedef struct trace_options {
    enum format format;
    const char *output, *path;
} trace_options;

static const char *const format_names[] = {"summary", "html",   "span", "span-csv",
                                           "chrome",  "folded", NULL};

static const command_option known[] = {
    {"format", "FORMAT",
     "summary (default); html: a page to zoom and search. span: work and span, and the sites that "
     "limit them, from a trace of level tasks; span-csv: a row with Cilkscale's columns. chrome: "
     "JSON for https://ui.perfetto.dev and chrome://tracing; folded: stacks of waiting time in ns, "
     "for flame graphs",
     .letter = 'f', .read = command_choice, COMMAND_FIELD(trace_options, format),
     .choices = format_names},
    {"output", "FILE", "Where to write it (default, and -: standard output)", .letter = 'o',
     .read = command_path, COMMAND_FIELD(trace_options, output)},
    {0},
};

static const char *const subcommands[] = {"diff", NULL};

static const command trace_command = {
    .name = "filch trace",
    .arguments = "FILE | diff A B",
    .least = 1,
    .most = 1,
    .choices = subcommands,
    .options = known,
    .about = "Shows a trace: where the time of the workers went, the steals between them, how "
             "long ready tasks waited, in which calls tasks waited, and whether parallel loops "
             "gained.",
    .ending = "Examples:\n"
              "  FILCH_TRACE=run.trace ./program      records a run\n"
              "  filch trace run.trace\n"
              "  filch trace diff before.trace after.trace\n"
              "  filch trace -f html -o run.html run.trace\n"
              "  filch trace -f chrome -o run.json run.trace\n"
              "  FILCH_TRACE=run.trace,tasks ./program; filch trace -f span run.trace\n"
              "\n"
              "Exit status: 0; 2 for a wrong command line, a file that is not a trace, and when\n"
              "the result could not be written. A trace that is damaged, or not whole, is shown\n"
              "as far as it can be read, and the summary says so.\n",
};

/* ---- The work ---- */

static int summarize(trace_file *trace, FILE *out, const char **why)
{
    analysis figures;
    (void)why;
    if (!analyse(&figures, trace))
        return -ENOMEM;
    write_summary(trace, &figures, out);
    analysis_free(&figures);
    return 0;
}

static int show_chrome(trace_file *trace, FILE *out, const char **why)
{
    (void)why;
    return chrome_write(trace, out);
}

static int write_as(const trace_options *o, trace_file *trace)
{
    static int (*const writers[])(trace_file * trace, FILE * out, const char **why) = {
        [SUMMARY] = summarize,       [HTML] = html_write,    [SPAN] = span_write,
        [SPAN_CSV] = span_write_csv, [CHROME] = show_chrome, [FOLDED] = folded_write};
    const char *why = NULL;
    output out;
    if (output_open(&out, "filch trace", "--output", o->output))
        return 2;
    int rc = writers[o->format](trace, out.file, &why);
    if (!rc)
        return output_close(&out, 0) ? 2 : 0;
    fprintf(stderr, "filch trace: cannot show '%s' as %s: %s\n", o->path, format_names[o->format],
            why ? why : strerror(-rc));
    output_drop(&out);
    return 2;
}

int filch_trace_main(int argc, char **argv)
{
    static char diff[] = "filch trace diff";
    if (argc > 1 && strcmp(argv[1], subcommands[0]) == 0) {
        argv[1] = diff;
        return diff_main(argc - 1, argv + 1);
    }
    trace_options o = {0};
    char error[512];
    o.path = *command_read(&trace_command, &o, argc, argv);
    trace_file *trace = trace_open(o.path, error, sizeof error);
    if (!trace) {
        fprintf(stderr, "filch trace: %s\n", error);
        return 2;
    }
    int status = write_as(&o, trace);
    trace_close(trace);
    return status;
}
