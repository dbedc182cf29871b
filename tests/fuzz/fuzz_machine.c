/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The words of filch sim: a line with a machine, then one with a graph. Each is refused with a reason, or gives
 * distances that are those of a machine, and parameters within their ranges. The first byte is the number of workers. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <tests/fuzz/fuzz.h>
#include <tools/sim/generate.h>
#include <tools/sim/machine.h>

static void check_distances(const machine *m)
{
    for (unsigned a = 0; a < m->workers; a++)
        for (unsigned b = 0; b < m->workers; b++) {
            unsigned tier = machine_tier(m, a, b);
            FUZZ_CHECK(tier < SIM_TIERS && tier == machine_tier(m, b, a), "%u, %u: %u", a, b, tier);
            for (unsigned c = 0; c < m->workers; c++) /* nearness is mutual: an ultrametric */
                FUZZ_CHECK(machine_tier(m, a, c) <= tier ||
                               machine_tier(m, a, c) <= machine_tier(m, b, c),
                           "%u, %u, %u", a, b, c);
        }
}

static void check_machine(const char *text, unsigned workers)
{
    machine m;
    char error[512] = "";
    if (strstr(text, ".xml")) /* a file */
        return;
    int rc = machine_describe(&m, text, workers, error, sizeof error);
    FUZZ_CHECK(rc ? rc < 0 && *error : m.workers == workers, "%d, %s", rc, error);
    if (rc)
        return;
    check_distances(&m);
    machine_free(&m);
}

static void check_graph(const char *text)
{
    generator g;
    char error[512] = "";
    int rc = generator_read(&g, text, error, sizeof error);
    FUZZ_CHECK(rc ? rc == -EINVAL && *error : g.shape != NULL, "%d, %s", rc, error);
    for (int i = 0; !rc && i < GENERATOR_PARAMETERS && g.shape->parameters[i].name; i++) {
        const parameter *known = &g.shape->parameters[i];
        double value = g.value[i];
        FUZZ_CHECK(value >= known->least && value <= known->most, "%s %g", known->name, value);
        FUZZ_CHECK(!known->is_whole || value == floor(value), "%s %g", known->name, value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { WORKERS = 24 };
    char *text = calloc(1, size + 1), *rest = text;
    FUZZ_CHECK(text, "no memory");
    if (size > 1)
        memcpy(text, data + 1, size - 1);
    check_machine(strsep(&rest, "\n"), size ? 1 + data[0] % WORKERS : 1);
    if (rest)
        check_graph(rest);
    free(text);
    return 0;
}
