/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_top_parts
 *
 * Requests to a shared runtime change its workers and its policy, are refused by name, and are
 * over when its destruction begins. */
#include <pthread.h>
#include <sys/resource.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>
#include <tools/top/control.h>

static filch_runtime *create(unsigned share)
{
    filch_runtime *rt = NULL;
    const filch_config config = {.size = sizeof config,
                                 .workers = 2,
                                 .max_workers = 4,
                                 .share = share};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

static page_reading read_page(void)
{
    top_page page;
    WAIT_WHILE(!shared_is_there(&page, 0, 1));
    page_reading reading = shared_read(&page);
    page_close(&page);
    return reading;
}

Test(share_control, request_changes_worker_count)
{
    char error[PAGE_ERROR] = "";
    filch_runtime *rt = create(2);
    page_reading reading = read_page();
    cr_assert(control_send(&reading, "workers 4", error), "%s", error);
    cr_assert_eq(filch_runtime_workers(rt), 4);
    cr_assert_eq(FILCH_RUN(rt, fib, 15), serial_fib(15));
    cr_assert(control_send(&reading, "workers 1", error), "%s", error);
    cr_assert_eq(filch_runtime_workers(rt), 1);
    page_reading_free(&reading);
    OK(filch_runtime_destroy(rt));
}

Test(share_control, a_request_changes_the_victim_policy)
{
    char error[PAGE_ERROR] = "";
    filch_runtime *rt = create(2);
    page_reading before = read_page();
    cr_assert(control_send(&before, "policy nearest", error), "%s", error);
    page_reading after = read_page();
    cr_assert_str_eq(shared_text(&before, "runtime", 0, "policy"), "random");
    cr_assert_str_eq(shared_text(&after, "runtime", 0, "policy"), "nearest");
    page_reading_free(&before);
    page_reading_free(&after);
    OK(filch_runtime_destroy(rt));
}

static const struct {
    const char *request, *reason;
} refusals[] = {
    {"workers 0", "0 workers are out of range (1 to 4)"},
    {"workers 5", "5 workers are out of range (1 to 4)"},
    {"workers 65537", "not a number of workers"},
    {"workers -1", "not a number of workers"},
    {"workers 3x", "not a number of workers"},
    {"workers ", "not a number of workers"},
    {"workers", "unknown request 'workers' (valid: workers N"},
    {"worker 3", "unknown request 'worker 3'"},
    {"policy nonsense", "'nonsense' (valid: random"},
    {"", "unknown request ''"},
};

Test(share_control, bad_request_changes_nothing)
{
    filch_runtime *rt = create(2);
    page_reading reading = read_page();
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        char error[PAGE_ERROR] = "";
        cr_expect_not(control_send(&reading, refusals[i].request, error), "%s",
                      refusals[i].request);
        cr_expect(strstr(error, refusals[i].reason), "%s: %s", refusals[i].request, error);
    }
    cr_assert_eq(filch_runtime_workers(rt), 2);
    page_reading_free(&reading);
    OK(filch_runtime_destroy(rt));
}

Test(share_control, shared_only_runtime_refuses_requests)
{
    char error[PAGE_ERROR] = "";
    filch_runtime *rt = create(1);
    page_reading reading = read_page();
    cr_assert_not(control_send(&reading, "workers 4", error));
    cr_assert(strstr(error, "FILCH_SHARE=2"), "%s", error);
    page_reading_free(&reading);
    OK(filch_runtime_destroy(rt));
}

static page_reading kept;

static void ask_as_another_user(void)
{
    enum { NOBODY = 65534 };
    char error[PAGE_ERROR] = "";
    CHILD_CHECK(setresuid(NOBODY, NOBODY, NOBODY) == 0);
    CHILD_CHECK(!control_send(&kept, "workers 4", error));
    CHILD_CHECK(strstr(error, "user 65534 may not change it"));
}

Test(share_control, another_user_is_refused)
{
    if (geteuid() != 0)
        cr_skip_test("only root can become another user");
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer refuses threads in such a child");
    struct child child;
    filch_runtime *rt = create(2);
    kept = read_page();
    child_run(&child, ask_as_another_user);
    cr_assert(child_passed(&child), "%s", child.text);
    cr_assert_eq(filch_runtime_workers(rt), 2);
    page_reading_free(&kept);
    OK(filch_runtime_destroy(rt));
}

static signpost is_asking;

/* Until the runtime is gone. */
static void *ask_for_ever(void *reading)
{
    char error[PAGE_ERROR];
    for (unsigned i = 0; control_send(reading, i % 2 ? "workers 4" : "workers 1", error); i++)
        signpost_raise(&is_asking);
    return NULL;
}

Test(share_control, requests_end_when_the_destruction_begins)
{
    enum { ROUNDS = 5 };
    for (uint32_t i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        filch_runtime *rt = create(2);
        page_reading reading = read_page();
        uint32_t before = signpost_count(&is_asking);
        cr_assert_eq(pthread_create(&thread, NULL, ask_for_ever, &reading), 0);
        signpost_wait(&is_asking, before + 1);
        OK(filch_runtime_destroy(rt));
        pthread_join(thread, NULL);
        page_reading_free(&reading);
    }
}

Test(share_control, missing_socket_refuses_runtime)
{
    struct rlimit limit, few;
    filch_runtime *rt = NULL;
    const filch_config config = {.size = sizeof config, .workers = 1, .share = 2};
    cr_assert_eq(fib_life(1, NULL, 12), 0);
    unsigned files = process_files();
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int first = dup(STDOUT_FILENO), second = dup(STDOUT_FILENO);
    few = (struct rlimit){(rlim_t)second, limit.rlim_max}; /* the page gets the first */
    close(first);
    close(second);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    int rc = filch_runtime_create(&rt, &config);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_assert_eq(rc, -EMFILE);
    cr_assert(strstr(filch_error(), "control socket"), "%s", filch_error());
    cr_assert_null(rt);
    cr_assert_eq(process_files(), files);
}
