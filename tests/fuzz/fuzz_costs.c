/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A file of costs. It is refused with its name and line, or all costs are in range, and the file that is written from
 * them has the same. */
#include <tests/fuzz/fuzz.h>
#include <tools/sim/costs.h>

enum { ROOM = 1 << 16 };

static void check_again(const costs *c)
{
    static char text[ROOM];
    char error[1024];
    costs again;
    FILE *out = fmemopen(text, sizeof text, "w");
    FUZZ_CHECK(out, "no memory");
    costs_write(c, NULL, out);
    fclose(out);
    FILE *in = fmemopen(text, strlen(text), "r");
    FUZZ_CHECK(in, "no memory");
    costs_default(&again);
    FUZZ_CHECK(costs_parse(&again, in, "again", error, sizeof error) == 0, "%s", error);
    fclose(in);
    FUZZ_CHECK(memcmp(&again, c, sizeof again) == 0, "%s", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[1024] = "", copy[4096];
    costs c;
    size = size < sizeof copy ? size : sizeof copy;
    if (!size)
        return 0;
    memcpy(copy, data, size);
    FILE *file = fmemopen(copy, size, "r");
    FUZZ_CHECK(file, "no memory");
    costs_default(&c);
    int rc = costs_parse(&c, file, "input", error, sizeof error);
    fclose(file);
    FUZZ_CHECK(rc ? rc < 0 && strncmp(error, "input:", 6) == 0 : !*error, "%d, '%s'", rc, error);
    for (int i = 0; i < COSTS; i++)
        FUZZ_CHECK(c.of[i] >= 0 && c.of[i] <= (picoseconds)1000000000 * PICOSECONDS, "row %d", i);
    if (!rc)
        check_again(&c);
    return 0;
}
