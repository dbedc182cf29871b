/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pipelines to which memory is refused: an error says so, nothing is held, and a pipeline that
 * there is needs none. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/pipeline.h>
#include <tests/support/refuse.h>
#include <tests/support/rest.h>

static int pass(filch_self self, filch_emitter *out, void *item, void *arg)
{
    (void)self, (void)arg;
    return filch_emit(out, item);
}

static const filch_stage stages[] = {{.fn = pass, .width = 4, .ordered = true},
                                     {.fn = pass, .width = 2}};

static filch_runtime *two_workers(void)
{
    filch_runtime *rt = NULL;
    rt = runtime_at_rest(2);
    return rt;
}

Test(refused_pipeline, a_pipeline_without_memory_is_refused)
{
    filch_runtime *rt = two_workers();
    filch_pipeline_config config = {.stages = stages, .count = 2};
    int64_t at = 0, held = blocks;
    int rc = -ENOMEM;
    for (; rc; at++) {
        filch_pipeline *pipeline = NULL;
        refuse(MEMORY, at, false);
        rc = filch_pipeline_create(&pipeline, rt, &config);
        refuse_no_more(MEMORY);
        cr_assert(rc == 0 || rc == -ENOMEM);
        cr_assert_eq(rc == 0, pipeline != NULL);
        cr_assert_eq(filch_pipeline_destroy(pipeline), 0);
        cr_assert_eq(blocks, held);
    }
    cr_assert_geq(at, 3, "its context, itself, and then it was there");
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

Test(refused_pipeline, what_goes_through_needs_no_memory)
{
    enum { ITEMS = 200 };
    static int items[ITEMS];
    filch_runtime *rt = two_workers();
    filch_pipeline_config config = {.stages = stages, .count = 2, .results = ITEMS};
    filch_pipeline *pipeline = NULL;
    cr_assert_eq(filch_pipeline_create(&pipeline, rt, &config), 0);
    refuse(MEMORY, 0, true);
    for (unsigned i = 0; i < ITEMS; i++)
        cr_assert_eq(filch_pipeline_push(pipeline, &items[i], NULL, FILCH_FOREVER), 0);
    cr_assert_eq(filch_pipeline_finish(pipeline, FILCH_FOREVER), 0);
    void *item;
    unsigned received = 0;
    for (; !filch_pipeline_next(pipeline, &item, 0); received++)
        *(int *)item += 1;
    refuse_no_more(MEMORY);
    cr_assert_eq(received, ITEMS);
    for (unsigned i = 0; i < ITEMS; i++)
        cr_assert_eq(items[i], 1);
    cr_assert_eq(filch_pipeline_destroy(pipeline), 0);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}
