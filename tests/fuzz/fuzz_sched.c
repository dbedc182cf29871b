/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The structures of sched/ against plain models, in one thread: the ready deque against an array,
 * the idle word against three counts, the fork stack against a list of each slot's holder. Faults
 * that need concurrent threads are the model checker's part; here the sequences are longer and the
 * numbers larger than it can handle. */
#include <sched/deque.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <tests/fuzz/fuzz.h>

/* ---- The ready deque ---- */

enum { ITEMS = 2048, RETIRED = 32 };

static fl_buffer *retired[RETIRED];
static unsigned retirements;

static void retire(fl_deque *grown, fl_buffer *old)
{
    FUZZ_CHECK(retirements < RETIRED, "%u buffers", retirements);
    retired[retirements++] = old;
}

static void *item(uintptr_t n)
{
    return (void *)(8 * (n + 1));
}

static void deque(struct bytes *in)
{
    fl_deque d;
    uintptr_t model[ITEMS];
    unsigned first = 0, past = 0; /* of the model: the deque's contents */
    FUZZ_CHECK(fl_deque_init(&d, 2, retire) == 0, "no memory");
    for (uintptr_t n = 0; in->at < in->end && past < ITEMS;) {
        void *got = NULL;
        unsigned what = below(in, 5);
        if (what < 3) {
            FUZZ_CHECK(fl_deque_push(&d, item(n)) == 0, "no memory");
            model[past++] = n++;
        } else if (what == 3) {
            got = fl_deque_pop(&d);
            FUZZ_CHECK(got == (past > first ? item(model[past - 1]) : NULL), "%p", got);
            past -= past > first;
        } else {
            enum fl_stolen stolen = fl_deque_steal(&d, &got);
            FUZZ_CHECK(stolen == (past > first ? FL_STEAL_GOT : FL_STEAL_EMPTY), "%d", (int)stolen);
            FUZZ_CHECK(got == (past > first ? item(model[first]) : NULL), "%p", got);
            first += past > first;
        }
        FUZZ_CHECK(fl_deque_size(&d) == past - first, "%u", past - first);
    }
    fl_deque_clear(&d);
    while (retirements)
        free(retired[--retirements]);
}

/* ---- The idle word ---- */

static void idle(struct bytes *in)
{
    enum { WORKERS = 7 };
    fl_idle i;
    unsigned searchers = 0, sleepers = 0, tokens = 0;
    bool napping = false, slept = false, changed = false;
    uint64_t was = 0;
    fl_idle_init(&i, 0);
    while (in->at < in->end) {
        unsigned what = below(in, 9);
        fl_unless unless = byte(in) % 3;
        bool claims =
            sleepers &&
            searchers <= (unless == FL_UNLESS_AWAKE && tokens < FL_IDLE_COMING ? tokens : 0) &&
            !(unless == FL_UNLESS_NAPPING && napping);
        if (what == 0 && searchers + sleepers < WORKERS) {
            fl_idle_search(&i), searchers++, changed = true;
        } else if (what == 1 && searchers) {
            uint64_t before = fl_idle_found(&i);
            FUZZ_CHECK(fl_idle_was_last(before) == (searchers == 1 && sleepers), "%u", sleepers);
            searchers--, changed = true;
        } else if (what == 2 && searchers) {
            was = fl_idle_sleep(&i);
            FUZZ_CHECK(fl_idle_searchers(was) == searchers, "%u", searchers);
            searchers--, sleepers++, slept = true, changed = false;
        } else if (what == 3) {
            FUZZ_CHECK(fl_idle_retract(&i) == (sleepers > 0), "%u", sleepers);
            changed = changed || sleepers;
            searchers += sleepers > 0, sleepers -= sleepers > 0;
        } else if (what == 4) {
            FUZZ_CHECK(fl_idle_claim(&i, unless) == claims, "%u %u", searchers, sleepers);
            changed = changed || claims;
            searchers += claims, sleepers -= claims, tokens += claims;
        } else if (what == 5) {
            FUZZ_CHECK(fl_idle_take_token(&i) == (tokens > 0), "%u", tokens);
            tokens -= tokens > 0;
        } else if (what == 6) {
            napping = unless == FL_UNLESS_NAPPING, fl_idle_nap(&i, napping);
        } else if (what == 7) {
            unsigned cpus = 1 + below(in, WORKERS), awake = WORKERS - sleepers;
            unsigned enough = (awake < cpus ? awake : cpus) / 2;
            enough = enough ? enough : 1;
            unsigned more = enough > searchers ? enough - searchers : 0;
            more = more < sleepers ? more : sleepers;
            FUZZ_CHECK(fl_idle_claim_more(&i, WORKERS, cpus) == more, "%u %u", searchers, sleepers);
            changed = changed || more;
            searchers += more, sleepers -= more, tokens += more;
        }
        uint64_t word = fl_idle_look(&i);
        FUZZ_CHECK(fl_idle_searchers(word) == searchers && fl_idle_sleepers(word) == sleepers &&
                       !(word & FL_IDLE_NAPPING) == !napping && fl_idle_has_token(&i) == !!tokens,
                   "%u searchers, %u sleepers, %u tokens", searchers, sleepers, tokens);
        FUZZ_CHECK(!slept || fl_idle_unchanged(&i, was) == !changed, "changed: %d", changed);
    }
}

/* ---- The fork stack ---- */

enum { DEEPEST = 200, THIEVES = 2, FREE = -1 };
enum owner { OWN, TAKEN, OFFERED, DONE };

/* Holders: slots before `oldest` are not the owner's (though OFFERED may come back), from there to
 * `depth` they are. */
static struct {
    fl_forkstack *stack;
    filch_slot *first;
    enum owner owner[DEEPEST];
    void *waiter[DEEPEST];
    unsigned depth, oldest;
    int asking; /* whose request is there, or FREE */
    fl_mailbox box[THIEVES];
    uint64_t look;
    bool looked, out_of_line;
} m;

static void never_run(filch_self self, filch_slot *slot)
{
    abort();
}

static const filch_task task = {never_run, "task"};

static void lay_out(bool out_of_line)
{
    static char *region; /* one for all inputs: it is large */
    if (!region)
        region = aligned_alloc(FILCH_REGION_SIZE, FILCH_REGION_SIZE);
    FUZZ_CHECK(region, "no memory");
    memset(&m, 0, sizeof m);
    m.stack = (fl_forkstack *)(region + FILCH_HEADER_AT);
    memset((void *)m.stack, 0, FL_SLOTS_OFFSET + (DEEPEST + 2) * sizeof(filch_slot));
    fl_forkstack_init(m.stack);
    fl_forkstack_issue(m.stack, out_of_line ? FL_SIDE_FENCED : FL_SIDE_INLINE);
    m.first = fl_first_slot(m.stack);
    m.out_of_line = out_of_line;
    m.asking = FREE;
}

static void check_stack(void)
{
    uint64_t top = filch_u64_load(&m.stack->front.top, FILCH_RELAXED); /* one thread */
    FUZZ_CHECK(fl_slot_at(m.stack, fl_top_index(top)) == m.first + m.oldest, "top is elsewhere");
    FUZZ_CHECK(fl_forkstack_offers(m.stack) == (m.oldest < m.depth), "%u of %u", m.oldest, m.depth);
    FUZZ_CHECK(!m.out_of_line || (top & FL_TOP_ASKED), "back in line");
}

/* The owner serves what lies before slot `end`: the thief that asks, if one does, reads the right
 * answer. */
static void expect_served(unsigned end)
{
    fl_gift gift = {0};
    if (m.asking == FREE)
        return;
    fl_mailbox *box = &m.box[m.asking];
    unsigned here = end > m.oldest ? end - m.oldest : 0;
    unsigned half = here > FL_HALF_FROM ? here / 2 : here > 0;
    unsigned count = half < box->most ? half : box->most;
    FUZZ_CHECK(fl_mailbox_answered(m.stack, box, &gift), "no answer");
    FUZZ_CHECK(gift.count == count, "%u of %u instead of %u", gift.count, here, count);
    FUZZ_CHECK(!count || gift.first == m.first + m.oldest, "another slot");
    for (; count; count--) {
        FUZZ_CHECK(m.first[m.oldest].claimed == &task, "slot %u", m.oldest);
        m.owner[m.oldest++] = TAKEN;
    }
    m.asking = FREE;
}

static void fork_one(unsigned unused)
{
    if (m.depth == DEEPEST)
        return;
    filch_ptr_store(&m.first[m.depth].task, (void *)(uintptr_t)&task,
                    FILCH_RELEASE); /* PublishTask */
    m.owner[m.depth] = OWN;
    m.waiter[m.depth++] = NULL;
    filch_slot *self = m.first + m.depth;
    void *limit = filch_ptr_load(&m.stack->front.limit, FILCH_RELAXED); /* ReadLimit */
    if ((uintptr_t)self < (uintptr_t)limit)
        return;
    fl_forkstack_rearm(m.stack);
    fl_forkstack_serve(m.stack, self);
    expect_served(m.depth);
}

static void finish(unsigned i)
{
    if (m.depth == 0)
        return;
    i %= m.depth;
    if (m.owner[i] != TAKEN)
        return;
    FUZZ_CHECK(fl_slot_finish(m.first + i, &task) == m.waiter[i], "slot %u: another waiter", i);
    m.owner[i] = DONE;
}

static void settle(filch_slot *slot)
{
    unsigned i = m.depth;
    bool asked = filch_u64_load(&m.stack->front.top, FILCH_RELAXED) & FL_TOP_ASKED; /* one thread */
    enum fl_settled settled = fl_forkstack_settle(m.stack, slot);
    if (asked)
        expect_served(i);
    bool kept = m.owner[i] == OWN || m.owner[i] == OFFERED;
    FUZZ_CHECK(settled == (kept ? FL_KEPT : FL_STOLEN), "slot %u: %d", i, (int)settled);
    if (!kept) {
        finish(i);
        FUZZ_CHECK(m.owner[i] == DONE && fl_slot_done(slot), "slot %u", i);
        fl_forkstack_take_back(m.stack, slot);
    }
    if (m.oldest > i)
        m.oldest = i;
}

static void join_one(unsigned unused)
{
    if (m.depth == 0)
        return;
    if (m.owner[m.depth - 1] == TAKEN)
        finish(m.depth - 1);
    filch_slot *slot = m.first + --m.depth;
    filch_ptr_store(&slot->task, NULL, FILCH_RELAXED); /* EraseTask */
    if (filch_u64_load(&m.stack->front.top, FILCH_RELAXED) >= filch_position(slot))
        settle(slot);
    else
        FUZZ_CHECK(m.owner[m.depth] == OWN && m.oldest < m.depth, "slot %u joined inline", m.depth);
}

static void await(unsigned i)
{
    static char fibers[DEEPEST][16];
    if (m.depth == 0)
        return;
    i %= m.depth;
    if ((m.owner[i] != TAKEN && m.owner[i] != DONE) || m.waiter[i])
        return;
    bool waits = fl_slot_await(m.first + i, fibers[i]);
    FUZZ_CHECK(waits == (m.owner[i] == TAKEN), "slot %u", i);
    m.waiter[i] = waits ? fibers[i] : NULL;
}

static void ask(unsigned n)
{
    fl_mailbox *box = &m.box[n % THIEVES];
    if (m.asking == (int)(n % THIEVES))
        return;
    box->most = n / THIEVES % 5 ? n / THIEVES : FL_GIFT_MOST;
    enum fl_asked asked = fl_forkstack_ask(m.stack, box);
    FUZZ_CHECK((asked == FL_ASK_BUSY) == (m.asking != FREE), "%d", (int)asked);
    if (asked != FL_ASK_BUSY)
        m.asking = (int)(n % THIEVES);
}

static void withdraw(unsigned n)
{
    bool mine = m.asking == (int)(n % THIEVES);
    FUZZ_CHECK(fl_forkstack_withdraw(m.stack, &m.box[n % THIEVES]) == mine, "thief %u",
               n % THIEVES);
    if (mine)
        m.asking = FREE;
}

static void look(unsigned unused)
{
    m.looked = fl_forkstack_rob_look(m.stack, &m.look);
    FUZZ_CHECK(m.looked == (m.oldest < m.depth), "%u of %u", m.oldest, m.depth);
}

/* By a look of any age: it takes the oldest of the owner's slots; a look just now takes it. */
static void rob(unsigned fresh)
{
    filch_slot *slot = NULL;
    if (fresh % 2)
        look(0);
    if (!m.looked)
        return;
    const filch_task *taken = fl_forkstack_rob_take(m.stack, m.look, &slot);
    FUZZ_CHECK(taken || !(fresh % 2), "a fresh look fails");
    m.looked = false;
    if (!taken)
        return;
    FUZZ_CHECK(taken == &task && m.oldest < m.depth && slot == m.first + m.oldest, "%p",
               (void *)slot);
    m.owner[m.oldest++] = TAKEN;
}

static void hand(void *unused, filch_slot *slot)
{
    FUZZ_CHECK(slot == m.first + m.oldest && slot->claimed == &task, "%p", (void *)slot);
    m.owner[m.oldest++] = OFFERED;
}

static void flush(unsigned unused)
{
    fl_forkstack_flush(m.stack, hand, NULL);
    FUZZ_CHECK(m.oldest == m.depth, "%u of %u flushed", m.oldest, m.depth);
}

static void take_offered(unsigned i)
{
    if (m.depth == 0)
        return;
    i %= m.depth;
    FUZZ_CHECK(fl_slot_take(m.first + i) == (m.owner[i] == OFFERED), "slot %u", i);
    if (m.owner[i] == OFFERED)
        m.owner[i] = TAKEN;
}

static void (*const stack_step[])(unsigned) = {fork_one, fork_one,     fork_one, join_one, join_one,
                                               ask,      withdraw,     look,     rob,      rob,
                                               flush,    take_offered, finish,   await,    ask};

static void fork_stack(struct bytes *in)
{
    lay_out(byte(in) % 4 == 0);
    while (in->at < in->end) {
        unsigned what = byte(in), number = byte(in);
        unsigned times = what > 0xc0 ? number % 64 + 1 : 1;
        while (times--)
            stack_step[what % (sizeof stack_step / sizeof stack_step[0])](number);
        check_stack();
    }
    while (m.depth)
        join_one(0);
    check_stack();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const part[])(struct bytes *) = {deque, idle, fork_stack, fork_stack};
    struct bytes in = {data, data + size};
    part[byte(&in) % 4](&in);
    return 0;
}
