/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Plain accesses and freed memory. The library's files are compiled with -fsanitize=thread, and
 * linked without it. For each plain access the compiler then calls the functions at the end of this
 * file, so the code under test needs no annotation. Two accesses to the same four bytes by
 * different threads, one of them a write, must be ordered by their views, however far apart they
 * happened. */
#include <tests/model/checker/state.h>

#include <link.h>
#include <string.h>

/* ---- Accesses that do not count ---- */

enum { IGNORED = 24 };
static struct range {
    const char *from;
    size_t size;
} ignored[IGNORED];
static unsigned ignoreds;

void mc_ignore(const void *from, size_t size)
{
    if (ignoreds == IGNORED)
        mc_fail("the checker's limit: too many ignored ranges (IGNORED in plain.c)");
    else
        ignored[ignoreds++] = (struct range){from, size};
}

bool mc_is_ignored(const void *word)
{
    const char *address = word;
    for (unsigned i = 0; i < ignoreds; i++)
        if (address >= ignored[i].from && address < ignored[i].from + ignored[i].size)
            return true;
    return false;
}

/* ---- The last access to each four bytes, or to each byte of some of them ---- */

enum { GRANULE = 4, TABLE = 1 << 14, FINE = 16 };
static uintptr_t fine[FINE];
static unsigned fines;

void mc_bytes(const void *word)
{
    if (fines == FINE)
        mc_fail("the checker's limit: too many words of bytes (FINE in plain.c)");
    else
        fine[fines++] = (uintptr_t)word;
}

static bool is_fine(uintptr_t address)
{
    for (unsigned i = 0; i < fines; i++)
        if (fine[i] == address)
            return true;
    return false;
}

typedef struct granule {
    uintptr_t address;
    uint64_t age;
    bool atomic; /* an atomic word is there */
    unsigned writer;
    mc_stamp written;
    mc_stamp read[MC_THREADS];
} granule;
static granule table[TABLE];
static uint64_t age;
static unsigned used;

/* Where it is in the table, or may be put. */
static unsigned entry_of(uintptr_t address)
{
    unsigned at = (unsigned)((address / GRANULE) * 0x9e3779b1u) >> 18;
    while (table[at].age == age && table[at].address != address)
        at = (at + 1) % TABLE;
    return at;
}

static bool known(uintptr_t address)
{
    return table[entry_of(address)].age == age;
}

static granule *granule_of(uintptr_t address)
{
    unsigned at = entry_of(address);
    if (table[at].age == age)
        return &table[at];
    if (++used > TABLE / 2) {
        mc_fail("the checker's limit: too many plain words (TABLE in plain.c)");
        used = 0;
    }
    table[at] = (granule){.address = address, .age = age};
    return &table[at];
}

static bool ordered(unsigned thread, mc_stamp stamp)
{
    return thread == mc.self || stamp <= mc.thread[mc.self].now.of[thread];
}

static bool reads_ordered(const granule *of)
{
    for (unsigned i = 0; i < mc.threads; i++)
        if (!ordered(i, of->read[i]))
            return false;
    return true;
}

static void race(uintptr_t address, const char *claim)
{
    if (mc.tracing)
        mc_trace(mc.self, "", "%s: no order before this plain access",
                 mc_name_of((const void *)address));
    mc_fail(claim);
}

void mc_mark_atomic(const void *word, unsigned size)
{
    for (unsigned i = 0; i < size; i += GRANULE)
        granule_of((uintptr_t)word + i)->atomic = true;
}

/* A thread that used an atomic word there has to have done so before. */
static void check_unused(const char *from, size_t size, const char *claim)
{
    for (int i = 0; i < mc.locations; i++) {
        const mc_location *of = &mc.location[i];
        const char *at = of->address;
        for (unsigned by = 0; at >= from && at < from + size && of->size && by < mc.threads; by++)
            if (of->last[by] >= 0 && !ordered(by, mc.event[of->last[by]].index))
                race((uintptr_t)at, claim);
    }
}

/* The word begins anew, with this value. */
static void overwrite(granule *of)
{
    const char *word = (const char *)of->address;
    bool upper = mc_location_known(word) < 0;
    check_unused(upper ? word - GRANULE : word, upper ? 2 * GRANULE : GRANULE,
                 "data race: an atomic access is not ordered before this plain write");
    mc_forget(upper ? word - GRANULE : word, upper ? 2 * GRANULE : GRANULE);
    of->atomic = false;
}

static void touch(uintptr_t address, bool write)
{
    granule *of = granule_of(address);
    if (write && of->atomic)
        overwrite(of);
    mc_stamp now = mc.thread[mc.self].now.of[mc.self] + 1;
    if (!ordered(of->writer, of->written))
        race(address, "data race: a write is not ordered before this access");
    if (!write) {
        of->read[mc.self] = now;
        return;
    }
    if (!reads_ordered(of))
        race(address, "data race: a read is not ordered before this write");
    of->writer = mc.self;
    of->written = now;
}

void mc_check_written(const void *word)
{
    uintptr_t address = (uintptr_t)word;
    if (!known(address))
        return;
    const granule *of = granule_of(address);
    if (!ordered(of->writer, of->written))
        race(address, "data race: a plain write is not ordered before this atomic access");
}

/* The program itself comes first. */
static int find_thread_locals(struct dl_phdr_info *info, size_t of, void *out)
{
    (void)of;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_TLS)
            *(size_t *)((void **)out)[1] = info->dlpi_phdr[i].p_memsz;
    *(const char **)((void **)out)[0] = info->dlpi_tls_data ? info->dlpi_tls_data : "";
    return 1;
}

/* Thread-locals are shared by all threads of the model, but the library means one for each. A model
 * that needs their values gives each thread its own (as engine.c does). */
static bool thread_local_word(const char *address)
{
    static const char *from;
    static size_t size;
    if (!from)
        dl_iterate_phdr(find_thread_locals, (void *[]){&from, &size});
    return address >= from && address < from + size;
}

static bool is_written(uintptr_t address)
{
    uintptr_t first = address & ~(uintptr_t)(GRANULE - 1);
    first = is_fine(first) ? address : first;
    return known(first) && granule_of(first)->written;
}

static void touch_bytes(uintptr_t from, uintptr_t to, bool write)
{
    for (uintptr_t at = from; at < to; at++)
        touch(at, write);
}

void mc_plain(const void *address, size_t size, bool write)
{
    if (!mc.running || thread_local_word(address))
        return;
    mc_check_alive(address, size);
    const uintptr_t from = (uintptr_t)address, to = from + size;
    if (mc.alike)
        mc_role_plain(address, size, write, is_written(from));
    for (uintptr_t at = from & ~(uintptr_t)(GRANULE - 1); at < to; at += GRANULE)
        if (is_fine(at))
            touch_bytes(at < from ? from : at, at + GRANULE < to ? at + GRANULE : to, write);
        else
            touch(at, write);
}

/* ---- Objects ---- */

enum { ARENA = 1 << 20, OBJECTS = 64 };
static char arena[ARENA] __attribute__((aligned(1 << 16)));
static struct object {
    char *at;
    size_t size;
    bool freed;
} object[OBJECTS];
static unsigned objects;
static size_t taken, taken_before; /* in setup */

void mc_plain_reset(void)
{
    age++;
    used = ignoreds = fines = 0;
    objects = 0;
    taken = taken_before = 0;
}

void *mc_alloc(size_t size, size_t alignment)
{
    size_t from = (taken + alignment - 1) & ~(alignment - 1);
    if (objects == OBJECTS || from + size > ARENA) {
        mc_fail("the checker's limit: too much memory (ARENA, OBJECTS in plain.c)");
        return NULL;
    }
    taken = from + size + 16; /* a gap: neighbours are not mistaken for each other */
    taken_before = mc.running ? taken_before : taken;
    object[objects++] = (struct object){arena + from, size, false};
    memset(arena + from, 0xa5, size);
    return arena + from;
}

static struct object *object_of(const void *address)
{
    const char *at = address;
    if (at < arena || at >= arena + ARENA)
        return NULL;
    for (unsigned i = objects; i-- > 0;)
        if (at >= object[i].at && at < object[i].at + object[i].size)
            return &object[i];
    return NULL;
}

void mc_check_alive(const void *address, size_t size)
{
    const struct object *of = object_of(address);
    if (!of)
        return;
    if (mc.tracing && of->freed)
        mc_trace(mc.self, "", "uses %s, which is freed", mc_name_of(address));
    if (of->freed)
        mc_fail("use after free");
    else if ((const char *)address + size > of->at + of->size)
        mc_fail("access beyond an object's end");
}

bool mc_is_new_here(const void *address)
{
    const char *at = address;
    return at >= arena + taken_before && at < arena + ARENA;
}

unsigned mc_objects(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < objects; i++)
        count += !object[i].freed;
    return count;
}

void mc_gone(const void *from, size_t size)
{
    if (!mc.running)
        return;
    check_unused(from, size, "gone while somebody may still use it");
    uintptr_t first = (uintptr_t)from & ~(uintptr_t)(GRANULE - 1);
    for (uintptr_t at = first; at < (uintptr_t)from + size; at += GRANULE)
        if (known(at))
            touch(at, true);
    mc_forget(from, size);
}

void mc_free(void *address)
{
    if (!address)
        return;
    struct object *of = object_of(address);
    if (!of && !mc.running)
        return; /* setup clears away the leftovers of an earlier execution */
    if (!of || of->at != address || of->freed) {
        mc_fail(of && of->freed ? "freed twice" : "freed, but never allocated");
        return;
    }
    if (mc.running) {
        check_unused(of->at, of->size, "freed while somebody may still use it");
        mc_plain(of->at, of->size, true);
    }
    if (mc.tracing)
        mc_trace(mc.self, "", "frees %s", mc_name_of(address));
    of->freed = true;
}

/* ---- The functions that the compiler calls ---- */

#define FL_PLAIN(address, size, writes) mc_plain(address, size, writes)
#include <runtime/points/plain_calls.h>
