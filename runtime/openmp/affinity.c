/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Thread affinity: the place of each thread of a team, and its binding. */
#include <runtime/openmp/affinity.h>

#include <runtime/openmp/memory.h>
#include <runtime/openmp/openmp.h>
#include <runtime/openmp/parse.h>
#include <runtime/openmp/query.h>
#include <runtime/platform/machine/topology.h>

#include <ctype.h>
#include <inttypes.h>
#include <pthread.h>
#include <unistd.h>

/* The spot of the calling thread, in that team. */
static __thread struct {
    const fl_omp_team *team;
    fl_omp_spot spot;
    unsigned bound; /* 1 + the place that its affinity mask is set to; 0: none */
} here FL_OMP_TLS;

/* Divides `total` things into `parts` nearly equal runs, the longer ones first. The run of that
 * number begins at *first; its length is returned. */
static unsigned run_of(unsigned total, unsigned parts, unsigned number, unsigned *first)
{
    const unsigned each = total / parts, longer = total % parts;
    *first = number * each + (number < longer ? number : longer);
    return each + (number < longer);
}

/* The run in which that thing is. */
static unsigned run_with(unsigned total, unsigned parts, unsigned thing)
{
    const unsigned each = total / parts, longer = total % parts;
    if (thing < longer * (each + 1))
        return thing / (each + 1);
    return longer + (thing - longer * (each + 1)) / each;
}

/* Neighbours in number are on neighbouring places; those of one place are neighbours in number. */
static unsigned close_place(const fl_omp_spot *from, unsigned number, unsigned size)
{
    const unsigned after = size <= from->count ? number : run_with(size, from->count, number);
    return from->first + (from->place - from->first + after) % from->count;
}

/* As far apart as possible: each thread has its own run of the places. Thread 0 stays at its
 * place. */
static fl_omp_spot spread_spot(const fl_omp_spot *from, unsigned number, unsigned size)
{
    unsigned first;
    const unsigned mine = run_with(from->count, size, from->place - from->first);
    const unsigned count = run_of(from->count, size, (mine + number) % size, &first);
    first += from->first;
    return (fl_omp_spot){number ? first : from->place, first, count};
}

/* A thread of a team whose thread 0 is at `from`. */
static fl_omp_spot spot_in_team(const fl_omp_spot *from, unsigned number, unsigned size, int bind)
{
    fl_omp_spot spot = *from;
    if (bind == FL_OMP_BIND_SPREAD && size <= from->count)
        return spread_spot(from, number, size);
    if (bind != FL_OMP_BIND_FALSE && bind != FL_OMP_BIND_PRIMARY)
        spot.place = close_place(from, number, size);
    if (bind == FL_OMP_BIND_SPREAD)
        spot.first = spot.place, spot.count = 1;
    return spot;
}

static int bind_of_level(unsigned level)
{
    const fl_omp_global *all = &fl_omp_globals;
    if (!all->bind_listed)
        return fl_omp_initial_icv.bind;
    return (int)all->bind_list[level <= all->bind_listed ? level - 1 : all->bind_listed - 1];
}

/* Of a thread of that team, if no clause changes the bindings of the environment. */
static fl_omp_spot spot_of(const fl_omp_team *team, unsigned number)
{
    if (!team->outer)
        return (fl_omp_spot){0, 0, fl_omp_places_count()};
    fl_omp_spot outer = spot_of(team->outer, team->outer_number);
    return spot_in_team(&outer, number, team->size, bind_of_level(team->level));
}

/* A system call only if it changes something. */
static void go_to(unsigned place)
{
    if (here.bound != place + 1)
        fl_affinity_go(fl_omp_place(place));
    here.bound = place + 1;
}

void fl_omp_bind_initial(void)
{
    if (fl_omp_places_count())
        go_to(0);
}

static void bind_now(const fl_omp_team *team, unsigned number, unsigned size, int bind)
{
    if (!fl_omp_places_count() || !team->outer || bind == FL_OMP_BIND_FALSE)
        return;
    fl_omp_spot outer = spot_of(team->outer, team->outer_number);
    here.team = team;
    here.spot = spot_in_team(&outer, number, size, bind);
    go_to(here.spot.place);
}

/* A line when the thread is in another place of a team than before. */
static void show_once(const fl_omp_team *team, unsigned number, unsigned size)
{
    static __thread struct {
        unsigned level, number, size;
    } shown FL_OMP_TLS;
    if (shown.level == team->level && shown.number == number && shown.size == size)
        return;
    shown.level = team->level;
    shown.number = number;
    shown.size = size;
    fl_omp_affinity_show(NULL);
}

void fl_omp_bind_member(unsigned number, unsigned size, int bind)
{
    const fl_omp_team *team = fl_omp_here()->team;
    bind_now(team, number, size, bind);
    if (FILCH_UNLIKELY(fl_omp_globals.display_affinity))
        show_once(team, number, size);
}

bool fl_omp_spot_here(fl_omp_spot *spot)
{
    const fl_omp_thread *thread = fl_omp_here();
    if (!fl_omp_places_count())
        return false;
    *spot = here.team == thread->team ? here.spot : spot_of(thread->team, thread->number);
    return true;
}

/* ---- The text of a thread's affinity ---- */

/* The text of a thread's affinity (OpenMP 5.1, 3.2.12 ff.): fields such as %L, %0.5n or
 * %.8{host}, in a format that the environment or the program gives. */

static char *chosen;

void fl_omp_affinity_format_set(const char *text, size_t length)
{
    char *copy = fl_omp_allocate(length + 1);
    memcpy(copy, text, length);
    free(chosen);
    chosen = copy;
}

const char *fl_omp_affinity_format(void)
{
    return chosen ? chosen : "level %L thread %i affinity %A";
}

/* ---- The value of a field ---- */

enum { TEXT_MOST = 1024 };

/* "0-3,8": the CPUs of the mask. */
static void list_cpus(char *text, size_t size)
{
    struct fl_affinity mask = fl_affinity_read();
    size_t length = 0;
    const int most = (int)mask.size * 8;
    if (!mask.set)
        snprintf(text, size, "0-%u", fl_omp_globals.processors - 1);
    for (int cpu = 0; mask.set && cpu < most && length < size; cpu++) {
        int last = cpu;
        if (!CPU_ISSET_S((size_t)cpu, mask.size, mask.set))
            continue;
        while (last + 1 < most && CPU_ISSET_S((size_t)last + 1, mask.size, mask.set))
            last++;
        const char *comma = length ? "," : "";
        length += (size_t)(last > cpu
                               ? snprintf(text + length, size - length, "%s%d-%d", comma, cpu, last)
                               : snprintf(text + length, size - length, "%s%d", comma, cpu));
        cpu = last;
    }
    fl_affinity_free(&mask);
}

static void thread_id(char *text, size_t size)
{
    snprintf(text, size, "%#" PRIxPTR, (uintptr_t)pthread_self());
}

static void host_name(char *text, size_t size)
{
    if (gethostname(text, size - 1))
        text[0] = '\0';
}

static int ancestor(void)
{
    return omp_get_ancestor_thread_num(omp_get_level() - 1);
}

/* A number or a text. */
static const struct field {
    char letter;
    const char *name;
    int (*number)(void);
    void (*text)(char *text, size_t size);
} fields[] = {
    {'t', "team_num", omp_get_team_num, NULL},
    {'T', "num_teams", omp_get_num_teams, NULL},
    {'L', "nesting_level", omp_get_level, NULL},
    {'n', "thread_num", omp_get_thread_num, NULL},
    {'N', "num_threads", omp_get_num_threads, NULL},
    {'a', "ancestor_tnum", ancestor, NULL},
    {'P', "process_id", getpid, NULL},
    {'H', "host", NULL, host_name},
    {'i', "native_thread_id", NULL, thread_id},
    {'A', "thread_affinity", NULL, list_cpus},
};

/* ---- Formats ---- */

static FILCH_NORETURN void refuse(const char *what, const char *name, size_t length)
{
    fl_omp_complain(what, (int)length, name);
    exit(1);
}

/* The letter, or the name in braces, at *at. */
static const struct field *find_field(const char **at)
{
    const char *name = *at;
    const bool is_long = *name == '{';
    const size_t count = sizeof fields / sizeof fields[0];
    size_t length = 1;
    if (is_long) {
        const char *end = strchr(++name, '}');
        if (!end)
            refuse("unterminated long type name '%.*s' in affinity format", name, strlen(name));
        length = (size_t)(end - name);
        *at = end + 1;
    } else {
        *at = name + (*name != '\0');
    }
    for (size_t i = 0; i < count; i++)
        if (is_long ? strlen(fields[i].name) == length && !memcmp(fields[i].name, name, length)
                    : fields[i].letter == *name)
            return &fields[i];
    refuse(is_long ? "unsupported long type name '%.*s' in affinity format"
                   : "unsupported type %.*s in affinity format",
           name, length);
}

/* Of a text: zeros go between 0x and the digits; other texts get spaces. */
static void put_text(FILE *out, const char *text, int width, bool zeros)
{
    const bool hex = text[0] == '0' && text[1] == 'x';
    if (zeros && hex)
        fprintf(out, "0x%0*" PRIxPTR, width > 2 ? width - 2 : 0,
                (uintptr_t)strtoumax(text, NULL, 16));
    else
        fprintf(out, "%*s", width, text);
}

/* The field after a '%'. */
static void put_field(FILE *out, const char **at)
{
    const char *next = *at;
    const bool zeros = next[0] == '0';
    if (zeros && next[1] != '.')
        refuse("leading zero not followed by dot in affinity format%.*s", "", 0);
    next += zeros;
    const bool right = *next == '.';
    next += right;
    int width = 0;
    for (; isdigit((unsigned char)*next); next++)
        if (width < TEXT_MOST)
            width = width * 10 + (*next - '0');
    const struct field *field = find_field(&next);
    *at = next;
    const int aligned = right ? width : -width;
    if (field->number && zeros) {
        fprintf(out, "%0*d", width, field->number());
    } else if (field->number) {
        fprintf(out, "%*d", aligned, field->number());
    } else {
        char text[TEXT_MOST] = "";
        field->text(text, sizeof text);
        put_text(out, text, aligned, zeros && right);
    }
}

char *fl_omp_affinity_text(const char *format)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        fl_omp_out_of_memory(TEXT_MOST);
    const char *at = format && *format ? format : fl_omp_affinity_format();
    while (*at) {
        const char c = *at++;
        if (c == '%' && *at != '%') {
            put_field(out, &at);
        } else {
            at += c == '%';
            fputc(c, out);
        }
    }
    if (fclose(out) || !text)
        fl_omp_out_of_memory(TEXT_MOST);
    return text;
}

void fl_omp_affinity_show(const char *format)
{
    char *text = fl_omp_affinity_text(format);
    fprintf(stderr, "%s\n", text);
    free(text);
}
