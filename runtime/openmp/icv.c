/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The internal control variables of a task. Tasks share those of their parents until they change
 * one, since few tasks ever do. */
#include <runtime/openmp/icv.h>

#include <runtime/openmp/affinity.h>
#include <runtime/openmp/memory.h>
#include <runtime/openmp/openmp.h>
#include <runtime/openmp/parse.h>
#include <runtime/openmp/query.h>
#include <runtime/platform/virtual/virtual.h>

#include <limits.h>
#include <stdint.h>
#include <unistd.h>

fl_omp_global fl_omp_globals = {.processors = 1, .thread_limit = ~0U, .spins = -1};
fl_omp_icv fl_omp_initial_icv = {
    .threads = 1,
    .schedule = {FL_OMP_DYNAMIC, false, 1},
    .max_active_levels = 1,
    .thread_limit = ~0U,
    .allocator = (void *)1, /* omp_default_mem_alloc */
};

const fl_omp_icv *fl_omp_icv_here(void)
{
    return fl_omp_here()->task->icv;
}

fl_omp_icv *fl_omp_icv_own(void)
{
    fl_omp_task *task = fl_omp_here()->task;
    if (!task->owns_icv) {
        fl_omp_icv *copy = fl_omp_allocate(sizeof *copy);
        *copy = *task->icv;
        task->icv = copy;
        task->owns_icv = true;
    }
    return task->icv;
}

void fl_omp_icv_nest(fl_omp_icv *icv)
{
    const unsigned next = ++icv->depth;
    if (next < fl_omp_globals.threads_listed)
        icv->threads = fl_omp_globals.threads_list[next];
    if (next < fl_omp_globals.bind_listed)
        icv->bind = (int)fl_omp_globals.bind_list[next];
}

/* ---- The environment ---- */

/* The environment variables of OpenMP 5.1, chapter 6, and libgomp's own. A table has one row for
 * each. A variable with a bad value is reported, in the words of libgomp, and ignored. */

/* The ways in which a value can be wrong. */
enum fault { GOOD, INVALID, UNKNOWN, BAD_CHUNK, SMALL_STACK, REPORTED };

typedef struct variable variable;
struct variable {
    const char *name;
    enum fault (*read)(const variable *row, const char *at);
    void *to;
    unsigned long least, most; /* of a number; a larger one counts as `most`, if `clamps` */
    bool clamps;
    const fl_omp_word *words;
};

/* Values that decide something only after all variables have been read. */
static struct {
    int nested;      /* -1: not given */
    unsigned levels; /* UINT_MAX: not given */
    int bind;        /* -1: not given */
    int policy;      /* -1: not given */
    int display;     /* enum display */
} given = {-1, UINT_MAX, -1, -1, 0};

enum policy { PASSIVE, ACTIVE };
enum display { HIDDEN, SHOWN, VERBOSE };

static const fl_omp_word booleans[] = {{"true", 1}, {"false", 0}, {NULL, 0}};
static const fl_omp_word policies[] = {{"passive", PASSIVE}, {"active", ACTIVE}, {NULL, 0}};
static const fl_omp_word displays[] = {{"true", SHOWN}, {"1", SHOWN},         {"false", HIDDEN},
                                       {"0", HIDDEN},   {"verbose", VERBOSE}, {NULL, 0}};
static const fl_omp_word schedules[] = {{"static", FL_OMP_STATIC},
                                        {"dynamic", FL_OMP_DYNAMIC},
                                        {"guided", FL_OMP_GUIDED},
                                        {"auto", FL_OMP_AUTO},
                                        {NULL, 0}};
static const fl_omp_word modifiers[] = {{"monotonic", 1}, {"nonmonotonic", 0}, {NULL, 0}};
static const fl_omp_word bindings[] = {{"primary", FL_OMP_BIND_PRIMARY},
                                       {"master", FL_OMP_BIND_PRIMARY},
                                       {"close", FL_OMP_BIND_CLOSE},
                                       {"spread", FL_OMP_BIND_SPREAD},
                                       {NULL, 0}};
static const fl_omp_word offloads[] = {{"default", FL_OMP_OFFLOAD_DEFAULT},
                                       {"mandatory", FL_OMP_OFFLOAD_MANDATORY},
                                       {"disabled", FL_OMP_OFFLOAD_DISABLED},
                                       {NULL, 0}};
static const fl_omp_word byte_units[] = {{"b", 0}, {"k", 10}, {"m", 20}, {"g", 30}, {NULL, 0}};
static const fl_omp_word count_units[] = {{"k", 3}, {"m", 6}, {"g", 9}, {"t", 12}, {NULL, 0}};
static const fl_omp_word endless[] = {{"infinite", 0}, {"infinity", 0}, {NULL, 0}};

/* ---- Readers ---- */

static enum fault read_boolean(const variable *row, const char *at)
{
    int value;
    if (!fl_omp_parse_word(&at, booleans, &value) || !fl_omp_parse_end(at))
        return INVALID;
    *(bool *)row->to = value;
    return GOOD;
}

static enum fault read_word(const variable *row, const char *at)
{
    int value;
    if (!fl_omp_parse_word(&at, row->words, &value) || !fl_omp_parse_end(at))
        return INVALID;
    *(int *)row->to = value;
    return GOOD;
}

static enum fault read_number(const variable *row, const char *at)
{
    unsigned long value;
    if (!fl_omp_parse_natural(&at, &value) || !fl_omp_parse_end(at) || value < row->least)
        return INVALID;
    if (value > row->most && !row->clamps)
        return INVALID;
    *(unsigned *)row->to = (unsigned)(value > row->most ? row->most : value);
    return GOOD;
}

/* An element of a list. */
static bool read_count(const char **at, unsigned *out)
{
    unsigned long value;
    if (!fl_omp_parse_natural(at, &value) || !value)
        return false;
    *out = value > INT_MAX ? INT_MAX : (unsigned)value;
    return true;
}

static bool read_binding(const char **at, unsigned *out)
{
    int value;
    if (!fl_omp_parse_word(at, bindings, &value))
        return false;
    *out = (unsigned)value;
    return true;
}

/* A list with commas. 0: it is not one; *list is NULL then. */
static unsigned read_list(const char *at, bool (*read)(const char **at, unsigned *out),
                          unsigned **list)
{
    unsigned most = 1, count = 0;
    for (const char *comma = at; *comma; comma++)
        most += *comma == ',';
    *list = fl_omp_allocate(most * sizeof **list);
    while (read(&at, &(*list)[count])) {
        count++;
        if (!fl_omp_parse_mark(&at, ',')) {
            if (fl_omp_parse_end(at))
                return count;
            break;
        }
    }
    free(*list);
    *list = NULL;
    return 0;
}

static enum fault read_threads(const variable *row, const char *at)
{
    (void)row;
    fl_omp_globals.threads_listed = read_list(at, read_count, &fl_omp_globals.threads_list);
    if (!fl_omp_globals.threads_listed)
        return INVALID;
    fl_omp_initial_icv.threads = fl_omp_globals.threads_list[0];
    return GOOD;
}

static enum fault read_bindings(const variable *row, const char *at)
{
    (void)row;
    const char *word = at;
    int value;
    if (fl_omp_parse_word(&word, booleans, &value) && fl_omp_parse_end(word)) {
        given.bind = value;
        return GOOD;
    }
    fl_omp_globals.bind_listed = read_list(at, read_binding, &fl_omp_globals.bind_list);
    if (!fl_omp_globals.bind_listed)
        return INVALID;
    given.bind = (int)fl_omp_globals.bind_list[0];
    return GOOD;
}

static enum fault read_schedule(const variable *row, const char *at)
{
    (void)row;
    int kind, modifier = -1;
    unsigned long chunk = 0;
    if (fl_omp_parse_word(&at, modifiers, &modifier) && !fl_omp_parse_mark(&at, ':'))
        return UNKNOWN;
    if (!fl_omp_parse_word(&at, schedules, &kind))
        return UNKNOWN;
    if (fl_omp_parse_mark(&at, ',')) {
        if (!fl_omp_parse_natural(&at, &chunk) || !fl_omp_parse_end(at) || chunk > INT_MAX)
            return BAD_CHUNK;
    } else if (!fl_omp_parse_end(at)) {
        return UNKNOWN;
    }
    if (!chunk && kind != FL_OMP_STATIC)
        chunk = 1;
    fl_omp_initial_icv.schedule =
        (fl_omp_schedule){kind, modifier < 0 ? kind == FL_OMP_STATIC : modifier, (int)chunk};
    fl_omp_globals.schedule_nonmonotonic = modifier == 0;
    return GOOD;
}

/* Kilobytes, if there is no unit. */
static enum fault read_stack_size(const variable *row, const char *at)
{
    enum { LEAST = 16384 };
    unsigned long value;
    int shift = 10;
    if (!fl_omp_parse_natural(&at, &value))
        return INVALID;
    fl_omp_parse_word(&at, byte_units, &shift);
    if (!fl_omp_parse_end(at) || value > ULONG_MAX >> shift)
        return INVALID;
    if (value << shift < LEAST)
        return SMALL_STACK;
    *(size_t *)row->to = value << shift;
    return GOOD;
}

static enum fault read_spins(const variable *row, const char *at)
{
    unsigned long value;
    int digits = 0, none;
    if (fl_omp_parse_word(&at, endless, &none)) {
        value = LLONG_MAX;
    } else {
        if (!fl_omp_parse_natural(&at, &value))
            return INVALID;
        for (fl_omp_parse_word(&at, count_units, &digits); digits; digits--)
            value = value > LLONG_MAX / 10 ? LLONG_MAX : value * 10;
    }
    if (!fl_omp_parse_end(at))
        return INVALID;
    *(long long *)row->to = value > LLONG_MAX ? LLONG_MAX : (long long)value;
    return GOOD;
}

static enum fault read_allocator(const variable *row, const char *at)
{
    int value;
    if (!fl_omp_parse_word(&at, fl_omp_allocator_words, &value) || !fl_omp_parse_end(at))
        return INVALID;
    *(void **)row->to = (void *)(intptr_t)value;
    return GOOD;
}

static enum fault read_format(const variable *row, const char *at)
{
    (void)row;
    fl_omp_affinity_format_set(at, strlen(at));
    return GOOD;
}

static enum fault read_places(const variable *row, const char *at)
{
    (void)row;
    switch (fl_omp_places_read(at)) {
    case FL_OMP_PLACES_READ:
        return GOOD;
    case FL_OMP_PLACES_REPORTED:
        return REPORTED;
    default:
        return INVALID;
    }
}

static enum fault read_cpus(const variable *row, const char *at)
{
    (void)row;
    return fl_omp_places_read_cpus(at) ? GOOD : INVALID;
}

#define NUMBER(name, to, least, most)                                                              \
    {                                                                                              \
        name, read_number, to, least, most, false, NULL                                            \
    }
#define CLAMPED(name, to, least, most)                                                             \
    {                                                                                              \
        name, read_number, to, least, most, true, NULL                                             \
    }
#define WORD(name, to, words)                                                                      \
    {                                                                                              \
        name, read_word, to, 0, 0, false, words                                                    \
    }
#define OTHER(name, read, to)                                                                      \
    {                                                                                              \
        name, read, to, 0, 0, false, NULL                                                          \
    }

/* Later rows win: the standard's variables follow libgomp's. */
static const variable variables[] = {
    OTHER("OMP_DYNAMIC", read_boolean, &fl_omp_initial_icv.dynamic),
    WORD("OMP_NESTED", &given.nested, booleans),
    CLAMPED("OMP_MAX_ACTIVE_LEVELS", &given.levels, 0, FL_OMP_LEVELS),
    OTHER("OMP_NUM_THREADS", read_threads, NULL),
    OTHER("OMP_SCHEDULE", read_schedule, NULL),
    CLAMPED("OMP_THREAD_LIMIT", &fl_omp_globals.thread_limit, 1, UINT_MAX),
    OTHER("GOMP_STACKSIZE", read_stack_size, &fl_omp_globals.stack_size),
    OTHER("OMP_STACKSIZE", read_stack_size, &fl_omp_globals.stack_size),
    WORD("OMP_WAIT_POLICY", &given.policy, policies),
    OTHER("GOMP_SPINCOUNT", read_spins, &fl_omp_globals.spins),
    OTHER("OMP_CANCELLATION", read_boolean, &fl_omp_globals.cancellation),
    NUMBER("OMP_MAX_TASK_PRIORITY", &fl_omp_globals.max_task_priority, 0, INT_MAX),
    OTHER("OMP_PROC_BIND", read_bindings, NULL),
    OTHER("GOMP_CPU_AFFINITY", read_cpus, NULL),
    OTHER("OMP_PLACES", read_places, NULL),
    NUMBER("OMP_DEFAULT_DEVICE", &fl_omp_initial_icv.default_device, 0, INT_MAX),
    WORD("OMP_TARGET_OFFLOAD", &fl_omp_globals.offload, offloads),
    NUMBER("OMP_NUM_TEAMS", &fl_omp_globals.teams, 1, INT_MAX),
    NUMBER("OMP_TEAMS_THREAD_LIMIT", &fl_omp_globals.teams_limit, 1, INT_MAX),
    OTHER("OMP_ALLOCATOR", read_allocator, &fl_omp_initial_icv.allocator),
    OTHER("OMP_DISPLAY_AFFINITY", read_boolean, &fl_omp_globals.display_affinity),
    OTHER("OMP_AFFINITY_FORMAT", read_format, NULL),
    WORD("OMP_DISPLAY_ENV", &given.display, displays),
};

static void complain(const variable *row, enum fault fault)
{
    static const struct {
        const char *text;
        bool named;
    } faults[] = {
        [INVALID] = {"Invalid value for environment variable ", true},
        [UNKNOWN] = {"Unknown value for environment variable ", true},
        [BAD_CHUNK] = {"Invalid value for chunk size in environment variable ", true},
        [SMALL_STACK] = {"Stack size less than minimum of 16k", false},
    };
    if (fault != REPORTED)
        fl_omp_complain("%s%s", faults[fault].text, faults[fault].named ? row->name : "");
}

/* ---- After all variables ---- */

static unsigned max_active_levels(void)
{
    if (given.levels != UINT_MAX)
        return given.levels;
    if (given.nested >= 0)
        return given.nested ? FL_OMP_LEVELS : 1;
    return fl_omp_globals.threads_listed > 1 || fl_omp_globals.bind_listed > 1 ? FL_OMP_LEVELS : 1;
}

/* Under FILCH_VIRTUAL as many as there are virtual workers, on any machine. */
static unsigned processors(void)
{
    const char *virtual = getenv("FILCH_VIRTUAL");
    const long workers = virtual ? strtol(virtual, NULL, 10) : 0;
    if (workers > 0 && workers <= FL_VIRTUAL_MOST)
        return (unsigned)workers;
    struct fl_affinity mask = fl_affinity_read();
    long all = sysconf(_SC_NPROCESSORS_ONLN);
    int count = mask.set ? CPU_COUNT_S(mask.size, mask.set) : (int)all;
    fl_affinity_free(&mask);
    return count > 0 ? (unsigned)count : 1;
}

/* Binding is on if a variable asks for it, unless OMP_PROC_BIND says no. */
static void settle_binding(void)
{
    if (given.bind == FL_OMP_BIND_FALSE)
        fl_omp_places_drop();
    else if (given.bind > 0 && !fl_omp_places_count())
        fl_omp_places_read("threads");
    fl_omp_initial_icv.bind = given.bind >= 0         ? given.bind
                              : fl_omp_places_count() ? FL_OMP_BIND_TRUE
                                                      : FL_OMP_BIND_FALSE;
}

void fl_omp_read_environment(void)
{
    fl_omp_globals.processors = fl_omp_initial_icv.threads = processors();
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = getenv(variables[i].name);
        enum fault fault = value ? variables[i].read(&variables[i], value) : GOOD;
        if (fault)
            complain(&variables[i], fault);
    }
    fl_omp_initial_icv.max_active_levels = (unsigned char)max_active_levels();
    fl_omp_initial_icv.thread_limit = fl_omp_globals.thread_limit;
    fl_omp_globals.passive = given.policy == PASSIVE;
    fl_omp_globals.active = given.policy == ACTIVE;
    settle_binding();
    fl_omp_bind_initial();
    if (given.display)
        fl_omp_display_environment(given.display == VERBOSE);
}
