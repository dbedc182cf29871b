/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The list of places, from the text of OMP_PLACES or GOMP_CPU_AFFINITY. */
#include <runtime/openmp/affinity.h>

#include <runtime/openmp/memory.h>
#include <runtime/openmp/parse.h>
#include <runtime/platform/machine/topology.h>

typedef struct fl_affinity place;

static struct {
    place *at;
    unsigned count, room;
    place allowed; /* CPUs that the process may use, and how many there can be */
} places;

static long cpus_most(void)
{
    return (long)places.allowed.size * 8;
}

/* ---- Sets ---- */

static place place_new(void)
{
    return (place){fl_omp_allocate(places.allowed.size), places.allowed.size};
}

static bool place_empty(const place *one)
{
    return CPU_COUNT_S(one->size, one->set) == 0;
}

/* Takes the set over. */
static void append(place one)
{
    if (places.count == places.room) {
        places.room = places.room ? 2 * places.room : 16;
        place *grown = realloc(places.at, places.room * sizeof *grown);
        if (!grown)
            fl_omp_out_of_memory(places.room * sizeof *grown);
        places.at = grown;
    }
    places.at[places.count++] = one;
}

/* The set, moved by that many CPUs. false: it does not fit. */
static bool append_moved(const place *one, long by)
{
    place moved = place_new();
    for (long cpu = 0; cpu < cpus_most(); cpu++) {
        if (!CPU_ISSET_S((size_t)cpu, one->size, one->set))
            continue;
        if (cpu + by < 0 || cpu + by >= cpus_most()) {
            fl_omp_complain("Logical CPU number %ld+%ld out of range", cpu, by);
            fl_affinity_free(&moved);
            return false;
        }
        CPU_SET_S((size_t)(cpu + by), moved.size, moved.set);
    }
    append(moved);
    return true;
}

static bool remove_equal(const place *one)
{
    for (unsigned i = 0; i < places.count; i++)
        if (CPU_EQUAL_S(one->size, places.at[i].set, one->set)) {
            fl_affinity_free(&places.at[i]);
            memmove(&places.at[i], &places.at[i + 1], (--places.count - i) * sizeof places.at[0]);
            return true;
        }
    fl_omp_complain("Trying to remove a non-existing place from list of places");
    return false;
}

void fl_omp_places_drop(void)
{
    while (places.count)
        fl_affinity_free(&places.at[--places.count]);
}

/* Nothing may be bound where the mask is not known. */
static bool begin(void)
{
    fl_omp_places_drop();
    if (!places.allowed.set)
        places.allowed = fl_affinity_read();
    return places.allowed.set;
}

unsigned fl_omp_places_count(void)
{
    return places.count;
}

const struct fl_affinity *fl_omp_place(unsigned number)
{
    return &places.at[number];
}

/* ---- Places by a word ---- */

enum unit { THREADS, CORES, SOCKETS, CACHES, NODES };

static int unit_of(const fl_place *pu, enum unit unit)
{
    switch (unit) {
    case CORES:
        return pu->core;
    case SOCKETS:
        return pu->package;
    case CACHES:
        return pu->cache;
    case NODES:
        return pu->node;
    default:
        return pu->cpu;
    }
}

/* PUs of one unit stand side by side. The order of hwloc keeps neighbours together, as `close`
 * wants. */
static void append_units(const fl_topology *topology, enum unit unit, unsigned long most)
{
    unsigned pus;
    const fl_place *pu = fl_topology_pus(topology, &pus);
    int last = -2;
    for (unsigned i = 0; i < pus; i++) {
        if (pu[i].cpu >= cpus_most() || !fl_affinity_allows(&places.allowed, pu[i].cpu))
            continue;
        if (unit_of(&pu[i], unit) != last) {
            if (places.count == most)
                return;
            append(place_new());
            last = unit_of(&pu[i], unit);
        }
        const place *current = &places.at[places.count - 1];
        CPU_SET_S((size_t)pu[i].cpu, current->size, current->set);
    }
}

static enum fl_omp_places read_units(const char *at, enum unit unit)
{
    unsigned long most = ~0UL;
    const fl_topology *topology;
    if (fl_omp_parse_mark(&at, '(') &&
        (!fl_omp_parse_natural(&at, &most) || !fl_omp_parse_mark(&at, ')')))
        return FL_OMP_PLACES_INVALID;
    if (!fl_omp_parse_end(at))
        return FL_OMP_PLACES_INVALID;
    if (most && fl_topology_load(&topology) == 0)
        append_units(topology, unit, most);
    if (places.count)
        return FL_OMP_PLACES_READ;
    fl_omp_complain("Error reading core/socket topology");
    return FL_OMP_PLACES_REPORTED;
}

/* ---- Places by numbers ---- */

/* ":length:stride", each with a default. */
static bool read_interval(const char **at, unsigned long *length, long *stride)
{
    *length = *stride = 1;
    if (!fl_omp_parse_mark(at, ':'))
        return true;
    if (!fl_omp_parse_natural(at, length) || !*length)
        return false;
    return !fl_omp_parse_mark(at, ':') || fl_omp_parse_integer(at, stride);
}

static bool add_cpus(const place *one, unsigned long first, unsigned long length, long stride)
{
    for (unsigned long i = 0; i < length; i++) {
        long cpu;
        if (first >= (unsigned long)cpus_most() || __builtin_mul_overflow((long)i, stride, &cpu) ||
            __builtin_add_overflow(cpu, (long)first, &cpu) || cpu < 0 || cpu >= cpus_most()) {
            fl_omp_complain("Logical CPU number %lu out of range", first);
            return false;
        }
        CPU_SET_S((size_t)cpu, one->size, one->set);
    }
    return true;
}

static bool remove_cpu(const place *one, unsigned long cpu)
{
    if (cpu >= (unsigned long)cpus_most() || !CPU_ISSET_S(cpu, one->size, one->set)) {
        fl_omp_complain("Logical CPU %lu to be removed is not in the set", cpu);
        return false;
    }
    CPU_CLR_S(cpu, one->size, one->set);
    return true;
}

/* The text between braces. */
static bool read_set(const char **at, const place *one)
{
    do {
        const bool removes = fl_omp_parse_mark(at, '!');
        unsigned long cpu, length;
        long stride;
        if (!fl_omp_parse_natural(at, &cpu))
            return false;
        if (removes) {
            if (!remove_cpu(one, cpu))
                return false;
        } else if (!read_interval(at, &length, &stride) || !add_cpus(one, cpu, length, stride)) {
            return false;
        }
    } while (fl_omp_parse_mark(at, ','));
    return fl_omp_parse_mark(at, '}') && !place_empty(one);
}

static bool read_place(const char **at)
{
    const bool removes = fl_omp_parse_mark(at, '!');
    unsigned long length = 1;
    long stride = 1;
    place one = place_new();
    bool good = fl_omp_parse_mark(at, '{') && read_set(at, &one) &&
                (removes || read_interval(at, &length, &stride));
    if (removes)
        good = good && remove_equal(&one);
    else
        for (unsigned long i = 0; good && i < length; i++)
            good = append_moved(&one, (long)i * stride);
    fl_affinity_free(&one);
    return good;
}

/* CPUs that the process may not use, and places without any, are left out. */
static bool keep_allowed(void)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < places.count; i++) {
        place *one = &places.at[i];
        CPU_AND_S(one->size, one->set, one->set, places.allowed.set);
        if (place_empty(one))
            fl_affinity_free(one);
        else
            places.at[kept++] = *one;
    }
    places.count = kept;
    if (!kept)
        fl_omp_complain("None of the places contain usable logical CPUs");
    return kept;
}

enum fl_omp_places fl_omp_places_read(const char *text)
{
    static const fl_omp_word units[] = {{"threads", THREADS},    {"cores", CORES},
                                        {"sockets", SOCKETS},    {"ll_caches", CACHES},
                                        {"numa_domains", NODES}, {NULL, 0}};
    int unit;
    if (!begin())
        return FL_OMP_PLACES_READ;
    if (fl_omp_parse_word(&text, units, &unit))
        return read_units(text, (enum unit)unit);
    bool good = true;
    do
        good = read_place(&text);
    while (good && fl_omp_parse_mark(&text, ','));
    if (good && fl_omp_parse_end(text) && keep_allowed())
        return FL_OMP_PLACES_READ;
    fl_omp_places_drop();
    return FL_OMP_PLACES_INVALID;
}

/* "0 3 1-2 4-15:2": a place for each CPU. Commas may stand between them. */
bool fl_omp_places_read_cpus(const char *text)
{
    bool good = begin();
    while (good) {
        unsigned long first, last, stride = 1;
        good = fl_omp_parse_natural(&text, &first);
        last = first;
        if (good && *text == '-') {
            text++;
            good = fl_omp_parse_natural(&text, &last) && last >= first;
            if (good && *text == ':') {
                text++;
                good = fl_omp_parse_natural(&text, &stride) && stride;
            }
        }
        good = good && last < (unsigned long)cpus_most();
        for (; good && first <= last; first += stride) {
            append(place_new());
            CPU_SET_S(first, places.allowed.size, places.at[places.count - 1].set);
        }
        fl_omp_parse_mark(&text, ',');
        if (good && fl_omp_parse_end(text))
            return true;
    }
    fl_omp_places_drop();
    return false;
}
