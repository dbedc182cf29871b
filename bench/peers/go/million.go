// SPDX-License-Identifier: MIT OR Apache-2.0

package main

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// The kind "million": the work of bench/peers/ours_million.c, as a Go program does it. The source adapts the
// width to the waiting jobs, once for each ROOM jobs: it starts goroutines, or has some of them end.

const leastWide = 4

var errNonsense = errors.New("nonsense")

func doOneOfAMillion(number int) error {
	switch kind := number % 1000; {
	case kind == 1:
		panic("one in a thousand")
	case kind > 0 && kind < 12:
		return errNonsense
	case kind%16 == 0:
		time.Sleep(time.Millisecond)
	}
	return nil
}

type millionPool struct {
	jobs                      chan int
	quit                      chan struct{}
	workers                   sync.WaitGroup
	width, most               int
	running                   int64
	succeeded, failed, panics uint64
}

func (p *millionPool) do(number int) {
	atomic.AddInt64(&p.running, 1)
	defer func() {
		if why := recover(); why != nil {
			_ = fmt.Errorf("panic: %v", why)
			atomic.AddUint64(&p.panics, 1)
		}
		atomic.AddInt64(&p.running, -1)
	}()
	if doOneOfAMillion(number) != nil {
		atomic.AddUint64(&p.failed, 1)
	} else {
		atomic.AddUint64(&p.succeeded, 1)
	}
}

func (p *millionPool) work() {
	defer p.workers.Done()
	for {
		select {
		case number, open := <-p.jobs:
			if !open {
				return
			}
			p.do(number)
		case <-p.quit:
			return
		}
	}
}

func (p *millionPool) resize(width int) {
	for ; p.width < width; p.width++ {
		p.workers.Add(1)
		go p.work()
	}
	for ; p.width > width; p.width-- {
		p.quit <- struct{}{}
	}
}

func (p *millionPool) steer() {
	waiting, running := len(p.jobs), int(atomic.LoadInt64(&p.running))
	if waiting > p.width && p.width < p.most {
		p.resize(p.width * 2)
	} else if waiting == 0 && running <= p.width/2 && p.width > leastWide {
		p.resize(p.width / 2)
	}
}

func million(o *order, r *reply) {
	p := &millionPool{jobs: make(chan int, o.room), quit: make(chan struct{}, o.width), most: o.width}
	p.resize(leastWide)
	r.begin()
	for i := 0; i < o.count; i++ {
		if i%o.room == o.room-1 {
			p.steer()
		}
		p.jobs <- i
	}
	close(p.jobs)
	p.workers.Wait()
	r.end()
	r.answer = p.succeeded + p.failed<<24 + p.panics<<48
}
