/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Memory that is not there is an answer; a text ends at its NUL, at the room, or before a hole. */
#include <runtime/share/peek.h>
#include <sys/mman.h>
#include <tests/support/test.h>
#include <unistd.h>

/* Two pages, of which the second is not there. Returns the hole. */
static char *before_hole(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(pages, MAP_FAILED);
    cr_assert_eq(munmap(pages + page, page), 0);
    memset(pages, 'x', page);
    return pages + page;
}

Test(peek, words_are_read_where_they_are)
{
    long from = 42, to = 0;
    char *hole = before_hole();
    cr_assert(fl_peek(&from, &to, sizeof to));
    cr_assert_eq(to, 42);
    cr_assert_not(fl_peek(hole, &to, sizeof to));
    cr_assert_not(fl_peek(hole - 4, &to, sizeof to));
    cr_assert_not(fl_peek(NULL, &to, sizeof to));
}

static void expect_text(const char *from, const char *text)
{
    char to[16];
    cr_expect_eq(fl_peek_text(from, to, sizeof to), *text != '\0', "%s", text);
    cr_expect_str_eq(to, text);
}

Test(peek, nul_room_or_hole_ends_text)
{
    char *hole = before_hole();
    expect_text("short", "short");
    expect_text("longer than the room", "longer than the");
    expect_text(hole - 3, "xxx");
    hole[-1] = '\0';
    expect_text(hole - 3, "xx");
    expect_text(hole, "");
    expect_text(NULL, "");
}

Test(peek, text_may_cross_pages)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(pages, MAP_FAILED);
    memcpy(pages + page - 3, "across", sizeof "across");
    expect_text(pages + page - 3, "across");
    cr_assert_eq(munmap(pages, 2 * page), 0);
}
