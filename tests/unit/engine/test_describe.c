/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A runtime's description of itself matches its behaviour. Each case is a process of its own, since
 * a process reads the topology once. */
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <tests/support/hybrid.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static filch_runtime *runtime(const filch_config *config)
{
    filch_runtime *rt = NULL;
    CHILD_CHECK(filch_runtime_create(&rt, config) == 0);
    return rt;
}

static void say(const filch_config *config)
{
    char text[8192];
    filch_runtime *rt = runtime(config);
    CHILD_CHECK(filch_runtime_describe(rt, text, sizeof text) == strlen(text));
    dprintf(STDERR_FILENO, "%s%u in all\n", text, filch_runtime_workers(rt));
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

static void passes(struct child *child, void (*work)(void))
{
    child_run(child, work);
    cr_assert(child_passed(child), "status 0x%x: %s", child->status, child->text);
}

static void expect(const struct child *child, const char *words)
{
    cr_expect_not_null(strstr(child->text, words), "no '%s' in: %s", words, child->text);
}

static void say_everything(void)
{
    filch_config config = {.workers = 3,
                           .bind = "none",
                           .queue = "central-mutex",
                           .fence = "full",
                           .stack_size = 100 << 10,
                           .max_fibers = 77,
                           .seed = 12345};
    say(&config);
}

Test(describe, lists_configured_values)
{
    struct child child;
    passes(&child, say_everything);
    static const char *const words[] = {"workers      3, as configured",
                                        "binding      none, not pinned",
                                        "queue        central-mutex",
                                        "policy       random",
                                        "fence        full, as configured",
                                        "stacks of 100 KiB",
                                        "at most 77 fibers",
                                        "seed         12345",
                                        "3 in all"};
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        expect(&child, words[i]);
}

static void say_few_fibers(void)
{
    say(&(filch_config){.workers = 1, .max_fibers = 1});
}

Test(describe, lone_worker_spins_with_two_fibers)
{
    struct child child;
    passes(&child, say_few_fibers);
    expect(&child, "\nshort waits  spin for a few microseconds\n");
    expect(&child, "at most 2 fibers");
}

/* ---- Kinds of cores ---- */

static const struct {
    const char *claim, *cores;
    struct kind kinds[3];
    const char *words[2];
} mixed[] = {
    {"fast",
     "fast",
     {{1, 0, NULL}, {3, 1, NULL}},
     {"\nworkers      3: the fast cores\n", "\ncores        fast: fast cores only\n"}},
    {"efficient",
     "efficient",
     {{1, 0, NULL}, {3, 1, NULL}},
     {"\nworkers      1: the efficient cores\n", "\ncores        efficient: "}},
    {"all",
     "all",
     {{1, 0, NULL}, {3, 1, NULL}},
     {"\nworkers      4: ", "\nkinds:   fast cores 3 (CPUs 1-3), efficient cores 1 (CPUs 0)\n"}},
    {"one kind",
     "fast",
     {{4, 0, NULL}},
     {"\nworkers      4: ", "\ncores        fast: all, since the usable cores are of one kind\n"}},
};

static const char *cores;

static void say_cores(void)
{
    say(&(filch_config){.cores = cores});
}

FOR_EACH(describe, cores_decide_workers, mixed)
{
    struct child child;
    const char *file = hybrid_machine("core:4 pu:1", one->kinds);
    cores = one->cores;
    passes(&child, say_cores);
    unlink(file);
    for (unsigned i = 0; i < 2; i++)
        expect(&child, one->words[i]);
}

static const char *queue;

static void say_queue(void)
{
    say(&(filch_config){.workers = 1, .queue = queue});
}

static const char *fence_of(struct child *child, const char *of)
{
    queue = of;
    passes(child, say_queue);
    return strstr(child->text, "\nfence ");
}

Test(describe, inline_outline_queues_report_same_fence)
{
    struct child inlined, outlined;
    const char *one = fence_of(&inlined, "chase-lev");
    const char *other = fence_of(&outlined, "chase-lev-outline");
    cr_assert(one && other);
    cr_assert_eq(strncmp(one, other, strcspn(one + 1, "\n") + 2), 0, "%s, but %s", one, other);
    cr_assert_not_null(fence_of(&inlined, "chase-lev-fenced"));
    expect(&inlined, "\nfence        full, as the queue requires: fork and join out of line\n");
}

static void say_with_one_cpu(void)
{
    cpu_set_t ours, one;
    CHILD_CHECK(sched_getaffinity(0, sizeof ours, &ours) == 0);
    CPU_ZERO(&one);
    int last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(last, &ours))
        last--;
    CPU_SET(last, &one);
    CHILD_CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    dprintf(STDERR_FILENO, "last %d\n", last);
    say(NULL);
}

Test(describe, one_cpu_mask_reports_one_worker)
{
    struct child child;
    passes(&child, say_with_one_cpu);
    int last = -1;
    cr_assert_eq(sscanf(strstr(child.text, "last "), "last %d", &last), 1);
    char place[32];
    snprintf(place, sizeof place, " 0@%d\n", last);
    expect(&child, "\nworkers      1: ");
    expect(&child, place);
    expect(&child, "\n1 in all");
}

/* ---- Under a filter of system calls ---- */

static int refusal;

/* As many workers as cores, which would be pinned. */
static void say_without_affinity(void)
{
    seccomp_deny(SYS_sched_setaffinity, refusal);
    say(NULL);
}

Test(describe, says_that_affinity_is_refused)
{
    static const int errors[] = {EPERM, ENOSYS, EINVAL};
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct child child;
        char words[128];
        refusal = errors[i];
        passes(&child, say_without_affinity);
        snprintf(words, sizeof words,
                 "\nbinding      auto, not pinned: the system refused CPU affinity (%s)\n",
                 strerror(refusal));
        if (strstr(child.text, "\n1 in all"))
            cr_skip_test("one core: its worker inherits the mask");
        expect(&child, words);
    }
}

static const char *binding;

static void ask_to_pin_without_affinity(void)
{
    cpu_set_t ours;
    filch_runtime *rt;
    CHILD_CHECK(sched_getaffinity(0, sizeof ours, &ours) == 0);
    if (CPU_COUNT(&ours) < 2)
        return; /* the worker inherits the mask */
    seccomp_deny(SYS_sched_setaffinity, EPERM);
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 1, .bind = binding}) ==
                -EPERM);
    CHILD_CHECK(strstr(filch_error(), binding) && strstr(filch_error(), "FILCH_BIND"));
    CHILD_CHECK(!strstr(filch_error(), "fewer"));
}

Test(describe, refused_pinning_names_the_setting)
{
    static const char *const bindings[] = {"core", "pu"};
    for (unsigned i = 0; i < sizeof bindings / sizeof *bindings; i++) {
        struct child child;
        binding = bindings[i];
        passes(&child, ask_to_pin_without_affinity);
    }
}

/* A worker that floats gets the creator's CPUs, not those of the thread that resizes. */
static void grow_without_affinity(void)
{
    cpu_set_t first;
    filch_runtime *rt;
    const filch_config floating = {.workers = 1, .max_workers = 2, .bind = "none"};
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    CHILD_CHECK(filch_runtime_create(&rt, &floating) == 0);
    CHILD_CHECK(sched_setaffinity(0, sizeof first, &first) == 0);
    seccomp_deny(SYS_sched_setaffinity, EPERM);
    CHILD_CHECK(filch_runtime_resize(rt, 2) == 0);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

Test(describe, refused_affinity_leaves_workers_floating)
{
    struct child child;
    passes(&child, grow_without_affinity);
}

/* ---- Under a quota ---- */

static cpu_group group;

static void say_under_quota(void)
{
    CHILD_CHECK(cpu_group_enter(&group));
    say(NULL);
}

Test(describe, one_cpu_quota_reports_one_worker)
{
    if (!cpu_group_make(&group, 100))
        cr_skip_test(CPU_GROUP_NEEDS);
    struct child child;
    child_run(&child, say_under_quota);
    rmdir(group.folder);
    cr_assert(child_passed(&child), "status 0x%x: %s", child.status, child.text);
    expect(&child, "\nworkers      1: ");
    expect(&child, "quota");
    expect(&child, "\n1 in all");
}

/* ---- How it is said ---- */

static void measure(void)
{
    char whole[8192], cut[40];
    filch_runtime *rt = runtime(&(filch_config){.workers = 2});
    size_t length = filch_runtime_describe(rt, whole, sizeof whole);
    CHILD_CHECK(length == strlen(whole));
    CHILD_CHECK(filch_runtime_describe(rt, NULL, 0) == length);
    memset(cut, 'x', sizeof cut);
    CHILD_CHECK(filch_runtime_describe(rt, cut, sizeof cut - 8) == length);
    CHILD_CHECK(strlen(cut) == sizeof cut - 9 && strncmp(cut, whole, strlen(cut)) == 0);
    CHILD_CHECK(cut[sizeof cut - 8] == 'x');
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

Test(describe, counts_and_cuts_as_snprintf_does)
{
    struct child child;
    passes(&child, measure);
}

static void say_it_twice(void)
{
    char text[8192];
    setenv("FILCH_INFO", "1", 1);
    filch_runtime *rt = runtime(&(filch_config){.workers = 2, .seed = 7});
    filch_runtime_describe(rt, text, sizeof text);
    fputs(text, stderr);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

Test(describe, filch_info_prints_description_to_stderr)
{
    struct child child;
    passes(&child, say_it_twice);
    size_t length = strlen(child.text);
    cr_assert_gt(length, 0);
    cr_assert_eq(length % 2, 0);
    cr_assert_arr_eq(child.text, child.text + length / 2, length / 2);
}

static void say_nothing(void)
{
    setenv("FILCH_INFO", "0", 1);
    CHILD_CHECK(filch_runtime_destroy(runtime(NULL)) == 0);
}

Test(describe, says_nothing_unasked)
{
    struct child child;
    passes(&child, say_nothing);
    cr_assert_str_eq(child.text, "");
}
