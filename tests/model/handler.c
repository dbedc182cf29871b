/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The handler of panics is set while a panic is reported. Real: runtime/engine/panic. Each handler has
 * a plain word, which its thread writes before it sets the handler.
 *
 * Claims: a report calls one handler, and that sees its word; so does a thread that calls the handler
 * which it has replaced. */
#include <filch/panic.h>
#include <runtime/engine/panic.h>
#include <tests/model/system/system.h>

enum { FIRST, SECOND, REPORT, HANDLERS = REPORT };

static const filch_failure failure = {.code = -1, .message = "."};
static const char *const words[] = {"first", "second"};
static const char *word_of[HANDLERS];
static unsigned told;

static void tell(unsigned which)
{
    if (mc_self() == told)
        mc_reached("a report to a new handler");
    MC_CLAIM(word_of[which] == words[which], "a handler does not see its word");
}

static void first(const filch_failure *why)
{
    (void)why;
    tell(FIRST);
}

static void second(const filch_failure *why)
{
    (void)why;
    tell(SECOND);
}

static void none(const filch_failure *why)
{
    (void)why;
    if (mc_self() == told)
        mc_reached("a report to the old handler");
}

static filch_panic_handler *const handlers[] = {first, second};

/* A handler calls the one that was there before. */
static void set(unsigned which)
{
    word_of[which] = words[which];
    filch_panic_handler *before = filch_set_panic_handler(handlers[which]);
    before(&failure);
    mc_reached(before == none ? "set first" : "set in the place of another");
}

static void report(void)
{
    fl_panic_report(&failure);
}

static void body(unsigned thread)
{
    if (thread < told)
        set(thread);
    else
        report();
}

static void lay_out(unsigned setters)
{
    told = setters;
    filch_set_panic_handler(none);
    for (unsigned i = 0; i < HANDLERS; i++)
        word_of[i] = NULL;
}

static void setup_one(void)
{
    lay_out(1);
}

static void setup_two(void)
{
    lay_out(2);
}

#define REPORTED "set first", "a report to a new handler", "a report to the old handler"

const mc_model mc_models[] = {{.name = "one",
                               .what = "a handler is set beside a report",
                               .threads = {"setter", "report"},
                               .setup = setup_one,
                               .body = body,
                               .reaches = {REPORTED}},
                              {.name = "two",
                               .what = "two handlers are set beside a report",
                               .threads = {"setter", "setter 2", "report"},
                               .setup = setup_two,
                               .body = body,
                               .reaches = {REPORTED, "set in the place of another"}},
                              {.name = NULL}};
