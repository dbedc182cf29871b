// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A pool as Go programs have it: a buffered channel, and so many goroutines that receive from it. The
// submitters are goroutines. Each job increments its worker's own count.

func runPool[T any](o *order, r *reply, submit func(jobs chan<- T, count int), do func(T)) {
	jobs := make(chan T, o.room)
	done := make([]uint64, o.width*8) // every eighth: a cache line each
	var workers, submitters sync.WaitGroup
	workers.Add(o.width)
	for w := 0; w < o.width; w++ {
		go func(mine *uint64) {
			defer workers.Done()
			for job := range jobs {
				do(job)
				*mine++
			}
		}(&done[w*8])
	}
	submitters.Add(o.parties)
	r.begin()
	for p := 0; p < o.parties; p++ {
		go func(share int) {
			submit(jobs, share)
			submitters.Done()
		}(o.share(p))
	}
	submitters.Wait()
	close(jobs)
	workers.Wait()
	r.end()
	for w := 0; w < o.width; w++ {
		r.answer += done[w*8]
	}
}

func nothing() {}

func jobsPlain(o *order, r *reply) {
	runPool(o, r, func(jobs chan<- func(), count int) {
		for i := 0; i < count; i++ {
			jobs <- nothing
		}
	}, func(job func()) { job() })
}

// ---- With a deadline: a context for each job

type timed struct {
	job    func(context.Context)
	ctx    context.Context
	cancel context.CancelFunc
}

func (t timed) do() {
	if t.ctx.Err() == nil {
		t.job(t.ctx)
	}
	t.cancel()
}

func newTimed() timed {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	return timed{func(context.Context) {}, ctx, cancel}
}

func jobsWithTimeout(o *order, r *reply) {
	runPool(o, r, func(jobs chan<- timed, count int) {
		for i := 0; i < count; i++ {
			jobs <- newTimed()
		}
	}, timed.do)
}

// ---- With a handle, which is waited for while so many others are under way

const handles = 1024

type handled struct {
	job  func() error
	done chan error
}

func jobsWithHandle(o *order, r *reply) {
	runPool(o, r, func(jobs chan<- handled, count int) {
		var underWay [handles]chan error
		for i := 0; i < count+handles; i++ {
			at := &underWay[i%handles]
			if *at != nil {
				check(<-*at == nil, "a job")
			}
			*at = nil
			if i < count {
				*at = make(chan error, 1)
				jobs <- handled{func() error { return nil }, *at}
			}
		}
	}, func(h handled) { h.done <- h.job() })
}

// ---- Priorities: rings behind a mutex and two conditions, since channels have none

const levels = 8

type prioritised struct {
	lock              sync.Mutex
	notFull, notEmpty sync.Cond
	rings             [levels][]func()
	head, waiting     [levels]int
	room, count       int
	closed            bool
}

func newPrioritised(room int) *prioritised {
	p := &prioritised{room: room}
	p.notFull.L, p.notEmpty.L = &p.lock, &p.lock
	for i := range p.rings {
		p.rings[i] = make([]func(), room)
	}
	return p
}

func (p *prioritised) put(level int, job func()) {
	p.lock.Lock()
	for p.count == p.room {
		p.notFull.Wait()
	}
	p.rings[level][(p.head[level]+p.waiting[level])%p.room] = job
	p.waiting[level]++
	p.count++
	p.notEmpty.Signal()
	p.lock.Unlock()
}

// nil: it is closed, and empty.
func (p *prioritised) take() func() {
	p.lock.Lock()
	defer p.lock.Unlock()
	for p.count == 0 && !p.closed {
		p.notEmpty.Wait()
	}
	for level := levels - 1; level >= 0; level-- {
		if p.waiting[level] > 0 {
			job := p.rings[level][p.head[level]]
			p.head[level] = (p.head[level] + 1) % p.room
			p.waiting[level]--
			p.count--
			p.notFull.Signal()
			return job
		}
	}
	return nil
}

func (p *prioritised) close() {
	p.lock.Lock()
	p.closed = true
	p.notEmpty.Broadcast()
	p.lock.Unlock()
}

func runPrioritised(o *order, r *reply, submit func(p *prioritised, count int)) {
	var done uint64
	var workers, submitters sync.WaitGroup
	p := newPrioritised(o.room)
	workers.Add(o.width)
	for w := 0; w < o.width; w++ {
		go func() {
			defer workers.Done()
			var mine uint64
			for job := p.take(); job != nil; job = p.take() {
				job()
				mine++
			}
			atomic.AddUint64(&done, mine)
		}()
	}
	submitters.Add(o.parties)
	r.begin()
	for i := 0; i < o.parties; i++ {
		go func(share int) {
			submit(p, share)
			submitters.Done()
		}(o.share(i))
	}
	submitters.Wait()
	p.close()
	workers.Wait()
	r.end()
	r.answer = done
}

func jobsOfLevels(o *order, r *reply) {
	runPrioritised(o, r, func(p *prioritised, count int) {
		for i := 0; i < count; i++ {
			p.put(i%levels, nothing)
		}
	})
}

func jobsWithAll(o *order, r *reply) {
	runPrioritised(o, r, func(p *prioritised, count int) {
		var underWay [handles]chan error
		for i := 0; i < count+handles; i++ {
			at := &underWay[i%handles]
			if *at != nil {
				check(<-*at == nil, "a job")
			}
			*at = nil
			if i < count {
				t, done := newTimed(), make(chan error, 1)
				*at = done
				p.put(i%levels, func() { t.do(); done <- nil })
			}
		}
	})
}
