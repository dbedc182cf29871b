/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The models of tests/model/idle.c: their shapes, and the options of each search. */
#include <runtime/queue/queues.h>
#include <tests/model/checker/check.h>
#include <tests/model/idle.h>

MC_SHAPE(F, .script = "F", .searchers = 1)
MC_SHAPE(F_poked, .script = "F", .searchers = 1, .poked = true)
MC_SHAPE(F_full, .script = "F", .searchers = 1, .full_fence = true)
MC_SHAPE(F_outline, .script = "F", .searchers = 1, .queue = &fl_queue_chase_lev_outline)
MC_SHAPE(F_fenced, .script = "F", .searchers = 1, .full_fence = true,
         .queue = &fl_queue_chase_lev_fenced)
MC_SHAPE(SF_full, .script = "SF", .searchers = 1, .full_fence = true)
MC_SHAPE(FF, .script = "FF", .searchers = 1)
MC_SHAPE(F_two, .script = "F", .searchers = 2)
MC_SHAPE(FF_two, .script = "FF", .searchers = 2, .escapes = true)
MC_SHAPE(F_last, .script = "F", .searchers = 1, .place = 1)
MC_SHAPE(F_middle, .script = "F", .searchers = 2, .place = 1)
MC_SHAPE(FF_last, .script = "FF", .searchers = 2, .place = 2, .escapes = true)
MC_SHAPE(P, .script = "P", .searchers = 1)
MC_SHAPE(PP_two, .script = "PP", .searchers = 2)
MC_SHAPE(PP_once, .script = "p", .searchers = 2)
MC_SHAPE(PPP_wide, .script = "PPP", .searchers = 3, .beside = 4)
MC_SHAPE(I, .script = "I", .searchers = 1)
MC_SHAPE(I_stalled, .script = "I", .searchers = 1)
MC_SHAPE(I_fibers, .script = "I", .searchers = 2, .fibers = true)
MC_SHAPE(II, .script = "II", .searchers = 1)
MC_SHAPE(II_stalled, .script = "II", .searchers = 1)
MC_SHAPE(II_two, .script = "II", .searchers = 2)
MC_SHAPE(II_once, .script = "i", .searchers = 2)
MC_SHAPE(T, .script = "T", .searchers = 1)
MC_SHAPE(A, .script = "A", .searchers = 1)
MC_SHAPE(T_two, .script = "T", .searchers = 2)
MC_SHAPE(SF, .script = "SF", .searchers = 1)
MC_SHAPE(FSF_two, .script = "FSF", .searchers = 2, .escapes = true)
MC_SHAPE(P_retire, .script = "PR", .searchers = 1)
MC_SHAPE(PP_retire, .script = "PPR", .searchers = 2)
MC_SHAPE(PP_nap, .script = "PP", .searchers = 2, .woken = true)
MC_SHAPE(F_nap, .script = "F", .searchers = 1, .nap = 20000)
MC_SHAPE(I_vain, .script = "I", .searchers = 1, .woken = true, .endless = true)
MC_SHAPE(FJF_ask, .script = "FJF", .searchers = 1, .asks = true)
MC_SHAPE(FF_ask, .script = "FF", .searchers = 2, .asks = true, .escapes = true)

MC_SHAPE(BIE, .script = "BIE", .searchers = 1)
MC_SHAPE(BEI, .script = "BEI", .searchers = 1)
MC_SHAPE(BEI_nap, .script = "BEI", .searchers = 1, .woken = true)
MC_SHAPE(IBE_two, .script = "IBE", .searchers = 2)
MC_SHAPE(IBIE_two, .script = "IBIE", .searchers = 2)

MC_SHAPE(W, .script = "W", .searchers = 1, .helps = true)
MC_SHAPE(FW, .script = "FW", .searchers = 1, .helps = true)
MC_SHAPE(F_helps, .script = "F", .searchers = 1, .helps = true)
MC_SHAPE(PW_two, .script = "PW", .searchers = 2, .helps = true)
MC_SHAPE(FW_two, .script = "FW", .searchers = 2, .helps = true)
MC_SHAPE(IW_two, .script = "IW", .searchers = 2, .helps = true)
MC_SHAPE(W_nap, .script = "W", .searchers = 1, .helps = true, .nap = 20000, .endless = true)
MC_SHAPE(BWE, .script = "BWE", .searchers = 1, .helps = true)
MC_SHAPE(K, .script = "K", .searchers = 1, .homes = true)
MC_SHAPE(FK_two, .script = "FK", .searchers = 2, .homes = true)
MC_SHAPE(PK, .script = "PK", .searchers = 1, .homes = true)
MC_SHAPE(K_nap, .script = "K", .searchers = 1, .homes = true, .nap = 20000, .endless = true)
MC_SHAPE(BK, .script = "BK", .searchers = 1, .homes = true)
MC_SHAPE(K_helps, .script = "K", .searchers = 1, .homes = true, .helps = true)
MC_SHAPE(KW, .script = "KW", .searchers = 1, .homes = true, .helps = true)

#define QUEUE(name) .queue = &fl_queue_##name
#define PRIVATE(name) QUEUE(private_##name), .escapes = true
MC_SHAPE(F_the, .script = "F", .searchers = 1, QUEUE(the))
MC_SHAPE(FF_the, .script = "FF", .searchers = 2, QUEUE(the))
MC_SHAPE(FSF_the, .script = "FSF", .searchers = 2, QUEUE(the))
MC_SHAPE(F_abp, .script = "F", .searchers = 1, QUEUE(abp))
MC_SHAPE(F_abp_last, .script = "F", .searchers = 1, QUEUE(abp), .place = 1)
MC_SHAPE(FF_abp, .script = "FF", .searchers = 2, QUEUE(abp))
MC_SHAPE(FSF_abp, .script = "FSF", .searchers = 2, QUEUE(abp))
MC_SHAPE(FF_split, .script = "FF", .searchers = 1, PRIVATE(split))
MC_SHAPE(FFFJ_split, .script = "FFFJ", .searchers = 2, PRIVATE(split))
MC_SHAPE(FSF_split, .script = "FSF", .searchers = 2, PRIVATE(split))
MC_SHAPE(FF_request, .script = "FF", .searchers = 1, PRIVATE(request), .asks = true)
MC_SHAPE(FFFJ_request, .script = "FFFJ", .searchers = 2, PRIVATE(request), .asks = true)

#define ONE .threads = {"producer", "searcher"}
#define TWO .threads = {"producer", "searcher", "searcher 2"}
#define THREE .threads = {"producer", "searcher", "searcher 2", "searcher 3"}
#define PARKS .reaches = {"parks"}
#define SLEEPS .reaches = {"parks", "wakes"}
#define ASKS .reaches = {"parks", "wakes", "gifts", "robs"}
#define GIVES .reaches = {"parks", "wakes", "gifts", "missed_refused"}
#define EXPOSES .reaches = {"parks", "wakes", "exposures", "robs"}
#define HEAVY .reaches = {"parks", "wakes", "heavy_fences"}
#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish, .may_rest = may_rest,  \
                     __VA_ARGS__                                                                   \
    }

const mc_model mc_models[] = {
    ROW(F, "a fork against the last searcher", ONE, .bound = 0, HEAVY),
    ROW(F_poked, "the same; a poke is pending", ONE, .bound = 0, HEAVY),
    ROW(F_full, "the same out of line, with full fences", ONE, .bound = 0, SLEEPS),
    ROW(F_outline, "the same out of line, without fences", ONE, .bound = 0, HEAVY),
    ROW(F_fenced, "the same as the literature has it", ONE, .bound = 0, SLEEPS),
    ROW(SF_full, "a fork after a fiber switch, with full fences", ONE, .bound = 0, SLEEPS),
    ROW(FF, "two forks against the last searcher", ONE, .bound = 0, HEAVY),
    ROW(F_two, "a fork against two searchers", TWO, .bound = 6, HEAVY),
    ROW(FF_two, "two forks against two searchers: a chain", TWO, .bound = 3, HEAVY),
    ROW(F_last, "a fork; the forker is the last worker", ONE, .bound = 0, HEAVY),
    ROW(F_middle, "a fork; the forker is between two searchers", TWO, .bound = 6, SLEEPS),
    ROW(FF_last, "two forks; the forker is the last worker", TWO, .bound = 3, SLEEPS),
    ROW(P, "a push to the ready deque", ONE, .bound = 0, SLEEPS),
    ROW(PP_two, "two pushes, two searchers: a chain", TWO, .bound = 4, SLEEPS),
    ROW(PP_once, "two pushes by one call, two searchers", TWO, .bound = 4, SLEEPS),
    ROW(PPP_wide, "three pushes, three searchers: a tree", THREE, .random = 30000, SLEEPS),
    ROW(I, "a submission; in its middle the searcher sleeps", ONE, .bound = 0, SLEEPS),
    ROW(I_fibers, "the forks of the only worker that is awake wake another", TWO, .random = 20000,
        SLEEPS),
    ROW(II, "two; the first one lies before a gap", ONE, .bound = 0, SLEEPS),
    ROW(I_stalled, "the submitter stops for long; nobody goes round meanwhile", ONE, .random = 5000,
        .steps = 300, SLEEPS),
    ROW(II_stalled, "the same with two submissions", ONE, .random = 5000, .steps = 400, SLEEPS),
    ROW(II_two, "two submissions, two searchers", TWO, .random = 100000, SLEEPS),
    ROW(II_once, "two submissions by one call, two searchers", TWO, .random = 30000, SLEEPS),
    ROW(T, "two items are taken from the inbox", ONE, .bound = 0, SLEEPS),
    ROW(T_two, "the same, two searchers", TWO, .random = 30000, SLEEPS),
    ROW(A, "an item is taken from a long deque besides the one to run", ONE, .bound = 0, SLEEPS),
    ROW(SF, "a fork after a fiber switch", ONE, .bound = 0, HEAVY),
    ROW(FSF_two, "forks on both sides of a fiber switch, flushed", TWO, .bound = 2, SLEEPS),
    ROW(P_retire, "a push, and its worker retires", ONE, .bound = 0, SLEEPS),
    ROW(PP_retire, "two pushes, two searchers, and the worker retires", TWO, .bound = 2, SLEEPS),
    ROW(PP_nap, "pushes while the last searcher naps", TWO, .bound = 4, SLEEPS),
    ROW(F_nap, "a fork while the only searcher naps", ONE, .bound = 0, HEAVY),
    ROW(I_vain, "a submission does not rely on the end of a nap", ONE, .bound = 4, SLEEPS),
    ROW(BIE, "a guest submits, and returns the only worker", ONE, .bound = 0, SLEEPS),
    ROW(BEI, "a guest returns the only worker, and submits", ONE, .bound = 0, SLEEPS),
    ROW(BEI_nap, "the only worker naps: it is not lent", ONE, .bound = 0, SLEEPS),
    ROW(IBE_two, "a submission and a guest, two searchers", TWO, .bound = 2, SLEEPS),
    ROW(IBIE_two, "the guest submits, too", TWO, .random = 60000, SLEEPS),
    ROW(W, "a word changes while the only worker helps until then", ONE, .bound = 0, PARKS),
    ROW(FW, "a fork, and the word changes", ONE, .bound = 0, HEAVY),
    ROW(F_helps, "a fork while the only worker helps", ONE, .bound = 0, HEAVY),
    ROW(PW_two, "a push, and the word changes; two searchers", TWO, .bound = 3, SLEEPS),
    ROW(FW_two, "a fork, and the word changes; two searchers", TWO, .bound = 3, SLEEPS),
    ROW(IW_two, "a submission, and the word changes; two searchers", TWO, .random = 60000, SLEEPS),
    ROW(W_nap, "the word changes while the helper naps", ONE, .bound = 0, PARKS),
    ROW(BWE, "a helper's worker is not lent", ONE, .bound = 0, PARKS),
    ROW(K, "a fiber that stays with the only worker is ready", ONE, .bound = 0, PARKS),
    ROW(PK, "the same after a push", ONE, .bound = 0, SLEEPS),
    ROW(FK_two, "a fork, and a fiber that stays; two searchers", TWO, .bound = 3, SLEEPS),
    ROW(K_nap, "the home naps", ONE, .bound = 0, PARKS),
    ROW(BK, "a home is not lent", ONE, .bound = 0, PARKS),
    ROW(K_helps, "the home helps", ONE, .bound = 0, PARKS),
    ROW(KW, "the home helps until a word changes", ONE, .bound = 0, PARKS),
    ROW(FJF_ask, "a join between two forks keeps its hands off limit", ONE, .bound = 3, ASKS),
    ROW(FF_ask, "searchers that ask before they rob", TWO, .random = 60000, ASKS),
    ROW(F_the, "THE: a fork against the last searcher", ONE, .bound = 0, SLEEPS),
    ROW(FF_the, "THE: two forks, two searchers", TWO, .bound = 2, SLEEPS),
    ROW(FSF_the, "THE: forks on both sides of a fiber switch", TWO, .random = 20000, SLEEPS),
    ROW(F_abp, "bounded deques: a fork against the last searcher", ONE, .bound = 0, SLEEPS),
    ROW(F_abp_last, "the same, of the last worker", ONE, .bound = 0, SLEEPS),
    ROW(FF_abp, "bounded deques: two forks, two searchers", TWO, .bound = 4, SLEEPS),
    ROW(FSF_abp, "bounded deques: forks on both sides of a fiber switch", TWO, .random = 20000,
        SLEEPS),
    ROW(FF_split, "a split deque: two forks against the last searcher", ONE, .bound = 0, EXPOSES),
    ROW(FFFJ_split, "a split deque: a join exposes, too", TWO, .bound = 2, EXPOSES),
    ROW(FSF_split, "a split deque: forks on both sides of a fiber switch", TWO, .random = 20000,
        EXPOSES),
    ROW(FF_request, "a private deque: two forks against the last searcher", ONE, .bound = 3, GIVES),
    ROW(FFFJ_request, "a private deque: a join is one's turn, too", TWO, .random = 20000, GIVES),
    {.name = NULL}};
