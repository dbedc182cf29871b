// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// Even parties send, odd ones receive.
func channel(o *order, r *reply) {
	items := make(chan uint64, o.room)
	var sum uint64
	together(2*o.parties, r, func(party int) {
		share := o.share(party / 2)
		if party%2 == 0 {
			for i := 0; i < share; i++ {
				items <- uint64(i)
			}
			return
		}
		var mine uint64
		for i := 0; i < share; i++ {
			mine += <-items
		}
		atomic.AddUint64(&sum, mine)
	})
	r.answer = sum
}

func mutex(o *order, r *reply) {
	var lock sync.Mutex
	var state uint64
	together(o.parties, r, func(party int) {
		for i := o.share(party); i > 0; i-- {
			lock.Lock()
			state = steps(state, o.steps)
			lock.Unlock()
		}
	})
	r.answer = state
}

// Tomorrow, at some time of the day: the same times as in the other peers.
type someTime uint64

func (state *someTime) next() time.Duration {
	*state = someTime(steps(uint64(*state), 1))
	return time.Duration(86400+uint64(*state>>33)%86400) * time.Second
}

func never() { check(false, "a timer that is due tomorrow") }

func startAll(timers []*time.Timer, party int) {
	random := someTime(party)
	for i := range timers {
		timers[i] = time.AfterFunc(random.next(), never)
	}
}

func stopAll(timers []*time.Timer) {
	for _, timer := range timers {
		check(timer.Stop(), "a timer")
	}
}

func newTimers(o *order) [][]*time.Timer {
	timers := make([][]*time.Timer, o.parties)
	for party := range timers {
		timers[party] = make([]*time.Timer, o.share(party))
	}
	return timers
}

func timersStart(o *order, r *reply) {
	timers := newTimers(o)
	together(o.parties, r, func(party int) { startAll(timers[party], party) })
	for _, mine := range timers {
		stopAll(mine)
	}
	r.answer = uint64(o.count)
}

func timersStop(o *order, r *reply) {
	timers := newTimers(o)
	together(o.parties, r, func(party int) {
		startAll(timers[party], party)
		stopAll(timers[party])
	})
	r.answer = uint64(o.count)
}

func timersPairs(o *order, r *reply) {
	together(o.parties, r, func(party int) {
		random := someTime(party)
		for i := o.share(party); i > 0; i-- {
			check(time.AfterFunc(random.next(), never).Stop(), "a timer")
		}
	})
	r.answer = uint64(o.count)
}

func spawn(o *order, r *reply) {
	results := make([]uint64, o.count)
	var group sync.WaitGroup
	together(1, r, func(int) {
		group.Add(o.count)
		for i := range results {
			go func(result *uint64, seed uint64) {
				*result = steps(seed, o.steps)
				group.Done()
			}(&results[i], uint64(i))
		}
		group.Wait()
	})
	for _, result := range results {
		r.answer += result
	}
}
