/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/settings.h>
#include <runtime/platform/variables.h>
#include <stdio.h>
#include <tests/support/test.h>
#include <unistd.h>

static const char *const variables[] = {"FILCH_WORKERS",     "FILCH_BIND",
                                        "FILCH_POLICY",      "FILCH_QUEUE",
                                        "FILCH_FENCE",       "FILCH_STACK_SIZE",
                                        "FILCH_MAX_FIBERS",  "FILCH_SEED",
                                        "FILCH_INFO",        "FILCH_BLOCKING_THREADS",
                                        "FILCH_MAX_WORKERS", "FILCH_IDLE",
                                        "FILCH_TAKE",        "FILCH_WAIT",
                                        "FILCH_CORES"};

static void forget_environment(void)
{
    for (unsigned i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
}

TestSuite(settings, .init = forget_environment);

static fl_settings resolved(const filch_config *config)
{
    fl_settings s = {0};
    cr_assert_eq(fl_settings_resolve(&s, config, false), 0, "%s", filch_error());
    return s;
}

Test(settings, nothing_given_means_the_defaults)
{
    fl_settings s = resolved(NULL);
    cr_assert_eq(s.workers, 0, "as many as the machine says");
    cr_assert_eq(s.bind, FL_BIND_AUTO);
    cr_assert_eq(s.cores, FL_CORES_ALL);
    cr_assert_str_eq(s.policy->name, "random");
    cr_assert_str_eq(s.queue->name, "chase-lev");
    cr_assert_not(s.full_fence);
    cr_assert_eq(s.idle, FL_IDLE_SLEEP);
    cr_assert_eq(s.take, FL_TAKE_ADAPTIVE);
    cr_assert_eq(s.wait, FL_WAIT_SUSPEND);
    cr_assert_eq(s.stack_size, 256 << 10);
    cr_assert_not(s.info);
    fl_settings zero = resolved(&(filch_config){0});
    cr_assert_eq(zero.stack_size, s.stack_size);
    cr_assert_eq(zero.max_fibers, s.max_fibers);
    cr_assert_eq(zero.queue, s.queue);
}

static void set_all(void)
{
    static const char *const values[] = {"3",    "pu",       "random",   "central-mutex",
                                         "full", "0x10000",  "17",       "99",
                                         "1",    "5",        "9",        "spin",
                                         "one",  "help-any", "efficient"};
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++)
        setenv(variables[i], values[i], 1);
}

Test(settings, environment_is_heard)
{
    set_all();
    fl_settings s = resolved(NULL);
    cr_assert_eq(s.workers, 3);
    cr_assert_eq(s.bind, FL_BIND_PU);
    cr_assert_eq(s.cores, FL_CORES_EFFICIENT);
    cr_assert_str_eq(s.queue->name, "central-mutex");
    cr_assert(s.full_fence);
    cr_assert_eq(s.stack_size, 0x10000);
    cr_assert_eq(s.max_fibers, 17);
    cr_assert_eq(s.blocking_threads, 5);
    cr_assert_eq(s.max_workers, 9);
    cr_assert_eq(s.idle, FL_IDLE_SPIN);
    cr_assert_eq(s.take, FL_TAKE_ONE);
    cr_assert_eq(s.wait, FL_WAIT_HELP_ANY);
    cr_assert_eq(s.seed, 99);
    cr_assert(s.info);
}

Test(settings, configuration_wins_over_the_environment)
{
    set_all();
    filch_config config = {.size = sizeof config,
                           .workers = 2,
                           .bind = "none",
                           .cores = "fast",
                           .policy = "random",
                           .queue = "chase-lev",
                           .fence = "asymmetric",
                           .stack_size = 128 << 10,
                           .max_fibers = 5,
                           .seed = 7,
                           .idle = "yield",
                           .take = "half",
                           .wait = "help-own"};
    fl_settings s = resolved(&config);
    cr_assert_eq(s.workers, 2);
    cr_assert_eq(s.bind, FL_BIND_NONE);
    cr_assert_eq(s.cores, FL_CORES_FAST);
    cr_assert_str_eq(s.queue->name, "chase-lev");
    cr_assert_not(s.full_fence);
    cr_assert_eq(s.stack_size, 128 << 10);
    cr_assert_eq(s.max_fibers, 5);
    cr_assert_eq(s.seed, 7);
    cr_assert_eq(s.idle, FL_IDLE_YIELD);
    cr_assert_eq(s.take, FL_TAKE_HALF);
    cr_assert_eq(s.wait, FL_WAIT_HELP_OWN);
}

Test(settings, empty_variables_count_as_not_given)
{
    for (unsigned i = 0; i < sizeof variables / sizeof variables[0]; i++)
        setenv(variables[i], "", 1);
    cr_assert_eq(resolved(NULL).stack_size, 256 << 10);
}

Test(settings, stacks_are_whole_pages)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = resolved(&(filch_config){.stack_size = 100001}).stack_size;
    cr_assert_eq(size % page, 0);
    cr_assert(size >= 100001 && size < 100001 + page);
}

/* Refused with a sentence that has all of `words`, `out` untouched, and by the runtime, too. */
static void expect_refusal(const filch_config *config, const char *const words[3])
{
    fl_settings s;
    memset(&s, 0x5a, sizeof s);
    fl_settings before = s;
    cr_expect_eq(fl_settings_resolve(&s, config, false), -EINVAL, "%s", words[0]);
    cr_expect_arr_eq(&s, &before, sizeof s);
    for (int i = 0; i < 3 && words[i]; i++)
        cr_expect_not_null(strstr(filch_error(), words[i]), "%s lacks %s", filch_error(), words[i]);
    filch_runtime *const untouched = (filch_runtime *)&before;
    filch_runtime *rt = untouched;
    cr_expect_eq(filch_runtime_create(&rt, config), -EINVAL);
    cr_expect_eq(rt, untouched);
}

Test(settings, bad_environment_value_names_valid_ones)
{
    static const struct {
        const char *variable, *value;
        const char *words[3];
    } cases[] = {
        {"FILCH_WORKERS", "0", {"FILCH_WORKERS=0", "1 to 1024"}},
        {"FILCH_WORKERS", "1025", {"FILCH_WORKERS=1025", "1 to 1024"}},
        {"FILCH_WORKERS", "-1", {"FILCH_WORKERS=-1"}},
        {"FILCH_WORKERS", "many", {"FILCH_WORKERS=many", "not a number"}},
        {"FILCH_WORKERS", "2x", {"FILCH_WORKERS=2x", "not a number"}},
        {"FILCH_WORKERS", "99999999999999999999", {"FILCH_WORKERS", "1 to 1024"}},
        {"FILCH_INFO", "yes", {"unknown FILCH_INFO 'yes' (valid: 0, 1)"}},
        {"FILCH_SPAN", "2", {"unknown FILCH_SPAN '2' (valid: 0, 1)"}},
        {"FILCH_STACK_SIZE", "16383", {"FILCH_STACK_SIZE=16383", "16384"}},
        {"FILCH_STACK_SIZE", "1073741825", {"FILCH_STACK_SIZE", "1073741824"}},
        {"FILCH_MAX_FIBERS", "0", {"FILCH_MAX_FIBERS=0", "1 to"}},
        {"FILCH_MAX_WORKERS", "1025", {"FILCH_MAX_WORKERS=1025", "1 to 1024"}},
        {"FILCH_BLOCKING_THREADS", "10001", {"FILCH_BLOCKING_THREADS=10001", "1 to 10000"}},
        {"FILCH_MAX_FIBERS", "1000001", {"FILCH_MAX_FIBERS", "1000000"}},
        {"FILCH_SEED", "dice", {"FILCH_SEED=dice", "not a number"}},
        {"FILCH_SEED", "-7", {"FILCH_SEED=-7", "not a number"}},
        {"FILCH_SEED", " -7", {"FILCH_SEED= -7", "not a number"}},
        {"FILCH_BIND", "socket", {"unknown FILCH_BIND 'socket'", "auto, core, pu, none"}},
        {"FILCH_CORES", "slow", {"unknown FILCH_CORES 'slow'", "all, fast, efficient"}},
        {"FILCH_POLICY", "greedy", {"unknown FILCH_POLICY 'greedy'", "valid: random"}},
        {"FILCH_QUEUE", "fifo", {"unknown FILCH_QUEUE 'fifo'", "valid: chase-lev, "}},
        {"FILCH_QUEUE", "chase", {"unknown FILCH_QUEUE 'chase'", "valid: chase-lev, "}},
        {"FILCH_FENCE", "none", {"unknown FILCH_FENCE 'none'", "asymmetric, full"}},
        {"FILCH_IDLE", "doze", {"unknown FILCH_IDLE 'doze'", "sleep, yield, spin"}},
        {"FILCH_WAIT", "block", {"unknown FILCH_WAIT 'block'", "suspend, help-any, help-own"}},
        {"FILCH_TAKE", "all", {"unknown FILCH_TAKE 'all'", "adaptive, one, half"}},
        {"FILCH_TRACE", "f,some", {"FILCH_TRACE=f,some: unknown trace option 'some'"}},
        {"FILCH_TRACE", "f,limit=1", {"FILCH_TRACE=f,limit=1: trace limit '1' is out of range"}},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv(cases[i].variable, cases[i].value, 1);
        expect_refusal(NULL, cases[i].words);
        unsetenv(cases[i].variable);
    }
}

Test(settings, bad_config_value_names_field)
{
    static const struct {
        filch_config config;
        const char *words[3];
    } cases[] = {
        {{.workers = 1025}, {"workers=1025", "1 to 1024"}},
        {{.workers = UINT32_MAX}, {"workers=4294967295"}},
        {{.stack_size = 4096}, {"stack_size=4096", "16384"}},
        {{.stack_size = SIZE_MAX}, {"stack_size", "1073741824"}},
        {{.max_fibers = 1000001}, {"max_fibers=1000001"}},
        {{.policy = "sideways"}, {"unknown policy 'sideways'", "valid: random"}},
        {{.queue = "lifo"}, {"unknown queue 'lifo'", "valid: chase-lev, "}},
        {{.fence = "heavy"}, {"unknown fence 'heavy'", "asymmetric, full"}},
        {{.bind = "everywhere"}, {"unknown bind 'everywhere'", "auto, core, pu, none"}},
        {{.cores = "big"}, {"unknown cores 'big'", "all, fast, efficient"}},
        {{.idle = "never"}, {"unknown idle 'never'", "sleep, yield, spin"}},
        {{.take = "more"}, {"unknown take 'more'", "adaptive, one, half"}},
        {{.wait = "help", .queue = "central-mutex"},
         {"unknown wait 'help'", "suspend, help-any, help-own"}},
        {{.wait = "help-own", .queue = "central-mutex"}, {"wait=help-own", "queue=central-mutex"}},
        {{.take = "half", .queue = "central-mutex"}, {"take=half", "queue=central-mutex"}},
        {{.trace = "f,some"}, {"unknown trace option 'some'"}},
        {{.size = sizeof(filch_config) + 8}, {"filch_config"}},
        {{.size = offsetof(filch_config, policy) + 4, .policy = "random"}, {"filch_config"}},
        {{.size = sizeof(filch_config) - 1}, {"filch_config", "sizeof"}},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_refusal(&cases[i].config, cases[i].words);
}

Test(settings, impossible_pairs_name_their_sources)
{
    setenv("FILCH_TAKE", "half", 1);
    expect_refusal(&(filch_config){.queue = "the"},
                   (const char *const[3]){"FILCH_TAKE=half is impossible with queue=the; choose "
                                          "queue=chase-lev, or another FILCH_TAKE"});
    unsetenv("FILCH_TAKE");
    setenv("FILCH_QUEUE", "central-mutex", 1);
    expect_refusal(&(filch_config){.wait = "help-own"},
                   (const char *const[3]){"wait=help-own is impossible with "
                                          "FILCH_QUEUE=central-mutex"});
    unsetenv("FILCH_QUEUE");
}

Test(settings, older_configuration_is_read_partially)
{
    filch_config config = {.size = offsetof(filch_config, bind), .workers = 2, .bind = "nonsense"};
    cr_assert_eq(resolved(&config).workers, 2);
}

Test(settings, success_keeps_last_error_sentence)
{
    cr_assert_str_eq(filch_error(), "");
    cr_assert_eq(fl_settings_resolve(&(fl_settings){0}, &(filch_config){.queue = "x"}, false),
                 -EINVAL);
    resolved(NULL);
    cr_assert_not_null(strstr(filch_error(), "unknown queue 'x'"));
}

/* ---- Misspelt variables ---- */

static const struct {
    const char *name, *nearest; /* NULL: it is the program's own */
} spellings[] = {
    {"FILCH_WORKER", "FILCH_WORKERS"},   /* a letter is missing, */
    {"FILCH_WORKERSS", "FILCH_WORKERS"}, /* too many, */
    {"FILCH_WORKORS", "FILCH_WORKERS"},  /* another one, */
    {"FILCH_WROKERS", "FILCH_WORKERS"},  /* exchanged */
    {"FILCH_WOKRER", "FILCH_WORKERS"},   /* two of these */
    {"FILCH_MAXWORKERS", "FILCH_MAX_WORKERS"},
    {"FILCH_MAXFIBER", "FILCH_MAX_FIBERS"},
    {"FILCH_STACKSIZE", "FILCH_STACK_SIZE"},
    {"FILCH_DEADLOCKS", "FILCH_DEADLOCK"},
    {"FILCH_BLOKING_THREAD", "FILCH_BLOCKING_THREADS"},
    {"FILCH_POLCIY", "FILCH_POLICY"},
    {"FILCH_SED", "FILCH_SEED"},
    {"FILCH_TKAE", "FILCH_TAKE"},
    {"FILCH_BIN", "FILCH_BIND"},
    {"FILCH_INFO_", "FILCH_INFO"},
    {"FILCH_BUILD", NULL}, /* two letters from BIND */
    {"FILCH_SEEDLING", NULL},
    {"FILCH_WIRE", NULL}, /* two letters from WAIT */
    {"FILCH_STRESS", NULL},
    {"FILCH_STEALS", NULL},
    {"FILCH_DEPTH", NULL},
    {"FILCH_CHAOS", NULL},
    {"FILCH_SOURCE", NULL},
    {"FILCH_SOAK_BUILD", NULL},
    {"FILCH_COVERAGE_BUILD", NULL},
    {"FILCH_COMMAND", NULL},
    {"FILCH_PLUGIN", NULL},
    {"FILCH_LIBRARY", NULL},
    {"FILCH_THREADS", NULL},
    {"FILCH_", NULL},
    {"FILCH_A_NAME_THAT_IS_LONGER_THAN_THOSE_THAT_ARE_COMPARED", NULL},
    {"FILCHED_WORKER", NULL},
    {"filch_worker", NULL},
};

Test(settings, misspelt_variable_is_refused_with_suggestion)
{
    for (unsigned i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        const char *name = spellings[i].name, *nearest = spellings[i].nearest;
        char told[128] = "";
        filch_runtime *rt = NULL;
        setenv(name, "1", 1);
        cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 1}),
                     nearest ? -EINVAL : 0, "%s", name);
        cr_assert_eq(rt == NULL, nearest != NULL);
        if (nearest) {
            snprintf(told, sizeof told, "variable %s (nearest: %s);", name, nearest);
            cr_assert_not_null(strstr(filch_error(), told), "%s", filch_error());
        }
        filch_runtime_destroy(rt);
        unsetenv(name);
    }
}

/* Also one that the environment has several times, and one without a value. */
Test(settings, every_library_variable_is_known)
{
    for (unsigned i = 0; i < FL_ENV_COUNT; i++) {
        setenv(fl_variables[i], "", 1);
        cr_assert_eq(fl_variables_check(), 0, "%s", filch_error());
    }
    char without_value[] = "FILCH_WORKRES";
    char *odd[] = {"FILCH_WORKERS=1", "FILCH_WORKERS=2", without_value, NULL};
    char **before = environ;
    environ = odd;
    int rc = fl_variables_check();
    environ = before;
    cr_assert_eq(rc, -EINVAL);
}
