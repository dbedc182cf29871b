/* SPDX-License-Identifier: MIT OR Apache-2.0 */
static void good(fl_runtime *rt, fl_worker *worker, uint64_t word, uint32_t parked)
{
    filch_u64_cas(&rt->idle.word, &word, word + 1, FILCH_SEQ_CST);    /* one wins */
    filch_u32_cas(&worker->park_word, &parked, 2, FILCH_SEQ_CST);     /* one wins */
    filch_u32_load(&worker->park_word, FILCH_RELAXED);                /* the futex looks again */
    filch_ptr_load(&worker->current, FILCH_ACQUIRE);                  /* it is followed */
    filch_u64_store(&worker->ready.bottom, 0, FILCH_RELAXED);         /* not yet shared */
    filch_ptr_store(&rt->policy, rt->settings.policy, FILCH_SEQ_CST); /* more than enough */
}
