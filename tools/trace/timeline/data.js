/* The trace: columns of numbers, and for each worker a pyramid of sums, so that a picture of any width looks at a few
 * numbers for each of its pixels. */
const SEARCHES = 1, SLEEPS = 2, RETIRED = 3, NAMES_FROM = 4;  /* the numbers of parts; as in tools/trace/export/html.c */
const STEP = 8;  /* parts, or sums, that one sum of the level above has */

function bytes(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text).buffer;
    const letters = atob(text), out = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i++) out[i] = letters.charCodeAt(i);
    return out.buffer;
}

function columns(of) {
    const out = {count: of.count};
    for (const name in of)
        if (name !== "count") out[name] = name.startsWith("time") ? new Float64Array(bytes(of[name])) : new Uint32Array(bytes(of[name]));
    return out;
}

/* A level: for each sum its beginning, the times of work, search and sleep, and the name with the longest part. */
function level(count) {
    return {count, from: new Float64Array(count), work: new Float64Array(count), search: new Float64Array(count),
            code: new Uint32Array(count), longest: new Float64Array(count)};
}

function lowest(part, length) {
    const out = level(Math.ceil(part.count / STEP));
    for (let i = 0; i < part.count; i++) {
        const at = Math.floor(i / STEP), code = part.number0[i], from = part.time0[i];
        const ns = (i + 1 < part.count ? part.time0[i + 1] : length) - from;
        if (i % STEP === 0) out.from[at] = from;
        if (code === SEARCHES) out.search[at] += ns;
        if (code < NAMES_FROM) continue;
        out.work[at] += ns;
        if (ns > out.longest[at]) { out.longest[at] = ns; out.code[at] = code; }
    }
    return out;
}

function above(below) {
    const out = level(Math.ceil(below.count / STEP));
    for (let i = 0; i < below.count; i++) {
        const at = Math.floor(i / STEP);
        if (i % STEP === 0) out.from[at] = below.from[i];
        out.work[at] += below.work[i];
        out.search[at] += below.search[i];
        if (below.work[i] > out.longest[at]) { out.longest[at] = below.work[i]; out.code[at] = below.code[i]; }
    }
    return out;
}

function lane(of, length) {
    const part = columns(of), levels = [lowest(part, length)];
    while (levels[levels.length - 1].count > 512) levels.push(above(levels[levels.length - 1]));
    return {part, levels};
}

/* The first index whose number is larger than x. */
function after(numbers, count, x) {
    let low = 0, high = count;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (numbers[middle] > x) high = middle; else low = middle + 1;
    }
    return low;
}

/* The number of waiting tasks, as steps. */
function steps(waits) {
    const from = Float64Array.from(waits.time0), to = Float64Array.from(waits.time1).sort();
    from.sort();
    const out = {count: 2 * waits.count, at: new Float64Array(2 * waits.count), value: new Uint32Array(2 * waits.count), most: 0};
    for (let i = 0, a = 0, b = 0; i < out.count; i++) {
        if (a < waits.count && (b >= waits.count || from[a] <= to[b])) out.at[i] = from[a++]; else out.at[i] = to[b++];
        out.value[i] = a - b;
        out.most = Math.max(out.most, a - b);
    }
    return out;
}

const trace = JSON.parse(document.getElementById("trace").textContent);
document.getElementById("trace").remove();
trace.lanes = trace.parts.map(of => lane(of, trace.length));
for (const name of ["steals", "waits", "marks", "spans"]) trace[name] = columns(trace[name]);
trace.steps = steps(trace.waits);
trace.nameOf = code => trace.names[code - NAMES_FROM];
