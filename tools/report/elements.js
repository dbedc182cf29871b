/* Elements of the page, and figures as text. */
'use strict';

const SVG = 'http://www.w3.org/2000/svg';

/* fill(element, {name: value}, children): children are nodes or texts, which are never read as markup. */
function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes))
        if (value !== null && value !== undefined)
            element.setAttribute(name, value);
    element.append(...children.filter(child => child !== null));
    return element;
}

const html = (name, attributes = {}, ...children) =>
    fill(document.createElement(name), attributes, children);
const svg = (name, attributes = {}, ...children) =>
    fill(document.createElementNS(SVG, name), attributes, children);

/* Three significant digits: "1.23", "12.3", "123". */
const digits = number => number.toPrecision(3).includes('e') ? String(Math.round(number))
    : number.toPrecision(3);

/* The largest unit of the list that the number is not below: [[1e-3, 'ms'], [1e-6, 'µs']...]. */
function inUnit(number, units) {
    const [size, unit] = units.find(([least]) => Math.abs(number) >= least * 0.9995) || units[units.length - 1];
    return digits(number / size) + unit;
}

const SECONDS = [[1, '\u00a0s'], [1e-3, '\u00a0ms'], [1e-6, '\u00a0µs'], [1e-9, '\u00a0ns']];
const COUNTS = [[1e9, '\u00a0G'], [1e6, '\u00a0M'], [1e3, '\u00a0k'], [1, '']];
const asTime = seconds => seconds === 0 ? '0' : inUnit(seconds, SECONDS);
const asCount = number => number === 0 ? '0' : inUnit(number, COUNTS);
const asFactor = number => (number >= 99.95 ? Math.round(number) : digits(number)) + '×';
const asShare = share => (100 * share).toFixed(1) + '\u00a0%';
const asPlain = number => String(Number(number.toPrecision(3)));

const sumOf = numbers => numbers.reduce((all, number) => all + number, 0);
const distinct = list => [...new Set(list)];

/* The middle one, or the mean of the two in the middle. */
function medianOf(numbers) {
    const sorted = [...numbers].sort((a, b) => a - b), half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/* columns: {name, text(row), value(row)}: text is shown, value is the key of sorting. */
function table(caption, columns, rows) {
    const body = html('tbody');
    const heads = columns.map(column => html('th', {scope: 'col'}));
    const show = sorted => body.replaceChildren(...sorted.map(row => html('tr', {},
        ...columns.map(column => html('td', {}, column.text(row))))));
    const sortBy = at => {
        const up = heads[at].getAttribute('aria-sort') !== 'ascending';
        heads.forEach(head => head.removeAttribute('aria-sort'));
        heads[at].setAttribute('aria-sort', up ? 'ascending' : 'descending');
        const key = columns[at].value;
        const order = (a, b) => key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
        show([...rows].sort((a, b) => up ? order(a, b) : order(b, a)));
    };
    columns.forEach((column, at) => {
        const button = html('button', {type: 'button'}, column.name);
        button.addEventListener('click', () => sortBy(at));
        heads[at].append(button);
    });
    show(rows);
    return html('div', {class: 'scroll'}, html('table', {},
        html('caption', {class: 'quiet'}, caption), html('thead', {}, html('tr', {}, ...heads)), body));
}
