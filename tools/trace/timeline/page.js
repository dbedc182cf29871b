/* Mouse, keys, search, and what stands around the picture. */
const at = id => document.getElementById(id);

function describe() {
    at("program").textContent = trace.program || "(unknown program)";
    document.title = "filch trace: " + (trace.program || "timeline");
    const parts = trace.lanes.reduce((sum, of) => sum + of.part.count, 0);
    at("facts").textContent = `${trace.workers} workers, ${duration(trace.length)}, ${parts} parts, ${trace.steals.count} steals, ${trace.waits.count} waits`;
    at("missing").hidden = !trace.missing;
    at("missing").textContent = "Not whole: " + trace.missing;
}

function legend() {
    const rows = byTime(figures(0, trace.length).names).slice(0, 12).map(([code]) => [colourOf(code), trace.nameOf(code)]);
    rows.push([picture.colours.search, "searches"], [picture.colours.sleep, "sleeps"]);
    at("legend").replaceChildren(...rows.map(([colour, text]) => {
        const item = document.createElement("li");
        item.appendChild(document.createElement("i")).style.background = colour;
        item.append(text);
        return item;
    }));
}

let figuresDue = 0;

function afterDraw() {
    clearTimeout(figuresDue);
    if (!picture.selection) figuresDue = setTimeout(showFigures, 150);
    if (!picture.hover) at("under").textContent = picture.crowd ? picture.crowd + " steals: zoom in to see each as an arrow" : "";
}

/* ---- Search ---- */

function find(words) {
    const text = words.trim().toLowerCase();
    picture.wanted = null;
    if (text) {
        picture.wanted = new Set();
        trace.names.forEach((name, i) => { if (name.toLowerCase().includes(text)) picture.wanted.add(i + NAMES_FROM); });
    }
    let ns = 0, parts = 0;
    if (text)
        for (const [code, known] of figures(0, trace.length).names)
            if (picture.wanted.has(code)) { ns += known.ns; parts += known.parts; }
    at("found").textContent = !text ? "" : parts ? `${parts} parts, ${duration(ns)}` : "none";
    overviewKept = null;
    draw();
    return parts;
}

/* The nearest wanted part on that side of the middle: shown in the middle. */
function go(way) {
    const middle = (view.from + view.to) / 2;
    let best = null;
    for (const {part} of trace.lanes)
        for (let i = after(part.time0, part.count, middle + way * 1e-3) - (way < 0 ? 1 : 0); i >= 0 && i < part.count; i += way) {
            const end = i + 1 < part.count ? part.time0[i + 1] : trace.length, centre = (part.time0[i] + end) / 2;
            if (!picture.wanted || !picture.wanted.has(part.number0[i]) || way * (centre - middle) <= .5) continue;
            if (best === null || way * (best - centre) > 0) best = centre;
            break;
        }
    if (best !== null) show(best - (view.to - view.from) / 2, best + (view.to - view.from) / 2);
    return best;
}

/* ---- Mouse and touch ---- */

function partAt(time, worker) {
    const {part} = trace.lanes[worker], i = after(part.time0, part.count, time) - 1;
    if (i < 0) return "";
    const code = part.number0[i], end = i + 1 < part.count ? part.time0[i + 1] : trace.length;
    const what = {[SEARCHES]: "searches", [SLEEPS]: "sleeps", [RETIRED]: "is retired"}[code] || trace.nameOf(code);
    return `worker ${worker}: ${what}, ${duration(end - part.time0[i])} from ${duration(part.time0[i])} on`;
}

function waitingAt(time) {
    const calls = byTime(waitsIn(time, time + 1)).map(([name, {count}]) => `${count} in ${trace.names[name]}`);
    return calls.length ? "waiting: " + calls.slice(0, 6).join(", ") : "nothing waits";
}

function hover(event) {
    const box = lanesCanvas.getBoundingClientRect(), time = timeAt(event.clientX - box.left);
    const worker = Math.floor((event.clientY - box.top - RULER) / picture.row);
    picture.hover = event.clientX - box.left > LABEL && worker >= 0;
    if (picture.hover) at("under").textContent = duration(time) + " - " + (worker < trace.workers ? partAt(time, worker) : waitingAt(time));
}

function select(from, to) {
    picture.selection = to - from > 0 ? {from: Math.max(from, 0), to: Math.min(to, trace.length)} : null;
    draw();
    return showFigures();
}

function dragLanes(down) {
    const box = lanesCanvas.getBoundingClientRect(), begun = {...view}, start = timeAt(down.clientX - box.left);
    const perPixel = (view.to - view.from) / (lanesCanvas.clientWidth - LABEL);
    lanesCanvas.setPointerCapture(down.pointerId);
    const moved = event => {
        const ns = (event.clientX - down.clientX) * perPixel;
        if (down.shiftKey) select(Math.min(start, start + ns), Math.max(start, start + ns));
        else show(begun.from - ns, begun.to - ns);
    };
    lanesCanvas.onpointermove = moved;
    lanesCanvas.onpointerup = lanesCanvas.onpointercancel = () => { lanesCanvas.onpointermove = hover; };
}

function dragOverview(event) {
    const box = overviewCanvas.getBoundingClientRect();
    const time = (event.clientX - box.left - LABEL) / (overviewCanvas.clientWidth - LABEL) * trace.length;
    show(time - (view.to - view.from) / 2, time + (view.to - view.from) / 2);
}

/* ---- Keys ---- */

const keys = {
    "+": () => zoom(.6), "=": () => zoom(.6), "-": () => zoom(1 / .6), "0": () => show(0, trace.length),
    ArrowLeft: () => move(-.2), ArrowRight: () => move(.2), "/": () => at("find").focus(), n: () => go(1), p: () => go(-1),
    Escape: () => select(0, 0)
};

function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT)$/.test(event.target.tagName)) return;
    if (!keys[event.key]) return;
    keys[event.key]();
    event.preventDefault();
}

function wire() {
    for (const [id, act] of Object.entries({whole: "0", in: "+", out: "-", left: "ArrowLeft", right: "ArrowRight", next: "n", previous: "p"}))
        at(id).onclick = keys[act];
    at("find").oninput = event => find(event.target.value);
    at("find").onkeydown = event => { if (event.key === "Enter") go(event.shiftKey ? -1 : 1); if (event.key === "Escape") lanesCanvas.focus(); };
    document.addEventListener("keydown", onKey);
    lanesCanvas.onpointerdown = dragLanes;
    lanesCanvas.onpointermove = hover;
    lanesCanvas.onpointerleave = () => { picture.hover = null; afterDraw(); };
    lanesCanvas.addEventListener("wheel", event => {
        const box = lanesCanvas.getBoundingClientRect();
        if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) move(event.deltaX / 1000);
        else zoom(2 ** (event.deltaY / 300), timeAt(event.clientX - box.left));
        event.preventDefault();
    }, {passive: false});
    overviewCanvas.onpointerdown = event => { overviewCanvas.setPointerCapture(event.pointerId); dragOverview(event); overviewCanvas.onpointermove = dragOverview; };
    overviewCanvas.onpointerup = overviewCanvas.onpointercancel = () => { overviewCanvas.onpointermove = null; };
    new ResizeObserver(() => { overviewKept = null; draw(); }).observe(lanesCanvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); overviewKept = null; legend(); draw(); });
}

function chooseRun() {
    at("run").replaceChildren(...trace.runs.map((run, i) => new Option(trace.names[run.name], i)));
    at("run").onchange = event => showLengths(trace.runs[event.target.value]);
    showLengths(trace.runs[0]);
}

readColours();
describe();
wire();
legend();
showThefts();
chooseRun();
drawNow();
showFigures();
document.documentElement.dataset.ready = "1";
