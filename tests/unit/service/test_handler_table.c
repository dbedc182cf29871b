/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs jansson
 *
 * The handlers of a service program: the key `handlers`, and the table made of it. */
#include <runtime/service/program/handler_table.h>
#include <tests/service/configuration.h>

TestSuite(handler_table, .fini = drop_file);

Test(handler_table, handlers_have_kinds_words_and_limits)
{
    loads_file("{\"retry-delay\": \"2s\", \"handlers\": ["
               "{\"type\": \"a\", \"echo\": true, \"width\": 2, \"rate\": \"6000/m\"},"
               "{\"type\": \"b\", \"sleep\": [], \"rate\": \"5/s:50\", \"retry-attempts\": 9,"
               " \"thread\": true}]}");
    cr_assert_eq(got.handler_count, 2);
    const fl_configured_handler *a = got.handlers, *b = a + 1;
    cr_assert_str_eq(a->type, "a");
    cr_assert_str_eq(a->kind->name, "echo");
    cr_assert(a->width == 2 && !a->has_retry && !a->has_thread);
    cr_assert(a->rate.rate == 6000 && a->rate.burst == 600 && a->rate.period == 60 * FILCH_SECOND);
    cr_assert(b->rate.burst == 50 && b->has_retry && b->has_thread && b->thread);
    cr_assert(b->retry.attempts == 9 && b->retry.base == 2 * FILCH_SECOND, "the rest is inherited");
    cr_assert(!b->spec.words[0]);
    fl_configuration_end(&got);
}

Test(handler_table, members_unused_by_kind_are_refused)
{
    loads_file("{\"handlers\": [{\"type\": \"a\", \"coprocess\": [\"sh\"], \"processes\": 3,"
               " \"output-most\": \"1MiB\", \"grace\": 1, \"recycle-jobs\": 9,"
               " \"recycle-bytes\": \"1GiB\"}, {\"type\": \"b\", \"command\": \"sh\","
               " \"grace\": 1}, {\"type\": \"c\", \"http\": \"http://a\", \"output-most\": 9}]}");
    const fl_handler_spec *spec = &got.handlers[0].spec;
    cr_assert(spec->output_most == 1 << 20 && spec->grace == FILCH_SECOND && spec->processes == 3);
    cr_assert(spec->recycle_jobs == 9 && spec->recycle_bytes == 1 << 30);
    fl_configuration_end(&got);
    refuses((sources){.options = {"--handlers=[{\"processes\": 3, \"type\": \"b\","
                                  " \"command\": \"sh\"}]"}},
            "handlers[0] b: processes not used command remove");
    refuses((sources){.options = {"--handlers=[{\"type\": \"b\", \"echo\": true, \"grace\": 1}]"}},
            "b: grace not used echo");
    refuses((sources){.options = {"--handlers=[{\"type\": \"b\", \"result\": true}]"}},
            "b: result not used program");
}

Test(handler_table, wrong_handlers_are_refused_by_place)
{
    static const char *const rows[][2] = {
        {"[3]", "handlers[0] type"},
        {"[{}]", "handlers[0] type"},
        {"[{\"type\": \"\", \"echo\": true}]", "handlers[0] type"},
        {"[{\"type\": 3, \"echo\": true}]", "handlers[0] type"},
        {"[{\"type\": \"a\", \"echo\": true}, {\"type\": \"b\", \"ecko\": true}]",
         "handlers[1] b 'ecko' echo"},
        {"[{\"type\": \"a\", \"echo\": true, \"widtth\": 3}]", "'widtth' width"},
        {"[{\"type\": \"a\", \"echo\": true, \"width\": 0}]", "a: width: '0' 1..100000"},
        {"[{\"type\": \"a\", \"echo\": true, \"sleep\": true}]", "echo sleep kind"},
        {"[{\"type\": \"a\", \"echo\": [\"x\"]}]", "echo: words true"},
        {"[{\"type\": \"a\", \"echo\": \"x\"}]", "echo: words"},
        {"[{\"type\": \"a\", \"echo\": false}]", "echo string"},
        {"[{\"type\": \"a\", \"echo\": true, \"rate\": \"10\"}]", "rate: '10' N/s"},
        {"[{\"type\": \"a\", \"echo\": true, \"rate\": \"0/s\"}]", "rate"},
        {"[{\"type\": \"a\", \"echo\": true, \"rate\": \"5/w\"}]", "rate"},
        {"[{\"type\": \"a\", \"echo\": true, \"rate\": \"5:1/s\"}]", "rate"},
        {"[{\"type\": \"a\", \"echo\": true, \"rate\": \"5/s:0\"}]", "rate"},
        {"[{\"type\": \"a\", \"echo\": true, \"output-most\": \"2GiB\"}]", "1..1GiB"},
        {"[{\"type\": \"a\", \"echo\": true, \"retry-delay\": \"1h\", \"retry-max\": \"1m\"}]",
         "retry-max retry-delay"},
        {"[{\"type\": \"a\", \"echo\": true", "handlers line"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        char option[256];
        snprintf(option, sizeof option, "--handlers=%s", rows[i][0]);
        refuses((sources){.options = {option}}, rows[i][1]);
    }
}

static int own(filch_self self, filch_service_job *job, void *arg)
{
    return 0;
}

static int table_of(fl_handler_table *table, const char *handlers, const filch_handler *given,
                    size_t count)
{
    loads((sources){.options = {"--handlers", handlers}});
    return fl_handler_table_init(table, &got, given, count);
}

static void end_table(fl_handler_table *table)
{
    fl_handler_table_end(table);
    fl_configuration_end(&got);
}

Test(handler_table, table_limits_own_adds_builtin_handlers)
{
    const filch_handler given = {.type = "mine", .fn = own, .width = 1, .timeout = 7};
    fl_handler_table table;
    cr_assert_eq(table_of(&table,
                          "[{\"type\": \"mine\", \"width\": 3, \"retry-attempts\": 2},"
                          " {\"type\": \"other\", \"echo\": true}]",
                          &given, 1),
                 0);
    cr_assert_eq(table.count, 2);
    cr_assert(table.handlers[0].fn == own && table.handlers[0].width == 3);
    cr_assert(table.handlers[0].timeout == 7 && table.handlers[0].retry->attempts == 2);
    cr_assert_str_eq(table.handlers[1].type, "other");
    cr_assert(table.handlers[1].fn && table.handlers[1].fn != own);
    end_table(&table);
}

Test(handler_table, members_switch_breaker_on)
{
    static const struct {
        const char *members;
        bool is_on;
    } rows[] = {{"", false},
                {", \"breaker\": false", false},
                {", \"breaker\": true", true},
                {", \"breaker-percent\": 50", true},
                {", \"breaker-open\": \"5s\", \"breaker\": false", false}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        char handlers[128];
        fl_handler_table table;
        snprintf(handlers, sizeof handlers, "[{\"type\": \"a\", \"echo\": true%s}]",
                 rows[i].members);
        cr_assert_eq(table_of(&table, handlers, NULL, 0), 0, "%s", filch_error());
        cr_assert_eq(table.handlers[0].breaker != NULL, rows[i].is_on, "%s", handlers);
        end_table(&table);
    }
    refuses((sources){.options = {"--handlers=[{\"type\": \"a\", \"breaker-percent\": 101}]"}},
            "a: breaker-percent: '101' 1..100");
}

static char logged[FILCH_LOG_LINE + 1];

static void remember(const char *text, size_t size, void *arg)
{
    memcpy(logged, text, size);
    logged[size] = '\0';
}

/* Two of three attempts fail; the next ones are refused until the time is over, then three succeed. */
Test(handler_table, default_breaker_opens_at_two_thirds)
{
    const filch_handler given = {.type = "mine", .fn = own};
    fl_handler_table table;
    filch_breaker_ticket tickets[4];
    cr_assert_eq(table_of(&table,
                          "[{\"type\": \"mine\", \"breaker\": true, \"breaker-open\": \"1h\"}]",
                          &given, 1),
                 0);
    filch_breaker *breaker = table.handlers[0].breaker;
    filch_log log;
    filch_log_init(&log, FILCH_LOG_INFO, remember, NULL);
    table.log = &log;
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(filch_breaker_state_read(breaker), FILCH_BREAKER_CLOSED);
        OK(filch_breaker_allow(breaker, &tickets[0]));
        filch_breaker_report(breaker, &tickets[0],
                             i ? FILCH_BREAKER_FAILURE : FILCH_BREAKER_SUCCESS);
    }
    cr_assert(strstr(logged, "circuit breaker changed") && strstr(logged, "mine"), "%s", logged);
    cr_assert(strstr(logged, "closed") && strstr(logged, "open"), "%s", logged);
    cr_assert_eq(filch_breaker_allow(breaker, &tickets[0]), -EHOSTDOWN);
    filch_breaker_trip(breaker, 0); /* its time is over now */
    for (unsigned i = 0; i < 3; i++)
        OK(filch_breaker_allow(breaker, &tickets[i]));
    cr_assert_eq(filch_breaker_allow(breaker, &tickets[3]), -EHOSTDOWN);
    for (unsigned i = 0; i < 3; i++)
        filch_breaker_report(breaker, &tickets[i], FILCH_BREAKER_SUCCESS);
    cr_assert_eq(filch_breaker_state_read(breaker), FILCH_BREAKER_CLOSED);
    end_table(&table);
}

Test(handler_table, without_handlers_wordless_kinds_are_served)
{
    fl_handler_table table;
    loads((sources){.options = {NULL}});
    cr_assert_eq(fl_handler_table_init(&table, &got, NULL, 0), 0);
    cr_assert_geq(table.count, 3);
    for (size_t i = 0; i < table.count; i++)
        cr_assert_str_eq(table.handlers[i].type, table.kinds[i]->name);
    end_table(&table);
    const filch_handler given = {.type = "mine", .fn = own};
    loads((sources){.options = {NULL}});
    cr_assert_eq(fl_handler_table_init(&table, &got, &given, 1), 0);
    cr_assert_eq(table.count, 1);
    end_table(&table);
}

Test(handler_table, unservable_entry_is_named_by_place)
{
    static const struct {
        const char *handlers, *why;
    } rows[] = {
        {"[{\"type\": \"other\", \"width\": 3}]",
         "handlers[0] other: it has no kind; add one, such as \"command\": [\"PROGRAM\"] (valid: "
         "command, "},
        {"[{\"type\": \"mine\"}, {\"type\": \"echo\", \"width\": 2}]",
         "handlers[1] echo: it has no kind; add one, such as \"echo\": true (valid: command, "},
        {"[{\"type\": \"mine\", \"echo\": true}]",
         "handlers[0] mine: two handlers have this type; remove one"},
        {"[{\"type\": \"shell\", \"command\": \"sh -c true\"}]",
         "handlers[0] shell: command: no program 'sh -c true' in PATH: No such file or directory; "
         "a "
         "text is one word: use an array of texts"},
        {"[{\"type\": \"shell\", \"command\": \"/nowhere/x\"}]",
         "handlers[0] shell: command: no program at '/nowhere/x': No such file"},
    };
    const filch_handler given = {.type = "mine", .fn = own};
    fl_handler_table table;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_lt(table_of(&table, rows[i].handlers, &given, 1), 0, "%s", rows[i].handlers);
        cr_assert(strstr(filch_error(), rows[i].why) == filch_error(), "%s", filch_error());
        end_table(&table);
    }
}
