/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The outcomes of a model's executions. */
#include <tests/model/checker/state.h>

#include <stdio.h>
#include <string.h>

enum { OUTCOMES = 64 };
static char outcomes[OUTCOMES][32];
static unsigned outcome_count;

void mc_outcomes_reset(void)
{
    outcome_count = 0;
}

void mc_outcome(const char *word)
{
    unsigned at = 0;
    while (at < outcome_count && strcmp(outcomes[at], word) < 0)
        at++;
    if (mc.trying || (at < outcome_count && strcmp(outcomes[at], word) == 0))
        return;
    if (outcome_count == OUTCOMES) {
        mc_fail("the checker's limit: too many outcomes (OUTCOMES in outcomes.c)");
        return;
    }
    memmove(outcomes[at + 1], outcomes[at], (outcome_count++ - at) * sizeof outcomes[0]);
    snprintf(outcomes[at], sizeof outcomes[0], "%s", word);
}

const char *mc_outcomes(void)
{
    static char text[OUTCOMES * 33];
    text[0] = '\0';
    for (unsigned i = 0; i < outcome_count; i++)
        sprintf(text + strlen(text), "%s%s", i ? " " : "", outcomes[i]);
    return text;
}
