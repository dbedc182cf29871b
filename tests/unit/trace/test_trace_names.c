/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The names of a trace: their numbers, their blocks in the file, and the names that are refused. */
#include <fcntl.h>
#include <runtime/platform/hash.h>
#include <runtime/trace/names.h>
#include <stdio.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { LONGEST = 1023, EACH = FL_TRACE_ROOM / (LONGEST + 1) /* of these to a block */ };
enum { PLACES = 2 * FL_TRACE_NAMES_MOST };

static fl_trace_file file;
static fl_trace_names names;
static char path[192];

/* blocks: the file has room for so many. */
static void begin(unsigned blocks)
{
    snprintf(path, sizeof path, "%s/names.trace", folder_make());
    cr_assert_eq(fl_trace_file_create(&file, path, (uint64_t)blocks * FL_TRACE_BLOCK, 1,
                                      FL_TRACE_STEALS),
                 0);
    fl_trace_names_init(&names, &file);
}

static void end(void)
{
    fl_trace_names_clear(&names);
    fl_trace_file_end(&file);
    memset(&names, 0, sizeof names); /* memory that was not freed is lost */
}

/* A text of that many bytes, which begins with the number; until the next call. */
static const char *text_of(unsigned number, size_t length)
{
    static char text[2 * LONGEST];
    memset(text, 'x', length);
    text[length] = '\0';
    text[snprintf(text, length, "%u", number)] = '-';
    return text;
}

static uint64_t used(void)
{
    return filch_u64_load(&names.block->used, FILCH_RELAXED);
}

/* The file's block of that number. */
static const fl_trace_block *read_block(unsigned number)
{
    static char bytes[FL_TRACE_BLOCK];
    int fd = open(path, O_RDONLY);
    cr_assert(fd >= 0);
    cr_assert_eq(pread(fd, bytes, sizeof bytes, FL_TRACE_HEADER + (off_t)number * FL_TRACE_BLOCK),
                 (ssize_t)sizeof bytes);
    close(fd);
    return (const fl_trace_block *)(const void *)bytes;
}

Test(trace_names, blocks_and_names_keep_their_order)
{
    enum { BLOCKS = 3, ALL = BLOCKS * EACH };
    begin(BLOCKS);
    for (unsigned i = 0; i < ALL; i++) {
        cr_assert_eq(fl_trace_name_copied(&names, text_of(i, LONGEST)), i + 1);
        cr_assert_eq(names.block->sequence, i / EACH);
    }
    end();
    for (unsigned i = 0; i < ALL; i++) {
        const fl_trace_block *block = read_block(i / EACH);
        const char *at = (const char *)(block + 1) + i % EACH * (LONGEST + 1);
        cr_assert_eq(block->sequence, i / EACH);
        cr_assert_str_eq(at, text_of(i, LONGEST));
    }
}

Test(trace_names, name_overflowing_block_enters_next)
{
    enum { REST = FL_TRACE_ROOM - EACH * (LONGEST + 1) };
    begin(3);
    for (unsigned i = 0; i < EACH; i++)
        fl_trace_name_copied(&names, text_of(i, LONGEST));
    cr_assert_eq(FL_TRACE_ROOM - used(), REST);
    cr_assert_eq(fl_trace_name_copied(&names, text_of(EACH, REST)), EACH + 1);
    cr_assert_eq(names.block->sequence, 1, "its NUL is the byte");
    cr_assert_eq(used(), REST + 1);
    end();
}

Test(trace_names, longest_name_has_1023_bytes)
{
    begin(1);
    cr_assert_eq(fl_trace_name_copied(&names, text_of(1, LONGEST)), 1);
    cr_assert_eq(fl_trace_name_copied(&names, text_of(2, LONGEST + 1)), 0);
    cr_assert_eq(fl_trace_name_copied(&names, text_of(3, LONGEST + 100)), 0);
    cr_assert_eq(fl_trace_name_copied(&names, text_of(4, LONGEST - 1)), 2);
    end();
}

Test(trace_names, table_holds_exactly_its_maximum)
{
    begin(2);
    for (unsigned i = 0; i < FL_TRACE_NAMES_MOST; i++)
        cr_assert_eq(fl_trace_name_copied(&names, text_of(i, 16)), i + 1);
    cr_assert_eq(fl_trace_name_copied(&names, text_of(FL_TRACE_NAMES_MOST, 16)), 0);
    cr_assert_eq(fl_trace_name_copied(&names, text_of(0, 16)), 1, "known before");
    end();
}

/* The sanitized build looks for lost memory. */
Test(trace_names, last_table_entry_is_freed)
{
    unsigned i = 0;
    begin(1);
    while (fl_hash_text(text_of(i, 16)) % PLACES != PLACES - 1)
        i++;
    cr_assert_eq(fl_trace_name_copied(&names, text_of(i, 16)), 1);
    cr_assert_not_null(filch_ptr_load(&names.entry[PLACES - 1], FILCH_RELAXED));
    end();
}

/* The same. */
Test(trace_names, name_without_room_is_refused_cleanly)
{
    begin(0);
    cr_assert_eq(fl_trace_name_copied(&names, text_of(1, 16)), 0);
    cr_assert_eq(fl_trace_name(&names, "a literal"), 0);
    end();
}

Test(trace_names, null_has_number_0)
{
    begin(1);
    cr_assert_eq(fl_trace_name(&names, NULL), 0);
    cr_assert_eq(fl_trace_name_copied(&names, NULL), 0);
    cr_assert_eq(fl_trace_name(&names, "first"), 1);
    end();
}
