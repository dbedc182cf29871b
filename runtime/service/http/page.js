// The page of a service: asks for /debug/state and /metrics every two seconds. Texts of jobs are foreign: they become
// text nodes only.
'use strict';

const PERIOD = 2000;
const place = id => document.getElementById(id);

function element(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// Seconds in each unit.
const units = [[3600, 'h'], [60, 'min'], [1, 's'], [1e-3, 'ms'], [1e-6, 'µs']];

function duration(seconds) {
  const [unit, name] = units.find(([least]) => seconds >= least) || units[units.length - 1];
  return Number((seconds / unit).toPrecision(3)) + ' ' + name;
}

// null: the broker does not report it.
const number = value => value === undefined ? 'unknown' : value === null ? '–' : value.toLocaleString('en');
const rate = value => value.toFixed(value < 10 ? 1 : 0);

// Rows of cells; a cell that is a number stands on the right.
function fill(id, rows, none) {
  const body = place(id).tBodies[0], heads = place(id).tHead.rows[0].cells;
  body.replaceChildren(...rows.map(cells => {
    const row = document.createElement('tr');
    row.append(...cells.map((cell, at) => {
      const made = Array.isArray(cell) ? element('td', cell[0], 'n') : element('td', cell);
      made.dataset.head = heads[at].textContent; // shown on narrow screens
      return made;
    }));
    return row;
  }));
  if (rows.length) return;
  const cell = element('td', none, 'none');
  cell.colSpan = heads.length;
  body.append(document.createElement('tr'));
  body.rows[0].append(cell);
}

function showStatus(words, good) {
  const status = place('status');
  status.textContent = words;
  status.className = 'status ' + (good ? 'good' : 'bad');
}

function condition(state) {
  if (!state.healthy) return 'the loop has not turned for 30 s';
  if (state.draining) return 'draining';
  if (!state.connected) return 'not connected to the broker';
  return state.ready ? 'ready' : 'not ready';
}

function showFigures(state) {
  const sum = field => state.queues.reduce((all, queue) => all + queue[field], 0);
  const known = state.queues.every(queue => 'ready' in queue);
  const figures = [
    ['running', number(state.running)],
    ['held of ' + number(state.prefetch), number(state.held)],
    ['done a second', rate(state.rates.done)],
    ['retried a second', rate(state.rates.retried)],
    ['ready in queues', known ? number(sum('ready')) : 'unknown'],
    ['dead letters', known ? number(sum('dead')) : 'unknown']];
  place('figures').replaceChildren(...figures.map(([name, value]) => {
    const box = document.createElement('div');
    box.append(element('b', value), element('span', name));
    return box;
  }));
}

const outcomes = {done: 'done', retried: 'retried', dead: 'dead letters', failed: '– of failed runs',
  malformed: '– malformed, or of unknown type', expired: '– expired', poison: '– delivered too often', given_back: 'given back',
  cancelled: 'cancelled', late: 'late', lost: 'lost leases'};

function show(state) {
  const state_words = condition(state);
  showStatus(state_words, state_words === 'ready');
  const name = state.program + ' on ' + state.host;
  document.title = name + ', ' + state.broker;
  document.querySelector('h1').textContent = name;
  place('broker').textContent = state.broker;
  showFigures(state);
  fill('jobs', state.jobs.map(job => [job.id ?? '–', job.type, job.queue, [number(job.attempt)],
    [duration(job.running)], [duration(job.age)]]), 'no job is running');
  fill('queues', state.queues.map(queue => [queue.name, ...['ready', 'delayed', 'leased', 'dead'].map(
    field => [number(queue[field])])]), 'no queues');
  fill('outcomes', Object.entries(outcomes).map(([field, name]) => [name, [number(state.totals[field])],
    [rate(state.rates[field])]]), '');
  fill('types', state.types.map(type => [type.type, ...['success', 'failure', 'error'].map(field => [number(type[field])]),
    ...['p50', 'p90', 'p99', 'max'].map(field => [type.success + type.failure ? duration(type[field]) : '–'])]), 'no types');
}

// The buckets of all types in Prometheus' text: [upper bound, runs], not cumulative.
function buckets(text) {
  const up_to = new Map();
  for (const [, bound, count] of text.matchAll(/^worker_task_duration_seconds_bucket\{.*le="([^"]+)"\} (\d+)/gm))
    up_to.set(bound, (up_to.get(bound) || 0) + Number(count));
  let before = 0;
  return [...up_to].map(([bound, count]) => {
    const own = count - before;
    before = count;
    return [bound, own];
  });
}

function showLatency(text) {
  const all = buckets(text);
  const most = Math.max(1, ...all.map(([, count]) => count));
  place('latency').replaceChildren(...all.flatMap(([bound, count], at) => {
    const bar = document.createElement('i');
    bar.style.width = 100 * count / most + '%';
    const name = bound === '+Inf' ? 'over ' + duration(Number(all[at - 1][0])) : 'up to ' + duration(Number(bound));
    return [element('span', name), bar, element('span', number(count), 'n')];
  }));
}

async function answer(path) {
  const response = await fetch(path, {cache: 'no-store'});
  if (!response.ok) throw new Error(path + ': ' + response.status);
  return response;
}

async function refresh() {
  try {
    const [state, metrics] = await Promise.all([answer('/debug/state'), answer('/metrics')]);
    show(await state.json());
    showLatency(await metrics.text());
    document.body.dataset.turns = Number(document.body.dataset.turns || 0) + 1;
  } catch (error) {
    showStatus('no answer (' + error.message + ')', false);
  }
  setTimeout(refresh, PERIOD);
}

refresh();
