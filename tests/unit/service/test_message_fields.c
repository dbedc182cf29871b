/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/message.h>
#include <tests/support/test.h>

#include <filch/service.h>
#include <filch/traceparent.h>

static const fl_message_field *named(const char *name)
{
    return fl_message_field_named(fl_message_fields, name);
}

Test(message_fields, written_field_reads_back)
{
    static const char trace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    filch_message from = {.id = "an id",
                          .type = "resize",
                          .content_type = "image/png",
                          .tracestate = "a=b",
                          .attempt = 3,
                          .first_seen = INT64_MAX,
                          .expires = 1};
    OK(filch_traceparent_parse(&from.trace, trace, strlen(trace)));
    for (const fl_message_field *field = fl_message_fields; field->name; field++) {
        char room[FILCH_TRACEPARENT_TEXT], again[FILCH_TRACEPARENT_TEXT];
        filch_message to = {0};
        const char *text = fl_message_field_text(field, &from, room);
        cr_assert_not_null(text, "%s", field->name);
        fl_message_field_read(field, text, &to);
        cr_assert_str_eq(fl_message_field_text(field, &to, again), text, "%s", field->name);
    }
}

Test(message_fields, unset_field_has_no_text)
{
    const filch_message none = {0};
    for (const fl_message_field *field = fl_message_fields; field->name; field++) {
        char room[FILCH_TRACEPARENT_TEXT];
        cr_assert_null(fl_message_field_text(field, &none, room), "%s", field->name);
    }
}

Test(message_fields, only_known_names_match_any_case)
{
    cr_assert_eq(named("Filch-ID"), &fl_message_fields[0]);
    cr_assert_null(named("filch-i"));
    cr_assert_null(named("filch-id-2"));
    cr_assert_null(named(""));
}

Test(message_fields, damaged_numbers_and_traces_are_ignored)
{
    static const char *const rows[][2] = {
        {"filch-attempt", "-1"},   {"filch-attempt", "3x"},    {"filch-attempt", "99999999999"},
        {"filch-expires", "soon"}, {"filch-first-seen", "-5"}, {"traceparent", "00-12"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        char room[FILCH_TRACEPARENT_TEXT];
        filch_message message = {.attempt = 7, .first_seen = 7, .expires = 7};
        const fl_message_field *field = named(rows[i][0]);
        fl_message_field_read(field, rows[i][1], &message);
        cr_assert_null(fl_message_field_text(field, &message, room), "%s: %s", rows[i][0],
                       rows[i][1]);
    }
}
