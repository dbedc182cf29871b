/* Figures beside the picture: of the selection, or of the view; thefts; lengths of tasks. */

/* The time of each number of part in a piece of the run, for each worker. */
function times(of, from, to) {
    const {part} = of, out = new Map();
    for (let i = Math.max(after(part.time0, part.count, from) - 1, 0); i < part.count && part.time0[i] < to; i++) {
        const end = Math.min(i + 1 < part.count ? part.time0[i + 1] : trace.length, to), begin = Math.max(part.time0[i], from);
        const known = out.get(part.number0[i]) || {ns: 0, parts: 0};
        if (end > begin) { known.ns += end - begin; known.parts++; out.set(part.number0[i], known); }
    }
    return out;
}

function countSteals(from, to) {
    const s = trace.steals, out = {tasks: 0, times: 0};
    for (let i = after(s.time0, s.count, from); i < s.count && s.time0[i] <= to; i++) { out.tasks += s.number2[i]; out.times++; }
    return out;
}

function waitsIn(from, to) {
    const w = trace.waits, out = new Map();
    for (let i = 0; i < w.count && w.time0[i] < to; i++) {
        const ns = Math.min(w.time1[i], to) - Math.max(w.time0[i], from);
        if (ns <= 0) continue;
        const known = out.get(w.number1[i]) || {ns: 0, count: 0};
        known.ns += ns;
        known.count++;
        out.set(w.number1[i], known);
    }
    return out;
}

function figures(from, to) {
    const lanes = trace.lanes.map(of => times(of, from, to)), names = new Map();
    for (const each of lanes)
        for (const [code, {ns, parts}] of each) {
            if (code < NAMES_FROM) continue;
            const known = names.get(code) || {ns: 0, parts: 0};
            known.ns += ns;
            known.parts += parts;
            names.set(code, known);
        }
    return {from, to, lanes, names, steals: countSteals(from, to), waits: waitsIn(from, to)};
}

function cell(row, text, kind = "td") {
    const out = row.appendChild(document.createElement(kind));
    out.textContent = text;
    if (kind === "th") out.scope = "col";
    return out;
}

function fill(id, head, rows) {
    const table = document.getElementById(id), top = table.tHead, body = table.tBodies[0];
    top.replaceChildren();
    body.replaceChildren();
    const first = top.insertRow();
    head.forEach(text => cell(first, text, "th"));
    for (const texts of rows) {
        const row = body.insertRow();
        texts.forEach(text => cell(row, text));
    }
}

function stateRow(each, worker, length) {
    const of = code => (each.get(code) || {ns: 0}).ns;
    let work = 0;
    for (const [code, {ns}] of each) if (code >= NAMES_FROM) work += ns;
    const share = ns => (100 * ns / length).toFixed(1) + " %";
    return ["worker " + worker, share(work), share(of(SEARCHES)), share(of(SLEEPS) + of(RETIRED))];
}

function byTime(map) {
    return [...map].sort((a, b) => b[1].ns - a[1].ns);
}

function showFigures() {
    const chosen = picture.selection, {from, to} = chosen || view, f = figures(from, to);
    document.getElementById("of").textContent = (chosen ? "Selection: " : "View: ") + duration(to - from) + " from " +
        duration(from) + " on, " + f.steals.times + " steals of " + f.steals.tasks + " tasks";
    fill("states", ["", "works", "searches", "sleeps"], f.lanes.map((each, i) => stateRow(each, i, to - from)));
    fill("names", ["", "time", "parts", "mean"], byTime(f.names).slice(0, 20).map(([code, {ns, parts}]) =>
        [trace.nameOf(code), duration(ns), parts, duration(ns / parts)]));
    fill("calls", ["", "time", "waits", "mean"], byTime(f.waits).slice(0, 20).map(([name, {ns, count}]) =>
        [trace.names[name], duration(ns), count, duration(ns / count)]));
    return f;
}

/* ---- Thefts ---- */

const THEFTS = 64;  /* workers, in the table */

function showThefts() {
    const table = document.getElementById("thefts"), n = Math.min(trace.workers, THEFTS), most = Math.max(1, ...trace.matrix.slice(0, 1 << 16));
    if (n < trace.workers) table.createCaption().textContent = `The first ${n} of ${trace.workers} workers`;
    const head = table.insertRow();
    cell(head, "thief \\ victim", "th");
    for (let victim = 0; victim < n; victim++) cell(head, victim, "th");
    for (let thief = 0; thief < n; thief++) {
        const row = table.insertRow();
        cell(row, thief, "th").scope = "row";
        for (let victim = 0; victim < n; victim++) {
            const count = trace.matrix[thief * trace.workers + victim], box = cell(row, thief === victim && !count ? "" : count);
            box.style.background = `rgba(var(--heat), ${.75 * Math.sqrt(count / most)})`;
        }
    }
}

/* ---- Lengths ---- */

function showLengths(run) {
    const svg = document.getElementById("lengths"), counts = run ? run.lengths : [];
    const first = counts.findIndex(n => n), last = counts.findLastIndex(n => n), most = Math.max(1, ...counts);
    const width = 64, height = 140, ns = "http://www.w3.org/2000/svg";
    svg.replaceChildren();
    if (first < 0) {
        document.getElementById("runtext").textContent = "No task was taken or started.";
        return;
    }
    document.getElementById("runtext").textContent = `${trace.names[run.name]}: ${run.count} runs, ${duration(run.sum)} in all; runs by length, each bar up to twice the one before.`;
    svg.setAttribute("width", (last - first + 1) * width + 8);
    svg.setAttribute("height", height + 44);
    for (let i = first; i <= last; i++) {
        const bar = svg.appendChild(document.createElementNS(ns, "rect")), tall = height * counts[i] / most;
        const text = (y, words, anchor = "middle") => {
            const out = svg.appendChild(document.createElementNS(ns, "text"));
            for (const [name, value] of Object.entries({x: (i - first) * width + width / 2, y, "text-anchor": anchor, "font-size": 11, fill: "currentColor"}))
                out.setAttribute(name, value);
            out.textContent = words;
        };
        for (const [name, value] of Object.entries({x: (i - first) * width + 4, y: 18 + height - tall, width: width - 8, height: tall, fill: "var(--n0)"}))
            bar.setAttribute(name, value);
        text(14 + height - tall, counts[i] || "");
        text(height + 34, "< " + duration(i ? 16 * 2 ** i : 16));
    }
}
