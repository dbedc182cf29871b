/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Circular doubly linked lists of things that contain a link. The owner of a list guards it. */
#ifndef FL_LIST_H
#define FL_LIST_H

#include <sched/assert.h>

#include <stdbool.h>
#include <stddef.h>

/* A list's head, and a link in each item. */
typedef struct fl_list {
    struct fl_list *next, *previous;
} fl_list;

static inline void fl_list_init(fl_list *list)
{
    list->next = list->previous = list;
}

static inline bool fl_list_is_empty(const fl_list *list)
{
    return list->next == list;
}

/* Do its neighbours, which are the link itself in an empty list, name it? */
static inline bool fl_list_is_linked(const fl_list *link)
{
    return link->previous->next == link && link->next->previous == link;
}

/* Also of a link that is in no list, if fl_list_init was called for it. */
static inline void fl_list_remove(fl_list *link)
{
    FL_ASSERT(fl_list_is_linked(link));
    link->previous->next = link->next;
    link->next->previous = link->previous;
    fl_list_init(link);
}

/* Inserts it in front of an item; in front of the head is the end. */
static inline void fl_list_insert(fl_list *before, fl_list *link)
{
    FL_ASSERT(fl_list_is_linked(before));
    link->next = before;
    link->previous = before->previous;
    link->previous->next = link;
    before->previous = link;
}

static inline void fl_list_append(fl_list *list, fl_list *link)
{
    fl_list_insert(list, link);
}

/* The first, removed; NULL: the list is empty. */
static inline fl_list *fl_list_take(fl_list *list)
{
    fl_list *first = list->next;
    if (first == list)
        return NULL;
    fl_list_remove(first);
    return first;
}

/* Appends all of `from`, which is empty afterwards. */
static inline void fl_list_append_all(fl_list *list, fl_list *from)
{
    if (fl_list_is_empty(from))
        return;
    from->next->previous = list->previous;
    from->previous->next = list;
    list->previous->next = from->next;
    list->previous = from->previous;
    fl_list_init(from);
}

#endif
