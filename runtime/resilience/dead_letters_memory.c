/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Letters in memory: the kept and the taken ones, each by id. One lock, held for the walk down a
 * tree; nothing waits, allocates or fails. A letter that is taken and comes back has its id, hence
 * its place. */
#include <runtime/resilience/dead_letters_memory.h>

#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/resilience/dead_letters.h>
#include <sched/rng.h>

#include <errno.h>
#include <stdlib.h>

typedef struct memory {
    filch_u32 lock; /* of what follows */
    fl_dead_letter *kept, *taken;
    filch_dead_letter_count count;
} memory;

int fl_dead_letters_memory_create(void **out)
{
    memory *all = calloc(1, sizeof *all);
    if (!all)
        return fl_fail(ENOMEM, "no memory for a store of dead letters; free some");
    *out = all;
    return 0;
}

static int put(void *store, filch_dead_letter *letter)
{
    memory *all = store;
    filch_dead_letter_retain(letter);
    fl_lock(&all->lock);
    letter->id = ++all->count.newest;
    fl_tree_add(&all->kept, (fl_dead_letter *)letter);
    all->count.kept++;
    fl_unlock(&all->lock);
    return 0;
}

static int next(void *store, uint64_t after, filch_dead_letter **out)
{
    memory *all = store;
    fl_lock(&all->lock);
    fl_dead_letter *found = fl_tree_above(all->kept, after);
    if (found)
        filch_dead_letter_retain(&found->is);
    fl_unlock(&all->lock);
    if (!found)
        return fl_plainly(-ENOENT);
    *out = &found->is;
    return 0;
}

/* Under the lock: the reason why it is not among the kept ones. */
static int absence(const memory *all, uint64_t id)
{
    const fl_dead_letter *near = id ? fl_tree_above(all->taken, id - 1) : NULL;
    return near && near->is.id == id ? -EBUSY : -ENOENT;
}

static int take(void *store, uint64_t id, filch_dead_letter **out)
{
    memory *all = store;
    int rc = 0;
    fl_lock(&all->lock);
    fl_dead_letter *found = fl_tree_take(&all->kept, id);
    if (found) {
        fl_tree_add(&all->taken, found);
        all->count.kept--;
        all->count.taken++;
        filch_dead_letter_retain(&found->is);
    } else {
        rc = absence(all, id);
    }
    fl_unlock(&all->lock);
    if (!rc)
        *out = &found->is;
    return fl_plainly(rc);
}

/* The settling caller holds it, so no data goes here. */
static int settle(void *store, uint64_t id, bool gone)
{
    memory *all = store;
    fl_lock(&all->lock);
    fl_dead_letter *found = fl_tree_take(&all->taken, id);
    if (found) {
        all->count.taken--;
        if (!gone) {
            fl_tree_add(&all->kept, found);
            all->count.kept++;
        }
    }
    fl_unlock(&all->lock);
    if (found && gone)
        filch_dead_letter_release(&found->is);
    return found ? 0 : fl_plainly(-ENOENT);
}

static int remove_one(void *store, uint64_t id, filch_dead_letter **out)
{
    memory *all = store;
    int rc = 0;
    fl_lock(&all->lock);
    fl_dead_letter *found = fl_tree_take(&all->kept, id);
    if (found)
        all->count.kept--;
    else
        rc = absence(all, id);
    fl_unlock(&all->lock);
    if (!rc)
        *out = &found->is;
    return fl_plainly(rc);
}

static int trim(void *store, uint64_t most, filch_dead_letter **out)
{
    memory *all = store;
    fl_dead_letter *oldest = NULL;
    fl_lock(&all->lock);
    if (all->count.kept > most) {
        oldest = fl_tree_take(&all->kept, fl_tree_above(all->kept, 0)->is.id);
        all->count.kept--;
    }
    fl_unlock(&all->lock);
    if (!oldest)
        return 0;
    *out = &oldest->is;
    return 1;
}

static int count(void *store, filch_dead_letter_count *out)
{
    memory *all = store;
    fl_lock(&all->lock);
    *out = all->count;
    fl_unlock(&all->lock);
    return 0;
}

static void close_store(void *store)
{
    memory *all = store;
    for (filch_dead_letter *one; trim(store, 0, &one);)
        filch_dead_letter_release(one);
    free(all);
}

const filch_dead_letter_store fl_dead_letters_memory = {
    .put = put,
    .next = next,
    .take = take,
    .settle = settle,
    .remove = remove_one,
    .trim = trim,
    .count = count,
    .close = close_store,
};

/* ---- The tree ---- */

static uint64_t rank(const fl_dead_letter *letter)
{
    return fl_rng_seed(letter->is.id, 0);
}

/* Those below `id`, and those above. */
static void split(fl_dead_letter *tree, uint64_t id, fl_dead_letter **below, fl_dead_letter **above)
{
    while (tree) {
        if (tree->is.id < id) {
            *below = tree;
            below = &tree->right;
            tree = tree->right;
        } else {
            *above = tree;
            above = &tree->left;
            tree = tree->left;
        }
    }
    *below = *above = NULL;
}

void fl_tree_add(fl_dead_letter **root, fl_dead_letter *letter)
{
    fl_dead_letter **at = root;
    while (*at && rank(*at) >= rank(letter))
        at = letter->is.id < (*at)->is.id ? &(*at)->left : &(*at)->right;
    split(*at, letter->is.id, &letter->left, &letter->right);
    *at = letter;
}

fl_dead_letter *fl_tree_above(fl_dead_letter *root, uint64_t after)
{
    fl_dead_letter *found = NULL;
    while (root) {
        if (root->is.id > after) {
            found = root;
            root = root->left;
        } else {
            root = root->right;
        }
    }
    return found;
}

/* All of `left` are below all of `right`. */
static void merge(fl_dead_letter **at, fl_dead_letter *left, fl_dead_letter *right)
{
    while (left && right) {
        if (rank(left) > rank(right)) {
            *at = left;
            at = &left->right;
            left = left->right;
        } else {
            *at = right;
            at = &right->left;
            right = right->left;
        }
    }
    *at = left ? left : right;
}

fl_dead_letter *fl_tree_take(fl_dead_letter **root, uint64_t id)
{
    fl_dead_letter **at = root, *found;
    while (*at && (*at)->is.id != id)
        at = id < (*at)->is.id ? &(*at)->left : &(*at)->right;
    found = *at;
    if (found)
        merge(at, found->left, found->right);
    return found;
}
