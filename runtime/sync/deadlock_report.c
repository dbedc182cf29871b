/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/deadlock_report.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/observe/last_events.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/settings.h>
#include <runtime/engine/threads.h>
#include <runtime/platform/text/text_builder.h>
#include <sched/deque.h>

enum { SHOWN = 64 /* tasks */, REPORT_MOST = 16384 };

static char report[REPORT_MOST];

typedef struct listing {
    fl_text text;
    unsigned shown;
} listing;

static void add_fiber(fl_text *text, const fl_fiber *fiber, const char *in)
{
    const void *object = filch_ptr_load(&fiber->waits_for, FILCH_RELAXED); /* it rests */
    const char *task = fl_fiber_task(fiber);
    fl_text_add(text, "%s %s", fiber->running.pooled ? "job" : "task", task ? task : "(unnamed)");
    if (fiber->running.pooled)
        fl_text_add(text, " of pool %s", fiber->running.pooled_in);
    else if (fiber->running.root_file)
        fl_text_add(text, ", spawned at %s:%d,", fiber->running.root_file,
                    fiber->running.root_line);
    fl_text_add(text, " waits in %s", in);
    if (object)
        fl_text_add(text, " for %p", object);
}

static void add_thread(fl_text *text, int thread, const char *call, const void *object)
{
    fl_text_add(text, "thread %d waits in %s", thread, call ? call : "Filch");
    if (object)
        fl_text_add(text, " for %p", object);
}

static void list_thread(int thread, const char *call, const void *object, void *arg)
{
    listing *list = arg;
    if (list->shown++ >= SHOWN)
        return;
    fl_text_add(&list->text, "filch:   ");
    add_thread(&list->text, thread, call, object);
    fl_text_add(&list->text, "\n");
}

static void name_first_thread(int thread, const char *call, const void *object, void *arg)
{
    listing *list = arg;
    if (list->shown++)
        return;
    fl_text_add(&list->text, ": ");
    add_thread(&list->text, thread, call, object);
}

static void list_fiber(fl_fiber *fiber, void *arg)
{
    listing *list = arg;
    const char *in = fl_fiber_suspended_in(fiber);
    if (!in) /* it rests, or the report is wrong */
        return;
    if (list->shown++ >= SHOWN)
        return;
    fl_text_add(&list->text, "filch:   ");
    add_fiber(&list->text, fiber, in);
    fl_text_add(&list->text, "\n");
}

static void name_first(fl_fiber *fiber, void *arg)
{
    listing *list = arg;
    const char *in = fl_fiber_suspended_in(fiber);
    if (!in || list->shown++)
        return;
    fl_text_add(&list->text, ": ");
    add_fiber(&list->text, fiber, in);
}

/* The cap on fibers keeps its tasks from beginning. Its workers nap, so `asleep` may be 0 just now. */
static void list_cap(fl_text *text, fl_runtime *rt)
{
    if (!filch_u32_load(&rt->fibers.starve.starving, FILCH_SEQ_CST)) /* seq_cst: the detector's */
        return;
    int64_t tasks = 0;
    for (unsigned i = 0; i < fl_reach(rt); i++)
        tasks += fl_deque_size(&rt->worker[i]->ready);
    unsigned fibers = fl_fibers_count(&rt->fibers), most = rt->settings.max_fibers;
    fl_text_add(text, "filch:   all %u fibers wait; %lld task%s%s cannot begin; ", fibers,
                (long long)tasks, tasks == 1 ? "" : "s",
                fl_inbox_empty(&rt->inbox) ? "" : " and more");
    if (fibers < most)
        fl_text_add(text,
                    "there is no memory for another fiber (max_fibers is %u); raise the "
                    "limits of memory, address space or mappings (vm.max_map_count)\n",
                    most);
    else
        fl_text_add(text, "raise max_fibers (FILCH_MAX_FIBERS) above %u\n", most);
}

static void list_caps(fl_text *text, fl_runtime *runtimes)
{
    for (fl_runtime *rt = runtimes; rt; rt = rt->next)
        if (rt->settings.deadlock != FL_DEADLOCK_OFF)
            list_cap(text, rt);
}

/* Does not list the tasks: a timer may wake them meanwhile, and their names are valid only while
 * they rest. */
const char *fl_starvation_spell(fl_runtime *runtimes)
{
    fl_text text = {.at = report, .room = sizeof report - 1};
    fl_text_add(&text,
                "filch: out of memory - tasks cannot begin until a waiting task ends, or there "
                "is memory for another fiber\n");
    list_caps(&text, runtimes);
    return report;
}

static void add_waits(fl_text *text, unsigned suspended, unsigned waiting, const char *known)
{
    unsigned count = suspended ? suspended : waiting;
    fl_text_add(text, "%u %s%s, and nothing %sis left to wake %s", count,
                suspended ? "task" : "thread", count == 1 ? " waits" : "s wait", known,
                count == 1 ? "it" : "them");
}

/* The reason stands before the tasks: a reader may keep only the beginning, as this buffer does. */
const char *fl_deadlock_spell(fl_runtime *runtimes, unsigned suspended, unsigned waiting,
                              unsigned others)
{
    listing list = {.text = {.at = report, .room = sizeof report - 1}};
    fl_text_add(&list.text,
                "filch: all fibers are asleep - %s: ", others ? "perhaps a deadlock" : "deadlock");
    add_waits(&list.text, suspended, waiting, others ? "known to Filch " : "");
    fl_text_add(&list.text, "\n");
    list_caps(&list.text, runtimes);
    if (waiting && suspended)
        fl_text_add(&list.text, "filch:   %u thread%s outside the workers too\n", waiting,
                    waiting == 1 ? " waits" : "s wait");
    if (others)
        fl_text_add(&list.text, "filch:   %u thread%s of the process ha%s never called Filch\n",
                    others, others == 1 ? "" : "s", others == 1 ? "s" : "ve");
    for (fl_runtime *rt = runtimes; rt; rt = rt->next)
        if (rt->settings.deadlock != FL_DEADLOCK_OFF)
            fl_fibers_each(&rt->fibers, list_fiber, &list);
    fl_threads_each(list_thread, &list);
    if (list.shown > SHOWN)
        fl_text_add(&list.text, "filch:   and %u more\n", list.shown - SHOWN);
    for (fl_runtime *rt = runtimes; rt; rt = rt->next)
        if (rt->settings.deadlock != FL_DEADLOCK_OFF)
            fl_last_events_add(&list.text, rt);
    return report;
}

const char *fl_deadlock_line(fl_runtime *runtimes, unsigned suspended, unsigned waiting)
{
    listing list = {.text = {.at = report, .room = sizeof report - 1}};
    fl_text_add(&list.text, "filch: deadlock: ");
    add_waits(&list.text, suspended, waiting, "");
    for (fl_runtime *rt = runtimes; rt; rt = rt->next)
        if (rt->settings.deadlock != FL_DEADLOCK_OFF)
            fl_fibers_each(&rt->fibers, name_first, &list);
    fl_threads_each(name_first_thread, &list);
    fl_text_add(&list.text,
                "; FILCH_DEADLOCK=report lists all, die ends the process, off is silent");
    return report;
}
