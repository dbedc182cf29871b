/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "replay.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <runtime/platform/find_program.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *reason(int rc)
{
    switch (rc) {
    case -ENODATA:
        return "it is not a schedule";
    case -ENOTSUP:
        return "it is of another version of Filch";
    case -EBADMSG:
        return "it is damaged";
    default:
        return strerror(-rc);
    }
}

int replay_load(schedule *s, const explore_options *o)
{
    const int fd = open(o->replay, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : schedule_read(s, fd);
    if (fd >= 0)
        close(fd);
    if (rc)
        fprintf(stderr, "filch explore: the schedule '%s' cannot be read: %s\n", o->replay,
                reason(rc));
    return rc;
}

static run_order order_of(const schedule *s, const explore_options *o)
{
    return (run_order){.workers = s->header.workers,
                       .seed = s->header.seed,
                       .replay = s,
                       .timeout = o->timeout};
}

int replay_show(const schedule *s, const explore_options *o)
{
    run r;
    places p;
    char end[128];
    const run_order order = order_of(s, o);
    if (run_whole(&r, o, &order))
        return 2;
    places_open(&p, o->path);
    printf("%s: %s\n\noutput:\n", o->program[0], run_end_text(&r, end, sizeof end));
    places_write(&p, r.text, r.length, "  | ", stdout);
    printf("\nschedule: %zu switches\n", schedule_choices(s));
    story_write(&p, &r.schedule, o->openmp, stdout);
    places_close(&p);
    const int status = r.end == RUN_NO_RUNTIME ? 2 : run_failed(&r);
    run_free(&r);
    return fflush(stdout) || ferror(stdout) ? 2 : status;
}

/* ---- gdb ---- */

/* A file that this process, which becomes gdb, keeps open. Its path goes to `path`. */
static int put_down(const schedule *s, char *path, size_t size)
{
    const int fd = memfd_create("filch explore", 0);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out)
        return -errno;
    snprintf(path, size, "/proc/%d/fd/%d", (int)getpid(), fd);
    return schedule_write(s, out);
}

static char **words_for_gdb(const explore_options *o)
{
    static char gdb[] = "gdb", quiet[] = "-q", ex[] = "-ex", go[] = "run", args[] = "--args";
    static char *const begin[] = {gdb, quiet, ex, go, args};
    const size_t first = sizeof begin / sizeof *begin;
    size_t count = 0;
    while (o->program[count])
        count++;
    char **words = calloc(first + count + 1, sizeof *words);
    for (size_t i = 0; words && i < first + count; i++)
        words[i] = i < first ? begin[i] : i == first ? o->path : o->program[i - first];
    return words;
}

int replay_in_gdb(const schedule *s, const explore_options *o)
{
    char path[64], *gdb = NULL;
    const run_order order = order_of(s, o);
    int error = fl_program_find(&gdb, "gdb");
    if (error) {
        fprintf(stderr, "filch explore: gdb cannot be run: %s\n", strerror(error));
        return 2;
    }
    char **words = words_for_gdb(o);
    int rc = words ? put_down(s, path, sizeof path) : -ENOMEM;
    rc = rc ? rc : run_set_variables(&order, path, NULL);
    fflush(stdout);
    if (!rc) {
        execv(gdb, words);
        rc = -errno;
    }
    fprintf(stderr, "filch explore: gdb cannot be run: %s\n", strerror(-rc));
    free(words);
    free(gdb);
    return 2;
}
