/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_bench_parts
 *
 * Progress of filch bench, with an injected clock. */
#include <tests/support/test.h>
#include <tools/bench/progress.h>

static char *text;
static size_t size;

static progress begun(bool terminal, size_t blocks)
{
    progress p;
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    progress_begin(&p, out, terminal, blocks, 100);
    return p;
}

static void end(const progress *p)
{
    fclose(p->out);
    free(text);
}

static int lines(void)
{
    int count = 0;
    for (const char *at = text; at && *at; at++)
        count += *at == '\n';
    return count;
}

Test(progress, pipe_gets_one_line_per_minute)
{
    progress p = begun(false, 2);
    progress_block(&p, 0, 400, 100);
    for (int second = 0; second < 200; second++) {
        p.round = second;
        progress_show(&p, "fib(30), chase-lev, 2 workers", 100 + second);
    }
    cr_expect_eq(lines(), 3, "%s", text);
    cr_expect_eq(
        strncmp(text, "filch bench: [1/2] fib(30), chase-lev, 2 workers, round 60 of 400, about ",
                73),
        0, "%s", text);
    cr_expect_null(strchr(text, '\033'));
    end(&p);
}

Test(progress, terminal_gets_one_changing_line)
{
    progress p = begun(true, 3);
    progress_block(&p, 10, 12, 100);
    progress_show(&p, "fib", 100);
    p.round = 1;
    progress_show(&p, "fib", 101);
    progress_end(&p);
    fflush(p.out);
    cr_expect_eq(lines(), 0);
    cr_expect_not_null(strstr(text, "[1/3] fib, warm-up, about 30 s left"), "%s", text);
    cr_expect_not_null(strstr(text, "[1/3] fib, round 1 of up to 12, about 29 s left"), "%s", text);
    end(&p);
}

/* Ten rounds of a second each, with the warm-up, in each of four kernels. */
Test(progress, time_left_covers_remaining_work)
{
    progress p = begun(true, 4);
    progress_block(&p, 0, 9, 100);
    cr_expect_lt(progress_left(&p, 100), 0, "nothing has been measured");
    p.round = 5;
    cr_expect_float_eq(progress_left(&p, 105), 5 + 30, 1e-9);
    progress_block(&p, 0, 9, 110);
    p.round = 5;
    cr_expect_float_eq(progress_left(&p, 115), 5 + 20, 1e-9);
    end(&p);
}
