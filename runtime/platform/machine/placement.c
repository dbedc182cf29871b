/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * In hwloc's order the PUs of an object stand side by side, so an object is a run of allowed PUs
 * with the same index. */
#include <runtime/platform/machine/placement.h>

#include <runtime/platform/machine/affinity.h>

/* ---- Objects ---- */

static int id_in(enum fl_span_of of, const fl_place *pu)
{
    switch (of) {
    case FL_SPAN_CPU:
        return pu->cpu;
    case FL_SPAN_CACHE:
        return pu->cache;
    case FL_SPAN_NODE:
        return pu->node;
    case FL_SPAN_PACKAGE:
        return pu->package;
    case FL_SPAN_ALL:
        break;
    }
    return 0;
}

bool fl_placement_has(const fl_placement *p, fl_span span, const fl_place *pu)
{
    return fl_affinity_allows(p->mask, pu->cpu) && !(span.fast && pu->efficient) &&
           id_in(span.of, pu) == span.id;
}

/* A run of allowed PUs, and the load on it. */
struct object {
    fl_span span;
    double load;
};

/* The next object of the kind of `like`, from *at on; *at moves past the object. false: none is
 * left. */
static bool next_object(const struct fl_placing *in, fl_span like, unsigned *at, struct object *out)
{
    unsigned count;
    const fl_place *pu = fl_topology_pus(in->topology, &count), *last = NULL;
    *out = (struct object){.span = {.of = like.of, .id = -1, .fast = like.fast}};
    for (; *at < count; ++*at) {
        const fl_place *here = &pu[*at];
        int id = id_in(like.of, here);
        if (!fl_affinity_allows(in->mask, here->cpu) || id < 0 || (like.fast && here->efficient))
            continue;
        if (last && id != out->span.id)
            break;
        out->span.id = id;
        out->span.cores += !last || last->core != here->core;
        out->load += in->load ? in->load[*at] : 0;
        last = here;
    }
    return last;
}

/* ---- The object for floating workers ---- */

static bool fits(const struct fl_placing *in, const struct object *o)
{
    return o->span.cores >= in->workers && o->span.cores > 1;
}

/* The number of objects of the kind of `like`; 0: none of them has enough cores. */
static unsigned kind_count(const struct fl_placing *in, fl_span like)
{
    struct object o;
    unsigned count = 0;
    bool any = false;
    for (unsigned at = 0; next_object(in, like, &at, &o); count++)
        any = any || fits(in, &o);
    return any ? count : 0;
}

static const double rounding = 1e-9;

/* Workers per core, this runtime's included. */
static double crowd(const struct fl_placing *in, const struct object *o)
{
    return (o->load + in->workers) / o->span.cores;
}

/* Of the objects that are as good as the best, `seed` chooses one. */
static fl_span least_crowded(const struct fl_placing *in, fl_span like)
{
    struct object o;
    double least = -1;
    unsigned equal = 0;
    for (unsigned at = 0; next_object(in, like, &at, &o);)
        if (fits(in, &o) && (least < 0 || crowd(in, &o) < least))
            least = crowd(in, &o);
    for (unsigned at = 0; next_object(in, like, &at, &o);)
        equal += fits(in, &o) && crowd(in, &o) < least + rounding;
    unsigned nth = (unsigned)(in->seed % equal);
    for (unsigned at = 0; next_object(in, like, &at, &o);)
        if (fits(in, &o) && crowd(in, &o) < least + rounding && nth-- == 0)
            break;
    return o.span;
}

static const fl_place *first_in(const fl_placement *p, fl_span span)
{
    unsigned count;
    const fl_place *pu = fl_topology_pus(p->topology, &count);
    for (unsigned i = 0; i < count; i++)
        if (fl_placement_has(p, span, &pu[i]))
            return &pu[i];
    return NULL;
}

/* The object of the kind of `like` around the last step becomes the next step if it is larger. */
static void step_out(fl_placement *p, const struct fl_placing *in, fl_span like)
{
    const fl_span *last = &p->step[p->steps - 1];
    const fl_place *inside = first_in(p, *last);
    struct object o;
    for (unsigned at = 0; next_object(in, like, &at, &o);)
        if (o.span.id == id_in(like.of, inside) && o.span.cores > last->cores) {
            p->step[p->steps++] = o.span;
            return;
        }
}

/* Whether the fast cores suffice for all workers of the process, and there are other cores. */
static bool fast_suffice(const fl_placement *p, const struct fl_placing *in)
{
    struct object fast;
    unsigned at = 0;
    return next_object(in, (fl_span){.of = FL_SPAN_ALL, .fast = true}, &at, &fast) &&
           fast.span.cores < p->units && fits(in, &fast) && crowd(in, &fast) < 1 + rounding;
}

static void let_float(fl_placement *p, const struct fl_placing *in)
{
    unsigned most = 0;
    fl_span like = {.of = FL_SPAN_ALL, .fast = fast_suffice(p, in)}, other = like;
    for (other.of = FL_SPAN_CACHE; other.of < FL_SPAN_ALL; other.of++)
        if (kind_count(in, other) > most) {
            most = kind_count(in, other);
            like = other;
        }
    if (like.of == FL_SPAN_ALL && !like.fast)
        return;
    p->step[p->steps++] = least_crowded(in, like);
    for (other.of = FL_SPAN_CACHE; other.of <= FL_SPAN_ALL; other.of++)
        if (other.of != like.of)
            step_out(p, in, other);
}

/* ---- The rule ---- */

/* Why workers are not pinned; NULL: they are. */
static const char *why_floating(const struct fl_placing *in, unsigned units)
{
    if (in->workers < units)
        return "fewer workers than cores";
    if (in->workers > units)
        return "more workers than cores";
    if (in->quota > 0 && in->quota < units)
        return "the cgroup's CPU quota is less than the cores";
    if (in->others_pinned)
        return "another runtime of the process is pinned";
    return NULL;
}

void fl_placement_make(fl_placement *out, const struct fl_placing *in)
{
    unsigned units = fl_bind_units(in->topology, in->mask, in->bind);
    *out = (fl_placement){.topology = in->topology,
                          .mask = in->mask,
                          .bind = in->bind,
                          .workers = in->workers,
                          .units = units ? units : 1};
    if (in->bind == FL_BIND_AUTO)
        out->why = why_floating(in, out->units);
    out->pinned = in->bind != FL_BIND_NONE && !out->why;
    if (out->why)
        let_float(out, in);
}

fl_span fl_placement_span(const fl_placement *p, unsigned worker)
{
    const fl_span all = {.of = FL_SPAN_ALL, .cores = p->units};
    if (p->pinned && (worker < p->workers || worker < p->units)) {
        fl_place place = fl_bind_place(p->topology, p->mask, p->bind, worker);
        return place.cpu < 0 ? all : (fl_span){.of = FL_SPAN_CPU, .id = place.cpu, .cores = 1};
    }
    for (unsigned i = 0; i < p->steps; i++)
        if (worker < p->workers || worker < p->step[i].cores)
            return p->step[i];
    return all;
}

struct fl_affinity fl_placement_cpus(const fl_placement *p, fl_span span)
{
    unsigned count;
    const fl_place *pu = fl_topology_pus(p->topology, &count);
    if (fl_placement_is_mask(span))
        return fl_affinity_copy(p->mask);
    struct fl_affinity cpus = fl_topology_empty(p->topology);
    for (unsigned i = 0; cpus.set && i < count; i++)
        if (fl_placement_has(p, span, &pu[i]))
            CPU_SET_S((size_t)pu[i].cpu, cpus.size, cpus.set);
    return cpus;
}

size_t fl_placement_list(const fl_placement *p, fl_span span, char *text, size_t size)
{
    struct fl_affinity cpus = fl_placement_cpus(p, span);
    size_t length = fl_topology_list(p->topology, &cpus, text, size);
    fl_affinity_free(&cpus);
    return length;
}

static void keep_common(int *index, int other)
{
    if (*index != other)
        *index = -1;
}

fl_place fl_placement_place(const fl_placement *p, unsigned worker)
{
    unsigned count;
    const fl_place *pu = fl_topology_pus(p->topology, &count), *first = NULL;
    fl_span span = fl_placement_span(p, worker);
    fl_place place = {-1, -1, -1, -1, -1, false};
    for (unsigned i = 0; p->bind != FL_BIND_NONE && i < count; i++) {
        if (!fl_placement_has(p, span, &pu[i]))
            continue;
        if (!first)
            place = *(first = &pu[i]);
        keep_common(&place.core, pu[i].core);
        keep_common(&place.cache, pu[i].cache);
        keep_common(&place.package, pu[i].package);
        keep_common(&place.node, pu[i].node);
    }
    if (span.of != FL_SPAN_CPU)
        place.cpu = -1;
    return place;
}

void fl_placement_load(const fl_placement *p, unsigned workers, double *load)
{
    unsigned count;
    const fl_place *pu = fl_topology_pus(p->topology, &count);
    for (unsigned worker = 0; worker < workers; worker++) {
        fl_span span = fl_placement_span(p, worker);
        unsigned cpus = 0;
        for (unsigned i = 0; i < count; i++)
            cpus += fl_placement_has(p, span, &pu[i]);
        for (unsigned i = 0; cpus && i < count; i++)
            if (fl_placement_has(p, span, &pu[i]))
                load[i] += 1.0 / cpus;
    }
}
