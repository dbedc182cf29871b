/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "compare.h"

#include <tools/shared/command.h>

static const char *const format_names[] = {"table", "csv", "markdown", NULL};
static const char *const figure_names[] = {"seconds", "cpu_seconds", NULL};

static void read_figure(const command *c, const command_option *row, void *to, const char *text)
{
    ((compare_options *)to)->figures.by = figure_names[command_pick(c, row, text)];
}

#define FIELD(field) COMMAND_FIELD(compare_options, field)

static const command_option known[] = {
    {"by", "FIGURE",
     "seconds, or cpu_seconds: of all threads, which other programs disturb less (default: "
     "seconds)",
     .read = read_figure, .choices = figure_names},
    {"relative",
     .help = "Divide each sample by that of serial code in the same round: a machine that slows "
             "down for a while slows both",
     .read = command_flag, FIELD(figures.relative)},
    {"threshold", "PERCENT", "A smaller change does not count (default: 3)", .read = command_number,
     FIELD(threshold), .most = 1000},
    {"either", .help = "Being faster counts, too", .read = command_flag, FIELD(either)},
    {"disturbed",
     .help = "Judge rows that were disturbed, too (default: they are shown, but left out of the "
             "verdict)",
     .read = command_flag, FIELD(figures.disturbed)},
    {"format", "FORMAT", "table, csv or markdown (default: table)", .letter = 'f',
     .read = command_choice, FIELD(format), .choices = format_names},
    {"export", "FORMAT", .instead = "format"},
    {"merge",
     .help = "Write one result document with the rows of all files, which are of one machine and "
             "build; of a row in several files, the first",
     .read = command_flag, FIELD(merge)},
    {"report", "FILE",
     "Also write a page for browsers of the result, or of the merged results, with charts and "
     "tables",
     .read = command_path, FIELD(report)},
    {"json", .help = "Write the result as JSON", .read = command_set, FIELD(format),
     .least = SHEET_JSON},
    {"output", "FILE", "Where to write it (default, and -: standard output)", .letter = 'o',
     .read = command_path, FIELD(output)},
    {0},
};

static const command compare = {
    .name = "filch compare",
    .arguments = "[OLD] NEW",
    .least = 1,
    .most = COMPARE_FILES,
    .options = known,
    .about = "Compares two results of filch bench --json: which rows got slower, by how much, and "
             "how sure that is. Of one result, compares the columns with each other.",
    .ending = "Examples:\n"
              "  filch compare old.json new.json\n"
              "  filch compare --by cpu_seconds --relative old.json new.json\n"
              "                                                 on a busy machine\n"
              "  filch compare result.json                       columns of one file\n"
              "  filch compare --format markdown old.json new.json   for an issue\n"
              "  filch compare --merge --output all.json --report all.html a.json b.json\n"
              "\n"
              "Exit status: 0 when nothing got slower; 1 when a row got slower (with\n"
              "--either: changed), or has no right result any more; 2 when nothing could be\n"
              "judged, for damaged files, a wrong command line, and when the result could\n"
              "not be written.\n",
};

void compare_parse_options(compare_options *out, int argc, char **argv)
{
    *out = (compare_options){.threshold = 3, .figures.by = figure_names[0]};
    for (char **path = command_read(&compare, out, argc, argv); *path; path++)
        out->paths[out->path_count++] = *path;
    out->threshold /= 100;
    if (out->path_count > 2 && !out->merge)
        command_refuse(&compare, "%zu files (valid: one or two, more with --merge)",
                       out->path_count);
    if (out->path_count == 2 && out->report && !out->merge)
        command_refuse(&compare, "--report with two files (valid: one, more with --merge)");
}
