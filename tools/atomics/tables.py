# SPDX-License-Identifier: MIT OR Apache-2.0
"""The tables of the lint: its rules, the shared words, banned text, and the exceptions."""
from collections import namedtuple

RULES = {
    "raw": "shared words only through include/filch/atomic.h: no builtins, <stdatomic.h>, volatile, liburcu's atomics",
    "barrier": "no barrier but filch_fence_light, fl_fence_heavy and filch_fence_seq_cst",
    "stale": "an exception in the lint's table is needed by what is written",
    "spelled": "an order is spelled out: FILCH_RELAXED ... FILCH_SEQ_CST",
    "unlabelled": "each access and fence begins its comment with the label of an edge, or says why its order is enough",
    "reason": "a relaxed access says why, unless the edge whose label it carries is relaxed at this end",
    "undefined": "a label is defined in the head of its module, or in one that a head of the module names by its path",
    "unused": "both ends of an edge are in the code",
    "partner": "an edge names its partner",
    "twice": "a label stands for one edge in the whole tree",
    "disagrees": "an access has an order (a fence: a kind) that its edge names",
    "unknown": "each shared word has a row in the table of words",
    "weak": "no order is weaker than the word's row demands",
}

ORDERS = {  # the guarantees of each
    "FILCH_RELAXED": frozenset(),
    "FILCH_ACQUIRE": frozenset("a"),
    "FILCH_RELEASE": frozenset("r"),
    "FILCH_ACQ_REL": frozenset("ar"),
    "FILCH_SEQ_CST": frozenset("ars"),
}
FENCES = {  # its name in the text of its edge
    "filch_fence_seq_cst": "seq_cst fence",
    "filch_fence_light": "light fence",
    "fl_fence_heavy": "heavy fence",
}
# Said of an access: no other thread can reach the word.
PRIVATE = ("not yet shared", "no longer shared")

# The least order of each operation. "never": not done once the word is shared. "acquire?": weaker with a reason, or
# where its edge is. `clear` is a store of nothing (NULL, 0, false). A word without files is met in all of them.
Word = namedtuple("Word", "name files store clear cas rmw load why")
N, X, A, R, AR, S = "never", "relaxed", "acquire", "release", "acq_rel", "seq_cst"
FORK = ("include/filch/fork.h", "sched/forkstack.c", "sched/forkstack.h", "runtime/queue/")
DEQUE = ("sched/deque.c",)
WORDS = [
    # the fork stack
    Word("top", FORK, N, N, S, AR, X, "thieves and owner race for an index: one wins (T3); a poke orders the request"),
    Word("limit", (), N, N, N, AR, X, "a poke that the owner overwrites happened before what follows (R5, P4)"),
    Word("request", (), N, N, AR, AR, X, "asking, serving and withdrawing hand the mailbox over (R1, R2)"),
    Word("reply", (), R, X, N, N, A, "hands over the gift (R3, R4); it is cleared before it is shown (R1)"),
    Word("task", (), R, X, N, N, "acquire?", "shows the arguments (F1, T2); a join erases it without an order (J1)"),
    Word("state", (), R, X, AR, AR, "acquire?", "the thread that changes it owns the slot or the call, and its result (S, O, C)"),
    Word("tail", ("runtime/queue/the.c",), R, R, N, N, "acquire?", "shows tasks (T6, T8); a Dekker pair with top (T7, T8)"),
    # the ready deque
    Word("top", DEQUE, N, N, S, N, "acquire?", "of two that want one item one wins (D5)"),
    Word("bottom", (), R, R, N, N, "acquire?", "shows items; a thief may read any value that pop stored (D1, D2)"),
    Word("buffer", (), R, R, N, N, "acquire?", "is followed (D6, D7)"),
    Word("place", (), X, X, N, N, X, "bottom or buffer shows it, the CAS on top decides"),
    Word("age", (), "release?", N, S, N, "acquire?", "of two that want one item one wins; its tag makes old looks fail (A6, A7)"),
    Word("items", (), X, X, N, N, X, "bottom shows it, the CAS on age decides"),
    # idle, and the end
    Word("word", (), S, S, S, S, S, "I: publisher and sleeper are a Dekker pair (P5, I1)"),
    Word("tokens", (), S, S, S, S, S, "a Dekker pair with the park words (B1, B2, B3)"),
    Word("park_word", (), N, N, S, S, "seq_cst?", "a Dekker pair with tokens and `finished` (B1, B2, E3)"),
    Word("helper_wakes", (), N, N, N, R, A, "a helper's futex: a waker's CAS on the park word came before (W8, W9)"),
    Word("word", ("runtime/sync/help_until.c", "runtime/engine/park.h"), R, R, N, N, S, "a Dekker pair with the park words (I6, I7)"),
    Word("homed", (), X, X, N, N, X, "its worker's own; a guest sees it by the park word (U3)"),
    Word("guest", (), X, X, N, N, X, "its fiber's holder's; a look otherwise"),
    Word("current", (), N, N, N, S, A, "is followed; a Dekker pair with I (W3)"),
    Word("stopping", (), S, S, N, N, "seq_cst?", "a Dekker pair with I (E1, E2)"),
    Word("finished", (), S, S, N, N, A, "a Dekker pair with the park words (E3, E4)"),
    Word("visitors", (), N, N, N, "release?", A, "a thread that has left the runtime touches it no more (E5, E6)"),
    # the worker set
    Word("active", (), S, N, N, N, "seq_cst?", "a Dekker pair with the park words (J4, J5)"),
    Word("reach", (), R, N, N, N, A, "a scan of all workers sees all that publish (J7, J8)"),
    Word("phases", (), N, N, N, X, X, "a hint: how many are open"),
    Word("woken_at", (), X, N, N, X, X, "a time for statistics; either of two will do"),
    Word("tick", (), X, N, N, N, X, "its worker's own, but for a hint"),
    Word("entry", ("runtime/engine/near.c",), X, X, N, N, X, "a hint: any sleeper may be woken"),
    Word("fl_residents_workers", (), X, X, N, X, X, "a number; nothing depends on it"),
    # waiting
    Word("lock", (), R, R, A, A, "acquire?", "a lock: its holder owns the guarded data (K1, K2)"),
    Word("state", ("runtime/sync/wait.c", "runtime/sync/wait.h"), N, N, N, AR, A,
         "claims, tells and parks are ordered; the waiter sees the outcome (V1..V4)"),
    Word("cause", (), R, N, N, N, "acquire?", "writes before a cancellation are seen (M1, M2)"),
    Word("stage", (), R, X, X, N, "acquire?", "a reader that sees it done sees the result; of several settlers one wins (H1..H4)"),
    Word("missing", (), X, N, N, AR, N, "the last to come sees what the others wrote (H5)"),
    Word("first", (), N, N, AR, N, X, "one was the first; `missing` orders what it wrote (H7)"),
    Word("users", (), X, N, A, "acq_rel?", X, "the last one sees what the others did (M3, M4)"),
    Word("children", (), N, N, R, "acq_rel?", X, "the waiter sees the effects of all children (U1, U2)"),
    Word("refs", (), X, N, N, "acq_rel?", X, "the last one sees what the others did (M3, B4, B5)"),
    Word("arrivals", (), X, "relaxed?", "acquire?", "release?", X, "a job that is pushed is all there for the thread that takes it (D8, D9)"),
    Word("rare", ("runtime/pool/",), R, N, N, N, A, "shows what a job has beyond its cell (L3, L4)"),
    Word("context", ("runtime/pool/",), R, N, N, N, A, "shows a context made for a job that may run (L3, L4)"),
    Word("running", (), R, X, N, N, "acquire?", "its files are open (Y1, Y2)"),
    Word("earliest", (), "seq_cst?", N, N, N, "seq_cst?", "a Dekker pair with `sleeps_until` (Y5, Y6)"),
    Word("sleeps_until", (), "seq_cst?", X, S, N, S, "a Dekker pair with `earliest` (Y5, Y6)"),
    Word("shard", ("runtime/sync/",), X, N, X, N, X, "a number, which the first start chooses (runtime/sync/timer_shards.h)"),
    Word("noted", (), N, N, N, "acquire?", X, "the noted entry is looked for (Y3, Y4)"),
    Word("chunks", (), N, N, R, N, A, "is followed (Z1, Z2)"),
    Word("state", ("runtime/sync/mutex.c",), N, N, "acquire?", "acquire?", X,
         "a mutex: its holder owns the guarded data; its other bits are the private lock's (K3, K4)"),
    Word("state", ("runtime/sync/once.c",), "release?", N, N, N, "acquire?", "the function's writes are seen (K7, K8)"),
    Word("turn", ("runtime/platform/baton.c",), R, X, N, N, A, "the holder sees what the holders before it wrote (M5, M6)"),
    Word("fl_virtual_on", (), X, X, N, N, X, "set before other threads of the library start"),
    Word("fl_handovers_traced", (), N, N, N, X, X, "a look: events more or less"),
    Word("clock", ("runtime/platform/virtual.c",), X, X, N, X, X, "a number: the baton orders its changes"),
    Word("points", ("runtime/platform/",), X, X, N, N, X, "a number: the baton orders its changes"),
    Word("runs", ("runtime/platform/virtual_watch.c",), X, X, N, N, X, "a number for a message"),
    Word("wakes", ("runtime/sync/timer_thread.c",), X, X, N, N, X, "of virtual threads: the baton orders its changes"),
    Word("balance", (), N, N, "acquire?", "acq_rel?", X, "the thread that takes permits sees the writes of all givers (K5, K6)"),
    Word("count", ("runtime/sync/waitgroup.c",), N, N, R, "acq_rel?", X, "the last one sees what the others did (K9)"),
    # metrics and logs
    Word("held", ("runtime/metrics/shard.c",), N, N, N, AR, X, "the thread that takes a shard sees its cells as they were left (Q8, Q9)"),
    Word("tally", (), X, X, X, X, X, "a number of its own, or a cell: sums need no order (runtime/metrics/shard.h)"),
    Word("turn", ("runtime/metrics/shard.c",), N, N, N, X, N, "spreads"),
    Word("slots", ("runtime/metrics/",), R, X, N, N, A, "is followed (Q4, Q5)"),
    Word("full", ("runtime/metrics/",), R, X, N, N, A, "all members are seen (Q6, Q7)"),
    Word("level", ("runtime/metrics/",), X, X, N, X, X, "a number of its own"),
    Word("least", (), X, X, N, N, X, "a log's level; nothing depends on it"),
    # pools
    Word("line", ("runtime/pool/",), X, X, N, N, X, "a job that misses it began during the call (runtime/pool/direct.h)"),
    Word("lined", ("runtime/pool/",), X, X, N, N, X, "a job that misses it began during the call (runtime/pool/direct.h)"),
    Word("begun", ("runtime/pool/",), N, N, N, X, X, "a number of its own (runtime/pool/attempt.h)"),
    Word("closed", ("runtime/pool/",), X, N, N, N, X, "a Dekker pair with the counts of direct pools, else under the lock (B6, B7)"),
    # resources, batchers
    Word("rung", (), N, X, N, X, X, "the locks of the object and of the timer thread order everything (runtime/sync/alarm.h)"),
    # the rest
    Word("trace", (), R, X, N, N, "acquire?", "its ring is seen (Z3, Z4)"),
    Word("tracing", (), X, X, N, N, X, "a look, or under its lock"),
    Word("entry", ("runtime/trace/",), R, N, N, N, A, "is followed (Z5, Z6)"),
    Word("used", ("runtime/trace/", "runtime/engine/last_events"), R, X, N, N, "acquire?", "shows events to another process (runtime/trace/ring.h)"),
    Word("stopped", ("runtime/trace/",), N, N, X, N, X, "a number; nothing depends on it"),
    Word("blocks", ("runtime/trace/",), N, N, N, X, X, "a number of its own"),
    Word("lost", ("runtime/trace/",), N, N, N, X, X, "a number of its own"),
    Word("replaced", ("runtime/trace/",), N, N, N, X, X, "a number of its own"),
    Word("given", ("runtime/engine/trace_options.c",), N, N, N, X, N, "a number of its own"),
    Word("thread_id", (), X, N, N, N, X, "a number for reports, which orders nothing"),
    Word("cell", ("runtime/share/",), "release?", N, N, N, A, "shows a text; else a number of its own (V5, V6)"),
    Word("published", ("runtime/share/",), R, N, N, N, "acquire?", "all cells are at least that new (V7, V8)"),
    Word("when", ("runtime/share/",), X, N, N, N, X, "a number of its own"),
    Word("ending", ("runtime/engine/share.c",), X, N, N, N, X, "a flag; joining its thread orders the rest"),
    Word("given", ("runtime/engine/share.c",), N, N, N, X, N, "a number of its own"),
    Word("draining", (), N, R, N, A, "acquire?", "a lock: the head is its holder's (X1, X2)"),
    Word("policy", (), R, R, N, N, A, "is followed"),
    Word("loaded", (), N, N, R, A, A, "is followed (L1, L2)"),
    Word("waiting", (), X, X, N, N, X, "a look's; the lock decides"),
    Word("waiting", ("runtime/queue/slot_queue.c",), X, X, N, X, X, "bounds a queue; its entries are ordered by the queue"),
    Word("open", (), X, X, N, N, X, "the fences of the idle protocol order it (runtime/queue/sharing.c)"),
    Word("starving", (), N, N, N, "seq_cst?", X, "a Dekker pair with what fibers are given by (G5, G6)"),
    Word("asleep", (), N, N, N, S, S, "the detector compares it with I"),
    Word("relief", (), N, N, N, R, A, "the woken worker sees the fiber (G7, G8)"),
    Word("mapped_left", (), X, N, N, X, N, "a number, which orders nothing"),
    Word("sites", (), X, N, N, N, X, "a value of its own, which guards nothing; a lost one costs speed"),
    Word("fl_tax_watchers", (), N, N, N, X, X, "a look: a few calls more or less"),
    Word("key", ("runtime/engine/tax.c",), N, N, X, N, X, "a number that is set once: of two that claim a row, one wins"),
    Word("calls", ("runtime/engine/",), N, N, N, X, X, "a number of its own"),
    Word("helped", ("runtime/engine/",), N, N, N, X, X, "a number of its own"),
    Word("time", ("runtime/engine/",), N, N, N, X, X, "a number of its own"),
    Word("serial", ("runtime/engine/",), N, N, N, X, X, "a number of its own"),
    Word("entry", ("runtime/platform/symbol.c",), N, N, R, N, A, "is followed (Z7, Z8)"),
    Word("capped", (), X, X, N, N, X, "a hint"),
    Word("count", (), X, X, N, N, X, "a counter of one writer"),
    Word("tenants", (), N, N, N, X, X, "a count against mistakes, which orders nothing"),
    Word("unbound", (), X, N, N, N, X, "an error number for reports, which orders nothing"),
    Word("counters", (), X, X, N, N, X, "counters of one writer each"),
    Word("thefts", (), X, N, N, N, X, "the same"),
    Word("since", (), "release?", X, N, N, "acquire?", "a reader sees what was spent before, and that it changes (X3..X6)"),
    Word("spent", (), R, N, N, N, "acquire?", "a reader that sees it sees that `since` changes (X3, X4)"),
    Word("shown", (), N, N, X, N, X, "a number of its own that only grows"),
    Word("handler", (), N, N, N, AR, A, "what it needs is there (N2, N3)"),
    Word("turn", (), X, X, AR, AR, A, "a guest sees the worker that it is lent (U7, U8)"),
    Word("called", (), R, X, N, N, "acquire?", "a carrier sees its call (A1, A2)"),
    Word("party", (), N, N, N, S, S, "threads that may wake others; compared with each other and with I (runtime/engine/threads.h)"),
    Word("alive", (), S, S, N, N, S, "the same"),
    Word("outside", (), S, S, N, N, S, "the same"),
    Word("changes", (), N, N, N, S, S, "the same"),
    Word("blind", (), S, S, N, N, X, "the same; a look"),
    Word("fl_detector_on", (), X, X, N, N, X, "a hint"),
    Word("suspended", (), R, X, N, N, A, "a report sees the call that is waited in (W6, W7); that all sleep is known by I"),
    Word("reading", (), X, R, N, N, A, "a Dekker pair with suspended (Y7, Y8); its reads are over (Y9)"),
    Word("waits_in", (), X, X, N, N, X, "a report's"),
    Word("waits_for", (), X, X, N, N, X, "a report's"),
    Word("installed", (), R, X, N, N, A, "the handlers are there"),
    Word("gate", (), N, N, A, "release?", "acquire?", "the forker sees each thread that has left liburcu's lock (G1..G4)"),
    Word("is_joining", (), X, X, N, N, X, "a look; a commit that is late is refused, and its jobs are repeated"),
    Word("joined", (), N, N, N, X, X, "a number; nothing depends on it"),
    Word("prepared", (), X, X, N, N, X, "a look; preparing twice is harmless"),
    Word("stopped", (), N, N, X, N, X, "a look; the loop's joins order everything else"),
    Word("best", (), N, N, X, N, X, "falls only; the loop's joins order everything else"),
    Word("taken", (), N, N, N, X, N, "of two that count on, each has a block of its own; joins order what blocks hold"),
    Word("finishing", (), N, N, N, X, N, "the same"),
    Word("generation", (), N, N, N, X, X, "changes while the process has one thread"),
]

# rule, pattern of the code that breaks it, cure
BANNED = [
    ("raw", r"\b__atomic_\w+|\b__sync_\w+|\b__ATOMIC_\w+|\b__c11_atomic_\w+", "use the operations of filch/atomic.h"),
    ("raw", r"\b_Atomic\b|\batomic_\w+\s*\(", "use the types and operations of filch/atomic.h"),
    ("raw", r"\bvolatile\b", "a shared word is a filch_u32, filch_u64 or filch_ptr"),
    ("raw", r"\bfilch_value\b", "read and write it by the operations of filch/atomic.h"),
    ("raw", r"\buatomic_\w+|\bcmm_\w+|\bCMM_\w+", "use filch/atomic.h; of liburcu only its structures and RCU"),
    ("raw", r"\bfilch_(?:u32|u64|ptr)_[a-z]\w*\b(?!\s*\()", "call it where its order and its edge can be read"),
    ("barrier", r"\b(?:_mm_|__builtin_ia32_)[lsm]fence\b|\b(?:SYS|__NR)_membarrier\b",
     "use filch_fence_seq_cst, or the pair filch_fence_light and fl_fence_heavy"),
]
BANNED_HEADERS = ("stdatomic.h", "urcu/uatomic.h", "urcu/arch.h", "urcu/compiler.h", "atomic")

Exception_ = namedtuple("Exception_", "path rule text why")
EXCEPTIONS = [
    Exception_("runtime/engine/worker.c", "barrier", "asm", "the thread-local is read anew: the same fiber may ask on "
               "another thread, and the compiler knows nothing of switches"),
    Exception_("include/filch/detail/sort_small.h", "barrier", "asm", "keeps the compiler from joining stores, for speed; no "
               "other thread looks"),
    Exception_("runtime/platform/fence.c", "barrier", "SYS_membarrier", "the heavy fence itself"),
]
# The second and third are atomic operations of users' programs.
UNCHECKED = ("include/filch/atomic.h", "runtime/points/points.c", "runtime/points/points_128.c")
