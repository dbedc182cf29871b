/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "calibrate.h"

#include <argp.h>
#include <bench/bind.h>
#include <errno.h>
#include <filch/base.h>
#include <string.h>
#include <tools/shared/output.h>
#include <tools/shared/spell.h>

typedef struct calibrate_options {
    unsigned long rounds;
    const char *output;
} calibrate_options;

static const struct argp_option known[] = {
    {"rounds", 'r', "N", 0, "Measurements of each cost (default: 21)", 0},
    {"output", 'o', "FILE", 0, "Where to write it (default, and -: the standard output)", 0},
    {0},
};

static const char about[] =
    "Measures the costs of fork, join, steals, wake-ups and switches on this machine, and writes "
    "them as a file for filch sim --costs. A cost that cannot be measured here keeps its built-in "
    "value.\v"
    "Examples:\n"
    "  filch calibrate --output costs; filch sim tree:depth=16 --costs costs\n"
    "\n"
    "Exit status: 0; 1 when a measurement failed; 2 for a wrong command line, and when the\n"
    "result could not be written.\n";

static error_t parse(int key, char *argument, struct argp_state *state)
{
    calibrate_options *o = state->input;
    switch (key) {
    case 'r':
        if (!spell_count(argument, 1, CALIBRATE_ROUNDS, &o->rounds))
            argp_error(state, "number of rounds '%s' is out of range (1..%d)", argument,
                       CALIBRATE_ROUNDS);
        return 0;
    case 'o':
        o->output = strcmp(argument, "-") == 0 ? NULL : argument;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is one argument too many (valid: none)", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The first round only warms up. */
static int measure(calibration *c, unsigned long rounds)
{
    static int (*const parts[])(calibrate_round *) = {calibrate_inline, calibrate_lines,
                                                      calibrate_steals};
    int rc = 0;
    bool several = calibrate_tier(&c->tier);
    for (unsigned long i = 0; !rc && i <= rounds; i++) {
        c->rounds = i ? c->rounds + 1 : 1;
        for (size_t k = 0; !rc && k < sizeof parts / sizeof parts[0]; k++)
            rc = parts[k](&c->round[c->rounds - 1]);
        if (!i)
            c->rounds = 0;
    }
    if (rc)
        fprintf(stderr, "filch calibrate: a measurement failed: %s (%s)\n", filch_error(),
                strerror(-rc));
    else if (!several)
        fputs("filch calibrate: there is one processor only; costs of steals and wake-ups keep "
              "their built-in values\n",
              stderr);
    else if (bench_affinity_refused())
        fputs("filch calibrate: the system refuses to pin threads (sched_setaffinity); costs of "
              "cache lines keep their built-in values\n",
              stderr);
    return rc;
}

int filch_calibrate_main(int argc, char **argv)
{
    static const struct argp parser = {known, parse, NULL, about, NULL, NULL, NULL};
    static calibration all;
    static calibrated found;
    calibrate_options o = {.rounds = 21};
    const char *sources[COSTS];
    output out;
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, &o);
    if (!output_check("filch calibrate", "--output", o.output))
        return 2;
    if (measure(&all, o.rounds))
        return 1;
    calibrate_derive(&all, &found);
    for (int i = 0; i < COSTS; i++)
        sources[i] = *found.source[i] ? found.source[i] : NULL;
    if (output_open(&out, "filch calibrate", "--output", o.output))
        return 2;
    costs_write(&found.costs, sources, out.file);
    return output_close(&out, ferror(out.file) ? -EIO : 0) ? 2 : 0;
}
