// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The peer "go": goroutines, channels and the standard library alone. The orders and answers are those
// of bench/peers/orders.h.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

type order struct {
	kind                                        string
	count, workers, parties, width, room, steps int
}

type reply struct {
	seconds, cpu float64
	answer       uint64
	p50, p99     float64 // us
}

var kinds = map[string]func(*order, *reply){
	"wake-blocks": wake, "wake-polls": wake, "wake-spins": wake,
	"jobs-queued": jobsPlain, "jobs-fifo": jobsPlain, "jobs-priority": jobsOfLevels,
	"jobs-timeout": jobsWithTimeout, "jobs-handle": jobsWithHandle, "jobs-all": jobsWithAll,
	"million": million, "channel": channel, "mutex": mutex,
	"timers-start": timersStart, "timers-stop": timersStop, "timers-pairs": timersPairs,
	"spawn": spawn,
}

func check(right bool, what string) {
	if !right {
		fmt.Fprintln(os.Stderr, what, "failed")
		os.Exit(1)
	}
}

func clock(id uintptr) float64 {
	var t syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, id, uintptr(unsafe.Pointer(&t)), 0)
	return float64(t.Sec) + float64(t.Nsec)*1e-9
}

const processCPU = 2

var epoch = time.Now()

func now() float64 { return time.Since(epoch).Seconds() }

func (r *reply) begin() {
	r.cpu = clock(processCPU)
	r.seconds = now()
}

func (r *reply) end() {
	r.seconds = now() - r.seconds
	r.cpu = clock(processCPU) - r.cpu
}

func steps(x uint64, count int) uint64 {
	for ; count > 0; count-- {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

// The part of `count` of one of so many parties; the parts make up the whole.
func (o *order) share(party int) int {
	share := o.count / o.parties
	if party < o.count%o.parties {
		share++
	}
	return share
}

// Runs body(0 .. count - 1), each in a goroutine, which begin together; measures all.
func together(count int, r *reply, body func(party int)) {
	var done sync.WaitGroup
	gate := make(chan struct{})
	done.Add(count)
	for i := 0; i < count; i++ {
		go func(party int) {
			<-gate
			body(party)
			done.Done()
		}(i)
	}
	r.begin()
	close(gate)
	done.Wait()
	r.end()
}

func main() {
	for {
		var o order
		if n, _ := fmt.Scan(&o.kind, &o.count, &o.workers, &o.parties, &o.width, &o.room, &o.steps); n != 7 {
			return
		}
		work, known := kinds[o.kind]
		if !known {
			fmt.Println("none")
			continue
		}
		var r reply
		runtime.GOMAXPROCS(o.workers)
		work(&o, &r)
		fmt.Printf("%.9f %.9f %d %.3f %.3f\n", r.seconds, r.cpu, r.answer, r.p50, r.p99)
	}
}
