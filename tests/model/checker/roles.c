/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Alike threads, which a row declares: `alike` has a character for each thread, and threads with the
 * same letter run the same code. Is it true?
 *
 * A thread may use its number in three ways: to find words of its own (mc_own), to write their
 * addresses into shared memory, and in a model's books. So of two alike threads that have read the
 * same, each takes the same next step. The values that a thread has read are kept as a hash, in which an address
 * of its own is no more than that. All searches of a row look whether the step after it is the same.
 *
 * A thread may name another one only if it has read that one's address from memory that some thread
 * wrote. A loop over all workers by number is no such thing: permuted, it would begin with another
 * one. Both are refused, so the idle protocol has no alike threads: a waker goes through the park
 * words by number. A reduced search shows threads in one order only, so random executions come
 * before it. Not noticed are numbers of threads inside of words. */
#include <tests/model/checker/state.h>

#include <ctype.h>
#include <string.h>

enum { OWNS = 32, TABLE = 1 << 16 };
static const uint64_t own_class = 3, new_class = 4;

static struct own {
    const char *from;
    size_t size;
    unsigned thread, number;
} own[OWNS];
static unsigned owns;

static struct step {
    uint64_t age, history, label;
} table[TABLE];
static uint64_t age;
static unsigned used;

static unsigned role[MC_THREADS], named[MC_THREADS]; /* named: threads that it may name, as bits */
static uint64_t history[MC_THREADS], label[MC_THREADS];

void mc_roles_begin(const mc_model *model)
{
    mc.alike = model->alike;
    age++;
    used = 0;
    for (unsigned i = 0; i < MC_THREADS; i++) {
        role[i] = i;
        for (unsigned j = 0; mc.alike && j < i && j < strlen(model->alike); j++)
            if (isalpha(model->alike[j]) && model->alike[j] == model->alike[i])
                role[i] = role[j];
    }
}

void mc_roles_reset(void)
{
    owns = 0;
    for (unsigned i = 0; i < MC_THREADS; i++) {
        history[i] = role[i];
        named[i] = 1u << i;
    }
}

unsigned mc_role_of(unsigned thread)
{
    return role[thread];
}

static bool is_alike(unsigned thread)
{
    for (unsigned i = 0; mc.alike && i < MC_THREADS; i++)
        if (i != thread && role[i] == role[thread])
            return true;
    return false;
}

/* ---- Words of a thread's own ---- */

void mc_own(unsigned thread, const void *from, size_t size)
{
    unsigned number = 0;
    for (unsigned i = 0; i < owns; i++)
        number += own[i].thread == thread;
    if (owns == OWNS)
        mc_fail("the checker's limit: too many own words (OWNS in roles.c)");
    else if (is_alike(thread))
        own[owns++] = (struct own){from, size, thread, number};
}

static const struct own *owner_of(const void *address)
{
    const char *at = address;
    for (unsigned i = 0; i < owns; i++)
        if (at >= own[i].from && at < own[i].from + own[i].size)
            return &own[i];
    return NULL;
}

uint64_t mc_class_of_address(const void *address)
{
    return !mc.alike                 ? 0
           : owner_of(address)       ? own_class
           : mc_is_new_here(address) ? new_class
                                     : (uint64_t)(uintptr_t)address;
}

bool mc_class_has_places(uint64_t class)
{
    return class > new_class;
}

/* ---- What a thread has read ---- */

static uint64_t mix(uint64_t hash, uint64_t with)
{
    hash = (hash * 31 + with + 1) * 0x9e3779b97f4a7c15ull;
    return hash ^ hash >> 29;
}

/* An address without the number of its thread. */
static uint64_t anonymous(uint64_t value)
{
    const struct own *of = owner_of((const void *)(uintptr_t)value);
    if (!of)
        return mc_is_new_here((const void *)(uintptr_t)value) ? new_class : value;
    return mix(mix(of->number, of->thread == mc.self), value - (uintptr_t)of->from);
}

static void name_thread(uint64_t address)
{
    const struct own *of = owner_of((const void *)(uintptr_t)address);
    if (of && !(named[mc.self] >> of->thread & 1))
        mc_fail("not alike: a thread names one of several alike threads by its number");
}

static void expect(uint64_t step)
{
    uint64_t wanted = history[mc.self];
    unsigned at = (unsigned)(wanted >> 48);
    while (table[at].age == age && table[at].history != wanted)
        at = (at + 1) % TABLE;
    if (table[at].age == age && table[at].label != step)
        mc_fail("not alike: after the same reads, threads take different steps (a word of its own "
                "needs mc_own)");
    if (table[at].age != age && used < TABLE / 2) {
        table[at] = (struct step){age, wanted, step};
        used++;
    }
}

void mc_role_step(const mc_step *step)
{
    if (!mc.alike)
        return;
    bool own_operand = step->kind == MC_SLEEP || step->kind == MC_NAP || step->kind == MC_BARRIER;
    if (step->location >= 0)
        name_thread((uintptr_t)mc.location[step->location].address);
    if (step->kind == MC_JOIN && is_alike((unsigned)step->operand))
        mc_fail("not alike: a thread joins one of several alike threads by its number");
    if (!is_alike(mc.self))
        return;
    label[mc.self] = mix((uintptr_t)step->where, step->kind);
    label[mc.self] = mix(label[mc.self], own_operand ? 0 : anonymous(step->operand));
    label[mc.self] =
        mix(label[mc.self],
            step->location < 0 ? 0 : anonymous((uintptr_t)mc.location[step->location].address));
    expect(label[mc.self]);
}

static void remember(uint64_t value)
{
    if (is_alike(mc.self))
        history[mc.self] = mix(mix(history[mc.self], label[mc.self]), value);
}

static void learn(uint64_t value, bool written)
{
    const struct own *of = owner_of((const void *)(uintptr_t)value);
    if (written && of)
        named[mc.self] |= 1u << of->thread;
}

void mc_role_read(int location, int source)
{
    if (!mc.alike)
        return;
    if (!mc.location[location].size) { /* sleepers */
        uint64_t value = mc.event[source].value;
        remember((value >> mc.self & 1) + 2 * (value > 0));
        return;
    }
    bool written = mc.event[source].column != MC_THREADS;
    learn(mc.event[source].value, written);
    bool own_word = owner_of(mc.location[location].address);
    remember(!written && own_word ? own_class : anonymous(mc.event[source].value));
}

void mc_role_write(int location, uint64_t value)
{
    if (!mc.alike || !mc.location[location].size)
        return;
    name_thread(value);
    if (!is_alike(mc.self))
        return;
    remember(0);
    expect(anonymous(value));
    remember(0);
}

void mc_role_passed(uint64_t result)
{
    if (mc.alike)
        remember(result);
}

void mc_role_plain(const void *address, size_t size, bool write, bool written)
{
    if (!mc.alike)
        return;
    name_thread((uintptr_t)address);
    const char *at = address;
    for (size_t i = 0; !write && i < size; i += sizeof(uint64_t)) {
        uint64_t value = 0;
        memcpy(&value, at + i, size - i < sizeof value ? size - i : sizeof value);
        learn(value, written);
        label[mc.self] = 0;
        remember(!written && owner_of(at + i) ? own_class : anonymous(value));
    }
}
