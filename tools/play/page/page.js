const figures = [...document.querySelectorAll("figure")], place = document.getElementById("place");
const BETWEEN = 900; // ms, while it plays
let at = 0, timer = 0;

function number(figure) {
    return Number(figure.id.slice(4));
}

function go(to) {
    figures[at].classList.remove("current");
    at = Math.min(Math.max(to, 0), figures.length - 1);
    figures[at].classList.add("current");
    place.value = at + 1;
    document.getElementById("count").textContent = `step ${number(figures[at])} of ${number(figures[figures.length - 1])}`;
    if (!document.body.classList.contains("single"))
        figures[at].scrollIntoView({block: "nearest"});
}

function nextSteal() {
    const steal = figures.findIndex((figure, i) => i > at && figure.classList.contains("steal"));
    if (steal >= 0)
        go(steal);
}

function press(id, isPressed) {
    document.getElementById(id).setAttribute("aria-pressed", isPressed);
}

function play(isOn) {
    clearInterval(timer);
    timer = isOn ? setInterval(() => at + 1 < figures.length ? go(at + 1) : play(false), BETWEEN) : 0;
    press("play", isOn);
}

function showAll(isOn) {
    document.body.classList.toggle("single", !isOn);
    press("all", isOn);
    go(at);
}

const actions = {
    first: () => go(0), back: () => go(at - 1), next: () => go(at + 1), last: () => go(figures.length - 1),
    steal: nextSteal, play: () => play(!timer), all: () => showAll(document.body.classList.contains("single")),
};
const keys = {ArrowRight: "next", n: "next", ArrowLeft: "back", p: "back", Home: "first", End: "last", f: "steal", "/": "steal",
    " ": "play", a: "all"};

for (const [id, action] of Object.entries(actions))
    document.getElementById(id).onclick = action;
document.onkeydown = event => {
    const isButton = event.key === " " && event.target.tagName === "BUTTON";
    if (!keys[event.key] || event.ctrlKey || event.altKey || event.metaKey || isButton)
        return;
    event.preventDefault();
    actions[keys[event.key]]();
};
place.max = figures.length;
place.oninput = () => go(place.value - 1);
document.body.classList.add("single");
go(0);
