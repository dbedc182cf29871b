/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rest. */
static void bad(fl_runtime *rt, fl_worker *worker, uint64_t word, uint32_t parked)
{
    filch_u64_cas(&rt->idle.word, &word, word + 1, FILCH_ACQ_REL); /* only seq_cst */
    filch_u64_load(&rt->idle.word, FILCH_ACQUIRE);                 /* only seq_cst */
    filch_u32_add(&rt->idle.tokens, 1, FILCH_RELEASE);             /* only seq_cst */
    filch_u32_cas(&worker->park_word, &parked, 2, FILCH_ACQ_REL);  /* only seq_cst */
    filch_ptr_load(&worker->current, FILCH_RELAXED);               /* followed, whatever is said */
    filch_ptr_store(&worker->current, NULL, FILCH_RELEASE);        /* never by a store */
    filch_u64_store(&worker->ready.bottom, 0, FILCH_RELAXED);      /* shows items */
}
