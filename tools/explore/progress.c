/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "progress.h"

#include <tools/shared/clock.h>
#include <unistd.h>

void search_shows(progress *p, const search *s)
{
    const double now = seconds_of(CLOCK_MONOTONIC);
    if (now - p->shown < 0.2 || !isatty(STDERR_FILENO))
        return;
    p->shown = now;
    p->visible = true;
    fprintf(stderr, "\r\033[K%lu of %lu seeds, %.0f of %.0f s", s->tried, s->options->seeds,
            now - p->began, s->options->seconds);
    fflush(stderr);
}

void search_shown(const progress *p)
{
    if (p->visible)
        fputs("\r\033[K", stderr);
}
