/* The part of the run that is shown, and how its times are spelt. */
const LEAST = 20;  /* ns in a picture */
const view = {from: 0, to: trace.length};

function show(from, to) {
    const length = Math.min(Math.max(to - from, LEAST), trace.length);
    view.from = Math.min(Math.max(from, 0), trace.length - length);
    view.to = view.from + length;
    draw();
}

/* at: the time that stays where it is. */
function zoom(factor, at = (view.from + view.to) / 2) {
    show(at - (at - view.from) * factor, at + (view.to - at) * factor);
}

function move(part) {
    const ns = (view.to - view.from) * part;
    show(view.from + ns, view.to + ns);
}

function duration(ns) {
    for (const [size, unit] of [[1e9, "s"], [1e6, "ms"], [1e3, "us"]])
        if (ns >= size) return Number((ns / size).toPrecision(3)) + " " + unit;
    return Math.round(ns) + " ns";
}

/* Times of a ruler: about so many, at round numbers. */
function ticks(from, to, most) {
    const rough = (to - from) / most, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(n => n * power).find(n => n >= rough), out = [];
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) out.push(at);
    return {step, at: out};
}

/* A time on the ruler, in the unit that suits the steps. */
function tickText(at, step) {
    const [size, unit] = step >= 1e9 ? [1e9, "s"] : step >= 1e6 ? [1e6, "ms"] : step >= 1e3 ? [1e3, "us"] : [1, "ns"];
    return (at / size).toFixed(0) + " " + unit;
}
