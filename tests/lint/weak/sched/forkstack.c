/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Thieves and owner. */
static void good(filch_slot *slot, fl_forkstack *stack, fl_mailbox *box, uint64_t top, void *box_of)
{
    filch_u64_store(&stack->front.top, 1, FILCH_RELAXED);           /* not yet shared */
    filch_u64_cas(&stack->front.top, &top, top + 1, FILCH_SEQ_CST); /* one wins */
    filch_u64_or(&stack->front.top, FL_TOP_ASKED, FILCH_ACQ_REL);   /* it orders the request */
    filch_ptr_cas(&stack->request, &box_of, NULL, FILCH_ACQ_REL);   /* one has it */
    filch_u64_store(&box->reply, 0, FILCH_RELAXED);                 /* published by the request */
    filch_ptr_store(&slot->task, NULL, FILCH_RELAXED);              /* the fence orders it */
    filch_ptr_load(&slot->task, FILCH_RELAXED);                     /* owner's own */
}

static void bad(filch_slot *slot, fl_forkstack *stack, fl_mailbox *box, uint64_t top, void *box_of)
{
    filch_u64_store(&stack->front.top, 1, FILCH_SEQ_CST);           /* never by a store */
    filch_u64_cas(&stack->front.top, &top, top + 1, FILCH_ACQ_REL); /* one wins */
    filch_u64_or(&stack->front.top, FL_TOP_ASKED, FILCH_RELEASE);   /* it orders the request */
    filch_ptr_cas(&stack->request, &box_of, NULL, FILCH_RELEASE);   /* one has it */
    filch_ptr_store(&stack->front.limit, NULL, FILCH_SEQ_CST);      /* never by a store */
    filch_u64_store(&box->reply, 1, FILCH_RELAXED);                 /* the gift of many */
    filch_u64_load(&box->reply, FILCH_RELAXED);                     /* not even with a reason */
    filch_ptr_store(&slot->task, slot, FILCH_RELAXED);              /* it shows the arguments */
}
