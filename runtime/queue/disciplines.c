/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/queue/queue.h>

const fl_discipline *const fl_disciplines[] = {
    &fl_discipline_chase_lev,
    &fl_discipline_chase_lev_outline,
    &fl_discipline_chase_lev_fenced,
    &fl_discipline_the,
    &fl_discipline_abp,
    &fl_discipline_private_split,
    &fl_discipline_private_request,
    &fl_discipline_central_mutex,
    &fl_discipline_central_lockfree,
    &fl_discipline_sharing,
    NULL,
};
