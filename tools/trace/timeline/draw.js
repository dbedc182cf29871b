/* The pictures: all rows below the ruler, and the overview. Parts that lie closer together than a pixel are drawn as
 * sums. */
const LABEL = 76, RULER = 22, ARROWS = 1500, MARKS = 3000;
const lanesCanvas = document.getElementById("lanes"), overviewCanvas = document.getElementById("overview");
const picture = {row: 26, waits: 44, selection: null, wanted: null, colours: {}, hover: null};

function readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["ground", "panel", "text", "quiet", "line", "search", "sleep", "unnamed", "arrow", "mark", "chosen",
                        "n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"])
        picture.colours[name] = style.getPropertyValue("--" + name).trim();
}

function colourOf(code) {
    const name = code - NAMES_FROM;
    return name > 0 ? picture.colours["n" + (name - 1) % 8] : picture.colours.unnamed;
}

function isWanted(code) {
    return !picture.wanted || picture.wanted.has(code);
}

function heights() {
    picture.row = [[256, 5], [64, 8], [24, 14], [8, 20], [0, 28]].find(([more]) => trace.workers > more)[1];
    return RULER + trace.workers * picture.row + (trace.waits.count ? picture.waits : 0) + 6;
}

/* Sizes the canvas for the screen's pixels; returns its context in CSS pixels. */
function contextOf(canvas, height) {
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
        canvas.style.height = height + "px";
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.fillStyle = picture.colours.ground;
    context.fillRect(0, 0, width, height);
    return {context, width};
}

function fillPart(c, code, x, y, width, height) {
    if (code === SLEEPS || code === RETIRED) {
        c.fillStyle = picture.colours.sleep;
        c.fillRect(x, y + height * .4, width, height * .2);
        return;
    }
    c.fillStyle = code === SEARCHES ? picture.colours.search : colourOf(code);
    c.globalAlpha = code < NAMES_FROM || isWanted(code) ? 1 : .2;
    if (code === SEARCHES) c.fillRect(x, y + height * .25, width, height * .5); else c.fillRect(x, y, width, height);
    c.globalAlpha = 1;
}

function drawParts(c, part, first, last, x, y, height) {
    for (let i = first; i < last; i++) {
        const left = Math.max(x(part.time0[i]), LABEL), right = x(i + 1 < part.count ? part.time0[i + 1] : trace.length);
        const code = part.number0[i], width = right - left;
        fillPart(c, code, left, y, Math.max(width, .6), height);
        if (code >= NAMES_FROM && width > 40) {
            c.fillStyle = picture.colours.ground;
            c.save();
            c.beginPath();
            c.rect(left, y, width - 3, height);
            c.clip();
            c.fillText(trace.nameOf(code), left + 4, y + height / 2 + 1);
            c.restore();
        }
    }
}

/* The share of work is the height of a bar. */
function drawSums(c, sums, first, last, x, y, height) {
    for (let i = first; i < last; i++) {
        const from = sums.from[i], to = i + 1 < sums.count ? sums.from[i + 1] : trace.length;
        const left = Math.max(x(from), LABEL), width = Math.max(x(to) - left, .6), length = to - from || 1;
        const work = height * sums.work[i] / length, search = height * sums.search[i] / length;
        c.fillStyle = picture.colours.search;
        c.fillRect(left, y + height - work - search, width, search);
        c.fillStyle = colourOf(sums.code[i]);
        c.globalAlpha = isWanted(sums.code[i]) ? 1 : .2;
        c.fillRect(left, y + height - work, width, work);
        c.globalAlpha = 1;
    }
}

/* The finest numbers of which no more than two come to a pixel. */
function drawLane(c, of, from, to, x, y, height, pixels) {
    const {part, levels} = of, first = Math.max(after(part.time0, part.count, from) - 1, 0), last = after(part.time0, part.count, to);
    if (last - first <= 2 * pixels) return drawParts(c, part, first, last, x, y, height);
    for (const sums of levels) {
        const a = Math.max(after(sums.from, sums.count, from) - 1, 0), b = after(sums.from, sums.count, to);
        if (b - a <= 2 * pixels || sums === levels[levels.length - 1]) return drawSums(c, sums, a, b, x, y, height);
    }
}

function laneTop(worker) {
    return RULER + worker * picture.row + 2;
}

function drawRuler(c, width, x) {
    const {step, at} = ticks(view.from, view.to, Math.max((width - LABEL) / 110, 2));
    c.strokeStyle = picture.colours.line;
    c.fillStyle = picture.colours.quiet;
    for (const time of at) {
        c.beginPath();
        c.moveTo(Math.round(x(time)) + .5, RULER - 6);
        c.lineTo(Math.round(x(time)) + .5, heights());
        c.stroke();
        c.fillText(tickText(time, step), x(time) + 3, 10);
    }
}

function drawArrows(c, x) {
    const s = trace.steals, first = after(s.time0, s.count, view.from), last = after(s.time0, s.count, view.to);
    if (last - first > ARROWS) return last - first;
    c.strokeStyle = c.fillStyle = picture.colours.arrow;
    c.globalAlpha = .55;
    for (let i = first; i < last; i++) {
        const at = x(s.time0[i]), middle = picture.row / 2, from = laneTop(s.number1[i]) + middle, to = laneTop(s.number0[i]) + middle;
        const way = Math.sign(to - from) || 1;
        c.beginPath();
        c.moveTo(at, from);
        c.lineTo(at, to);
        c.stroke();
        c.beginPath();
        c.moveTo(at, to);
        c.lineTo(at - 3, to - 5 * way);
        c.lineTo(at + 3, to - 5 * way);
        c.fill();
    }
    c.globalAlpha = 1;
    return 0;
}

function drawMarks(c, x) {
    const m = trace.marks, first = after(m.time0, m.count, view.from), last = after(m.time0, m.count, view.to);
    c.fillStyle = picture.colours.mark;
    for (let i = first; i < last && last - first <= MARKS; i++) {
        const at = x(m.time0[i]), top = laneTop(m.number0[i]);
        c.beginPath();
        c.moveTo(at, top + 7);
        c.lineTo(at - 4, top);
        c.lineTo(at + 4, top);
        c.fill();
    }
}

/* A line at the foot of the row where the span of the user began. They are in the order of their beginnings. */
function drawSpans(c, x) {
    const s = trace.spans, last = after(s.time0, s.count, view.to);
    c.fillStyle = picture.colours.mark;
    for (let i = last - 1, left = MARKS; i >= 0 && left; i--, left--)
        if (s.time1[i] > view.from) {
            const from = Math.max(x(s.time0[i]), LABEL);
            c.fillRect(from, laneTop(s.number0[i]) + picture.row - 7, Math.max(x(s.time1[i]) - from, 1), 2);
        }
}

function drawWaits(c, width, x) {
    const top = laneTop(trace.workers) + 2, height = picture.waits - 8, s = trace.steps;
    if (!trace.waits.count) return;
    c.fillStyle = picture.colours.n3;
    for (let at = LABEL, i = 0; at < width; at++) {
        const time = view.from + (at - LABEL) / (width - LABEL) * (view.to - view.from);
        i = after(s.at, s.count, time);
        const value = i ? s.value[i - 1] : 0;
        c.fillRect(at, top + height - height * value / s.most, 1, height * value / s.most);
    }
    c.fillStyle = picture.colours.quiet;
    c.fillText("waiting", 4, top + height / 2 - 6);
    c.fillText("0 to " + s.most, 4, top + height / 2 + 8);
}

function drawSelection(c, x) {
    const s = picture.selection;
    if (!s) return;
    c.fillStyle = picture.colours.chosen;
    c.globalAlpha = .15;
    c.fillRect(x(s.from), RULER, x(s.to) - x(s.from), heights());
    c.globalAlpha = 1;
    c.fillRect(x(s.from), RULER, 1, heights());
    c.fillRect(x(s.to), RULER, 1, heights());
}

function drawOverview() {
    const {context: c, width} = contextOf(overviewCanvas, 40), pixels = width - LABEL;
    const x = time => LABEL + time / trace.length * pixels, height = 36 / trace.workers;
    trace.lanes.forEach((of, worker) => drawLane(c, of, 0, trace.length, x, 2 + worker * height, Math.max(height - .5, .5), pixels));
    c.strokeStyle = picture.colours.chosen;
    c.lineWidth = 2;
    c.strokeRect(x(view.from), 1, Math.max(x(view.to) - x(view.from), 3), 38);
    c.lineWidth = 1;
}

let overviewKept = null;

/* The rows of the overview do not change while the view moves. */
function keepOverview() {
    if (!overviewCanvas.clientWidth) return;  /* on paper */
    const frame = {from: view.from, to: view.to};
    view.from = view.to = -1e18;
    drawOverview();
    Object.assign(view, frame);
    overviewKept = document.createElement("canvas");
    overviewKept.width = overviewCanvas.width;
    overviewKept.height = overviewCanvas.height;
    overviewKept.getContext("2d").drawImage(overviewCanvas, 0, 0);
}

function drawFrame() {
    const {context: c, width} = contextOf(overviewCanvas, 40), pixels = width - LABEL;
    if (!overviewKept || overviewKept.width !== overviewCanvas.width) keepOverview();
    if (!overviewKept || !width) return;
    c.drawImage(overviewKept, 0, 0, width, 40);
    c.strokeStyle = picture.colours.chosen;
    c.lineWidth = 2;
    c.strokeRect(LABEL + view.from / trace.length * pixels, 1, Math.max((view.to - view.from) / trace.length * pixels, 3), 38);
    c.lineWidth = 1;
}

function timeAt(x) {
    return view.from + (x - LABEL) / (lanesCanvas.clientWidth - LABEL) * (view.to - view.from);
}

function drawNow() {
    const {context: c, width} = contextOf(lanesCanvas, heights()), pixels = width - LABEL;
    const x = time => LABEL + (time - view.from) / (view.to - view.from) * pixels;
    drawRuler(c, width, x);
    trace.lanes.forEach((of, worker) => {
        drawLane(c, of, view.from, view.to, x, laneTop(worker), Math.max(picture.row - 4, 3), pixels);
        if (picture.row < 14 && worker % 8) return;
        c.fillStyle = picture.colours.text;
        c.fillText("worker " + worker, 4, laneTop(worker) + picture.row / 2 - 2);
    });
    drawSpans(c, x);
    drawMarks(c, x);
    picture.crowd = drawArrows(c, x);
    drawWaits(c, width, x);
    drawSelection(c, x);
    drawFrame();
}

let isDue = false;

/* Once for each picture of the screen. */
function draw() {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => { isDue = false; drawNow(); afterDraw(); });
}
