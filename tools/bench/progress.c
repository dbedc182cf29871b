/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "progress.h"

enum { LINE_SECONDS = 60 };

void progress_begin(progress *p, FILE *out, bool terminal, size_t blocks, double now)
{
    *p = (progress){.out = out, .terminal = terminal, .start = now, .last = now, .blocks = blocks};
}

void progress_block(progress *p, double budget, int rounds, double now)
{
    p->block++;
    p->block_start = now;
    p->budget = budget;
    p->round = 0;
    p->rounds = rounds;
}

/* The rest of this block: rounds as long as those before, or its budget, if that ends first.
 * The warm-up counts as a round. */
static double left_of_block(const progress *p, double now)
{
    double spent = now - p->block_start;
    double left = p->round ? spent / p->round * (p->rounds + 1 - p->round) : p->budget;
    return p->budget > 0 && left > p->budget - spent ? p->budget - spent : left;
}

double progress_left(const progress *p, double now)
{
    size_t finished = p->block - 1, to_come = p->blocks - p->block;
    double left = left_of_block(p, now);
    if (p->round == 0 && !(p->budget > 0))
        return -1;
    left = left > 0 ? left : 0;
    double each =
        finished ? (p->block_start - p->start) / (double)finished : now - p->block_start + left;
    return left + each * (double)to_come;
}

static void write_left(double left, FILE *out)
{
    if (left >= 90)
        fprintf(out, ", about %.0f minutes left", left / 60);
    else if (left >= 0)
        fprintf(out, ", about %.0f s left", left);
}

void progress_show(progress *p, const char *what, double now)
{
    if (!p->terminal && now - p->last < LINE_SECONDS)
        return;
    p->last = now;
    fprintf(p->out, "%s[%zu/%zu] %s, ", p->terminal ? "\r\033[K" : "filch bench: ", p->block,
            p->blocks, what);
    if (p->round)
        fprintf(p->out, "round %d of %s%d", p->round, p->budget > 0 ? "up to " : "", p->rounds);
    else
        fputs("warm-up", p->out);
    write_left(progress_left(p, now), p->out);
    if (!p->terminal)
        fputc('\n', p->out);
    fflush(p->out);
}

void progress_end(const progress *p)
{
    if (p->terminal)
        fputs("\r\033[K", p->out);
}
