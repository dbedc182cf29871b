/* The page: headline, overview, one folded section for each kernel, how it was measured. */
'use strict';

const HEADLINES = 8; /* sentences that are not folded */
const main = document.getElementById('main');
const idOf = block => 'kernel-' + (block.label + '-' + block.size).replace(/[^A-Za-z0-9]+/g, '-');

const NOISE = {
    others: 'other programs took part of the machine',
    stolen: 'the hypervisor gave time to other guests',
    quota: 'a CPU quota stopped the threads',
    hot: 'processors slowed down because they were hot',
    clock: 'the clock was slower than at its best',
    unpinned: 'workers were not pinned, since the system refuses sched_setaffinity (FILCH_BIND=none chooses that)',
};

function warning(blocks) {
    const cells = blocks.flatMap(block => block.columns.filter(cell => cell.summary));
    const disturbed = cells.filter(cell => cell.summary.disturbed);
    if (disturbed.length === 0)
        return null;
    const kinds = distinct(disturbed.flatMap(cell => cell.summary.noise)).map(kind => NOISE[kind] || kind);
    return html('p', {class: 'warning', role: 'note'},
        `${disturbed.length} of ${cells.length} measurements, marked with *, were disturbed: ${kinds.join('; ')}. ` +
        'Measure again without that before you trust small differences.');
}

const failures = block => block.columns.filter(cell => cell.error !== undefined).map(cell =>
    html('p', {class: 'failed'}, `${cellName(cell)} failed: ${cell.error}`));

const answerOf = block => block.answer === '' ? '' : ` Answer: ${block.answer}.`;

/* Such that three figures beside each other would have no room for them. */
const hasLongNames = block => widest(shown(block).map(cellName)) > 150;

/* A section whose body is folded until someone opens it or follows a link to it. */
const foldedSection = (id, title, ...children) => html('section', {id, class: 'kernel'},
    html('details', {}, html('summary', {}, html('h2', {}, title)), ...children));

function kernelSection(block) {
    const figures = shown(block).length === 0 ? [] :
        [timeFigure, speedUpFigure, efficiencyFigure, busyFigure, stealFigure, cpuFigure].map(draws => draws(block)).filter(drawn => drawn);
    return foldedSection(idOf(block), block.label,
        html('p', {class: 'quiet'}, `${block.what}. Source: ${block.source}.${answerOf(block)}`),
        ...failures(block),
        figures.length ? table(`${block.label}, medians of a run`, CELL_COLUMNS, shown(block)) : null,
        html('div', {class: 'figures' + (hasLongNames(block) ? ' long-names' : '')}, ...figures),
        html('p', {class: 'quiet'}, 'To reproduce:'), html('pre', {}, block.reproduce));
}

function grainSection(blocks) {
    return foldedSection(idOf(blocks[0]), blocks[0].kernel,
        html('p', {class: 'quiet'}, `${blocks[0].what}. Source: ${blocks[0].source}.`),
        ...blocks.flatMap(failures), ...grainFigures(blocks),
        html('p', {class: 'quiet'}, 'To reproduce:'), html('pre', {}, blocks[0].reproduce));
}

function madeSection() {
    const {machine, build} = result;
    const facts = [
        ['command', html('pre', {}, machine.environment + result.command.join(' '))],
        ['processor', machine.cpu],
        ['CPUs', `${machine.usable_cpus} of ${machine.cpus} usable`],
        ['memory', `${Math.round(machine.memory_mib)} MiB`],
        ['kernel', machine.kernel],
        ['load before', `${result.load.toFixed(2)} threads that wanted a processor`],
        ['ceiling', result.ceilings.map(one => `${one.copies} independent copies of serial code gain ${one.gain.toFixed(2)} over one`)
            .join('; ') || 'not measured'],
        ['runtime', html('pre', {}, machine.runtime)],
        ['build', `filch ${build.version}, commit ${build.commit}, ${build.compiler}`],
        ['flags', build.flags],
        ['took', asTime(result.seconds)],
    ];
    return html('section', {id: 'made'}, html('h2', {}, 'How it was measured'),
        html('p', {}, 'Each column of a kernel runs in a process of its own; they take turns, round by round, and ratios are ' +
            'taken within a round. Every answer is checked. A first run that warms up does not count.'),
        html('dl', {}, ...facts.flatMap(([name, value]) => [html('dt', {}, name), html('dd', {}, value)])));
}

const sections = () => [...document.querySelectorAll('section.kernel > details')];

/* A link leads to an open section. */
function openTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const inside = target && target.querySelector(':scope > details');
    if (inside)
        inside.open = true;
    if (target)
        target.scrollIntoView();
}

function openButton() {
    const button = html('button', {type: 'button', class: 'open'}, 'Open all kernels');
    button.addEventListener('click', () => {
        const open = sections().some(one => !one.open);
        sections().forEach(one => { one.open = open; });
        button.textContent = open ? 'Close all kernels' : 'Open all kernels';
    });
    return button;
}

/* Failures and the largest differences come first, so a merged result does not hide its charts behind many sentences. */
function headline() {
    const list = sentences => html('ul', {class: 'headline'}, ...sentences.map(sentence => html('li', {}, sentence)));
    const more = result.verdict.slice(HEADLINES);
    return [list(result.verdict.slice(0, HEADLINES)),
        more.length && html('details', {}, html('summary', {}, `${more.length} more sentences`), list(more))];
}

/* Blocks of one kernel with a grain stand together. */
function draw() {
    const plain = result.results.filter(block => block.grain === undefined);
    const grained = result.results.filter(block => block.grain !== undefined);
    const kernels = distinct(grained.map(block => block.kernel)).map(kernel => grained.filter(block => block.kernel === kernel));
    const {machine, build, ended} = result;
    document.getElementById('when').textContent =
        `${ended.replace('T', ' ').replace('Z', ' UTC')} · ${machine.cpu}, ${machine.usable_cpus} CPUs · filch ${build.version} (${build.commit})`;
    document.getElementById('contents').append(
        ...plain.map(block => html('a', {href: '#' + idOf(block)}, block.label)),
        ...kernels.map(blocks => html('a', {href: '#' + idOf(blocks[0])}, blocks[0].kernel)),
        html('a', {href: '#made'}, 'how it was measured'), openButton());
    main.append(...[warning(result.results),
        ...headline(),
        ...overview(plain), ...grainOverview(),
        ...plain.map(kernelSection), ...kernels.map(grainSection), madeSection()].filter(part => part));
}

draw();
/* A second click on a link leaves the address as it is. */
document.addEventListener('click', event => {
    const link = event.target.closest('a');
    if (link && link.getAttribute('href') === location.hash)
        openTarget();
});
addEventListener('hashchange', openTarget);
if (location.hash)
    openTarget();
