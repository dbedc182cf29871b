/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rules of <filch/base.h> for NULL and for destroyed objects, call by call. A file of rows is included twice:
 * once for the calls, once for the table of them. In each call `it` stands for the argument. With NULL for it, a call that
 *
 *   REFUSES(function, argument, call)   returns -EINVAL; filch_error() names both
 *   DIES(function, argument, call)      ends the process by a sentence that names both
 *   IGNORES(function, argument, call)   does nothing, and returns 0 or NULL if it returns something
 *   ALLOWS(function, argument, call)    goes on: NULL has a meaning, which the function's comment states */
#ifndef SUPPORT_NULL_CALLS_H
#define SUPPORT_NULL_CALLS_H

#include <tests/support/system.h>
#include <tests/support/test.h>

enum null_rule { NULL_REFUSED, NULL_DEADLY, NULL_IGNORED, NULL_ALLOWED };

struct null_row {
    const char *function, *argument;
    enum null_rule rule;
    long (*call)(void);
};

static const struct null_row *null_row;
static void *it;

/* Its name and its argument, or the words that the message has for them: with a deadline, through a macro,
 * as an attempt, or from outside a task it is the same call. */
static inline bool null_named(const char *text, const struct null_row *row)
{
    static const char *const same[] = {"_until", "_at",  "_or_die", "_as",
                                       "_by",    "try_", "run_",    "_all"};
    char name[64];
    const char *after = strchr(row->function, '_'); /* a macro of filch_ calls fl_ */
    snprintf(name, sizeof name, "filch%s", after);
    for (unsigned i = 0; i < sizeof same / sizeof *same && !strstr(text, name); i++) {
        size_t length = strlen(same[i]);
        char *at = strstr(name, same[i]);
        if (at)
            memmove(at, at + length, strlen(at + length) + 1);
    }
    static const char *const said[][2] = {{"rt", "runtime"},
                                          {"out", "place"},
                                          {"metrics", "registry"},
                                          {"config", "configuration"}};
    bool named = strstr(text, row->argument);
    for (unsigned i = 0; i < sizeof said / sizeof *said; i++)
        named |= !strcmp(row->argument, said[i][0]) && strstr(text, said[i][1]);
    return strstr(text, name) && named;
}

static inline void null_make(void)
{
    long rc = null_row->call();
    if (null_row->rule == NULL_IGNORED)
        CHILD_CHECK(rc == 0);
    if (null_row->rule == NULL_REFUSED) {
        CHILD_CHECK((int)rc == -EINVAL);
        if (!null_named(filch_error(), null_row))
            dprintf(STDERR_FILENO, "%s\n", filch_error());
        CHILD_CHECK(null_named(filch_error(), null_row));
    }
}

static inline bool null_keeps(const struct null_row *row)
{
    struct child child;
    null_row = row;
    child_run(&child, null_make);
    bool kept = row->rule == NULL_DEADLY ? child_died(&child, "") && null_named(child.text, row)
                                         : child_passed(&child);
    if (!kept)
        fprintf(stderr, "%s with NULL for %s: status 0x%x: %s\n", row->function, row->argument,
                child.status, child.text);
    return kept;
}

#define NULL_EXPECT_ALL(rows)                                                                      \
    do {                                                                                           \
        unsigned broken_ = 0;                                                                      \
        for (unsigned i_ = 0; i_ < sizeof(rows) / sizeof *(rows); i_++)                            \
            broken_ += !null_keeps(&(rows)[i_]);                                                   \
        cr_assert_eq(broken_, 0, "%u calls break the rule for NULL", broken_);                     \
    } while (0)

#endif
