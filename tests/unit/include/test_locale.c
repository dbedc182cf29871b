/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The thread's locale, as far as tasks may use it (docs/limits.md). */
#include <locale.h>
#include <tests/support/test.h>

static locale_t own;
static bool is_true;

static void run(filch_go_fn *task)
{
    filch_runtime *rt;
    own = newlocale(LC_ALL_MASK, "C", NULL);
    is_true = false;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    OK(filch_go(rt, task, NULL));
    OK(filch_runtime_destroy(rt));
    cr_assert(is_true);
    freelocale(own);
}

FILCH_TASK(bool, is_global)
{
    return uselocale((locale_t)0) == LC_GLOBAL_LOCALE;
}

static void set_and_set_back(filch_self self, void *unused)
{
    locale_t before = uselocale(own);
    bool set = uselocale((locale_t)0) == own;
    uselocale(before);
    filch_yield(self);
    is_true = set && is_global(self);
}

Test(locale, task_may_switch_locale_between_suspensions)
{
    run(set_and_set_back);
}

static void pass_it(filch_self self, void *unused)
{
    double before = strtod_l("1.5", NULL, own);
    filch_yield(self);
    is_true = before == strtod_l("1.5", NULL, own) && is_global(self);
}

Test(locale, passed_locale_outlives_suspensions)
{
    run(pass_it);
}

static void set_for_long(void *unused)
{
    locale_t before = uselocale(own);
    filch_sleep(1); /* blocks the thread, which does nothing else meanwhile */
    is_true = uselocale((locale_t)0) == own;
    uselocale(before);
}

static void block(filch_self self, void *unused)
{
    int rc = filch_blocking(set_for_long, NULL);
    is_true = is_true && !rc && is_global(self);
}

Test(locale, blocking_function_keeps_locale_while_waiting)
{
    run(block);
}
