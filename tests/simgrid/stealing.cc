/* SPDX-License-Identifier: MIT OR Apache-2.0
 * Random work stealing on SimGrid, without a line of `filch sim`. A worker is a host. An actor runs
 * tasks, or searches, on a worker, or waits for a stolen task. A second is a nanosecond here.
 * Usage: stealing QUEUE TASKS COSTS SEED WORKERS. QUEUE: `the` (a thief takes the oldest task), or
 * `chase-lev` (it asks, and robs a silent owner). Files: filch sim --show-tasks, --show-costs. */
#include <simgrid/s4u.hpp>

#include <deque>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

namespace s4u = simgrid::s4u;

struct phase {
    double before;
    std::vector<std::pair<size_t, double>> forked; // a task, and the time computed before its fork
    std::vector<size_t> called;
};
static std::vector<std::vector<phase>> tasks; // the phases of each
static std::map<std::string, double> costs;   // ns

struct worker {
    s4u::Host *host;
    std::mt19937_64 random;
    std::deque<struct child *> deque = {}; // oldest first
    long changes = 0;                      // of the oldest
    worker *request = nullptr;             // a thief that waits for an answer
    bool is_called = false, is_asked = false, is_busy = false;
    struct child *gift = nullptr;
    s4u::SemaphorePtr answered = nullptr;
};
struct child { // forked
    size_t task;
    s4u::SemaphorePtr done = s4u::Semaphore::create(0);
    bool is_left = false;   // its parent waits without a worker
    worker *heir = nullptr; // on which it ended
};
static std::vector<worker> workers;
static bool asks; // queue chase-lev
static long stolen;
static worker *run(worker *w, size_t task);

static void spend(const char *cost, size_t times = 1)
{
    s4u::this_actor::sleep_for(costs.at(cost) * times);
}

static bool take(worker *w, worker *victim)
{
    if (victim->deque.empty())
        return w->gift = nullptr, false;
    w->gift = victim->deque.front();
    victim->deque.pop_front();
    return ++victim->changes;
}

static void answer(worker *w, bool &is_wanted)
{
    worker *thief = std::exchange(is_wanted, false) ? std::exchange(w->request, nullptr) : nullptr;
    if (!thief)
        return;
    take(thief, w);
    thief->answered->release();
    spend("answer");
}

static bool ask(worker *w, worker *victim)
{
    bool is_silent = victim->is_called && victim->is_asked;
    double patience = costs.at(is_silent ? "patience-silent" : "patience");
    if (victim->request)
        return false;
    victim->request = w;
    victim->is_called = victim->is_asked = true;
    w->answered = s4u::Semaphore::create(0);
    w->answered->acquire_timeout(std::max(patience, 1e-3)); // 0 would be forever
    if (victim->request != w)
        return spend("reply"), w->gift;
    victim->request = nullptr;
    long seen = victim->changes;
    spend("rob", !victim->deque.empty());
    return victim->changes == seen && take(w, victim);
}

static bool find(worker *w)
{
    size_t others = workers.size() - 1, self = w - workers.data();
    const char *reach = asks ? "ask" : "take";
    double until = s4u::Engine::get_clock() + w->is_busy * costs.at("search-spin");
    for (int round = 0; round < 2 || s4u::Engine::get_clock() < until; round++) {
        for (size_t attempt = 0; attempt < others; attempt++) {
            size_t other = w->random() % others;
            worker *victim = &workers[other + (other >= self)];
            spend("look");
            if (!victim->deque.empty() && (spend(reach), asks ? ask(w, victim) : take(w, victim)))
                return w->is_busy = true;
        }
        spend("look-ready", others); // finds none: parents that may go on do so at once
    }
    spend("awake-pause");
    return w->is_busy = false;
}

static void search(worker *w)
{
    for (bool is_left = false; !is_left;) {
        if (!find(w))
            continue;
        child *begun = w->gift;
        stolen++;
        w->is_called = w->is_asked = false;
        spend("start");
        begun->heir = w = run(w, begun->task);
        is_left = begun->is_left;
        begun->done->release();
    }
}

/* Soon its worker searches; the actor goes on with that of the thief. */
static worker *await(worker *w, child &late)
{
    if (!late.done->acquire_timeout(costs.at("join-spin")) || late.heir)
        return spend("reply"), w;
    late.is_left = true;
    s4u::Actor::create("worker", w->host, [w] { spend("switch"), search(w); });
    late.done->acquire();
    return spend("switch"), late.heir;
}

static worker *join(worker *w, child &newest)
{
    bool is_kept = !w->deque.empty() && w->deque.back() == &newest;
    if (is_kept)
        w->deque.pop_back();
    w->changes += is_kept && w->deque.empty();
    answer(w, w->is_asked);
    if (!is_kept && !newest.heir)
        w = await(w, newest);
    spend("fenced");
    spend("join");
    return is_kept ? run(w, newest.task) : w;
}

/* Returns the worker on which the task ends. */
static worker *run(worker *w, size_t task)
{
    for (const phase &p : tasks[task]) {
        std::deque<child> children;
        s4u::this_actor::exec_init(p.before)->set_host(w->host)->wait();
        for (auto [forked, gap] : p.forked) {
            s4u::this_actor::sleep_for(gap + costs.at("fork"));
            w->deque.push_back(&children.emplace_back(child{forked}));
            answer(w, w->is_called);
            spend("fenced");
        }
        for (size_t called : p.called)
            w = run(w, called);
        for (; !children.empty(); children.pop_back())
            w = join(w, children.back());
    }
    return w;
}

int main(int argc, char **argv)
{
    s4u::Engine engine(&argc, argv);
    asks = argc > 1 && std::string(argv[1]) == "chase-lev";
    std::ifstream task_file(argv[2]), cost_file(argv[3]);
    size_t task, number, parent, of;
    double before, ns;
    std::string word;
    std::getline(task_file, word); // the names of the columns
    while (task_file >> task >> number >> before >> word >> parent >> of >> ns) {
        tasks.resize(std::max(tasks.size(), task + 1));
        tasks[task].push_back({before, {}, {}});
        if (number == 0 && word == "forked")
            tasks.at(parent).at(of).forked.push_back({task, ns});
        else if (number == 0 && word == "called")
            tasks.at(parent).at(of).called.push_back(task);
    }
    for (std::string line; std::getline(cost_file, line);)
        if (std::istringstream(line) >> word >> ns)
            costs[word] = asks && word == "fenced" ? 0 : ns;
    s4u::NetZone *machine = s4u::create_empty_zone("machine");
    for (int i = 0; i < std::stoi(argv[5]); i++) {
        std::seed_seq seed{std::stoi(argv[4]), i};
        s4u::Host *core = machine->create_host("core" + std::to_string(i), 1.0)->seal();
        workers.push_back({core, std::mt19937_64(seed)});
        s4u::Actor::create("worker", core, [i] {
            if (i)
                return search(&workers[i]);
            run(&workers[0], 0);
            std::printf("%.3f %ld\n", s4u::Engine::get_clock(), stolen);
            s4u::Actor::kill_all();
        });
    }
    engine.run();
}
