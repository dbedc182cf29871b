// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"runtime"
	"sort"
	"sync/atomic"
	"syscall"
)

// The submitter has a thread of its own, as a thread beside a runtime has: it sleeps between two
// submissions in the system, not in Go's timers. Idle goroutines take what it sends.
func wake(o *order, r *reply) {
	type note struct {
		started float64
		done    uint32
		blocks  chan struct{} // nil: the submitter looks at done
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	notes := make(chan *note, o.workers)
	for i := 0; i < o.workers; i++ {
		go func() {
			for n := range notes {
				n.started = now()
				atomic.StoreUint32(&n.done, 1)
				if n.blocks != nil {
					n.blocks <- struct{}{}
				}
			}
		}()
	}
	var blocks chan struct{}
	if o.kind == "wake-blocks" {
		blocks = make(chan struct{}, 1)
	}
	gap := syscall.NsecToTimespec(int64(o.steps) * 1000)
	us := make([]float64, o.count)
	r.begin()
	for i := range us {
		n := note{blocks: blocks}
		syscall.Nanosleep(&gap, nil)
		from := now()
		notes <- &n
		if blocks != nil {
			<-blocks
		}
		for atomic.LoadUint32(&n.done) == 0 {
			if o.kind == "wake-polls" {
				syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
			}
		}
		us[i] = (n.started - from) * 1e6
	}
	r.end()
	close(notes)
	sort.Float64s(us)
	r.p50 = us[len(us)/2]
	r.p99 = us[len(us)*99/100]
	r.answer = uint64(o.count)
}
