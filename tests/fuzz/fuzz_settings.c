/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Input from outside: the environment, the configuration's words and numbers, and the files that
 * hold a cgroup's CPU quota. For any content, the answer is a value within its range, or an error
 * that the header names, with a sentence; then nothing has changed. The files are in memory: the
 * linker puts __wrap_fopen before fopen. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <runtime/engine/settings.h>
#include <runtime/platform/machine/quota.h>
#include <stdbool.h>
#include <tests/fuzz/fuzz.h>

static void expect_one_of(int rc, const int *codes)
{
    while (*codes && *codes != rc)
        codes++;
    FUZZ_CHECK(rc == *codes, "%d; %s", rc, filch_error());
    FUZZ_CHECK(rc >= 0 || strlen(filch_error()) > 20, "%d: '%s'", rc, filch_error());
}

/* ---- Settings ---- */

static const char *const variables[] = {"FILCH_WORKERS",
                                        "FILCH_BIND",
                                        "FILCH_POLICY",
                                        "FILCH_QUEUE",
                                        "FILCH_FENCE",
                                        "FILCH_STACK_SIZE",
                                        "FILCH_MAX_FIBERS",
                                        "FILCH_SEED",
                                        "FILCH_INFO",
                                        "FILCH_DEADLOCK",
                                        "FILCH_BLOCKING_THREADS",
                                        "FILCH_MAX_WORKERS",
                                        "FILCH_IDLE",
                                        "FILCH_TAKE",
                                        "FILCH_WAIT",
                                        "FILCH_CORES"};
enum { VARIABLES = sizeof variables / sizeof variables[0], WORDS = 4 };

static bool within(uint64_t value, uint64_t least, uint64_t most)
{
    return value >= least && value <= most;
}

static void check_ranges(const fl_settings *s, const filch_config *config)
{
    FUZZ_CHECK(within(s->workers, 0, FL_MOST_WORKERS), "%u", s->workers);
    FUZZ_CHECK(within(s->max_workers, 0, FL_MOST_WORKERS), "%u", s->max_workers);
    FUZZ_CHECK(within(s->stack_size, 16 << 10, 1 << 30), "%zu", s->stack_size);
    FUZZ_CHECK(s->stack_size % 4096 == 0, "%zu", s->stack_size);
    FUZZ_CHECK(within(s->max_fibers, 1, 1000000), "%u", s->max_fibers);
    FUZZ_CHECK(s->seed, "0 is no state");
    FUZZ_CHECK(!config->workers || s->workers == config->workers, "the configuration wins");
    FUZZ_CHECK(!config->max_fibers || s->max_fibers == config->max_fibers, "it wins");
    FUZZ_CHECK(!config->seed || s->seed == config->seed, "it wins");
    FUZZ_CHECK(s->bind <= FL_BIND_NONE && s->policy && s->queue, "unknown rows");
    FUZZ_CHECK(s->cores <= FL_CORES_EFFICIENT, "unknown cores");
    FUZZ_CHECK(s->idle <= FL_IDLE_SPIN && s->take <= FL_TAKE_HALF && s->wait <= FL_WAIT_HELP_OWN,
               "unknown modes");
}

/* A sign, white space at the end or a digit too many never make a number. */
static void check_numbers(void)
{
    static const unsigned numeric[] = {0, 5, 6, 7, 10, 11};
    for (unsigned i = 0; i < sizeof numeric / sizeof *numeric; i++) {
        const char *value = getenv(variables[numeric[i]]);
        const char *none = value && strpbrk(value, "xX") ? "-.,gG_" : "-.,eEgG_";
        FUZZ_CHECK(!value || !strpbrk(value, none), "%s=%s", variables[numeric[i]], value);
    }
}

static void set_environment(struct bytes *in)
{
    unsigned set = byte(in) | (unsigned)byte(in) << 8;
    for (unsigned i = 0; i < VARIABLES; i++) {
        unsetenv(variables[i]);
        if (set & 1u << i) {
            char *value = text(in);
            setenv(variables[i], value, 1);
            free(value);
        }
    }
}

static void settings(struct bytes *in)
{
    set_environment(in);
    unsigned given = byte(in);
    char *word[WORDS];
    for (unsigned i = 0; i < WORDS; i++)
        word[i] = given & 1u << i ? text(in) : NULL;
    filch_config config = {.bind = word[0], .policy = word[1], .queue = word[2], .fence = word[3]};
    config.workers = given & 16 ? (unsigned)number(in) : 0;
    config.stack_size = given & 32 ? number(in) : 0;
    config.max_fibers = given & 64 ? (unsigned)number(in) : 0;
    config.seed = given & 128 ? number(in) : 0;
    config.size = byte(in) % 2 ? number(in) % (2 * sizeof config) : 0;
    fl_settings s, before;
    memset(&s, 0x5a, sizeof s);
    memcpy(&before, &s, sizeof s);
    int rc = fl_settings_resolve(&s, &config, false);
    expect_one_of(rc, (const int[]){-EINVAL, 0});
    if (rc)
        FUZZ_CHECK(memcmp(&s, &before, sizeof s) == 0, "touched");
    else if (!config.size || config.size == sizeof config)
        check_ranges(&s, &config);
    rc = fl_settings_resolve(&s, NULL, false);
    expect_one_of(rc, (const int[]){-EINVAL, 0});
    if (rc == 0)
        check_numbers();
    for (unsigned i = 0; i < WORDS; i++)
        free(word[i]);
}

/* ---- The CPU quota ---- */

#define ROOT "/fuzz-root"

static struct {
    const char *ending;
    char *content; /* NULL: no such file */
} files[] = {{"/proc/self/cgroup", NULL},
             {"/proc/self/mountinfo", NULL},
             {"/cpu.max", NULL},
             {"/cpu.cfs_quota_us", NULL},
             {"/cpu.cfs_period_us", NULL}};
enum { FILES = sizeof files / sizeof files[0] };

static unsigned opened;

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);

FILE *__wrap_fopen(const char *path, const char *mode)
{
    if (strncmp(path, ROOT "/", strlen(ROOT "/")) != 0)
        return __real_fopen(path, mode);
    opened++;
    size_t length = strlen(path);
    for (unsigned i = 0; i < FILES; i++) {
        size_t ending = strlen(files[i].ending);
        if (length < ending || strcmp(path + length - ending, files[i].ending) != 0)
            continue;
        char *content = files[i].content;
        if (content)
            return *content ? fmemopen(content, strlen(content), "r")
                            : __real_fopen("/dev/null", mode);
    }
    errno = ENOENT;
    return NULL;
}

static void quota(struct bytes *in)
{
    unsigned there = byte(in);
    for (unsigned i = 0; i < FILES; i++)
        files[i].content = there & 1u << i ? text(in) : NULL;
    double cpus = -1;
    opened = 0;
    int rc = fl_quota_read(ROOT, &cpus);
    expect_one_of(rc, (const int[]){-EINVAL, -ENAMETOOLONG, 1, 0});
    FUZZ_CHECK(rc == 1 ? isfinite(cpus) && cpus > 0 : cpus == -1, "%d: %g", rc, cpus);
    FUZZ_CHECK(opened >= 1 && opened <= 2 + 4 * (256 + 1), "%u files opened", opened);
    unsigned units = byte(in);
    unsigned workers = fl_quota_workers(units, rc == 1 ? cpus : 0);
    unsigned at_hand = fl_quota_cpus(units, rc == 1 ? cpus : 0);
    FUZZ_CHECK(at_hand >= 1 && at_hand <= workers && workers <= (units ? units : 1), "%u of %u",
               at_hand, workers);
    for (unsigned i = 0; i < FILES; i++)
        free(files[i].content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {data, data + size};
    if (byte(&in) % 2)
        quota(&in);
    else
        settings(&in);
    return 0;
}
