/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The models of tests/model/forkstack.c: their shapes, and the options of each search. */
#include <runtime/queue/queues.h>
#include <sched/forkstack.h>
#include <tests/model/checker/check.h>
#include <tests/model/forkstack.h>

MC_SHAPE(FJ, .script = "FJ", .attempts = 1)
MC_SHAPE(FFJJ, .script = "FFJJ", .attempts = 1)
MC_SHAPE(FJFJ, .script = "FJFJ", .attempts = 1)
MC_SHAPE(FFJJ_tag, .script = "FFJJ", .attempts = 1, .tag = FL_TOP_TAG)
#define EXCESS .at_end = true, .hands_out = true
MC_SHAPE(FFJJ_end, .script = "FFJJ", .attempts = 2, EXCESS)
MC_SHAPE(FFWJJ_end, .script = "FFWJJ", .attempts = 1, EXCESS, .waits = true)
MC_SHAPE(FFFJJJ_end, .script = "FFFJJJ", .attempts = 1, EXCESS)
MC_SHAPE(FFFJFFJJJJ_end, .script = "FFFJFFJJJJ", .attempts = 2, EXCESS)
MC_SHAPE(FFFX_end, .script = "FFFX", .attempts = 1, EXCESS)
MC_SHAPE(FFFJJJ_end_full, .script = "FFFJJJ", .attempts = 1, EXCESS, .side = FL_SIDE_FENCED)
MC_SHAPE(FFJJ_twice, .script = "FFJJ", .attempts = 2)
MC_SHAPE(FJFJ_twice, .script = "FJFJ", .attempts = 2)
MC_SHAPE(FJFJ_robbed, .script = "FJFJ", .attempts = 1, .robs = true)
MC_SHAPE(FJFJ_robbed_full, .script = "FJFJ", .attempts = 1, .robs = true, .side = FL_SIDE_FENCED)
MC_SHAPE(FJ_full, .script = "FJ", .attempts = 1, .side = FL_SIDE_FENCED)
MC_SHAPE(FFJJ_full, .script = "FFJJ", .attempts = 2, .side = FL_SIDE_FENCED)
MC_SHAPE(FFFJJJ_full, .script = "FFFJJJ", .attempts = 2, .side = FL_SIDE_FENCED)
MC_SHAPE(FFJJ_outline, .script = "FFJJ", .attempts = 1, .side = FL_SIDE_OUTLINE)
MC_SHAPE(FFJFJJ_two, .script = "FFJFJJ", .attempts = 1)
MC_SHAPE(FPJ_none, .script = "FPJ", .attempts = 0)
MC_SHAPE(FPJ, .script = "FPJ", .attempts = 1, .hands_out = true)
MC_SHAPE(FWJ, .script = "FWJ", .attempts = 1, .hands_out = true, .waits = true)
MC_SHAPE(FFWJJ, .script = "FFWJJ", .attempts = 1, .hands_out = true, .waits = true)
MC_SHAPE(FX, .script = "FX", .attempts = 1)
MC_SHAPE(FX_twice, .script = "FX", .attempts = 2)
MC_SHAPE(FFJX, .script = "FFJX", .attempts = 2)
MC_SHAPE(FFX_full, .script = "FFX", .attempts = 2, .side = FL_SIDE_FENCED)
MC_SHAPE(FPX, .script = "FPX", .attempts = 1, .hands_out = true)
MC_SHAPE(FJ_helps, .script = "FJ", .attempts = 1, .helps = true)
MC_SHAPE(FJ_fails, .script = "FJ", .attempts = 1, .fails = true)
MC_SHAPE(FFJJ_fails, .script = "FFJJ", .attempts = 2, .fails = true)
#define QUEUE(name) .queue = &fl_queue_##name
MC_SHAPE(FFX_the, .script = "FFX", .attempts = 2, QUEUE(the))
MC_SHAPE(FFX_abp, .script = "FFX", .attempts = 2, QUEUE(abp))
MC_SHAPE(FFX_split, .script = "FFX", .attempts = 2, QUEUE(private_split))
MC_SHAPE(FFFJJJ_end_the, .script = "FFFJJJ", .attempts = 1, EXCESS, .crowded = true, QUEUE(the))
MC_SHAPE(FFFJJJ_end_split, .script = "FFFJJJ", .attempts = 1, EXCESS, QUEUE(private_split))
MC_SHAPE(FFFJJJ_end_request, .script = "FFFJJJ", .attempts = 1, EXCESS, QUEUE(private_request))
MC_SHAPE(FFFJJJ_end_abp, .script = "FFFJJJ", .attempts = 2, EXCESS, .crowded = true, QUEUE(abp))
MC_SHAPE(FJ_the_three, .script = "FJ", .attempts = 1, QUEUE(the))
MC_SHAPE(FJ_abp_three, .script = "FJ", .attempts = 1, QUEUE(abp))
MC_SHAPE(FFJJ_the, .script = "FFJJ", .attempts = 2, QUEUE(the))
MC_SHAPE(FPJFJ_the, .script = "FPJFJ", .attempts = 1, .hands_out = true, .crowded = true,
         QUEUE(the))
MC_SHAPE(FFJJ_abp, .script = "FFJJ", .attempts = 2, .crowded = true, QUEUE(abp))
MC_SHAPE(FJFJ_abp, .script = "FJFJ", .attempts = 1, QUEUE(abp))
MC_SHAPE(FFFJJJ_abp, .script = "FFFJJJ", .attempts = 2, .hands_out = true, .crowded = true,
         QUEUE(abp))
MC_SHAPE(FFPJFJJ_abp, .script = "FFPJFJJ", .attempts = 1, .hands_out = true, .crowded = true,
         QUEUE(abp))
MC_SHAPE(FFJJ_split, .script = "FFJJ", .attempts = 2, .side = FL_SIDE_FENCED, QUEUE(private_split))
MC_SHAPE(FFFJJJ_split, .script = "FFFJJJ", .attempts = 2, .side = FL_SIDE_FENCED,
         QUEUE(private_split))
MC_SHAPE(FJFJ_split, .script = "FJFJ", .attempts = 1, .side = FL_SIDE_FENCED, QUEUE(private_split))
MC_SHAPE(FFFJFJJJ_split, .script = "FFFJFJJJ", .attempts = 3, QUEUE(private_split))
MC_SHAPE(FFPJJ_split, .script = "FFPJJ", .attempts = 1, .hands_out = true, .side = FL_SIDE_FENCED,
         QUEUE(private_split))
MC_SHAPE(FFJJ_request, .script = "FFJJ", .attempts = 1, QUEUE(private_request))
MC_SHAPE(FPJFJ_request, .script = "FPJFJ", .attempts = 1, .hands_out = true, QUEUE(private_request))
MC_SHAPE(FFFFFFJJJJJJ, .script = "FFFFFFJJJJJJ", .attempts = 1, .most = 4)
MC_SHAPE(FFJJ_most, .script = "FFJJ", .attempts = 1, .most = 2)
MC_SHAPE(FFJFFJJFJJ, .script = "FFJFFJJFJJ", .attempts = 3)

#define ONE .threads = {"owner", "thief"}
#define THREE .threads = {"owner", "thief", "thief 2", "thief 3"}
#define TWO .threads = {"owner", "thief", "thief 2"}
/* Thefts by consent and by force, and both refused. */
#define THEFTS                                                                                     \
    .reaches = {"gifts", "robs", "missed_refused", "missed_gone", "a conflict at the tag"}
#define CROWDED_THEFTS .reaches = {"gifts", "robs", "missed_busy", "missed_gone", "joins_waited"}
#define EXCESS_THEFTS .reaches = {"gifts", "robs", "flushed", "joins_waited"}
#define ROBBERY .reaches = {"robs", "joins_kept", "joins_taken", "tasks_taken"}
#define GIFTS .reaches = {"gifts", "missed_empty", "missed_refused", "joins_waited"}
#define WAITED_ROBBERY .reaches = {"joins_kept", "joins_taken", "tasks_taken", "joins_waited"}
#define FLUSHED_THEFTS .reaches = {"flushed", "tasks_taken", "gifts", "robs"}
#define setup_FFJJ_two setup_FFJJ
#define setup_FJFJ_two setup_FJFJ
#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish, __VA_ARGS__            \
    }

const mc_model mc_models[] = {
    ROW(FJ, "one task", ONE, .bound = 0, THEFTS),
    ROW(FFJJ, "two tasks", ONE, .bound = 0, THEFTS),
    ROW(FJFJ, "a slot used twice", ONE, .bound = 0, THEFTS),
    ROW(FFJJ_tag, "the tag wraps", ONE, .bound = 0, THEFTS),
    ROW(FFJJ_end, "a task more than fits, which runs at once", ONE, .bound = 3, EXCESS_THEFTS),
    ROW(FFWJJ_end, "the same; then the fiber suspends", ONE, .bound = 0, FLUSHED_THEFTS),
    ROW(FFFJJJ_end, "two tasks more than fit", ONE, .bound = 0, EXCESS_THEFTS),
    ROW(FFFJFFJJJJ_end, "three, and two thieves", TWO, .random = 20000, EXCESS_THEFTS),
    ROW(FFFX_end, "a panic drops two of these", ONE, .bound = 0, EXCESS_THEFTS),
    ROW(FFFJJJ_end_full, "two tasks more than fit, out of line", ONE, .bound = 0, EXCESS_THEFTS),
    ROW(FFJJ_twice, "both tasks are stolen", ONE, .bound = 0, THEFTS),
    ROW(FJFJ_twice, "a slot is stolen twice", ONE, .bound = 4, THEFTS),
    ROW(FFJJ_two, "two thieves", TWO, .random = 100000, CROWDED_THEFTS),
    ROW(FJFJ_robbed, "the same without asking", TWO, .alike = ".aa", WAITED_ROBBERY),
    ROW(FJFJ_robbed_full, "the same out of line", TWO, .alike = ".aa", WAITED_ROBBERY),
    ROW(FJ_the_three, "THE: one task, three thieves", THREE, .alike = ".aaa", ROBBERY),
    ROW(FJ_abp_three, "a bounded deque: one task, three thieves", THREE, .alike = ".aaa", ROBBERY),
    ROW(FJFJ_two, "a slot is stolen twice by two", TWO, .random = 20000, CROWDED_THEFTS),
    ROW(FFJFJJ_two, "a slot is used again while another is stolen", TWO, .random = 20000,
        CROWDED_THEFTS),
    ROW(FJ_full, "out of line, with full fences", ONE, .bound = 0, THEFTS),
    ROW(FFJJ_full, "out of line, both tasks are stolen", ONE, .bound = 2, THEFTS),
    ROW(FFFJJJ_full, "out of line, a join between two thefts", ONE, .bound = 2, THEFTS),
    ROW(FFJJ_outline, "out of line, without fences", ONE, .bound = 0, THEFTS),
    ROW(FPJ_none, "flushed, and joined before anybody takes it", ONE, .bound = 0,
        .reaches = {"flushed", "joins_kept"}),
    ROW(FPJ, "flushed, and joined while a thief takes it", ONE, .bound = 0, FLUSHED_THEFTS),
    ROW(FWJ, "flushed, and waited for", ONE, .bound = 0, FLUSHED_THEFTS),
    ROW(FFWJJ, "the same with two tasks", ONE, .bound = 0, FLUSHED_THEFTS),
    ROW(FX, "a panic drops a task, or waits for its thief", ONE, .bound = 0, THEFTS),
    ROW(FX_twice, "a panic beside a robber", ONE, .bound = 0,
        .reaches = {"gifts", "robs", "missed_gone"}),
    ROW(FFJX, "the same after a join", ONE, .bound = 0, THEFTS),
    ROW(FFX_full, "the same out of line", ONE, .bound = 2, THEFTS),
    ROW(FPX, "the same with a task that was flushed", ONE, .bound = 0, FLUSHED_THEFTS),
    ROW(FJ_helps, "a joiner looks where its task runs", ONE,
        .reaches = {"a task that runs elsewhere", "a task that runs nowhere"}),
    ROW(FJ_fails, "a stolen task panics, and so does its joiner", ONE, .bound = 0, THEFTS),
    ROW(FFJJ_fails, "both are stolen, and panic", ONE, .bound = 0, THEFTS),
    ROW(FFX_the, "THE: a panic drops two tasks", ONE, .bound = 0, .reaches = {"robs"}),
    ROW(FFX_abp, "a bounded deque: a panic drops two tasks", ONE, .bound = 0, .reaches = {"robs"}),
    ROW(FFX_split, "split: a panic drops two tasks", ONE, .bound = 0, .reaches = {"robs"}),
    ROW(FFJJ_the, "THE", ONE, .bound = 0, ROBBERY),
    ROW(FPJFJ_the, "THE: flushed", ONE, .bound = 0, ROBBERY),
    ROW(FFFJJJ_end_the, "THE: two tasks more than fit", ONE, .bound = 0, ROBBERY),
    ROW(FFJJ_abp, "a bounded deque", ONE, .bound = 0, ROBBERY),
    ROW(FJFJ_abp, "a bounded deque that is empty between, two thieves", TWO, .random = 20000,
        ROBBERY),
    ROW(FFFJJJ_abp, "a bounded deque that is full", ONE, .bound = 0, ROBBERY),
    ROW(FFPJFJJ_abp, "a bounded deque, flushed and filled again", ONE, .bound = 0, ROBBERY),
    ROW(FFFJJJ_end_abp, "a bounded deque: two tasks more than slots", ONE, .bound = 0, ROBBERY),
    ROW(FFJJ_split, "a split deque; each fork exposes", ONE, .bound = 0, ROBBERY),
    ROW(FFFJJJ_split, "the same: a slot made private again is exposed again", ONE, .bound = 0,
        ROBBERY),
    ROW(FJFJ_split, "the same: a slot used twice, two thieves", TWO, .random = 20000, ROBBERY),
    ROW(FFFJFJJJ_split, "a split deque that exposes when asked", ONE, .random = 60000, ROBBERY),
    ROW(FFPJJ_split, "a split deque, flushed", ONE, .bound = 0, ROBBERY),
    ROW(FFFJJJ_end_split, "a split deque: two tasks more than fit", ONE, .bound = 0,
        .reaches = {"exposures", "flushed", "tasks_taken", "joins_waited"}),
    ROW(FFFJJJ_end_request, "a private deque: two tasks more than fit", ONE, .bound = 0, GIFTS),
    ROW(FFJJ_request, "a private deque", ONE, .bound = 0, GIFTS),
    ROW(FPJFJ_request, "a private deque, flushed", ONE, .bound = 0, GIFTS),
    ROW(FFFFFFJJJJJJ, "half of a loop is given at once", TWO, .random = 20000, CROWDED_THEFTS),
    ROW(FFJJ_most, "a gift of two where one lies", ONE, .bound = 2, THEFTS),
    ROW(FFJFFJJFJJ, "three attempts of two thieves", TWO, .random = 20000, CROWDED_THEFTS),
    {.name = NULL}};
