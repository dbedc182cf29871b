/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: jobs 8; first; needs jansson
 *
 * The handler `coprocess`: the examples in Python and Node, and children that break the protocol. */
#include <runtime/service/handlers/coprocess_frame.h>
#include <signal.h>
#include <tests/service/handlers.h>

#define EXAMPLES FILCH_SOURCE "/docs/examples/worker/"

static const char *words[] = {"sh", "-c", NULL, NULL};

static void begin(handled *one, const char *script, fl_handler_spec spec)
{
    words[2] = script;
    spec.words = words;
    start_spawner();
    handled_begin(one, "coprocess", spec);
}

static bool is_missing(const char *program)
{
    char line[64];
    snprintf(line, sizeof line, "command -v %s >/dev/null", program);
    return system(line) != 0;
}

/* ---- The examples ---- */

static void counts_words(const char *program, const char *example)
{
    if (is_missing(program))
        return;
    const char *const command[] = {program, example, NULL};
    handled one = {0};
    start_spawner();
    handled_begin(&one, "coprocess", (fl_handler_spec){.words = command});
    handled_results(&one, "three small words", "{\"words\":3}");
    handled_expect(&one, "\xe2\x82\xac \"\\\n", FILCH_SERVICE_DONE, "");
    handled_expect(&one, "\xff\xfe", FILCH_SERVICE_DEAD, "the body is no UTF-8 text");
    handled_expect(&one, "", FILCH_SERVICE_RETRIED, "no words yet");
    cr_assert_eq(run_ready(one.service), 0);
    pass(500 * FILCH_MILLISECOND);
    cr_assert_eq(run_ready(one.service), 1);
    cr_assert_eq(signpost_count(&one.outcomes[FILCH_SERVICE_DONE]), 3, "%s", one.reason);
    handled_end(&one);
}

Test(handler_coprocess, the_example_in_python_answers)
{
    counts_words("python3", EXAMPLES "word_count.py");
}

Test(handler_coprocess, the_example_in_node_answers)
{
    if (system("command -v node >/dev/null 2>&1"))
        cr_skip_test("node not found (Debian: nodejs)");
    counts_words("node", EXAMPLES "word_count.js");
}

/* A program that runs the last word of its arguments, with its standard error in a file. */
static void fails_with(const char *program, const char *option, const char *code,
                       const char *reason, const char *trace)
{
    char folder[64], path[80], text[4096];
    handled one = {0};
    handled_folder(folder);
    snprintf(path, sizeof path, "%s/errors", folder);
    const char *const command[] = {"sh",    "-c", "exec \"$0\" \"$2\" \"$3\" 2>\"$1\"",
                                   program, path, option,
                                   code,    NULL};
    start_spawner();
    handled_begin(&one, "coprocess", (fl_handler_spec){.words = command});
    handled_expect(&one, "body", FILCH_SERVICE_DEAD, "");
    cr_assert_str_eq(one.reason, reason);
    handled_end(&one);
    FILE *file = fopen(path, "r");
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    cr_assert(strstr(text, trace), "%s", text);
    fclose(file);
    unlink(path);
    rmdir(folder);
}

Test(handler_coprocess, python_exception_reports_class_and_traceback)
{
    if (is_missing("python3"))
        return;
    fails_with("python3", "-c",
               "import sys\nsys.path.insert(0, '" EXAMPLES "')\nfrom filch_coprocess import serve\n"
               "def look_up(job): return {}['key']\nserve(look_up)",
               "KeyError: 'key'", "in look_up");
}

Test(handler_coprocess, node_exception_reports_class_and_stack)
{
    if (system("command -v node >/dev/null 2>&1"))
        cr_skip_test("node not found (Debian: nodejs)");
    fails_with("node", "-e",
               "require('" EXAMPLES "filch_coprocess').serve(async function lookUp() {"
               " throw new RangeError('key'); })",
               "RangeError: key", "lookUp");
}

/* ---- Its environment ---- */

Test(handler_coprocess, only_named_variables_are_passed)
{
    static const char *const passed[] = {"DATABASE_URL", NULL};
    const char *const command[] = {
        "python3", "-c",
        "import os, sys\nsys.path.insert(0, '" EXAMPLES "')\nfrom filch_coprocess import serve\n"
        "serve(lambda job: job.result(','.join(name for name in job.body.decode().split() "
        "if name in os.environ)))",
        NULL};
    handled one = {0};
    if (is_missing("python3"))
        return;
    setenv("AWS_SECRET_ACCESS_KEY", "x", 1);
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=x", 1);
    setenv("DATABASE_URL", "url", 1);
    setenv("UNRELATED", "1", 1);
    setenv("HOME", "/", 1);
    start_spawner();
    handled_begin(&one, "coprocess", (fl_handler_spec){.words = command, .passed = passed});
    handled_results(
        &one, "AWS_SECRET_ACCESS_KEY DATABASE_URL HOME OTEL_EXPORTER_OTLP_HEADERS PATH UNRELATED",
        "DATABASE_URL,HOME,PATH");
    handled_end(&one);
}

/* ---- A child in Python that answers as each body says ---- */

/* Runs the body with `write`, `request`, and what else it imports. */
static const char *const obeys[] = {
    "python3", "-c",
    "import json, os, struct, subprocess, sys, time\n"
    "i, o = os.fdopen(0, 'rb'), os.fdopen(1, 'wb')\n"
    "def write(frame, size=None):\n"
    "    text = frame if isinstance(frame, bytes) else json.dumps(frame).encode()\n"
    "    o.write(struct.pack('>I', len(text) if size is None else size) + text); o.flush()\n"
    "def answer(status, **more): write(dict(id=request['id'], status=status, **more))\n"
    "while True:\n"
    "    head = i.read(4)\n"
    "    if len(head) < 4: sys.exit()\n"
    "    request = json.loads(i.read(struct.unpack('>I', head)[0]))\n"
    "    exec(request['body'])\n",
    NULL};

static void obey(handled *one, fl_handler_spec spec)
{
    spec.words = obeys;
    spec.grace = spec.grace ? spec.grace : 5 * FILCH_SECOND;
    start_spawner();
    handled_begin(one, "coprocess", spec);
}

Test(handler_coprocess, statuses_decide)
{
    if (is_missing("python3"))
        return;
    handled one = {0};
    obey(&one, (fl_handler_spec){0});
    handled_expect(&one, "answer('done')", FILCH_SERVICE_DONE, "");
    handled_expect(&one, "answer('retry', after_ms=5, reason='later')", FILCH_SERVICE_RETRIED,
                   "later");
    handled_expect(&one, "answer('fail', reason='bad\\r\\nX: y')", FILCH_SERVICE_DEAD,
                   "bad\\r\\nX: y");
    handled_expect(&one, "write({'log': 'begins'}); write({'progress': 0.5}); answer('done')",
                   FILCH_SERVICE_DONE, "");
    handled_expect(&one,
                   "answer('done' if request['deadline_ms'] > 0 and request['attempt'] == 1 and "
                   "request['type'] == 'job' and request['headers'] == {} else 'fail')",
                   FILCH_SERVICE_DONE, "");
    handled_end(&one);
}

Test(handler_coprocess, job_without_id_is_null)
{
    if (is_missing("python3"))
        return;
    handled one = {0};
    obey(&one, (fl_handler_spec){0});
    handled_run_foreign(&one, "answer('done' if request['id'] is None else 'fail')");
    cr_assert_eq(signpost_count(&one.outcomes[FILCH_SERVICE_DONE]), 1, "%s", one.reason);
    handled_run_foreign(&one, "request['id'] = 'none'; answer('done')");
    cr_assert(strstr(one.reason, "an answer for another id"), "%s", one.reason);
    handled_end(&one);
}

Test(handler_coprocess, progress_and_results_are_kept)
{
    static char large[200];
    filch_service_record *record = NULL;
    if (is_missing("python3"))
        return;
    handled one = {0};
    obey(&one, (fl_handler_spec){.output_most = 1 << 20});
    handled_results(&one, "answer('done')", NULL);
    handled_results(&one, "answer('done', result='a text')", "a text");
    handled_results(&one, "answer('done', result=[1, 2.5, 9007199254740993])",
                    "[1,2.5,9007199254740993]");
    handled_results(&one, "answer('done', result=True)", "true");
    handled_run(&one, (filch_message){
                          .id = "1",
                          .body = "write({'progress': 'half'}); write({'progress': {'of': 2}}); "
                                  "answer('fail', reason='no', result=1)",
                          .body_size = strlen("write({'progress': 'half'}); write({'progress': "
                                              "{'of': 2}}); answer('fail', reason='no', "
                                              "result=1)")});
    OK(filch_service_record_read(one.service, "1", &record, FILCH_FOREVER));
    cr_assert_eq(record->state, FILCH_RECORD_DEAD);
    cr_assert_str_eq(record->progress, "{\"of\":2}");
    cr_assert_str_eq(record->reason, "no");
    cr_assert_null(record->result);
    filch_service_record_destroy(record);
    snprintf(large, sizeof large, "answer('done', result='x' * %d)", FILCH_SERVICE_RECORD_MOST + 1);
    handled_expect(&one, large, FILCH_SERVICE_DEAD, "65537 bytes are too many for a record");
    handled_end(&one);
}

/* Lines of a log, one behind the other. */
typedef struct lines {
    char text[4096];
    size_t length;
    pthread_mutex_t lock;
} lines;

static void keep_line(const char *line, size_t size, void *arg)
{
    lines *all = arg;
    pthread_mutex_lock(&all->lock);
    if (size < sizeof all->text - all->length) {
        memcpy(all->text + all->length, line, size);
        all->length += size;
    }
    pthread_mutex_unlock(&all->lock);
}

Test(handler_coprocess, logs_and_progress_reach_service_log)
{
    lines all = {.lock = PTHREAD_MUTEX_INITIALIZER};
    filch_log log;
    if (is_missing("python3"))
        return;
    filch_log_init(&log, FILCH_LOG_DEBUG, keep_line, &all);
    handled one = {.log = &log};
    obey(&one, (fl_handler_spec){0});
    handled_expect(&one, "write({'log': 'be\\ngins'}); write({'progress': 0.5}); answer('done')",
                   FILCH_SERVICE_DONE, "");
    handled_end(&one);
    cr_assert(strstr(all.text, "\"text\":\"be\\ngins\""), "%s", all.text);
    cr_assert(strstr(all.text, "\"progress\":\"0.5\""), "%s", all.text);
}

Test(handler_coprocess, protocol_breaking_child_is_replaced)
{
    static const char *const rows[][2] = {
        {"sys.exit(3)", "it ended without an answer (exit 3)"},
        {"o.write(b'garbage without end'); o.flush()", "its frame is empty or too long"},
        {"write(b'')", "its frame is empty or too long"},
        {"write(b'x' * 70000)", "its frame is empty or too long"},
        {"write(b'{not json')", "not a JSON object"},
        {"write(b'[' * 1000 + b']' * 1000)", "not a JSON object"},
        {"write([])", "not a JSON object"},
        {"write({})", "neither an answer"},
        {"write({'id': 'other', 'status': 'done'})", "an answer for another id"},
        {"write({'id': 1, 'status': 'done'})", "neither an answer"},
        {"answer('finished')", "a status other than"},
        {"write(b'half', 100); sys.exit(0)", "it ended without an answer (exit 0)"}};
    if (is_missing("python3"))
        return;
    handled one = {0};
    obey(&one, (fl_handler_spec){0});
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        handled_expect(&one, "answer('done')", FILCH_SERVICE_DONE,
                       ""); /* so that none dies at start */
        handled_expect(&one, rows[i][0], FILCH_SERVICE_RETRIED, rows[i][1]);
    }
    handled_end(&one);
}

/* Fails with the child's pid and its count of jobs. */
#define TELLS                                                                                      \
    "n = globals().get('n', 0) + 1; answer('fail', reason=str(os.getpid()) + ' ' + str(n))"

static void tells(handled *one, const char *body, long *pid, int *count)
{
    handled_expect(one, body, FILCH_SERVICE_DEAD, "");
    cr_assert_eq(sscanf(one->reason, "%ld %d", pid, count), 2, "%s", one->reason);
}

Test(handler_coprocess, child_serves_jobs_until_worn)
{
    long first, second, third;
    int count;
    if (is_missing("python3"))
        return;
    handled one = {0};
    obey(&one, (fl_handler_spec){.recycle_jobs = 2});
    tells(&one, TELLS, &first, &count);
    cr_assert_eq(count, 1);
    tells(&one, TELLS, &second, &count);
    cr_assert_eq(count, 2);
    cr_assert_eq(first, second);
    tells(&one, TELLS, &third, &count);
    cr_assert_eq(count, 1);
    handled_end(&one);
}

Test(handler_coprocess, child_using_excess_memory_is_replaced)
{
    long pid;
    int count;
    if (is_missing("python3"))
        return;
    handled one = {0};
    obey(&one, (fl_handler_spec){.recycle_bytes = 150 << 20});
    tells(&one, TELLS, &pid, &count);
    tells(&one, "x = b'x' * (200 << 20); " TELLS, &pid, &count);
    cr_assert_eq(count, 2);
    tells(&one, TELLS, &pid, &count);
    cr_assert_eq(count, 1);
    handled_end(&one);
}

Test(handler_coprocess, trailing_bytes_never_answer_next_job)
{
    long pid;
    int count;
    if (is_missing("python3"))
        return;
    handled one = {0};
    obey(&one, (fl_handler_spec){0});
    handled_expect(&one, "o.write(b'\\0\\0\\0'); answer('done')", FILCH_SERVICE_RETRIED, "");
    handled_expect(&one,
                   "t = json.dumps(dict(id=request['id'], status='done')).encode()\n"
                   "o.write(struct.pack('>I', len(t)) + t + b'more'); o.flush()",
                   FILCH_SERVICE_DONE, "");
    tells(&one, TELLS, &pid, &count);
    cr_assert_eq(count, 1);
    handled_end(&one);
}

/* ---- Late children ---- */

Test(handler_coprocess, late_child_is_killed_and_replaced)
{
    static const char *const rows[] = {
        "time.sleep(1000)", "subprocess.Popen(['setsid', 'sleep', '1000']); time.sleep(1000)",
        "while True: write({'log': 'x'})"};
    int count;
    if (is_missing("python3"))
        return;
    handled one = {.workers = 1, .handler.timeout = FILCH_SECOND};
    obey(&one, (fl_handler_spec){0});
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        handled_expect(&one, rows[i], FILCH_SERVICE_RETRIED, "in time");
    const filch_message tell = {.body = TELLS, .body_size = strlen(TELLS)};
    while (!signpost_count(&one.outcomes[FILCH_SERVICE_DEAD])) /* a slow start is late, too */
        handled_run(&one, tell);
    cr_assert_eq(sscanf(one.reason, "%*d %d", &count), 1);
    cr_assert_eq(count, 1);
    handled_end(&one);
}

Test(handler_coprocess, child_that_never_reads_times_out)
{
    enum { LARGE = 4 << 20 };
    char *body = malloc(LARGE + 1);
    memset(body, 'x', LARGE);
    body[LARGE] = '\0';
    handled one = {.handler.timeout = FILCH_SECOND};
    begin(&one, "trap '' TERM; exec sleep 1000", (fl_handler_spec){.grace = FILCH_MILLISECOND});
    handled_expect(&one, body, FILCH_SERVICE_RETRIED, "in time");
    handled_end(&one);
    free(body);
}

Test(handler_coprocess, startup_deaths_delay_restarts_increasingly)
{
    handled one = {0};
    begin(&one, "exit 3", (fl_handler_spec){0});
    int64_t begun = filch_now();
    for (unsigned i = 0; i < 3; i++)
        handled_expect(&one, "", FILCH_SERVICE_RETRIED,
                       "(exit 3)");                              /* also if it has read nothing */
    cr_assert_geq(filch_now() - begun, 300 * FILCH_MILLISECOND); /* 100 + 200 */
    handled_end(&one);
}

Test(handler_coprocess, jobs_wait_for_a_free_child)
{
    if (is_missing("python3"))
        return;
    handled one = {.handler.width = 4};
    obey(&one, (fl_handler_spec){.processes = 2});
    for (unsigned i = 0; i < 20; i++)
        publish(one.service, "job", "answer('done')");
    cr_assert_eq(run_ready(one.service), 20);
    cr_assert_eq(signpost_count(&one.outcomes[FILCH_SERVICE_DONE]), 20, "%s", one.reason);
    handled_end(&one);
}

Test(handler_coprocess, unstartable_program_is_retried)
{
    handled one = {0};
    start_spawner();
    handled_vanishes(&one, "coprocess");
    handled_refuses("coprocess", NULL, "lacks its program");
}

/* ---- Frames ---- */

Test(handler_coprocess, frame_is_found_when_whole)
{
    static const char data[] = "\0\0\1\2";
    size_t length;
    for (size_t size = 0; size < 4; size++) {
        cr_assert_eq(fl_frame_find(data, size, 1000, &length), 0);
        cr_assert_eq(length, 0);
    }
    cr_assert_eq(fl_frame_find(data, 4, 1000, &length), 0);
    cr_assert_eq(length, 0x102);
    cr_assert_eq(fl_frame_find(data, 4 + 0x101, 1000, &length), 0);
    cr_assert_eq(fl_frame_find(data, 4 + 0x102, 0x102, &length), 1);
    cr_assert_eq(fl_frame_find(data, 4 + 0x102, 0x101, &length), -EMSGSIZE);
    cr_assert_eq(fl_frame_find("\0\0\0\0", 4, 1000, &length), -EMSGSIZE);
    cr_assert_eq(fl_frame_find("\xff\xff\xff\xff", 4, 1000, &length), -EMSGSIZE);
}
