/* Four kinds of chart. Each is a function of the width it has, in pixels, that returns a drawing; figure() draws it
 * again when the width changes. */
'use strict';

const MARKS = [
    'M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z',
    'M-4 -4h8v8h-8z',
    'M0 -5.5l5.5 5.5l-5.5 5.5l-5.5 -5.5z',
    'M0 -5.5l5.2 9.5h-10.4z',
    'M0 5.5l5.2 -9.5h-10.4z',
    'M-1.6 -5h3.2v3.4h3.4v3.2h-3.4v3.4h-3.2v-3.4h-3.4v-3.2h3.4z',
];

/* look: {colour, mark}: a CSS colour, an index of MARKS. */
const markAt = (x, y, look) =>
    svg('path', {class: 'mark', d: MARKS[look.mark % MARKS.length], transform: `translate(${x} ${y})`, style: `color:${look.colour}`});

const lineAt = (x1, y1, x2, y2, kind) => svg('line', {x1, y1, x2, y2, class: kind});
/* An interval, in the colour of its mark. */
const spreadAt = (x1, y1, x2, y2, look) => svg('line', {x1, y1, x2, y2, class: 'spread', style: `color:${look.colour}`});
const textAt = (x, y, text, anchor = 'start', kind = null) => svg('text', {x, y, 'text-anchor': anchor, class: kind}, text);

/* How wide a text in a drawing is, in pixels, and the widest of some. */
const ruler = document.createElement('canvas').getContext('2d');
ruler.font = '12px ' + getComputedStyle(document.body).fontFamily;
const widthOf = text => ruler.measureText(text).width;
const widest = texts => Math.max(...texts.map(widthOf));

/* Without its middle, if it is too wide. More stays of the end, where names of columns differ and
 * workers are counted. */
function fitted(text, room) {
    let cut = text;
    for (let kept = text.length - 1; kept > 3 && widthOf(cut) > room; kept--) {
        const head = Math.ceil(kept / 3);
        cut = text.slice(0, head) + '…' + text.slice(head - kept);
    }
    return cut;
}

/* The name of a row, which ends at x and starts right of 0. Of a cut one, the whole is the
 * tooltip. */
function labelAt(x, y, text) {
    const cut = fitted(text, x - 2), label = textAt(x, y, cut, 'end', 'label');
    if (cut !== text)
        label.append(svg('title', {}, text));
    return label;
}

function drawing(width, height, title, parts) {
    return svg('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title}, ...parts);
}

/* Round numbers from 0 to at least `most`, some `count` of them. */
function linearTicks(most, count) {
    const rough = most / count, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough * 0.999) || 10 * power;
    return Array.from({length: Math.ceil(most / step - 1e-9) + 1}, (_, i) => i * step);
}

/* Round numbers around low..high, as dense as `count` allows: some for each power of ten, or not even all of these. */
function logTicks(low, high, count) {
    const from = Math.floor(Math.log10(low)), to = Math.ceil(Math.log10(high));
    const each = steps => {
        const ticks = [];
        for (let power = from; power <= to; power++)
            steps.forEach(step => ticks.push(step * 10 ** power));
        const first = Math.max(0, ticks.findLastIndex(tick => tick <= low * 1.0001));
        const last = ticks.findIndex(tick => tick >= high * 0.9999);
        return ticks.slice(first, last < 0 ? undefined : last + 1);
    };
    const choices = [[1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]].map(each);
    return choices.find(ticks => ticks.length <= count) || thinned(choices[3], count);
}

const thinned = (ticks, count) => ticks.filter((_, i) => i % Math.ceil(ticks.length / count) === 0 || i === ticks.length - 1);

/* From numbers to pixels, with the numbers that the axis names. */
function scaleOf(ticks, from, to, log) {
    const of = log ? Math.log : number => number;
    const low = of(ticks[0]), high = of(ticks[ticks.length - 1]);
    const at = number => from + (to - from) * (high > low ? (of(number) - low) / (high - low) : 0.5);
    return {ticks, at};
}

function horizontalAxis(scale, top, bottom, format) {
    const parts = [];
    let free = -Infinity;
    for (const tick of scale.ticks) {
        const text = rounded(format(tick)), x = scale.at(tick);
        parts.push(lineAt(x, top, x, bottom, 'grid'));
        if (x - text.length * 3.5 < free)
            continue;
        parts.push(textAt(x, bottom + 15, text, 'middle', 'quiet'));
        free = x + text.length * 3.5 + 7;
    }
    return parts;
}

/* "2.50 ms" -> "2.5 ms". */
const rounded = text => text.replace(/\.0+(?=\D|$)/, '').replace(/(\.\d*[1-9])0+(?=\D|$)/, '$1');

/* Room for the names of rows at the left: little more than half of it, at most. */
const labelRoom = (rows, width) =>
    Math.min(Math.ceil(widest(rows.map(row => row.name))) + 11, width * 0.55);

const BAR = 17; /* pixels high */
const barAt = (x, y, length, colour, ...inside) =>
    svg('rect', {x, y, width: length, height: BAR, class: 'bar', style: `color:${colour}`}, ...inside);

/* A row for each of rows, named at the left; draw(row, y, scale) returns what stands in it, with
 * room for its text behind the last of the ticks. */
function rowChart(title, rows, ticks, format, width, draw) {
    const left = labelRoom(rows, width), right = width - 14 - widest(rows.map(row => row.text));
    const step = BAR + 9, bottom = rows.length * step + 4;
    const scale = scaleOf(ticks, left, right, false);
    const parts = horizontalAxis(scale, 0, bottom, format);
    rows.forEach((row, i) => {
        const y = i * step + 5;
        parts.push(labelAt(left - 8, y + 12.5, row.name), ...draw(row, y, scale));
    });
    return drawing(width, bottom + 22, title, parts);
}

/* rows: [{name, value, low, high, text, colour}]; one bar each, from 0, with its interval as a whisker. */
const barChart = (title, rows, format) => width => {
    const ticks = linearTicks(Math.max(...rows.map(row => row.high || row.value)) || 1, 4);
    return rowChart(title, rows, ticks, format, width, (row, y, scale) => {
        const from = scale.at(0), end = scale.at(row.value), far = scale.at(row.high || row.value);
        return [barAt(from, y, Math.max(end - from, 1), row.colour),
            row.high > row.low ? svg('path', {class: 'whisker', d: `M${scale.at(row.low)} ${y + 4}v9m0 -4.5H${far}m0 -4.5v9`}) : null,
            textAt(Math.max(far, end) + 6, y + 12.5, row.text)];
    });
};

/* rows: [{name, text, parts: [{name, value, colour}]}]: each bar is a whole, its parts are shares. */
const shareChart = (title, rows) => width => {
    const percent = share => Math.round(100 * share) + '\u00a0%';
    return rowChart(title, rows, [0, 0.25, 0.5, 0.75, 1], percent, width, (row, y, scale) => {
        const all = sumOf(row.parts.map(part => part.value));
        let before = 0;
        const bars = row.parts.filter(part => part.value > 0).map(part => {
            const x = scale.at(before / all), next = scale.at((before += part.value) / all);
            return barAt(x, y, Math.max(next - x, 0.5), part.colour, svg('title', {}, `${part.name}: ${asShare(part.value / all)}`));
        });
        return [...bars, textAt(scale.at(1) + 6, y + 12.5, row.text)];
    });
};

/* More than three, or some that would hide others. */
function crowded(dots, scale) {
    const touch = (one, other) =>
        scale.at(one.low) < scale.at(other.high) + 8 && scale.at(other.low) < scale.at(one.high) + 8;
    return dots.length > 3 || dots.some((one, i) => dots.slice(0, i).some(other => touch(one, other)));
}

function dotAt(y, dot, scale) {
    const mark = markAt(scale.at(dot.value), y, dot.look);
    mark.append(svg('title', {}, dot.title));
    return [spreadAt(scale.at(dot.low), y, scale.at(dot.high), y, dot.look), mark];
}

/* rows: [{name, href, dots: [{value, low, high, look, title}]}]; a logarithmic axis, a rule at 1.
 * The dots of a row stand on one line, or, if that is too crowded in some row, each on its own. */
const dotChart = (title, rows, format) => width => {
    const ends = rows.flatMap(row => row.dots).flatMap(dot => [dot.low, dot.high, dot.value]).concat(1);
    const ticks = logTicks(Math.min(...ends), Math.max(...ends), width / 48);
    const left = labelRoom(rows, width), right = width - Math.max(18, widthOf(rounded(format(ticks.at(-1)))) / 2 + 1);
    const scale = scaleOf(ticks, left + 6, right, true);
    const step = rows.some(row => crowded(row.dots, scale)) ? 14 : 0, marks = [];
    let bottom = 2;
    rows.forEach((row, i) => {
        const top = bottom + 12, last = top + step * (row.dots.length - 1);
        bottom = last + 12;
        marks.push(svg('a', {href: row.href}, labelAt(left - 8, (top + last) / 2 + 4, row.name)),
            i > 0 && step > 0 ? lineAt(0, top - 12, right, top - 12, 'grid') : null,
            ...row.dots.flatMap((dot, at) => dotAt(top + step * at, dot, scale)));
    });
    bottom += 2;
    return drawing(width, bottom + 22, title, [...horizontalAxis(scale, 0, bottom, format),
        lineAt(scale.at(1), 0, scale.at(1), bottom, 'rule'), ...marks]);
};

/* curves: [{look, points: [{x, y, low, high}]}]; x: {label, format, log or ticks}; y: {format, least}, what its axis shows
 * at least; rules: [{points, label, side}], named at that end: 'start' or 'end'. */
const lineChart = (title, curves, x, y, rules) => width => {
    const left = 52, right = width - 24, top = 18, bottom = Math.min(280, width * 0.6);
    const points = curves.flatMap(curve => curve.points), xs = points.map(point => point.x);
    const most = Math.max(...points.map(point => point.high), ...rules.flatMap(rule => rule.points.map(point => point.y)));
    const across = scaleOf(x.log ? logTicks(Math.min(...xs), Math.max(...xs), width / 60) : x.ticks, left + 8, right, x.log);
    const up = scaleOf(linearTicks(Math.max(y.least || 0, most), 5), bottom, top, false);
    const parts = horizontalAxis(across, top, bottom, x.format);
    for (const tick of up.ticks)
        parts.push(lineAt(left, up.at(tick), right, up.at(tick), 'grid'), textAt(left - 6, up.at(tick) + 4, rounded(y.format(tick)), 'end', 'quiet'));
    const path = list => list.map((point, i) => `${i ? 'L' : 'M'}${across.at(point.x)} ${up.at(point.y)}`).join('');
    for (const rule of rules) {
        const [end, aside] = rule.side === 'start' ? [rule.points[0], 4] : [rule.points.at(-1), -4];
        parts.push(svg('path', {class: 'rule', d: path(rule.points)}),
            textAt(across.at(end.x) + aside, up.at(end.y) - 5, rule.label, rule.side, 'quiet'));
    }
    for (const curve of curves) {
        parts.push(svg('path', {class: 'curve', d: path(curve.points), style: `color:${curve.look.colour}`}));
        for (const point of curve.points) {
            const at = across.at(point.x);
            parts.push(spreadAt(at, up.at(point.low), at, up.at(point.high), curve.look), markAt(at, up.at(point.y), curve.look));
        }
    }
    parts.push(textAt((left + right) / 2, bottom + 32, x.label, 'middle', 'quiet'));
    return drawing(width, bottom + 40, title, parts);
};

/* entries: [{name, colour, mark}]; without a mark, a square as in bars. */
const legend = entries => html('ul', {class: 'legend', 'aria-hidden': 'true'}, ...entries.map(entry => html('li', {},
    svg('svg', {viewBox: '-6 -6 12 12'}, markAt(0, 0, {colour: entry.colour, mark: entry.mark === undefined ? 1 : entry.mark})),
    entry.name)));

/* chart: a function of the width. note: how to read it. */
function figure(title, chart, note, entries = [], wide = false) {
    const room = html('div');
    const whole = html('figure', {class: wide ? 'wide' : null}, html('h3', {}, title),
        entries.length ? legend(entries) : null, room, html('figcaption', {}, note));
    let drawn = 0;
    new ResizeObserver(() => {
        const width = Math.round(room.clientWidth);
        if (width > 0 && width !== drawn)
            room.replaceChildren(chart(drawn = width));
    }).observe(room);
    return whole;
}
