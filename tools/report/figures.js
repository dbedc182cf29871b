/* Charts and tables of one kernel, and of all together. Everything comes from the result document. */
'use strict';

const result = JSON.parse(document.getElementById('result').textContent);
const isSerial = cell => cell.queue === null;

/* A column has one colour and one mark on the whole page. */
const looks = new Map(distinct(result.results.flatMap(block => block.columns).filter(cell => !isSerial(cell))
    .map(cell => cell.column)).map((column, i) => [column, {colour: `var(--c${i % 8})`, mark: i}]));
const lookOf = column => looks.get(column) || {colour: 'var(--serial)', mark: 1};

const hasFigures = cell => cell.summary !== undefined && cell.error === undefined;
const cellName = cell => isSerial(cell) ? 'serial' : `${cell.column}, ${cell.workers}\u00a0W`;
const shown = block => block.columns.filter(hasFigures);
const mostWorkers = block => Math.max(...shown(block).map(cell => cell.workers));
const legendOf = columns => columns.map(column => ({name: column, ...lookOf(column)}));
const columnsOf = cells => distinct(cells.filter(cell => !isSerial(cell)).map(cell => cell.column));
const cpuOf = cell => medianOf(cell.samples.map(sample => sample.cpu_seconds));
const stealsOf = cell => medianOf(cell.samples.map(sample => sample.steals));
const mark = cell => cell.summary.disturbed ? '*' : '';

function timeFigure(block) {
    const rows = shown(block).map(cell => ({
        name: cellName(cell), value: cell.summary.seconds, low: cell.summary.low, high: cell.summary.high,
        text: asTime(cell.summary.seconds) + mark(cell), colour: lookOf(cell.column).colour,
    }));
    return figure('Time of a run', barChart(`Time of a run of ${block.label}`, rows, asTime),
        'Median; the whisker is its 95 % interval (of fewer than 6 samples, their range). Shorter is better. W: workers.');
}

function cpuFigure(block) {
    const rows = shown(block).map(cell => ({
        name: cellName(cell), value: cpuOf(cell), text: asTime(cpuOf(cell)), colour: lookOf(cell.column).colour,
    }));
    return figure('CPU time of a run', barChart(`CPU time of a run of ${block.label}`, rows, asTime),
        'User and system, of all threads. What is longer than the serial bar is the price of running in parallel.');
}

/* A sentence for a figure's note if `most` workers need more than one hardware thread of a core; else empty. */
function sharedCores(most) {
    const [, cores, threads] = /^usable: +cores (\d+), hardware threads (\d+)/m.exec(result.machine.runtime) || [];
    return cores < threads && most > cores ? ` More than ${cores} workers share cores: each core has several hardware threads.` : '';
}

/* A chart over the number of workers: the speed-up over serial code, by the ratios of the rounds, divided by share(workers).
 * Whiskers carry the interval of the time. With fewer than `least` numbers of workers there is no chart. */
function scalingFigure(block, {title, best, least, share, format, note}) {
    const cells = block.latency ? [] : shown(block).filter(cell => !isSerial(cell) && cell.summary.over_serial > 0);
    const counts = distinct(cells.map(cell => cell.workers)).sort((a, b) => a - b);
    if (counts.length < least)
        return null;
    const point = cell => {
        const of = 1 / cell.summary.over_serial / share(cell.workers), {seconds, low, high} = cell.summary;
        return {x: cell.workers, y: of, low: of * seconds / high, high: of * seconds / low};
    };
    const curves = columnsOf(cells).map(column => ({
        look: lookOf(column), points: cells.filter(cell => cell.column === column).map(point).sort((a, b) => a.x - b.x),
    }));
    const rules = [{label: best, side: 'end', points: counts.map(count => ({x: count, y: count / share(count)}))}];
    const ceilings = [{copies: 1, gain: 1}, ...result.ceilings].filter(one => counts.includes(one.copies));
    if (ceilings.length > 1)
        rules.unshift({label: 'ceiling', side: 'start', points: ceilings.map(one => ({x: one.copies, y: one.gain / share(one.copies)}))});
    return figure(title,
        lineChart(`${title.split(' ')[0]} of ${block.label} over serial code`, curves,
            {label: 'workers', format: asPlain, ticks: counts}, {format}, rules),
        (ceilings.length > 1 ? note : 'Higher is better.') + sharedCores(counts.at(-1)), legendOf(columnsOf(cells)));
}

const speedUpFigure = block => scalingFigure(block, {
    title: 'Speed-up over serial code', best: 'one per worker', least: 2, share: () => 1, format: asPlain,
    note: 'Ceiling: what as many independent copies of serial code gain on this machine.',
});

const efficiencyFigure = block => scalingFigure(block, {
    title: 'Efficiency, speed-up by workers', best: 'all', least: 3, share: workers => workers,
    format: part => Math.round(100 * part) + '\u00a0%',
    note: 'Ceiling: the efficiency of as many independent copies of serial code on this machine.',
});

const TIMES = [['work_ns', 'work', 'var(--work)'], ['search_ns', 'search', 'var(--search)'], ['sleep_ns', 'sleep', 'var(--sleep)']];
const ATTEMPTS = [
    ['gift_tasks', 'handed over when asked', 'var(--c0)'], ['robs', 'taken from a silent owner', 'var(--c5)'],
    ['deque_steals', 'from a ready deque', 'var(--c2)'], ['queue_takes', 'from a shared queue', 'var(--c7)'],
    ['missed_empty', 'nothing there', 'var(--sleep)'], ['missed_ready_empty', 'ready deque empty', 'var(--serial)'],
    ['missed_refused', 'refused', 'var(--c4)'], ['missed_busy', 'another thief was asking', 'var(--c1)'],
    ['missed_gone', 'came too late', 'var(--c3)'], ['missed_ready_lost', 'another was faster', 'var(--c6)'],
    ['missed_ready_left', 'only what was left to its owner', 'var(--quiet)'],
];

/* kinds: [[field of the statistics, its name, its colour]]. Cells that have counted none are left out. */
function statisticsFigure(block, title, kinds, textOf, note) {
    const rows = shown(block).filter(cell => cell.statistics).map(cell => ({
        name: cellName(cell), cell,
        parts: kinds.map(([field, name, colour]) => ({name, colour, value: cell.statistics[field] || 0})),
    })).filter(row => sumOf(row.parts.map(part => part.value)) > 0);
    if (rows.length === 0)
        return null;
    rows.forEach(row => { row.text = textOf(row); });
    const used = kinds.filter((_, i) => rows.some(row => row.parts[i].value > 0));
    return figure(title, shareChart(`${title} of ${block.label}`, rows), note,
        used.map(([, name, colour]) => ({name, colour})));
}

const busyFigure = block => statisticsFigure(block, 'What workers did', TIMES,
    row => asShare(row.parts[0].value / sumOf(row.parts.map(part => part.value))),
    'Shares of all workers\u2019 time; the figure is work. Peers and the hand-written pool do not count theirs.');
const stealFigure = block => statisticsFigure(block, 'What came of looking for work', ATTEMPTS,
    row => asCount(sumOf(row.parts.map(part => part.value))),
    'Attempts to take a task from elsewhere, in a run; the figure is how many there were.');

const columnOf = (name, value, format) => ({
    name, value: row => value(row) === null ? -Infinity : value(row),
    text: row => value(row) === null ? '' : format(value(row)),
});
const orNull = (number, there = true) => there && number > 0 ? number : null;

function busyOf(cell) {
    const all = cell.statistics ? sumOf(TIMES.map(([field]) => cell.statistics[field])) : 0;
    return all > 0 ? cell.statistics.work_ns / all : null;
}

const CELL_COLUMNS = [
    {name: 'column', value: cell => cell.column, text: cell => cell.column},
    columnOf('workers', cell => isSerial(cell) ? null : cell.workers, String),
    columnOf('time', cell => cell.summary.seconds, asTime),
    columnOf('from', cell => cell.summary.low, asTime),
    columnOf('to', cell => cell.summary.high, asTime),
    columnOf('time / serial', cell => orNull(cell.summary.over_serial, !isSerial(cell)), digits),
    columnOf('speed-up over 1 worker', cell => orNull(cell.summary.speed_up, cell.workers > 1), digits),
    columnOf('tasks/s', cell => orNull(cell.summary.tasks_per_second), asCount),
    columnOf('steals', cell => isSerial(cell) ? null : stealsOf(cell), asCount),
    columnOf('CPU time', cpuOf, asTime),
    columnOf('busy', busyOf, asShare),
    columnOf('peak MiB', cell => cell.peak_mib, number => number.toFixed(1)),
    columnOf('samples', cell => cell.samples.length, String),
    {name: 'disturbed by', value: cell => cell.summary.noise.length, text: cell => cell.summary.noise.join(', ')},
];

/* Verdicts without a difference come last. */
const effectOf = pair => (['faster', 'slower'].includes(pair.verdict) ? 1000 : 0) + Math.abs(Math.log(pair.factor));
const VERDICTS = {
    faster: pair => `${asFactor(pair.factor)} faster`, slower: pair => `${asFactor(1 / pair.factor)} slower`,
    equal: () => 'equal within 3 %', undecided: () => 'no significant difference',
    'too few rounds': pair => `no verdict from ${pair.rounds} round${pair.rounds === 1 ? '' : 's'}`,
};
const textColumn = (name, text) => ({name, value: text, text});

const VERDICT_COLUMNS = [
    textColumn('kernel', pair => pair.block.label),
    textColumn('A', pair => pair.first),
    {name: 'A vs B', value: effectOf, text: pair => VERDICTS[pair.verdict](pair) + (pair.disturbed ? '*' : '')},
    textColumn('B', pair => pair.other),
    columnOf('workers', pair => pair.workers, String),
    columnOf('time of B / A', pair => pair.factor, asFactor),
    columnOf('from', pair => pair.low, asFactor),
    columnOf('to', pair => pair.high, asFactor),
    columnOf('p', pair => pair.p, p => p.toPrecision(2)),
    columnOf('rounds', pair => pair.rounds, String),
];

/* One chart, and all verdicts, the largest effect first. */
function overview(blocks) {
    const pairs = blocks.flatMap(block => block.pairs.map(pair => ({...pair, block})));
    if (pairs.length === 0)
        return [];
    const first = pairs[0].first, others = distinct(pairs.map(pair => pair.other));
    const alike = distinct(pairs.map(pair => pair.first)).length > 1 ? ' (of the same compiler)' : '';
    const rows = blocks.filter(block => block.pairs.length > 0).map(block => ({
        name: block.label, href: '#' + idOf(block),
        dots: block.pairs.map(pair => ({
            ...pair, value: pair.factor, look: lookOf(pair.other),
            title: `${pair.other}: ${asFactor(pair.factor)} (${asFactor(pair.low)} to ${asFactor(pair.high)})`,
        })),
    }));
    return [
        html('div', {class: 'figures'}, figure(`Time over that of ${first}${alike}`,
            dotChart(`Time of each column over that of ${first}`, rows, asPlain),
            `Logarithmic scale; right of 1, ${first} is faster. The median of the ratios, round by round, with its 95 % ` +
            'interval, with the most workers.', legendOf(others), true)),
        table('Verdicts, the largest effect first; a click on a head sorts', VERDICT_COLUMNS,
            [...pairs].sort((a, b) => effectOf(b) - effectOf(a))),
    ];
}

/* METG(50 %) of all kernels with a grain. */
const metgText = row => ({at: '', below: 'below ', above: 'above '})[row.bound] + asTime(row.seconds) + (row.disturbed ? '*' : '');
const grainOverview = () => result.metg.length === 0 ? [] : [table('METG(50 %), the smallest effective task', [
    textColumn('kernel', row => row.kernel), textColumn('column', row => row.column),
    columnOf('workers', row => row.workers, String),
    {name: 'METG(50 %)', value: row => row.seconds, text: metgText},
], [...result.metg].sort((a, b) => a.seconds - b.seconds))];

/* Of one kernel with a grain, at all grains: how much of what the workers could do is done. */
function efficiencies(blocks) {
    const largest = blocks[blocks.length - 1], serial = shown(largest).find(isSerial);
    if (!serial)
        return [];
    const iteration = serial.summary.seconds / (largest.tasks * largest.grain), most = mostWorkers(largest);
    return blocks.flatMap(block => shown(block).filter(cell => !isSerial(cell) && cell.workers === most).map(cell => {
        const share = seconds => block.tasks * block.grain * iteration / (cell.workers * seconds);
        return {
            column: cell.column, grain: block.grain, workers: cell.workers,
            x: cell.workers * cell.summary.seconds / block.tasks, y: share(cell.summary.seconds), iteration,
            low: share(cell.summary.high), high: share(cell.summary.low),
        };
    }));
}

/* The curve goes through the METG that the headline names, where it lies between two points. */
function curveOf(points, column, kernel) {
    const own = points.filter(point => point.column === column);
    const found = result.metg.find(row => row.kernel === kernel && row.column === column && row.bound === 'at');
    const crossing = found && {x: found.seconds, y: 0.5, low: 0.5, high: 0.5, grain: found.seconds / (2 * own[0].iteration)};
    return found ? [...own, crossing].sort((a, b) => a.grain - b.grain) : own;
}

function grainFigures(blocks) {
    const points = efficiencies(blocks), columns = distinct(points.map(point => point.column));
    if (points.length === 0)
        return [];
    const xs = points.map(point => point.x);
    const curves = columns.map(column => ({look: lookOf(column), points: curveOf(points, column, blocks[0].kernel)}));
    const half = {label: '50 %', side: 'end',
        points: [Math.min(...xs), Math.max(...xs)].map(x => ({x, y: 0.5}))};
    const name = blocks[0].kernel;
    return [
        html('div', {class: 'figures'}, figure(`Efficiency of ${name} by the size of its tasks`,
            lineChart(`Efficiency of ${name}`, curves,
                {label: 'time of a worker per task (logarithmic)', format: asTime, log: true},
                {format: share => Math.round(100 * share) + '\u00a0%', least: 1}, [half]),
            'METG(50 %) is where a curve crosses one half: left of it, more time goes into scheduling than into tasks.',
            legendOf(columns), true)),
        table(`Efficiency of ${name}`, [
            {name: 'column', value: point => point.column, text: point => point.column},
            columnOf('workers', point => point.workers, String),
            columnOf('iterations', point => point.grain, String),
            columnOf('time of a worker per task', point => point.x, asTime),
            columnOf('efficiency', point => point.y, asShare),
            columnOf('from', point => point.low, asShare),
            columnOf('to', point => point.high, asShare),
        ], points),
    ];
}
