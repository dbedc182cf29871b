/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "compare.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/names.h>

enum {
    OPTION_BY = 256,
    OPTION_THRESHOLD,
    OPTION_RELATIVE,
    OPTION_EITHER,
    OPTION_DISTURBED,
    OPTION_EXPORT
};

static const struct argp_option known[] = {
    {"by", OPTION_BY, "FIGURE", 0,
     "seconds, or cpu_seconds: of all threads, which other programs disturb less (default: "
     "seconds)",
     0},
    {"relative", OPTION_RELATIVE, 0, 0,
     "Divide each sample by that of serial code in the same round: a machine that slows down for "
     "a while slows both",
     0},
    {"threshold", OPTION_THRESHOLD, "PERCENT", 0, "A smaller change does not count (default: 3)",
     0},
    {"either", OPTION_EITHER, 0, 0, "Being faster counts, too", 0},
    {"disturbed", OPTION_DISTURBED, 0, 0,
     "Judge rows that were disturbed, too (default: they are shown, but left out of the verdict)",
     0},
    {"format", 'f', "FORMAT", 0, "table, json, csv or markdown (default: table)", 0},
    {"export", OPTION_EXPORT, 0, OPTION_ALIAS, NULL, 0},
    {"output", 'o', "FILE", 0, "Where to write it (default, and -: the standard output)", 0},
    {0},
};

static const char about[] =
    "Compares two results of filch bench --format json: which rows got slower, by how much, and "
    "how "
    "sure that is. Of one result, compares the columns with each other.\v"
    "Examples:\n"
    "  filch compare old.json new.json\n"
    "  filch compare --by cpu_seconds --relative old.json new.json\n"
    "                                                 on a busy machine\n"
    "  filch compare result.json                       columns of one file\n"
    "  filch compare --export markdown old.json new.json   for an issue\n"
    "\n"
    "Exit status: 0 when nothing got slower; 1 when a row got slower (with\n"
    "--either: changed), or has no right result any more; 2 when nothing could be\n"
    "judged, for damaged files, a wrong command line, and when the result could\n"
    "not be written.\n";

static const char *const format_names[] = {"table", "json", "csv", "markdown", NULL};
static const char *const figure_names[] = {"seconds", "cpu_seconds", NULL};

static double share_of(const char *text, const struct argp_state *state)
{
    char *end;
    double percent = strtod(text, &end);
    if (end == text || *end || !(percent >= 0 && percent <= 1000))
        argp_error(state, "--threshold '%s' is not a percentage (0..1000)", text);
    return percent / 100;
}

static void add_path(compare_options *o, const char *path, const struct argp_state *state)
{
    if (o->path_count == 2)
        argp_error(state, "'%s' is one file too many (at most an old and a new one)", path);
    o->paths[o->path_count++] = path;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    compare_options *o = state->input;
    switch (key) {
    case OPTION_BY:
        o->figures.by = figure_names[names_choose(argument, "figure", figure_names, state)];
        return 0;
    case OPTION_RELATIVE:
        o->figures.relative = true;
        return 0;
    case OPTION_THRESHOLD:
        o->threshold = share_of(argument, state);
        return 0;
    case OPTION_DISTURBED:
        o->figures.disturbed = true;
        return 0;
    case OPTION_EITHER:
        o->either = true;
        return 0;
    case 'f':
    case OPTION_EXPORT:
        o->format = (enum compare_format)names_choose(argument, "format", format_names, state);
        return 0;
    case 'o':
        o->output = strcmp(argument, "-") == 0 ? NULL : argument;
        return 0;
    case ARGP_KEY_ARG:
        add_path(o, argument, state);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no file is named; name an old and a new result of filch bench");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void compare_parse_options(compare_options *out, int argc, char **argv)
{
    static const struct argp parser = {.options = known,
                                       .parser = parse,
                                       .args_doc = "[OLD] NEW",
                                       .doc = about};
    *out = (compare_options){.threshold = 0.03, .figures.by = figure_names[0]};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, out);
}
