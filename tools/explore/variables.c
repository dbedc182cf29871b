/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The environment of a run, which the library reads (runtime/platform/virtual/virtual.h). */
#include "child.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/output.h>

/* The value of FILCH_EXPLORE; NULL: no memory. */
static char *options_text(const run_order *order, const char *replay, const char *record)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const char *between = "";
    if (!out)
        return NULL;
    if (replay) {
        fprintf(out, "replay=%s", replay);
        between = ",";
    } else if (order->depth) {
        fprintf(out, "depth=%u,steps=%" PRIu64, order->depth, order->steps);
        between = ",";
    }
    if (order->limit) {
        fprintf(out, "%slimit=%" PRIu64, between, order->limit);
        between = ",";
    }
    if (record)
        fprintf(out, "%srecord=%s", between, record);
    return fclose(out) ? NULL : text;
}

void run_write_word(const char *word, FILE *out)
{
    const size_t plain = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_./,=:+-");
    if (*word && !word[plain])
        fputs(word, out);
    else
        output_quoted(word, out);
}

int run_set_variables(const run_order *order, const char *replay, const char *record)
{
    char number[32];
    char *options = options_text(order, replay, record);
    if (!options)
        return -ENOMEM;
    snprintf(number, sizeof number, "%u", order->workers);
    int rc = setenv("FILCH_VIRTUAL", number, 1);
    snprintf(number, sizeof number, "%" PRIu64, order->seed);
    if (setenv("FILCH_SEED", number, 1) || setenv("FILCH_EXPLORE", options, 1) || rc)
        rc = -ENOMEM;
    free(options);
    return rc;
}
