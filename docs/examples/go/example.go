// SPDX-License-Identifier: MIT OR Apache-2.0

// Filch from Go: a parallel loop, a future, and a pool of jobs in Go. To build it: go build && ./filch_example
//
// Go functions run as jobs of a pool with .blocking, on ordinary threads. On a worker they would run on a fiber, whose stack and
// thread Go does not know.
package main

// #cgo pkg-config: filch
// #include "bodies.h"
// #include <errno.h>
// #include <stdlib.h>
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"runtime/cgo"
	"sync/atomic"
	"unsafe"
)

// check ends the program with the library's sentence if a call failed. (A goroutine may change its thread between two calls, and the
// sentence is the thread's, so main locks its own.)
func check(code C.int) {
	if code < 0 {
		fmt.Fprintln(os.Stderr, "example:", C.GoString(C.filch_error()))
		os.Exit(1)
	}
}

//export goJob
func goJob(call C.uintptr_t) C.int {
	handle := cgo.Handle(call)
	defer handle.Delete()
	if err := handle.Value().(func() error)(); err != nil {
		return -C.EPROTO
	}
	return 0
}

// submit runs a Go function as a job of the pool.
func submit(pool *C.filch_pool, fn func() error) {
	check(C.submit_go(pool, C.uintptr_t(cgo.NewHandle(fn))))
}

func main() {
	runtime.LockOSThread()
	var rt *C.filch_runtime
	check(C.filch_runtime_create(&rt, nil))

	values := make([]float64, 100000)
	for i := range values {
		values[i] = float64(i)
	}
	check(C.filch_run_for(rt, 0, C.size_t(len(values)), 0, (*C.filch_for_fn)(C.double_all), unsafe.Pointer(&values[0])))
	fmt.Println("values[99999] =", values[99999])

	answer := (*C.filch_future)(C.calloc(1, C.sizeof_filch_future)) // C's memory: it must not move
	check(C.start_fib(rt, answer, 25))
	var result C.int64_t
	check(C.filch_await_value(answer, unsafe.Pointer(&result), 8))
	C.free(unsafe.Pointer(answer))
	fmt.Println("fib(25) =", result)

	var pool *C.filch_pool
	config := C.filch_pool_config{size: C.sizeof_filch_pool_config, runtime: rt, width: 2, blocking: true}
	check(C.filch_pool_create(&pool, &config))
	var jobs int64
	for i := 0; i < 1000; i++ {
		submit(pool, func() error { atomic.AddInt64(&jobs, 1); return nil })
	}
	check(C.filch_pool_destroy(pool)) // waits for all jobs
	fmt.Println("jobs =", jobs)
	check(C.filch_runtime_destroy(rt))
}
