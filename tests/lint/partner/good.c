/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 *   PublishBottom push: store bottom, release    -> ReadBottom steal: load bottom, acquire
 *   LowerBottom store bottom, release          | a thief that looks
 *   CompareEnds store bottom, release: PublishBottom of the owner
 *   ClaimTop store bottom, release: of two one wins */
static void push(filch_u64 *bottom)
{
    filch_u64_store(bottom, 1,
                    FILCH_RELEASE);        /* PublishBottom, LowerBottom, CompareEnds, ClaimTop */
    filch_u64_load(bottom, FILCH_ACQUIRE); /* ReadBottom */
}
