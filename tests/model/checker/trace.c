/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * An execution for people: time runs down, each thread has a column, values are named where the
 * model has named them. */
#include <tests/model/checker/state.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NAMES = 96, NAME = 40, TEXTS = 8, COLUMN = 58, FIRST = 60, LAST = 140 };

static struct {
    const char *address;
    char name[NAME];
    mc_spelling *spell;
} named[NAMES];
static unsigned names;
static uint64_t lines, expected;

void mc_trace_start(uint64_t steps)
{
    lines = 0;
    expected = steps;
    mc.tracing = true;
}

void mc_trace_reset(void)
{
    names = 0;
    if (!mc.tracing)
        return;
    printf("\n%-18s", "");
    for (unsigned i = 0; i < MC_THREADS && mc.model->threads[i]; i++)
        printf("%-*s", COLUMN, mc.model->threads[i]);
    printf("\n");
}

bool mc_traces(void)
{
    return mc.tracing;
}

void mc_name_word(const void *address, const char *name, mc_spelling *spell)
{
    if (!mc.tracing || names == NAMES)
        return;
    named[names].address = address;
    named[names].spell = spell;
    snprintf(named[names++].name, NAME, "%s", name);
}

void mc_name(const void *address, const char *name)
{
    mc_name_word(address, name, NULL);
}

static char *text_of_its_own(void)
{
    static char text[TEXTS][64];
    static unsigned next;
    return text[next++ % TEXTS];
}

/* The nearest name at or below, if it is not far. */
const char *mc_name_of(const void *address)
{
    const char *at = address;
    int best = -1;
    for (unsigned i = 0; i < names; i++)
        if (named[i].address <= at && at - named[i].address < 4096 &&
            (best < 0 || named[i].address > named[best].address))
            best = (int)i;
    char *text = text_of_its_own();
    if (best < 0)
        snprintf(text, 64, "%p", address);
    else if (named[best].address == at)
        return named[best].name;
    else
        snprintf(text, 64, "%s+%d", named[best].name, (int)(at - named[best].address));
    return text;
}

const char *mc_value(const void *address, uint64_t value)
{
    char *text = text_of_its_own();
    for (unsigned i = 0; i < names; i++)
        if (named[i].address == address && named[i].spell) {
            named[i].spell(value, text, 64);
            return text;
        }
    for (unsigned i = 0; i < names; i++)
        if ((uintptr_t)named[i].address == value) {
            snprintf(text, 64, "&%s", named[i].name);
            return text;
        }
    snprintf(text, 64, value < 100000 ? "%llu" : "0x%llx", (unsigned long long)value);
    return text;
}

const char *mc_order_name(mc_order order)
{
    static const char *const name[] = {"relaxed", "acquire", "release", "acq_rel", "seq_cst"};
    return name[order];
}

void mc_trace(unsigned thread, const char *where, const char *format, ...)
{
    const char *slash = strrchr(where, '/');
    char line[256];
    if (++lines == FIRST && expected > FIRST + LAST)
        printf("...\n");
    if (lines >= FIRST && lines + LAST < expected)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    printf("%-18s%*s%s\n", slash ? slash + 1 : where, (int)thread * COLUMN, "", line);
}

void mc_note(const char *text)
{
    if (mc.tracing && mc.running)
        mc_trace(mc.self, "", "-- %s", text);
}
