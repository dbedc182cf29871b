/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/model/system/items.h>

#include <tests/model/checker/check.h>

#include <errno.h>
#include <string.h>

enum { ITEMS = 4 /* of a sender */, NOBODY = MC_THREADS };

static struct party {
    unsigned items;            /* made */
    bool sent[ITEMS];          /* said the channel */
    bool received[ITEMS];      /* by anybody */
    uint64_t last[MC_THREADS]; /* received by this one, of each sender */
} party[MC_THREADS + 1];

void items_setup(void)
{
    memset(party, 0, sizeof party);
}

MC_UNCHECKED uint64_t items_next(unsigned by)
{
    MC_CLAIM(party[by].items < ITEMS, "the model's limit: too many items");
    return by * ITEMS + party[by].items++;
}

MC_UNCHECKED void items_sent(uint64_t item, int rc)
{
    party[item / ITEMS].sent[item % ITEMS] = !rc;
    MC_CLAIM(!rc || rc == -EPIPE || rc == -ETIMEDOUT || rc == -EAGAIN, "an error of nothing");
}

MC_UNCHECKED void items_received(unsigned by, uint64_t item)
{
    unsigned from = (unsigned)(item / ITEMS);
    MC_CLAIM(item < MC_THREADS * ITEMS && item % ITEMS < party[from].items,
             "an item is received that was never sent");
    MC_CLAIM(!party[from].received[item % ITEMS], "an item is received twice");
    party[from].received[item % ITEMS] = true;
    MC_CLAIM(item % ITEMS + 1 > party[by].last[from], "items of one sender change places");
    party[by].last[from] = item % ITEMS + 1;
}

MC_UNCHECKED void items_left(uint64_t item)
{
    items_received(NOBODY, item);
}

MC_UNCHECKED void items_check(void)
{
    for (unsigned i = 0; i < MC_THREADS; i++)
        for (unsigned j = 0; j < ITEMS; j++)
            MC_CLAIM(party[i].sent[j] == party[i].received[j],
                     party[i].sent[j] ? "an item is lost" : "an item was sent, said to be not");
}
