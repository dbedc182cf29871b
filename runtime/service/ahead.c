/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/ahead.h>

void fl_ahead_init(fl_ahead *ahead, unsigned least, unsigned most, int64_t now)
{
    *ahead = (fl_ahead){.now = least, .least = least, .most = most, .since = now};
}

static unsigned at_pace(const fl_ahead *ahead, uint64_t jobs, int64_t time)
{
    double fitting = (double)jobs * FL_AHEAD_TIME / (double)time;
    if (fitting >= ahead->most)
        return ahead->most;
    return fitting > ahead->least ? (unsigned)fitting : ahead->least;
}

void fl_ahead_look(fl_ahead *ahead, uint64_t ended, size_t bytes, int64_t now)
{
    int64_t time = now - ahead->since;
    if (time >= FL_AHEAD_WINDOW || time < 0) { /* in a test, the clock may go back */
        ahead->now = time < 0 ? ahead->least : at_pace(ahead, ended - ahead->ended, time);
        ahead->since = now;
        ahead->ended = ended;
    }
    if (bytes >= FL_AHEAD_BYTES)
        ahead->now = ahead->least;
}
