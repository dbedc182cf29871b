/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The lock inside objects: debug builds refuse to unlock it when nobody holds it. */
#include <runtime/platform/lock.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static filch_u32 lock;

static void unlock_twice(void)
{
    fl_lock(&lock);
    fl_unlock(&lock);
    fl_unlock(&lock);
}

Test(lock, unlocking_free_lock_dies_in_debug)
{
    struct child child;
    child_run(&child, unlock_twice);
#ifdef FILCH_DEBUG
    cr_assert(child_died(&child, "was != FL_LOCK_FREE"), "%s", child.text);
#else
    cr_assert(child_passed(&child), "%s", child.text);
#endif
}

static void lock_again_and_again(void)
{
    for (unsigned i = 0; i < 3; i++) {
        fl_lock(&lock);
        fl_unlock(&lock);
    }
}

Test(lock, a_lock_can_be_taken_again)
{
    struct child child;
    child_run(&child, lock_again_and_again);
    cr_assert(child_passed(&child), "%s", child.text);
}
