/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reclamation by itself. First the grace periods that the models rely on (system/rcu.c), with the
 * exact set of outcomes. A section that sees an action after a grace period sees every action
 * before it, in any order of its loads; without a section none of that holds. Then how a worker
 * retires its old buffers (retire in runtime/engine/worker.c, real) while readers hold on to
 * them. */
#include <runtime/engine/worker.h>
#include <tests/model/system/system.h>

#include <stdlib.h>
#include <string.h>
#include <urcu-bp.h>

enum { UPDATER = 0, READER = 1, RECLAIMER = 2 };

/* ---- Grace periods ---- */

static filch_u32 x, y;
static unsigned first, second;
static struct rcu_head head;

static void setup_words(void)
{
    filch_u32_store(&x, 0, FILCH_RELAXED);
    filch_u32_store(&y, 0, FILCH_RELAXED);
    mc_name(&x, "x");
    mc_name(&y, "y");
    heap_setup(false);
    rcu_setup(1u << READER);
}

MC_UNCHECKED static void saw(unsigned x_was, unsigned y_was)
{
    first = x_was;
    second = y_was;
}

static void look_at_x_first(void)
{
    unsigned x_was = filch_u32_load(&x, FILCH_RELAXED);
    saw(x_was, filch_u32_load(&y, FILCH_RELAXED));
}

static void look_at_y_first(void)
{
    unsigned y_was = filch_u32_load(&y, FILCH_RELAXED);
    saw(filch_u32_load(&x, FILCH_RELAXED), y_was);
}

static void in_section(void (*look)(void))
{
    urcu_bp_read_lock();
    look();
    urcu_bp_read_unlock();
}

static void update(void)
{
    filch_u32_store(&x, 1, FILCH_RELAXED);
    urcu_bp_synchronize_rcu();
    filch_u32_store(&y, 1, FILCH_RELAXED);
}

static void x_first(unsigned thread)
{
    if (thread == READER)
        in_section(look_at_x_first);
    else
        update();
}

static void y_first(unsigned thread)
{
    if (thread == READER)
        in_section(look_at_y_first);
    else
        update();
}

static void no_section(unsigned thread)
{
    if (thread == READER)
        look_at_x_first();
    else
        update();
}

static void set_y(struct rcu_head *of)
{
    (void)of;
    filch_u32_store(&y, 1, FILCH_RELAXED);
}

static void callback(unsigned thread)
{
    if (thread == READER) {
        in_section(look_at_x_first);
    } else if (thread == UPDATER) {
        filch_u32_store(&x, 1, FILCH_RELAXED);
        urcu_bp_call_rcu(&head, set_y);
    } else {
        rcu_reclaimer();
    }
}

static void tell_words(void)
{
    char word[16];
    snprintf(word, sizeof word, "%u%u", first, second);
    mc_outcome(word);
}

/* ---- Old buffers ---- */

static filch_runtime rt;
static fl_worker *worker;
static filch_ptr current; /* fl_buffer * */
static const fl_buffer *oldest;

/* Plain, as a deque's size is. */
static fl_buffer *new_buffer(void)
{
    fl_buffer *buffer = malloc(sizeof *buffer);
    if (buffer)
        buffer->size = 1;
    return buffer;
}

static void lay_out(bool scarce)
{
    memset(&rt, 0, sizeof rt);
    fl_worker_set_init(&rt.worker_set, 1, 1);
    heap_setup(scarce);
    rcu_setup(1u << READER);
    fl_buffer *buffer = new_buffer();
    if (!buffer || fl_worker_create(&rt, 0, &worker))
        return; /* told by the checker */
    filch_ptr_store(&current, buffer, FILCH_RELAXED);
    oldest = buffer;
    mc_name(&current, "current");
    mc_name(buffer, "old buffer");
}

static void setup_plenty(void)
{
    lay_out(false);
}

static void setup_scarce(void)
{
    lay_out(true);
}

static void replace(void)
{
    fl_buffer *buffer = new_buffer(), *old = filch_ptr_load(&current, FILCH_RELAXED);
    if (!buffer)
        return;
    filch_ptr_store(&current, buffer, FILCH_RELEASE);
    worker->ready.retire(&worker->ready, old);
}

static void read_current(void)
{
    const fl_buffer *buffer = filch_ptr_load(&current, FILCH_ACQUIRE);
    MC_CLAIM(buffer->size == 1, "a reader finds no buffer");
    mc_reached(buffer == oldest ? "the oldest buffer read" : "a new buffer read");
}

static void replaced(unsigned thread)
{
    if (thread == RECLAIMER)
        rcu_reclaimer();
    for (int i = 0; i < 2; i++)
        if (thread == READER)
            in_section(read_current);
        else
            replace();
}

static bool may_rest(void)
{
    return rcu_rests();
}

#define THREADS                                                                                    \
    {                                                                                              \
        "updater", "reader"                                                                        \
    }
#define THREADS_AND_RECLAIMER                                                                      \
    {                                                                                              \
        "updater", "reader", "reclaimer"                                                           \
    }

#define BUFFERS .reaches = {"the oldest buffer read", "a new buffer read"}

const mc_model mc_models[] = {{"x_first", "a section spans what was before and after", THREADS,
                               setup_words, x_first, tell_words, .outcomes = "00 10 11"},
                              {"y_first", "a thread that sees the later store sees the earlier one",
                               THREADS, setup_words, y_first, tell_words, .outcomes = "00 10 11"},
                              {"no_section", "without a section there is no such order", THREADS,
                               setup_words, no_section, tell_words, .outcomes = "00 01 10 11"},
                              {"callback", "a callback comes after a grace period",
                               THREADS_AND_RECLAIMER, setup_words, callback, tell_words, may_rest,
                               .outcomes = "00 10 11"},
                              {"buffers", "two old buffers, a reader that looks twice",
                               THREADS_AND_RECLAIMER, setup_plenty, replaced, NULL, may_rest,
                               .bound = 0, BUFFERS},
                              {"buffers_scarce", "any allocation may fail", THREADS_AND_RECLAIMER,
                               setup_scarce, replaced, NULL, may_rest, .bound = 0, BUFFERS},
                              {.name = NULL}};
