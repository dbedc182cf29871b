/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A call for each object of each function of the runtime, its tasks, synchronisation and parallel algorithms; `it` is the object.
 * tests/support/null/calls.h has the rules; tests/lint/null.py finds missing rows. Included twice, without a guard. */
// clang-format off
/* <filch/channel.h> */
DIES(filch_channel_capacity, channel, filch_channel_capacity(it))
REFUSES(filch_channel_close, channel, filch_channel_close(it))
DIES(filch_channel_closed, channel, filch_channel_closed(it))
REFUSES(filch_channel_create, out, filch_channel_create(it, 1, 1))
IGNORES(filch_channel_destroy, channel, (filch_channel_destroy(it), 0))
DIES(filch_channel_length, channel, filch_channel_length(it))
DIES(filch_channel_next, channel, filch_channel_next(it, room, 1))
REFUSES(filch_channel_receive, channel, filch_channel_receive(it, room))
REFUSES(filch_channel_receive_until, channel, filch_channel_receive_until(it, room, 0))
REFUSES(filch_channel_send, channel, filch_channel_send(it, room))
REFUSES(filch_channel_send_until, channel, filch_channel_send_until(it, room, 0))
REFUSES(filch_channel_try_receive, channel, filch_channel_try_receive(it, room))
REFUSES(filch_channel_try_send, channel, filch_channel_try_send(it, room))

/* <filch/context.h> */
REFUSES(filch_context_cancel, context, filch_context_cancel(it, 1))
ALLOWS(filch_context_cause, context, filch_context_cause(it))
REFUSES(filch_context_create, out, filch_context_create(it, room))
ALLOWS(filch_context_create, parent, filch_context_create(room, it))
REFUSES(filch_context_create_until, out, filch_context_create_until(it, room, 0))
ALLOWS(filch_context_create_until, parent, filch_context_create_until(room, it, 0))
REFUSES(filch_context_create_value, out, filch_context_create_value(it, room, room, room))
ALLOWS(filch_context_create_value, parent, filch_context_create_value(room, it, room, room))
ALLOWS(filch_context_deadline, context, filch_context_deadline(it))
IGNORES(filch_context_release, context, (filch_context_release(it), 0))
IGNORES(filch_context_retain, context, filch_context_retain(it))
ALLOWS(filch_context_sleep, context, filch_context_sleep(it, 0))
ALLOWS(filch_context_value, context, filch_context_value(it, room))
REFUSES(filch_context_wait, context, filch_context_wait(it, 0))

/* <filch/find.h> */
REFUSES(fl_run_all, rt, fl_run_all(it, 1, 1, room, room))
REFUSES(fl_run_any, rt, fl_run_any(it, 1, 1, room, room))
REFUSES(fl_run_find, rt, fl_run_find(it, 1, 1, room, room, room))

/* <filch/for.h> */
REFUSES(filch_run_for, rt, filch_run_for(it, 1, 1, 1, room, room))
REFUSES(fl_run_for_2d, rt, fl_run_for_2d(it, 1, 1, 1, 1, room, room))

/* <filch/future.h> */
REFUSES(filch_await, future, filch_await(it))
REFUSES(filch_await_until, future, filch_await_until(it, 0))
REFUSES(filch_await_value, future, filch_await_value(it, room, 1))
REFUSES(filch_future_break, future, filch_future_break(it))
DIES(filch_future_done, future, filch_future_done(it))
REFUSES(filch_future_fail, future, filch_future_fail(it, "x", 1, 1, "x"))
DIES(filch_future_failure, future, filch_future_failure(it))
REFUSES(filch_future_reset, future, filch_future_reset(it))
REFUSES(filch_future_set, future, filch_future_set(it, room, 1))
DIES(filch_future_value, future, filch_future_value(it, 1))
REFUSES(filch_then, next, (filch_then)(it, room, live_runtime(), room, room, 1))
REFUSES(filch_then, from, (filch_then)(room, it, live_runtime(), room, room, 1))
REFUSES(filch_then, rt, (filch_then)(room, room + 2048, it, room, room, 1))
REFUSES(fl_then_at, next, fl_then_at(it, room, live_runtime(), room, room, 1, room))
REFUSES(fl_then_at, from, fl_then_at(room, it, live_runtime(), room, room, 1, room))
REFUSES(fl_then_at, rt, fl_then_at(room, room + 2048, it, room, room, 1, room))
REFUSES(filch_when_all, all, filch_when_all(it, room, 1))
REFUSES(filch_when_all, futures, filch_when_all(room, it, 1))
REFUSES(filch_when_any, any, filch_when_any(it, room, 1, room))
REFUSES(filch_when_any, futures, filch_when_any(room, it, 1, room))
ALLOWS(filch_when_any, losers, (void)0)

/* <filch/find.h> */
REFUSES(fl_run_histogram, rt, fl_run_histogram(it, 1, 1, room, room, 1, room))

/* <filch/sort.h> */
REFUSES(filch_merge_by, ops, filch_merge_by(NULL, room, 1, room, 1, room, it, room))
REFUSES(fl_run_merge_by, rt, fl_run_merge_by(it, room, 1, room, 1, room, room, room))
REFUSES(fl_run_merge_by, ops, fl_run_merge_by(live_runtime(), room, 1, room, 1, room, it, room))

/* <filch/find.h> */
REFUSES(fl_run_pack, rt, fl_run_pack(it, room, 1, 1, room, room, room, room))

/* <filch/panic.h> */
DIES(filch_defer_begin, record, filch_defer_begin(NULL, it, NULL, room))
DIES(filch_defer_end, record, filch_defer_end(it))
DIES(filch_panic_again, failure, filch_panic_again(it))
ALLOWS(filch_set_panic_handler, handler, filch_set_panic_handler(it))
ALLOWS(filch_try, out, (void)0)

/* <filch/process.h> */
IGNORES(filch_process_close_in, process, (filch_process_close_in(it), 0))
DIES(filch_process_context, process, filch_process_context(it))
IGNORES(filch_process_destroy, process, (filch_process_destroy(it), 0))
REFUSES(filch_process_err, process, filch_process_err(it))
REFUSES(filch_process_in, process, filch_process_in(it))
REFUSES(filch_process_kill, process, filch_process_kill(it, 1))
REFUSES(filch_process_kill_group, process, filch_process_kill_group(it, 1))
REFUSES(filch_process_out, process, filch_process_out(it))
DIES(filch_process_pid, process, filch_process_pid(it))
REFUSES(filch_process_spawn, out, filch_process_spawn(it, room, 0))
REFUSES(filch_process_spawn, config, filch_process_spawn(room, it, 0))
REFUSES(filch_process_wait, process, filch_process_wait(it, room, room, 0))
ALLOWS(filch_process_wait, outcome, (void)0)
ALLOWS(filch_process_wait, context, (void)0)
REFUSES(filch_process_write, process, filch_process_write(it, room, 1, 0))

/* <filch/sort.h> */
REFUSES(filch_radix_sort_by, ops, filch_radix_sort_by(NULL, room, 1, it, room))
REFUSES(fl_run_radix_sort_by, rt, fl_run_radix_sort_by(it, room, 1, room, room))
REFUSES(fl_run_radix_sort_by, ops, fl_run_radix_sort_by(live_runtime(), room, 1, it, room))

/* <filch/reduce.h> */
REFUSES(filch_reduce, how, filch_reduce(NULL, 1, 1, 1, it, room, room))
REFUSES(filch_reduce_deterministic, how, filch_reduce_deterministic(NULL, 1, 1, 1, 1, it, room, room))
REFUSES(filch_run_reduce, rt, filch_run_reduce(it, 1, 1, 1, &live_reduction, room, room))
REFUSES(filch_run_reduce, how, filch_run_reduce(live_runtime(), 1, 1, 1, it, room, room))
REFUSES(fl_run_reduce_deterministic, rt, fl_run_reduce_deterministic(it, 1, 1, 1, 1, &live_reduction, room, room))
REFUSES(fl_run_reduce_deterministic, how, fl_run_reduce_deterministic(live_runtime(), 1, 1, 1, 1, it, room, room))

/* <filch/guest.h> */
REFUSES(filch_guest_attach, rt, filch_guest_attach(it, room))
REFUSES(filch_guest_attach, guest, filch_guest_attach(live_runtime(), it))
DIES(filch_guest_detach, guest, filch_guest_detach(it))
REFUSES(filch_help_set, rt, filch_help_set(it, room, 1))
REFUSES(filch_help_set, word, filch_help_set(live_runtime(), it, 1))
DIES(filch_help_until, word, filch_help_until(room, it, 1, 0))

/* <filch/runtime.h> */
REFUSES(filch_async, rt, filch_async(it, room, room, room, 1, "x", 1))
REFUSES(filch_async, future, filch_async(live_runtime(), it, room, room, 1, "x", 1))
REFUSES(filch_go, rt, (filch_go)(it, NULL, room))
REFUSES(fl_go_at, rt, fl_go_at(it, NULL, room, room))
REFUSES(filch_run, rt, (filch_run)(it, room, room))
REFUSES(fl_run_at, rt, fl_run_at(it, room, room, "x", 1))
DIES(fl_run_or_die, rt, fl_run_or_die(it, room, room, "x", 1))
REFUSES(filch_runtime_create, out, filch_runtime_create(it, room))
ALLOWS(filch_runtime_create, config, filch_runtime_create(room, it))
ALLOWS(filch_runtime_describe, rt, filch_runtime_describe(it, room, 1))
IGNORES(filch_runtime_destroy, rt, filch_runtime_destroy(it))
ALLOWS(filch_runtime_max_workers, rt, filch_runtime_max_workers(it))
REFUSES(filch_runtime_resize, rt, filch_runtime_resize(it, 1))
REFUSES(filch_runtime_set_policy, rt, filch_runtime_set_policy(it, "x"))
REFUSES(filch_phase_begin, rt, filch_phase_begin(it))
REFUSES(filch_phase_end, rt, filch_phase_end(it))
ALLOWS(filch_runtime_workers, rt, filch_runtime_workers(it))

/* <filch/scan.h> */
REFUSES(filch_run_scan, rt, filch_run_scan(it, room, 1, room, &live_scanning, room))
REFUSES(filch_run_scan, how, filch_run_scan(live_runtime(), room, 1, room, it, room))
REFUSES(filch_scan, how, filch_scan(NULL, room, 1, room, it, room))

/* <filch/scope.h> */
DIES(filch_scope_children, scope, filch_scope_children(it))
REFUSES(filch_scope_end, scope, filch_scope_end(it))
DIES(filch_scope_context, scope, filch_scope_context(it))
REFUSES(filch_scope_fail, scope, filch_scope_fail(it, 1, "x"))
DIES(filch_scope_failure, scope, filch_scope_failure(it))
DIES(filch_scope_failures, scope, filch_scope_failures(it))
DIES(filch_scope_next_failure, scope, filch_scope_next_failure(it, room))
ALLOWS(filch_scope_next_failure, previous, (void)0)
REFUSES(filch_scope_begin, scope, filch_scope_begin(it, live_runtime(), room))
REFUSES(filch_scope_begin, rt, filch_scope_begin(room, it, room))
ALLOWS(filch_scope_begin, parent, filch_scope_begin(room, live_runtime(), it))
REFUSES(filch_scope_begin_as, scope, filch_scope_begin_as(it, live_runtime(), room, 0))
REFUSES(filch_scope_begin_as, rt, filch_scope_begin_as(room, it, room, 0))
ALLOWS(filch_scope_begin_as, parent, filch_scope_begin_as(room, live_runtime(), it, 0))
REFUSES(filch_scope_spawn, scope, filch_scope_spawn(it, room, room))
REFUSES(filch_scope_spawn, child, filch_scope_spawn(room, it, room))
REFUSES(filch_scope_wait, scope, filch_scope_wait(it, 0))

/* <filch/select.h> */
REFUSES(filch_select, cases, filch_select(it, 1))

/* <filch/process.h> */
REFUSES(filch_signal_channel_start, out, filch_signal_channel_start(it, room, 1))
IGNORES(filch_signal_channel_stop, channel, (filch_signal_channel_stop(it), 0))
REFUSES(filch_signal_context_start, out, filch_signal_context_start(it, room, room, 1))
ALLOWS(filch_signal_context_start, parent, (void)0)
IGNORES(filch_signal_context_stop, context, (filch_signal_context_stop(it), 0))

/* <filch/sort.h> */
REFUSES(filch_run_sort, rt, filch_run_sort(it, room, 1, 4, room, room))
REFUSES(filch_run_sort_stable, rt, filch_run_sort_stable(it, room, 1, 4, room, room))
REFUSES(filch_run_radix_sort, rt, filch_run_radix_sort(it, room, 1, 4, 0, 4, FILCH_RADIX_SIGNED))
REFUSES(fl_run_sort_by, rt, fl_run_sort_by(it, room, 1, room, room))
REFUSES(fl_run_sort_by, ops, fl_run_sort_by(live_runtime(), room, 1, it, room))
REFUSES(filch_sort_by, ops, filch_sort_by(NULL, room, 1, it, room))

/* <filch/sort.h> */
REFUSES(fl_run_sort_stable_by, rt, fl_run_sort_stable_by(it, room, 1, room, room))
REFUSES(fl_run_sort_stable_by, ops, fl_run_sort_stable_by(live_runtime(), room, 1, it, room))
REFUSES(filch_sort_stable_by, ops, filch_sort_stable_by(NULL, room, 1, it, room))

/* <filch/stats.h> */
REFUSES(filch_runtime_stats_read, rt, filch_runtime_stats_read(it, 1, room, 1))
REFUSES(filch_runtime_stats_read, out, filch_runtime_stats_read(live_runtime(), 1, it, 1))
REFUSES(filch_runtime_steals_read, rt, filch_runtime_steals_read(it, 1, room, 1))
REFUSES(filch_runtime_stats_write_json, rt, filch_runtime_stats_write_json(it, NULL, room))
REFUSES(filch_work_span_read, rt, filch_work_span_read(it, room, 1))
REFUSES(filch_work_span_read, out, filch_work_span_read(live_runtime(), it, 1))

/* <filch/sync.h> */
REFUSES(filch_barrier_init, barrier, filch_barrier_init(it, 1))
REFUSES(filch_barrier_wait, barrier, filch_barrier_wait(it, 0))
DIES(filch_condition_broadcast, condition, filch_condition_broadcast(it))
DIES(filch_condition_signal, condition, filch_condition_signal(it))
DIES(filch_condition_wait, condition, filch_condition_wait(it, room))
DIES(filch_condition_wait, mutex, filch_condition_wait(room, it))
REFUSES(filch_condition_wait_until, condition, filch_condition_wait_until(it, room, 0))
REFUSES(filch_condition_wait_until, mutex, filch_condition_wait_until(room, it, 0))
DIES(filch_mutex_lock, mutex, filch_mutex_lock(it))
REFUSES(filch_mutex_lock_until, mutex, filch_mutex_lock_until(it, 0))
REFUSES(filch_mutex_try_lock, mutex, filch_mutex_try_lock(it))
DIES(filch_mutex_unlock, mutex, filch_mutex_unlock(it))
DIES(filch_once, flag, filch_once(it, room, room))
DIES(filch_rwlock_read_lock, rwlock, filch_rwlock_read_lock(it))
REFUSES(filch_rwlock_read_lock_until, rwlock, filch_rwlock_read_lock_until(it, 0))
DIES(filch_rwlock_read_unlock, rwlock, filch_rwlock_read_unlock(it))
REFUSES(filch_rwlock_try_read_lock, rwlock, filch_rwlock_try_read_lock(it))
REFUSES(filch_rwlock_try_write_lock, rwlock, filch_rwlock_try_write_lock(it))
DIES(filch_rwlock_write_lock, rwlock, filch_rwlock_write_lock(it))
REFUSES(filch_rwlock_write_lock_until, rwlock, filch_rwlock_write_lock_until(it, 0))
DIES(filch_rwlock_write_unlock, rwlock, filch_rwlock_write_unlock(it))
DIES(filch_semaphore_acquire, semaphore, filch_semaphore_acquire(it, 1))
REFUSES(filch_semaphore_acquire_until, semaphore, filch_semaphore_acquire_until(it, 1, 0))
DIES(filch_semaphore_available, semaphore, filch_semaphore_available(it))
REFUSES(filch_semaphore_give_back, semaphore, filch_semaphore_give_back(it, 1))
REFUSES(filch_semaphore_init, semaphore, filch_semaphore_init(it, 1))
REFUSES(filch_semaphore_try_acquire, semaphore, filch_semaphore_try_acquire(it, 1))
DIES(filch_waitgroup_add, group, filch_waitgroup_add(it, 1))
DIES(filch_waitgroup_done, group, filch_waitgroup_done(it))
DIES(filch_waitgroup_wait, group, filch_waitgroup_wait(it))
REFUSES(filch_waitgroup_wait_until, group, filch_waitgroup_wait_until(it, 0))

/* <filch/timer.h> */
REFUSES(filch_after, out, filch_after(it, 0))
DIES(filch_ticker_channel, ticker, filch_ticker_channel(it))
REFUSES(filch_ticker_create, out, filch_ticker_create(it, 0))
IGNORES(filch_ticker_destroy, ticker, (filch_ticker_destroy(it), 0))
REFUSES(filch_ticker_reset, ticker, filch_ticker_reset(it, 0))
DIES(filch_ticker_stop, ticker, filch_ticker_stop(it))
REFUSES(filch_timer_reset, timer, filch_timer_reset(it, 0))
REFUSES(filch_timer_start, timer, (filch_timer_start)(it, live_runtime(), 0, NULL, room))
REFUSES(filch_timer_start, rt, (filch_timer_start)(room, it, 0, NULL, room))
REFUSES(fl_timer_start_at, timer, fl_timer_start_at(it, live_runtime(), 0, NULL, room, room))
REFUSES(fl_timer_start_at, rt, fl_timer_start_at(room, it, 0, NULL, room, room))
DIES(filch_timer_stop, timer, filch_timer_stop(it))

/* <filch/trace.h> */
REFUSES(filch_trace_start, rt, filch_trace_start(it, "x", "x"))
REFUSES(filch_trace_stop, rt, filch_trace_stop(it))

/* <filch/stats.h> */
REFUSES(filch_runtime_waits, rt, filch_runtime_waits(it, NULL, room))
// clang-format on
