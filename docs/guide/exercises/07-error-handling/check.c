/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks exercise 7. */
#include "exercise.h"

#include "../check.h"

#include <errno.h>

enum { PAGES = 40, WIDTH = 4 };

static int noted[PAGES];
static filch_u32 noting;

static bool panics(int page)
{
    return page % 9 == 5;
}

static int code_of(int page)
{
    return panics(page) ? -ENODATA : page % 7 == 3 ? -EBADMSG : 0;
}

int parse(int page)
{
    work_begins("page", page);
    wait_for_begun(WIDTH);
    work_ends();
    if (panics(page))
        FILCH_PANIC(-ENODATA, "page %d is empty", page);
    return code_of(page);
}

void note_failure(int page, int code, const char *message)
{
    uint32_t others = filch_u32_add(&noting, 1, FILCH_RELAXED);
    CHECK_THAT(!others, "two failures are noted at the same time: only one may be");
    CHECK_THAT(page >= 0 && page < PAGES, "there is no page %d", page);
    CHECK_THAT(code_of(page), "page %d is noted as failed, and was not", page);
    CHECK_THAT(code == code_of(page), "page %d is noted with %d; it said %d", page, code,
               code_of(page));
    CHECK_THAT(message && *message, "page %d is noted without a message", page);
    CHECK_THAT(!panics(page) || strstr(message, "is empty"),
               "page %d panicked with \"page %d is empty\"; noted is \"%s\"", page, page, message);
    noted[page]++;
    dawdle();
    filch_u32_add(&noting, (uint32_t)-1, FILCH_RELAXED);
}

int main(void)
{
    summary told = {-1, -1, -1}, right = {0, 0, 0};
    check_begin();
    if_stuck = "there should be four jobs in progress at a time; or a lock is not given back";
    returned("parse_all", parse_all(PAGES, &told));
    check_work("page", PAGES, WIDTH);
    for (int i = 0; i < PAGES; i++) {
        right.succeeded += !code_of(i);
        right.failed += code_of(i) && !panics(i);
        right.panicked += panics(i);
        CHECK_THAT(noted[i] == (code_of(i) != 0), "page %d %s, but was noted %d times", i,
                   panics(i)    ? "panicked"
                   : code_of(i) ? "failed"
                                : "did not fail",
                   noted[i]);
    }
    CHECK_THAT(told.succeeded == right.succeeded && told.failed == right.failed &&
                   told.panicked == right.panicked,
               "%d succeeded, %d failed, %d panicked; the summary says %d, %d, %d", right.succeeded,
               right.failed, right.panicked, told.succeeded, told.failed, told.panicked);
    return check_end();
}
