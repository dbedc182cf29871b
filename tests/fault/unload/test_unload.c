/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * dlopen and dlclose of the library, by a program that is not linked with it: its leftovers in the
 * process (threads, keys, handlers) keep working, and nothing grows from round to round. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <tests/fault/unload/plugin.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static void *load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        dprintf(STDERR_FILENO, "%s\n", dlerror());
    CHILD_CHECK(library);
    return library;
}

static void call(void *library, const char *name)
{
    plugin_function *function;
    *(void **)&function = dlsym(library, name);
    CHILD_CHECK(function && function() == 0);
}

/* From dlopen to dlclose. `what` is a function of the plugin, or NULL. */
static void visit(const char *what)
{
    void *library = load(FILCH_PLUGIN);
    if (what)
        call(library, what);
    CHILD_CHECK(dlclose(library) == 0);
}

static void passes(void (*work)(void))
{
    struct child child;
    child_run(&child, work);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
}

/* Destructors run: they, too, find what they need. */
static void leave(void)
{
    fflush(stderr);
    exit(0);
}

static void load_and_unload(void)
{
    for (int i = 0; i < 20; i++) {
        CHILD_CHECK(dlclose(load(FILCH_LIBRARY)) == 0);
        visit(NULL);
    }
    leave();
}

/* Threads, mappings, files, and the heap but for what the C library keeps for later. */
static void live_again_and_again(void)
{
    enum { WARM = 10, ROUNDS = 40, SLACK = 64 << 10 };
    unsigned threads = 0, files = 0, mappings = 0;
    size_t heap = 0;
    for (int i = 0; i < WARM + ROUNDS; i++) {
        visit(i % 2 ? "plugin_live" : "plugin_go");
        if (i != WARM)
            continue;
        threads = process_threads();
        files = process_files();
        mappings = process_mappings();
        heap = mallinfo2().uordblks;
    }
    process_wait_for_threads(threads);
    CHILD_CHECK(process_files() <= files);
    CHILD_CHECK(BUILD_ASAN || BUILD_TSAN || process_mappings() <= mappings + ROUNDS / 4);
    CHILD_CHECK(BUILD_ASAN || BUILD_TSAN || mallinfo2().uordblks <= heap + SLACK);
    leave();
}

static void *visit_in_a_thread(void *what)
{
    visit(what);
    return NULL;
}

/* A thread ends after the library was closed, with something of the library's still to be done at
 * its end. */
static void end_a_thread_afterwards(void)
{
    static const char *const what[] = {"plugin_go", "plugin_live", NULL};
    for (unsigned i = 0; i < 3; i++) {
        pthread_t thread;
        CHILD_CHECK(pthread_create(&thread, NULL, visit_in_a_thread, (void *)(uintptr_t)what[i]) ==
                    0);
        pthread_join(thread, NULL);
    }
    leave();
}

static void fork_afterwards(void)
{
    visit("plugin_live");
    for (int i = 0; i < 5; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            visit("plugin_live");
            _exit(0);
        }
        int status = -1;
        waitpid(pid, &status, 0);
        CHILD_CHECK(status == 0);
    }
    visit("plugin_live");
    leave();
}

static void users_handler(int signal)
{
    (void)signal;
    _exit(42);
}

static void fault_afterwards(void)
{
    CHILD_CHECK(signal(SIGSEGV, users_handler) != SIG_ERR);
    visit("plugin_live");
    raise(SIGSEGV);
}

Test(unload, unused_library_can_be_closed)
{
    passes(load_and_unload);
}

Test(unload, nothing_grows_from_round_to_round)
{
    passes(live_again_and_again);
}

Test(unload, threads_can_end_after_closing_library)
{
    passes(end_a_thread_afterwards);
}

Test(unload, fork_after_the_library_was_closed)
{
    if (BUILD_TSAN) /* liburcu starts a thread in the child, which thread sanitizer refuses */
        return;
    passes(fork_afterwards);
}

Test(unload, faults_after_closing_reach_program_handler)
{
    struct child child;
    child_run(&child, fault_afterwards);
    cr_assert(WIFEXITED(child.status) && WEXITSTATUS(child.status) == 42, "0x%x: %s", child.status,
              child.text);
}
