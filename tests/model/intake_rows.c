/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The models of tests/model/intake.c: their shapes, and the options of each search. */
#include <tests/model/checker/check.h>
#include <tests/model/intake.h>
#include <tests/model/system/waiting.h>

MC_SHAPE(SS_r, .script = {"SS", "r"}, .width = 1, .capacity = 2)
MC_SHAPE(SSS_r, .script = {"SSS", "r"}, .width = 1, .capacity = 1)
MC_SHAPE(SSSS_r, .script = {"SSSS", "r"}, .width = 1, .capacity = 2)
MC_SHAPE(SS_S_r, .script = {"SS", "S", "r"}, .width = 1, .capacity = 2)
MC_SHAPE(SSS_r_levels, .script = {"SSS", "r"}, .width = 1, .capacity = 3, .has_levels = true)
MC_SHAPE(SS_S_r_one, .script = {"SS", "S", "r"}, .width = 1, .capacity = 1)
MC_SHAPE(DDS_r, .script = {"DDS", "r"}, .width = 1, .capacity = 3)
MC_SHAPE(DD_a_r, .script = {"DD", "a", "r"}, .width = 1, .capacity = 3)
MC_SHAPE(SS_cd_r, .script = {"SS", "cwd", "r"}, .width = 1, .capacity = 2)
MC_SHAPE(SS_S_rr, .script = {"SS", "S", "r", "r"}, .width = 2, .capacity = 3)
MC_SHAPE(SHil_r, .script = {"SHil", "r"}, .width = 1, .capacity = 2)
MC_SHAPE(SHol_r, .script = {"SHol", "r"}, .width = 1, .capacity = 2)
MC_SHAPE(Eil_Eil, .script = {"Eil", "Eil"}, .width = 1, .capacity = 2)
MC_SHAPE(SHxl_r, .script = {"SHxl", "r"}, .width = 1, .capacity = 2)
MC_SHAPE(SHul_r, .script = {"SHul", "r"}, .width = 1, .capacity = 2)
MC_SHAPE(SHSpl_r_levels, .script = {"SHSpl", "r"}, .width = 1, .capacity = 3, .has_levels = true)
MC_SHAPE(SHl_k_r, .script = {"SHl", "k", "r"}, .width = 1, .capacity = 2)
MC_SHAPE(SHxl_cd_r, .script = {"SHxl", "cwd", "r"}, .width = 1, .capacity = 2)

#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish,                        \
                     .may_rest = waiting_rests, __VA_ARGS__                                        \
    }
#define ONE .threads = {"submitter", "worker"}
#define TWO .threads = {"submitter", "submitter 2", "worker"}
#define QUICK "a submission without the lock"
#define BY_RUNNERS QUICK, "one runner", "several runners"
#define CALLS_OFF "called off", "called off too late", "a job that does not begin"

const mc_model mc_models[] = {
    ROW(SS_r, "two submissions against a runner that becomes idle", ONE, .reaches = {BY_RUNNERS}),
    ROW(SSS_r, "three submissions, one place and room for one job more", ONE,
        .reaches = {BY_RUNNERS, "a refusal for room"}),
    ROW(SSSS_r, "four submissions, one place and room for two jobs more", ONE,
        .reaches = {BY_RUNNERS, "a refusal for room"}),
    ROW(SSS_r_levels, "three submissions of rising priority", ONE, .bound = 0,
        .reaches = {BY_RUNNERS, "a job that was overtaken"}),
    ROW(SS_S_r, "two submitters", TWO, .bound = 0, .reaches = {BY_RUNNERS}),
    ROW(SS_S_r_one, "two submitters, one place and room for one job more", TWO, .bound = 0,
        .reaches = {QUICK, "a refusal for room"}),
    ROW(DDS_r, "two jobs with deadlines, and one without", ONE, .bound = 0,
        .reaches = {QUICK, "a deadline without the lock"}),
    ROW(DD_a_r, "jobs with deadlines, while the alarm rings",
        .threads = {"submitter", "timer thread", "worker"}, .bound = 6,
        .reaches = {"a deadline without the lock", "an alarm"}),
    ROW(SS_cd_r, "two submissions against close, and the pool is freed at rest",
        .threads = {"submitter", "closer", "worker"}, .bound = 0,
        .reaches = {QUICK, "a refusal after close", "no wait", "a wait"}),
    ROW(SS_S_rr, "two submitters, two runners",
        .threads = {"submitter", "submitter 2", "worker", "worker 2"}, .bound = 4,
        .reaches = {QUICK, "two jobs at once"}),
    ROW(SHil_r, "the id of a job that may be in the intake", ONE, .bound = 0,
        .reaches = {BY_RUNNERS}),
    ROW(SHol_r, "its outcome", ONE, .bound = 0, .reaches = {QUICK, "told of success"}),
    ROW(Eil_Eil, "two handles that are left of a pool are released",
        .threads = {"holder", "holder 2"}, .reaches = {"two releases at once"}),
    ROW(SHxl_r, "such a job is cancelled", ONE, .bound = 0, .reaches = {QUICK, CALLS_OFF}),
    ROW(SHul_r, "its context is created, and cancelled", ONE, .bound = 0,
        .reaches = {QUICK, "a job that does not begin"}),
    ROW(SHSpl_r_levels, "its priority is raised", ONE, .bound = 0,
        .reaches = {"raised", "raised too late", "a job that was overtaken"}),
    ROW(SHl_k_r, "the pool's context is done", .threads = {"submitter", "canceller", "worker"},
        .bound = 0, .reaches = {QUICK, "a job that does not begin"}),
    ROW(SHxl_cd_r, "such a job is cancelled against close, and the pool is freed at rest",
        .threads = {"submitter", "closer", "worker"}, .bound = 6,
        .reaches = {CALLS_OFF, "a refusal after close"}),
    {.name = NULL}};
