/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Letters by id: the tree finds what an array of flags finds, and is not deep. */
#include <runtime/resilience/dead_letters_memory.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MANY = 4096 };

static fl_dead_letter letters[MANY + 1]; /* by id */

static unsigned depth_of(const fl_dead_letter *tree)
{
    if (!tree)
        return 0;
    unsigned left = depth_of(tree->left), right = depth_of(tree->right);
    return 1 + (left > right ? left : right);
}

static void add(fl_dead_letter **root, uint64_t id)
{
    letters[id].is.id = id;
    fl_tree_add(root, &letters[id]);
}

Test(dead_letters_tree, ascending_ids_make_no_deep_tree)
{
    fl_dead_letter *root = NULL;
    for (uint64_t id = 1; id <= MANY; id++)
        add(&root, id);
    cr_assert_lt(depth_of(root), 48); /* the ranks do not change: it is 29 */
    for (uint64_t id = 0; id < MANY; id++)
        cr_assert_eq(fl_tree_above(root, id), &letters[id + 1]);
    cr_assert_null(fl_tree_above(root, MANY));
    for (uint64_t id = 1; id <= MANY; id++)
        cr_assert_eq(fl_tree_take(&root, id), &letters[id]);
    cr_assert_null(root);
}

Test(dead_letters_tree, finds_exactly_present_ids)
{
    enum { IDS = 200, STEPS = 20000 };
    static bool there[IDS + 2];
    fl_dead_letter *root = NULL;
    uint64_t random = stress_seed();
    for (unsigned i = 0; i < STEPS; i++) {
        random = stress_mix(random + i);
        uint64_t id = 1 + random % IDS, above = id + 1;
        if (there[id])
            cr_assert_eq(fl_tree_take(&root, id), &letters[id]);
        else if (random >> 60)
            cr_assert_null(fl_tree_take(&root, id));
        if (there[id] || random >> 63)
            there[id] = !there[id];
        if (there[id])
            add(&root, id);
        while (above <= IDS && !there[above])
            above++;
        cr_assert_eq(fl_tree_above(root, id), above <= IDS ? &letters[above] : NULL);
    }
}
