/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/refused_objects.h>
#include <tests/support/test.h>

enum { OBJECTS_WORKERS = 2 };

filch_runtime *objects_rt;

static void objects_begin(void)
{
    objects_rt = runtime_at_rest(OBJECTS_WORKERS);
}

static void objects_end(void)
{
    OK(filch_runtime_destroy(objects_rt));
}

TestSuite(refused_memory, .init = objects_begin, .fini = objects_end);
TestSuite(refused_space, .init = objects_begin, .fini = objects_end);
TestSuite(refused_threads, .init = objects_begin, .fini = objects_end);
TestSuite(refused_timer_thread, .init = objects_begin, .fini = objects_end);
TestSuite(used_without_memory, .init = objects_begin, .fini = objects_end);

static void make_and_end(const struct object *object)
{
    cr_assert_eq(object->make(), 0, "%s: %s", object->name, filch_error());
    object->end();
    runtime_rests(objects_rt, OBJECTS_WORKERS);
}

static void have_what_lasts(const struct object *object)
{
    timer_thread_has_begun();
    make_and_end(object);
}

/* The at-th request and later ones are refused: the creation fails, and asks for nothing more. Returns
 * its error; count: how many were refused. */
static int refused_at(const struct object *object, enum refusable what, int64_t at, int64_t *count)
{
    refuse(what, at, !object->asks_on);
    int rc = object->make();
    *count = refuse_no_more(what);
    cr_assert(*count == (rc != 0) || (!rc && object->workers_ask), "%s: %d, %ld refused",
              object->name, rc, (long)*count);
    cr_assert(!rc || rc == refusal_error(what), "%s: %d", object->name, rc);
    cr_assert(!rc || strchr(filch_error(), ';'), "%s: what to do? %s", object->name, filch_error());
    if (!rc)
        object->end();
    return rc;
}

void refused_in_turn(const struct object *object, enum refusable what, unsigned requests)
{
    unsigned failures = 0;
    have_what_lasts(object);
    const holdings before = holdings_now();
    for (int64_t at = 0, count = 1; count; at++) {
        failures += refused_at(object, what, at, &count) != 0;
        expect_held(before, object->kept, object->name);
        make_and_end(object);
    }
    cr_assert_geq(failures, requests, "%s: %u", object->name, failures);
}

void timer_thread_refused(const struct object *object)
{
    int64_t count;
    cr_assert(refused_at(object, THREADS, 0, &count), "%s", object->name);
    const holdings before = holdings_now();
    cr_assert(refused_at(object, THREADS, 0, &count), "%s", object->name);
    expect_held(before, object->kept, object->name);
    make_and_end(object);
}

void used_without(const struct object *object, void (*use)(void), int64_t asks)
{
    have_what_lasts(object);
    const holdings before = holdings_now();
    cr_assert_eq(object->make(), 0, "%s", object->name);
    refuse(MEMORY, 0, true);
    use();
    int64_t count = refuse_no_more(MEMORY);
    cr_assert(object->workers_ask || count == asks, "%s: %ld refused", object->name, (long)count);
    object->end();
    expect_held(before, object->kept, object->name);
}
