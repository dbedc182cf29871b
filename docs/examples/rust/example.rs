// SPDX-License-Identifier: MIT OR Apache-2.0
//! Filch from Rust: fork and join, a parallel loop, a future, and a pool. To build it:
//!
//!     rustc -O example.rs -L "$(pkg-config --variable=libdir filch)" && ./example
//!
//! Functions that Filch calls are `extern "C"`. A panic of Rust must not leave them: catch it, or build with -C panic=abort.
mod filch;

use filch::*;
use std::ffi::CStr;
use std::os::raw::{c_char, c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU64, Ordering};

/// Ends the program with the library's sentence if a call failed.
fn check(code: c_int) {
    if code < 0 {
        let why = unsafe { CStr::from_ptr(filch_error()) };
        eprintln!("example: {}", why.to_string_lossy());
        std::process::exit(1);
    }
}

// ---- Fork and join: FILCH_TASK, FILCH_FORK and FILCH_JOIN by functions ----

unsafe fn word(slot: *mut filch_slot) -> *mut i64 {
    filch_arguments(slot) as *mut i64
}

static FIB: filch_task = filch_task { run: Some(run_fib), name: b"fib\0".as_ptr() as *const c_char };

/// The task for a thief: its arguments, up to 40 bytes, are in the slot, and its result goes there.
unsafe extern "C" fn run_fib(here: filch_self, slot: *mut filch_slot) {
    *word(slot) = fib(here, *word(slot));
}

unsafe fn fib(mut here: filch_self, n: i64) -> i64 {
    if n < 2 {
        return n;
    }
    *word(here) = n - 1; // the arguments first,
    here = filch_fork(here, &FIB); // then the fork, which may now run elsewhere
    let right = fib(here, n - 2);
    here = here.sub(1); // the slot of the newest fork
    let left = if filch_join(here) != 0 { fib(here, n - 1) } else { *word(here) };
    left + right
}

// ---- A loop ----

static DOUBLE_ALL: filch_task = filch_task { run: Some(run_double_all), name: b"double_all\0".as_ptr() as *const c_char };

unsafe extern "C" fn run_double_all(here: filch_self, slot: *mut filch_slot) {
    let (values, count) = (*word(slot) as *mut c_void, *word(slot).add(1) as usize);
    *word(slot) = filch_for(here, 0, count, 0, Some(double), values) as i64;
}

/// The body of FILCH_FOR, for a part of the range.
unsafe extern "C" fn double(_: filch_self, begin: usize, end: usize, values: *mut c_void) -> c_int {
    for i in begin..end {
        *(values as *mut f64).add(i) *= 2.0;
    }
    0
}

// ---- A job of a pool ----

unsafe extern "C" fn count(_: filch_self, _: *mut filch_job, total: *mut c_void) -> c_int {
    (*(total as *const AtomicU64)).fetch_add(1, Ordering::Relaxed);
    0
}

fn main() {
    unsafe {
        let mut runtime = null_mut();
        check(filch_runtime_create(&mut runtime, null()));

        let mut slot: filch_slot = std::mem::zeroed();
        *word(&mut slot) = 25;
        check(filch_run(runtime, &FIB, &mut slot)); // FILCH_RUN
        println!("fib(25) = {}", *word(&mut slot));

        let mut values: Vec<f64> = (0..100_000).map(f64::from).collect();
        *word(&mut slot) = values.as_mut_ptr() as i64;
        *word(&mut slot).add(1) = values.len() as i64;
        check(filch_run(runtime, &DOUBLE_ALL, &mut slot));
        check(*word(&mut slot) as c_int);
        println!("values[99999] = {}", values[99_999]);

        let mut answer: Box<filch_future> = Box::new(std::mem::zeroed()); // it must not move
        *word(&mut slot) = 20;
        check(filch_async(runtime, &mut *answer, &FIB, &mut slot, 8, null(), 0)); // FILCH_ASYNC
        let mut result = 0i64;
        check(filch_await_value(&mut *answer, &mut result as *mut i64 as *mut c_void, 8));
        println!("fib(20) = {}", result);

        let mut config: filch_pool_config = std::mem::zeroed();
        config.size = std::mem::size_of::<filch_pool_config>();
        config.runtime = runtime;
        config.width = 2;
        let (mut pool, total) = (null_mut(), AtomicU64::new(0));
        check(filch_pool_create(&mut pool, &config));
        for _ in 0..1000 {
            let data = &total as *const AtomicU64 as *mut c_void;
            check(filch_pool_submit(null_mut(), pool, Some(count), data, null(), FILCH_FOREVER)); // FILCH_SUBMIT
        }
        check(filch_pool_destroy(pool)); // waits for all jobs
        println!("jobs = {}", total.load(Ordering::Relaxed));

        check(filch_runtime_destroy(runtime));
    }
}
