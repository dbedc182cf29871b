/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The text of a thread's affinity (OpenMP 5.1, 3.2.12 ff.): fields such as %L, %0.5n or
 * %.8{host}, in a format that the environment or the program gives. */
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
    const char *here = *at;
    const bool zeros = here[0] == '0';
    if (zeros && here[1] != '.')
        refuse("leading zero not followed by dot in affinity format%.*s", "", 0);
    here += zeros;
    const bool right = *here == '.';
    here += right;
    int width = 0;
    for (; isdigit((unsigned char)*here); here++)
        if (width < TEXT_MOST)
            width = width * 10 + (*here - '0');
    const struct field *field = find_field(&here);
    *at = here;
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
