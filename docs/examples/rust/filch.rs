// SPDX-License-Identifier: MIT OR Apache-2.0
//! Declarations of Filch for Rust. Made by tools/python/declare_rust.py --write from the public headers, which explain each name.
#![allow(dead_code, non_camel_case_types)]
use std::os::raw::{c_char, c_int, c_uint, c_void};

pub const FILCH_FOREVER: i64 = i64::MAX;
pub const FILCH_UNLIMITED: usize = usize::MAX;

#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_failure {
    pub code: c_int,
    pub line: c_int,
    pub file: *const c_char,
    pub task: *const c_char,
    pub message: [c_char; 104],
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_u32 {
    pub filch_value: u32,
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_ptr {
    pub filch_value: *mut c_void,
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_waiters {
    pub first: *mut c_void,
    pub last: *mut c_void,
}
#[repr(C)]
pub struct filch_context {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct filch_limiter {
    _opaque: [u8; 0],
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_adaptive_config {
    pub min: c_uint,
    pub max: c_uint,
    pub start: c_uint,
    pub tolerance: c_uint,
    pub decrease: c_uint,
    pub memory: i64,
}
#[repr(C)]
pub struct filch_breaker {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct filch_dead_letter_queue {
    _opaque: [u8; 0],
}
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct filch_slot {
    pub task: filch_ptr,
    pub state: filch_ptr,
    pub claimed: *const filch_task,
    pub args: [u64; 5],
}
pub type filch_self = *mut filch_slot;
pub type filch_run_fn = unsafe extern "C" fn(self_: filch_self, slot: *mut filch_slot);
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_task {
    pub run: Option<filch_run_fn>,
    pub name: *const c_char,
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_traceparent {
    pub trace: [u8; 16],
    pub span: [u8; 8],
    pub flags: u8,
}
#[repr(C)]
pub struct filch_pool {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct filch_job {
    _opaque: [u8; 0],
}
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub struct filch_future {
    pub stage: filch_u32,
    pub lock: filch_u32,
    pub waiters: filch_waiters,
    pub size: usize,
    pub room: [u64; 16],
}
pub type filch_outcome = c_uint;
pub const FILCH_UNDECIDED: filch_outcome = 0;
pub const FILCH_SUCCEEDED: filch_outcome = 1;
pub const FILCH_FAILED: filch_outcome = 2;
pub const FILCH_PANICKED: filch_outcome = 3;
pub const FILCH_TIMED_OUT: filch_outcome = 4;
pub const FILCH_CANCELLED: filch_outcome = 5;
pub const FILCH_DROPPED: filch_outcome = 6;
pub const FILCH_DEAD_LETTERED: filch_outcome = 7;
pub const FILCH_OUTCOMES: filch_outcome = 8;
pub type filch_job_fn = unsafe extern "C" fn(self_: filch_self, job: *mut filch_job, data: *mut c_void) -> c_int;
pub type filch_job_done_fn = unsafe extern "C" fn(job: *mut filch_job, outcome: filch_outcome, why: *const filch_failure, data: *mut c_void);
pub type filch_jitter = c_uint;
pub const FILCH_JITTER_FULL: filch_jitter = 0;
pub const FILCH_JITTER_EQUAL: filch_jitter = 1;
pub const FILCH_JITTER_DECORRELATED: filch_jitter = 2;
pub const FILCH_JITTER_NONE: filch_jitter = 3;
pub const FILCH_JITTER_PROPORTIONAL: filch_jitter = 4;
pub type filch_retry_verdict = c_uint;
pub const FILCH_RETRY_AGAIN: filch_retry_verdict = 0;
pub const FILCH_RETRY_SUCCEEDED: filch_retry_verdict = 1;
pub const FILCH_RETRY_FATAL: filch_retry_verdict = 2;
pub const FILCH_RETRY_NO_ATTEMPTS: filch_retry_verdict = 3;
pub const FILCH_RETRY_NO_TIME: filch_retry_verdict = 4;
pub const FILCH_RETRY_NO_BUDGET: filch_retry_verdict = 5;
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_retry_budget {
    pub lock: filch_u32,
    pub percent: c_uint,
    pub per_second: c_uint,
    pub most: i64,
    pub balance: i64,
    pub now: i64,
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_retry_report {
    pub attempt: c_uint,
    pub code: c_int,
    pub verdict: filch_retry_verdict,
    pub delay: i64,
}
pub type filch_retryable_fn = unsafe extern "C" fn(code: c_int, arg: *mut c_void) -> bool;
pub type filch_retry_told_fn = unsafe extern "C" fn(report: *const filch_retry_report, arg: *mut c_void);
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_retry_policy {
    pub attempts: c_uint,
    pub jitter: filch_jitter,
    pub base: i64,
    pub cap: i64,
    pub factor: f64,
    pub time: i64,
    pub seed: u64,
    pub budget: *mut filch_retry_budget,
    pub retryable: Option<filch_retryable_fn>,
    pub told: Option<filch_retry_told_fn>,
    pub arg: *mut c_void,
    pub percent: c_uint,
}
#[repr(C)]
pub struct filch_runtime {
    _opaque: [u8; 0],
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_config {
    pub size: usize,
    pub workers: c_uint,
    pub bind: *const c_char,
    pub cores: *const c_char,
    pub policy: *const c_char,
    pub queue: *const c_char,
    pub fence: *const c_char,
    pub stack_size: usize,
    pub max_fibers: c_uint,
    pub seed: u64,
    pub blocking_threads: c_uint,
    pub max_workers: c_uint,
    pub idle: *const c_char,
    pub take: *const c_char,
    pub wait: *const c_char,
    pub trace: *const c_char,
    pub share: c_uint,
    pub guest: *const c_char,
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_runtime_stats {
    pub gifts: u64,
    pub gift_tasks: u64,
    pub robs: u64,
    pub deque_steals: u64,
    pub queue_takes: u64,
    pub asks: u64,
    pub heavy_fences: u64,
    pub wakes: u64,
    pub parks: u64,
    pub switches: u64,
    pub migrations: u64,
    pub outside: u64,
    pub fibers: u64,
    pub forks: u64,
    pub joins_kept: u64,
    pub joins_taken: u64,
    pub joins_dropped: u64,
    pub tasks_taken: u64,
    pub flushed: u64,
    pub jobs_started: u64,
    pub jobs_run: u64,
    pub joins_waited: u64,
    pub suspensions: u64,
    pub missed_empty: u64,
    pub missed_busy: u64,
    pub missed_refused: u64,
    pub missed_gone: u64,
    pub missed_ready_empty: u64,
    pub missed_ready_left: u64,
    pub missed_ready_lost: u64,
    pub growths: u64,
    pub work_ns: u64,
    pub search_ns: u64,
    pub sleep_ns: u64,
    pub retired_ns: u64,
    pub suspended: u64,
    pub all_forks: u64,
    pub pushes: u64,
    pub exposures: u64,
    pub helps: u64,
    pub fibers_used: u64,
    pub fibers_used_most: u64,
}
pub type filch_go_fn = unsafe extern "C" fn(self_: filch_self, arg: *mut c_void);
#[repr(C)]
pub struct filch_results {
    _opaque: [u8; 0],
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_job_options {
    pub name: *const c_char,
    pub priority: c_uint,
    pub timeout: i64,
    pub context: *mut filch_context,
    pub done: Option<filch_job_done_fn>,
    pub drop: Option<unsafe extern "C" fn(data: *mut c_void)>,
    pub retry: *const filch_retry_policy,
    pub key: *const c_char,
    pub trace: *const filch_traceparent,
    pub results: *mut filch_results,
    pub run_timeout: i64,
    pub done_after_return: bool,
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_submission {
    pub fn_: Option<filch_job_fn>,
    pub data: *mut c_void,
    pub options: *const filch_job_options,
}
pub type filch_pool_order = c_uint;
pub const FILCH_ANY: filch_pool_order = 0;
pub const FILCH_FIFO: filch_pool_order = 1;
pub const FILCH_LIFO: filch_pool_order = 2;
pub const FILCH_PRIORITY: filch_pool_order = 3;
pub const FILCH_EARLIEST: filch_pool_order = 4;
pub const FILCH_ORDERS: filch_pool_order = 5;
pub type filch_when_full = c_uint;
pub const FILCH_FULL_WAIT: filch_when_full = 0;
pub const FILCH_FULL_REJECT: filch_when_full = 1;
pub const FILCH_FULL_RUN: filch_when_full = 2;
pub const FILCH_FULL_DROP_OLDEST: filch_when_full = 3;
pub const FILCH_FULL_DROP_NEWEST: filch_when_full = 4;
pub const FILCH_FULL_CHOICES: filch_when_full = 5;
pub type filch_breaker_full = c_uint;
pub const FILCH_BREAKER_FULL_HOLD: filch_breaker_full = 0;
pub const FILCH_BREAKER_FULL_FAIL: filch_breaker_full = 1;
pub const FILCH_BREAKER_FULL_CHOICES: filch_breaker_full = 2;
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_stuck {
    pub name: *const c_char,
    pub id: u64,
    pub age: i64,
    pub where_: *const c_char,
    pub data: *mut c_void,
}
pub type filch_stuck_fn = unsafe extern "C" fn(report: *const filch_stuck, arg: *mut c_void);
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_pool_config {
    pub size: usize,
    pub name: *const c_char,
    pub runtime: *mut filch_runtime,
    pub workers: c_uint,
    pub width: c_uint,
    pub capacity: usize,
    pub order: filch_pool_order,
    pub full: filch_when_full,
    pub aging: i64,
    pub timeout: i64,
    pub context: *mut filch_context,
    pub timed: bool,
    pub width_max: c_uint,
    pub grow_depth: usize,
    pub grow_after: i64,
    pub shrink_after: i64,
    pub interval: i64,
    pub bind: *const c_char,
    pub limiter: *mut filch_limiter,
    pub breaker: *mut filch_breaker,
    pub breaker_full: filch_breaker_full,
    pub retry: *const filch_retry_policy,
    pub dead_letters: *mut filch_dead_letter_queue,
    pub adaptive: *const filch_adaptive_config,
    pub stuck_after: i64,
    pub spares: c_uint,
    pub stuck: Option<filch_stuck_fn>,
    pub stuck_arg: *mut c_void,
    pub max_workers: c_uint,
    pub results: *mut filch_results,
    pub cpu_max: c_uint,
    pub run_timeout: i64,
    pub blocking: bool,
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_pool_stats {
    pub accepted: u64,
    pub outcomes: [u64; 8],
    pub refused: u64,
    pub waiting: u64,
    pub running: u64,
    pub width: u64,
    pub grown: u64,
    pub shrunk: u64,
    pub delayed: u64,
    pub retries: u64,
    pub stuck: u64,
    pub running_most: u64,
    pub waiting_most: u64,
    pub held: u64,
}
pub type filch_then_fn = unsafe extern "C" fn(self_: filch_self, value: *const c_void, result: *mut c_void, arg: *mut c_void) -> c_int;
#[repr(C)]
pub struct filch_channel {
    _opaque: [u8; 0],
}
pub type filch_for_fn = unsafe extern "C" fn(self_: filch_self, begin: usize, end: usize, context: *mut c_void) -> c_int;
pub type filch_for_2d_fn = unsafe extern "C" fn(self_: filch_self, i_begin: usize, i_end: usize, j_begin: usize, j_end: usize, context: *mut c_void) -> c_int;
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_reduction {
    pub size: usize,
    pub make: Option<unsafe extern "C" fn(context: *mut c_void, sum: *mut c_void) -> bool>,
    pub chunk: Option<unsafe extern "C" fn(self_: filch_self, begin: usize, end: usize, context: *mut c_void, sum: *mut c_void) -> c_int>,
    pub join: Option<unsafe extern "C" fn(context: *mut c_void, left: *mut c_void, right: *mut c_void)>,
    pub drop: Option<unsafe extern "C" fn(context: *mut c_void, sum: *mut c_void)>,
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_scanning {
    pub size: usize,
    pub make: Option<unsafe extern "C" fn(context: *mut c_void, sum: *mut c_void)>,
    pub sum: Option<unsafe extern "C" fn(in_: *const c_void, n: usize, context: *mut c_void, sum: *mut c_void)>,
    pub scan: Option<unsafe extern "C" fn(in_: *const c_void, n: usize, out: *mut c_void, context: *mut c_void, sum: *mut c_void)>,
}
pub type filch_less_fn = unsafe extern "C" fn(a: *const c_void, b: *const c_void, context: *mut c_void) -> bool;
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_merge_ops {
    pub size: usize,
    pub merge: Option<unsafe extern "C" fn(a: *const c_void, a_count: usize, b: *const c_void, b_count: usize, out: *mut c_void, context: *mut c_void)>,
    pub split: Option<unsafe extern "C" fn(a: *const c_void, a_count: usize, b: *const c_void, b_count: usize, count: usize, context: *mut c_void) -> usize>,
}
pub type filch_radix_kind = c_uint;
pub const FILCH_RADIX_UNSIGNED: filch_radix_kind = 0;
pub const FILCH_RADIX_SIGNED: filch_radix_kind = 1;
pub const FILCH_RADIX_FLOAT: filch_radix_kind = 2;
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_radix_digit {
    pub shift: c_uint,
    pub bits: c_uint,
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct fl_undo {
    pub older: *mut fl_undo,
    pub from: *mut c_char,
    pub first: *mut c_char,
    pub second: *mut c_char,
    pub second_is_to: bool,
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct fl_undos {
    pub newest: *mut fl_undo,
}
pub type filch_radix_key_fn = unsafe extern "C" fn(item: *const c_void, context: *mut c_void) -> u64;
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_radix_tables {
    pub counts: *mut u32,
    pub bits: c_uint,
    pub undos: *mut fl_undos,
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_radix_ops {
    pub size: usize,
    pub key: Option<filch_radix_key_fn>,
    pub count: Option<unsafe extern "C" fn(items: *const c_void, n: usize, digit: filch_radix_digit, counts: *mut usize, context: *mut c_void) -> u64>,
    pub scatter: Option<unsafe extern "C" fn(items: *const c_void, n: usize, digit: filch_radix_digit, to: *mut c_void, places: *mut usize, context: *mut c_void)>,
    pub cached: Option<unsafe extern "C" fn(items: *mut c_void, other: *mut c_void, n: usize, there: bool, tables: filch_radix_tables, context: *mut c_void)>,
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_sort_ops {
    pub size: usize,
    pub less: Option<filch_less_fn>,
    pub few: Option<unsafe extern "C" fn(items: *mut c_void, n: usize, context: *mut c_void)>,
    pub serial: Option<unsafe extern "C" fn(items: *mut c_void, n: usize, before: *const c_void, bad: c_uint, context: *mut c_void)>,
    pub partition: Option<unsafe extern "C" fn(items: *mut c_void, n: usize, pivot: *const c_void, not_after: bool, context: *mut c_void) -> usize>,
    pub median: Option<unsafe extern "C" fn(a: *const c_void, b: *const c_void, c: *const c_void, n: usize, context: *mut c_void) -> *const c_void>,
    pub heap: Option<unsafe extern "C" fn(items: *mut c_void, n: usize, context: *mut c_void)>,
    pub sorted: Option<unsafe extern "C" fn(items: *mut c_void, n: usize, context: *mut c_void) -> bool>,
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_stable_ops {
    pub merge: filch_merge_ops,
    pub is_run: Option<unsafe extern "C" fn(items: *mut c_void, count: usize, context: *mut c_void) -> bool>,
    pub few: Option<unsafe extern "C" fn(items: *mut c_void, spare: *mut c_void, count: usize, to_spare: bool, undos: *mut fl_undos, context: *mut c_void)>,
    pub part: Option<unsafe extern "C" fn(items: *mut c_void, spare: *mut c_void, count: usize, to_spare: bool, equal: *mut bool, undos: *mut fl_undos, context: *mut c_void) -> usize>,
}
pub type filch_write_fn = unsafe extern "C" fn(text: *const c_char, size: usize, arg: *mut c_void) -> c_int;
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_runtime_stat {
    pub name: *const c_char,
    pub unit: *const c_char,
    pub help: *const c_char,
    pub offset: usize,
    pub now: c_int,
}
#[derive(Clone, Copy)]
#[repr(C)]
pub struct filch_wait {
    pub task: *const c_char,
    pub pool: *const c_char,
    pub file: *const c_char,
    pub line: c_int,
    pub call: *const c_char,
    pub object: *const c_void,
    pub fiber: c_uint,
}
pub type filch_wait_fn = unsafe extern "C" fn(wait: *const filch_wait, arg: *mut c_void);

unsafe impl Sync for filch_task {}

const _: () = {
    assert!(std::mem::size_of::<filch_failure>() == 128);
    assert!(std::mem::size_of::<filch_u32>() == 4);
    assert!(std::mem::size_of::<filch_ptr>() == 8);
    assert!(std::mem::size_of::<filch_waiters>() == 16);
    assert!(std::mem::size_of::<filch_adaptive_config>() == 32);
    assert!(std::mem::size_of::<filch_slot>() == 64);
    assert!(std::mem::size_of::<filch_task>() == 16);
    assert!(std::mem::size_of::<filch_traceparent>() == 25);
    assert!(std::mem::size_of::<filch_future>() == 160);
    assert!(std::mem::size_of::<filch_retry_budget>() == 40);
    assert!(std::mem::size_of::<filch_retry_report>() == 24);
    assert!(std::mem::size_of::<filch_retry_policy>() == 88);
    assert!(std::mem::size_of::<filch_config>() == 136);
    assert!(std::mem::size_of::<filch_runtime_stats>() == 336);
    assert!(std::mem::size_of::<filch_job_options>() == 96);
    assert!(std::mem::size_of::<filch_submission>() == 24);
    assert!(std::mem::size_of::<filch_stuck>() == 40);
    assert!(std::mem::size_of::<filch_pool_config>() == 240);
    assert!(std::mem::size_of::<filch_pool_stats>() == 168);
    assert!(std::mem::size_of::<filch_reduction>() == 40);
    assert!(std::mem::size_of::<filch_scanning>() == 32);
    assert!(std::mem::size_of::<filch_merge_ops>() == 24);
    assert!(std::mem::size_of::<filch_radix_digit>() == 8);
    assert!(std::mem::size_of::<fl_undo>() == 40);
    assert!(std::mem::size_of::<fl_undos>() == 8);
    assert!(std::mem::size_of::<filch_radix_tables>() == 24);
    assert!(std::mem::size_of::<filch_radix_ops>() == 40);
    assert!(std::mem::size_of::<filch_sort_ops>() == 64);
    assert!(std::mem::size_of::<filch_stable_ops>() == 48);
    assert!(std::mem::size_of::<filch_runtime_stat>() == 40);
    assert!(std::mem::size_of::<filch_wait>() == 56);
};

#[link(name = "filch")]
extern "C" {
    pub fn filch_error() -> *const c_char;
    pub fn filch_error_about(code: c_int) -> *const c_char;
    pub fn filch_error_set(code: c_int, format: *const c_char, ...) -> c_int;
    pub fn filch_version() -> *const c_char;
    pub fn filch_now() -> i64;
    pub fn filch_in(ns: i64) -> i64;
    pub fn filch_context_create(out: *mut *mut filch_context, parent: *mut filch_context) -> c_int;
    pub fn filch_context_create_until(out: *mut *mut filch_context, parent: *mut filch_context, until: i64) -> c_int;
    pub fn filch_context_create_value(out: *mut *mut filch_context, parent: *mut filch_context, key: *const c_void, value: *mut c_void) -> c_int;
    pub fn filch_context_retain(context: *mut filch_context) -> *mut filch_context;
    pub fn filch_context_release(context: *mut filch_context);
    pub fn filch_context_cancel(context: *mut filch_context, cause: c_int) -> c_int;
    pub fn filch_context_wait(context: *mut filch_context, until: i64) -> c_int;
    pub fn filch_context_sleep(context: *mut filch_context, ns: i64) -> c_int;
    pub fn filch_context_cause(context: *const filch_context) -> c_int;
    pub fn filch_context_deadline(context: *const filch_context) -> i64;
    pub fn filch_context_value(context: *const filch_context, key: *const c_void) -> *mut c_void;
    pub fn filch_fork(self_: filch_self, task: *const filch_task) -> filch_self;
    pub fn filch_join(slot: *mut filch_slot) -> c_int;
    pub fn filch_arguments(slot: *mut filch_slot) -> *mut c_void;
    pub fn filch_job_release(job: *mut filch_job);
    pub fn filch_job_cancel(job: *mut filch_job) -> c_int;
    pub fn filch_job_set_priority(job: *mut filch_job, priority: c_uint) -> c_int;
    pub fn filch_job_place(job: *mut filch_job) -> c_int;
    pub fn filch_job_wait(job: *mut filch_job, until: i64) -> c_int;
    pub fn filch_job_future(future: *mut filch_future, job: *mut filch_job) -> c_int;
    pub fn filch_job_id(job: *const filch_job) -> u64;
    pub fn filch_job_data(job: *const filch_job) -> *mut c_void;
    pub fn filch_job_name(job: *const filch_job) -> *const c_char;
    pub fn filch_job_context(job: *const filch_job) -> *mut filch_context;
    pub fn filch_job_attempts(job: *const filch_job) -> c_uint;
    pub fn filch_job_trace(job: *const filch_job) -> filch_traceparent;
    pub fn filch_job_outcome(job: *const filch_job) -> filch_outcome;
    pub fn filch_job_failure(job: *const filch_job) -> *const filch_failure;
    pub fn filch_runtime_create(out: *mut *mut filch_runtime, config: *const filch_config) -> c_int;
    pub fn filch_runtime_destroy(rt: *mut filch_runtime) -> c_int;
    pub fn filch_runtime_resize(rt: *mut filch_runtime, workers: c_uint) -> c_int;
    pub fn filch_runtime_set_policy(rt: *mut filch_runtime, policy: *const c_char) -> c_int;
    pub fn filch_run(rt: *mut filch_runtime, task: *const filch_task, slot: *mut filch_slot) -> c_int;
    pub fn filch_go(rt: *mut filch_runtime, fn_: Option<filch_go_fn>, arg: *mut c_void) -> c_int;
    pub fn filch_async(rt: *mut filch_runtime, future: *mut filch_future, task: *const filch_task, slot: *mut filch_slot, size: usize, file: *const c_char, line: c_int) -> c_int;
    pub fn filch_yield(self_: filch_self);
    pub fn filch_runtime_workers(rt: *const filch_runtime) -> c_uint;
    pub fn filch_runtime_max_workers(rt: *const filch_runtime) -> c_uint;
    pub fn filch_runtime_here() -> *mut filch_runtime;
    pub fn filch_worker_index() -> c_int;
    pub fn filch_runtime_stats_read(rt: *const filch_runtime, worker: c_int, out: *mut filch_runtime_stats, size: usize) -> c_int;
    pub fn filch_runtime_describe(rt: *const filch_runtime, text: *mut c_char, size: usize) -> usize;
    pub fn filch_pool_submit(out: *mut *mut filch_job, pool: *mut filch_pool, fn_: Option<filch_job_fn>, data: *mut c_void, options: *const filch_job_options, until: i64) -> c_int;
    pub fn filch_pool_submit_all(pool: *mut filch_pool, fn_: Option<filch_job_fn>, data: *const *mut c_void, count: usize, options: *const filch_job_options, until: i64, accepted: *mut usize) -> c_int;
    pub fn filch_pool_submit_each(pool: *mut filch_pool, each: *const filch_submission, count: usize, until: i64, accepted: *mut usize) -> c_int;
    pub fn filch_pool_cpu_bound() -> filch_pool_config;
    pub fn filch_pool_io_bound() -> filch_pool_config;
    pub fn filch_pool_create(out: *mut *mut filch_pool, config: *const filch_pool_config) -> c_int;
    pub fn filch_pool_destroy(pool: *mut filch_pool) -> c_int;
    pub fn filch_pool_close(pool: *mut filch_pool);
    pub fn filch_pool_wait(pool: *mut filch_pool, until: i64) -> c_int;
    pub fn filch_pool_shutdown(pool: *mut filch_pool, until: i64) -> c_int;
    pub fn filch_pool_shutdown_now(pool: *mut filch_pool) -> usize;
    pub fn filch_pool_cancel_waiting(pool: *mut filch_pool) -> usize;
    pub fn filch_pool_resize(pool: *mut filch_pool, width: c_uint) -> c_int;
    pub fn filch_pool_set_capacity(pool: *mut filch_pool, capacity: usize) -> c_int;
    pub fn filch_pool_stats_read(pool: *const filch_pool, out: *mut filch_pool_stats, size: usize);
    pub fn filch_results_create(out: *mut *mut filch_results) -> c_int;
    pub fn filch_results_destroy(results: *mut filch_results) -> c_int;
    pub fn filch_results_close(results: *mut filch_results);
    pub fn filch_results_take(results: *mut filch_results, out: *mut *mut filch_job, until: i64) -> c_int;
    pub fn filch_results_set_bound(results: *mut filch_results, bound: usize) -> c_int;
    pub fn filch_results_length(results: *const filch_results) -> usize;
    pub fn filch_future_set(future: *mut filch_future, value: *const c_void, size: usize) -> c_int;
    pub fn filch_future_fail(future: *mut filch_future, file: *const c_char, line: c_int, code: c_int, format: *const c_char, ...) -> c_int;
    pub fn filch_future_break(future: *mut filch_future) -> c_int;
    pub fn filch_future_reset(future: *mut filch_future) -> c_int;
    pub fn filch_await(future: *mut filch_future) -> c_int;
    pub fn filch_await_until(future: *mut filch_future, until: i64) -> c_int;
    pub fn filch_await_value(future: *mut filch_future, to: *mut c_void, size: usize) -> c_int;
    pub fn filch_then(next: *mut filch_future, from: *mut filch_future, rt: *mut filch_runtime, fn_: Option<filch_then_fn>, arg: *mut c_void, size: usize) -> c_int;
    pub fn filch_when_all(all: *mut filch_future, futures: *const *mut filch_future, count: usize) -> c_int;
    pub fn filch_when_any(any: *mut filch_future, futures: *const *mut filch_future, count: usize, losers: *mut filch_context) -> c_int;
    pub fn filch_future_done(future: *const filch_future) -> bool;
    pub fn filch_future_value(future: *const filch_future, size: usize) -> *const c_void;
    pub fn filch_future_failure(future: *const filch_future) -> *const filch_failure;
    pub fn filch_channel_create(out: *mut *mut filch_channel, item_size: usize, capacity: usize) -> c_int;
    pub fn filch_channel_close(channel: *mut filch_channel) -> c_int;
    pub fn filch_channel_destroy(channel: *mut filch_channel);
    pub fn filch_channel_send(channel: *mut filch_channel, item: *const c_void) -> c_int;
    pub fn filch_channel_try_send(channel: *mut filch_channel, item: *const c_void) -> c_int;
    pub fn filch_channel_send_until(channel: *mut filch_channel, item: *const c_void, until: i64) -> c_int;
    pub fn filch_channel_receive(channel: *mut filch_channel, item: *mut c_void) -> c_int;
    pub fn filch_channel_try_receive(channel: *mut filch_channel, item: *mut c_void) -> c_int;
    pub fn filch_channel_receive_until(channel: *mut filch_channel, item: *mut c_void, until: i64) -> c_int;
    pub fn filch_channel_next(channel: *mut filch_channel, item: *mut c_void, size: usize) -> bool;
    pub fn filch_channel_length(channel: *mut filch_channel) -> usize;
    pub fn filch_channel_capacity(channel: *const filch_channel) -> usize;
    pub fn filch_channel_closed(channel: *mut filch_channel) -> bool;
    pub fn filch_for(self_: filch_self, begin: usize, end: usize, hint: usize, body: Option<filch_for_fn>, context: *mut c_void) -> c_int;
    pub fn filch_run_for(rt: *mut filch_runtime, begin: usize, end: usize, hint: usize, body: Option<filch_for_fn>, context: *mut c_void) -> c_int;
    pub fn filch_for_2d(self_: filch_self, i_begin: usize, i_end: usize, j_begin: usize, j_end: usize, body: Option<filch_for_2d_fn>, context: *mut c_void) -> c_int;
    pub fn filch_reduce(self_: filch_self, begin: usize, end: usize, hint: usize, how: *const filch_reduction, out: *mut c_void, context: *mut c_void) -> c_int;
    pub fn filch_run_reduce(rt: *mut filch_runtime, begin: usize, end: usize, hint: usize, how: *const filch_reduction, out: *mut c_void, context: *mut c_void) -> c_int;
    pub fn filch_reduce_deterministic(self_: filch_self, begin: usize, end: usize, block: usize, most: usize, how: *const filch_reduction, out: *mut c_void, context: *mut c_void) -> c_int;
    pub fn filch_scan(self_: filch_self, in_: *const c_void, n: usize, out: *mut c_void, how: *const filch_scanning, context: *mut c_void) -> c_int;
    pub fn filch_run_scan(rt: *mut filch_runtime, in_: *const c_void, n: usize, out: *mut c_void, how: *const filch_scanning, context: *mut c_void) -> c_int;
    pub fn filch_sort(self_: filch_self, items: *mut c_void, n: usize, size: usize, less: Option<filch_less_fn>, context: *mut c_void) -> c_int;
    pub fn filch_run_sort(rt: *mut filch_runtime, items: *mut c_void, n: usize, size: usize, less: Option<filch_less_fn>, context: *mut c_void) -> c_int;
    pub fn filch_sort_by(self_: filch_self, items: *mut c_void, n: usize, ops: *const filch_sort_ops, context: *mut c_void) -> c_int;
    pub fn filch_sort_stable(self_: filch_self, items: *mut c_void, count: usize, size: usize, less: Option<filch_less_fn>, context: *mut c_void) -> c_int;
    pub fn filch_run_sort_stable(rt: *mut filch_runtime, items: *mut c_void, count: usize, size: usize, less: Option<filch_less_fn>, context: *mut c_void) -> c_int;
    pub fn filch_sort_stable_by(self_: filch_self, items: *mut c_void, count: usize, ops: *const filch_stable_ops, context: *mut c_void) -> c_int;
    pub fn filch_radix_sort(self_: filch_self, items: *mut c_void, n: usize, size: usize, key_offset: usize, key_bytes: usize, kind: filch_radix_kind) -> c_int;
    pub fn filch_run_radix_sort(rt: *mut filch_runtime, items: *mut c_void, n: usize, size: usize, key_offset: usize, key_bytes: usize, kind: filch_radix_kind) -> c_int;
    pub fn filch_radix_sort_by(self_: filch_self, items: *mut c_void, n: usize, ops: *const filch_radix_ops, context: *mut c_void) -> c_int;
    pub fn filch_merge(self_: filch_self, a: *const c_void, a_count: usize, b: *const c_void, b_count: usize, out: *mut c_void, size: usize, less: Option<filch_less_fn>, context: *mut c_void) -> c_int;
    pub fn filch_merge_by(self_: filch_self, a: *const c_void, a_count: usize, b: *const c_void, b_count: usize, out: *mut c_void, ops: *const filch_merge_ops, context: *mut c_void) -> c_int;
    pub fn filch_runtime_steals_read(rt: *mut filch_runtime, thief: c_uint, taken: *mut u64, count: c_uint) -> c_int;
    pub fn filch_runtime_stats_write_json(rt: *mut filch_runtime, write: Option<filch_write_fn>, arg: *mut c_void) -> c_int;
    pub fn filch_runtime_stats_row(i: c_uint) -> *const filch_runtime_stat;
    pub fn filch_runtime_waits(rt: *mut filch_runtime, fn_: Option<filch_wait_fn>, arg: *mut c_void) -> c_int;
    pub fn filch_blocking_begin() -> c_int;
    pub fn filch_blocking_end() -> c_int;
    pub fn filch_blocking(fn_: Option<unsafe extern "C" fn(arg: *mut c_void)>, arg: *mut c_void) -> c_int;
}
