/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Read-copy update, as far as the library uses it; system/rcu.c has the other half. */
#ifndef SHIM_URCU_BP_H
#define SHIM_URCU_BP_H

struct rcu_head {
    void (*func)(struct rcu_head *head);
    struct rcu_head *next;
};

void urcu_bp_read_lock(void);
void urcu_bp_read_unlock(void);
void urcu_bp_synchronize_rcu(void);
void urcu_bp_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));

#endif
