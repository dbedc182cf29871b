# SPDX-License-Identifier: MIT OR Apache-2.0
"""check_service_page.py CHROMIUM SERVER FOLDER: starts the server (service_page.c), opens its page as people would, and
says what is wrong with it. Pictures of it go into FOLDER."""

import pathlib
import socket
import subprocess
import sys

from browser import Browser

WIDE, NARROW = (1300, 900), (360, 780)
failures = []


def claim(text, true):
    if not true:
        failures.append(text)


def wait_for(b, condition):
    b.value("new Promise(done => { const look = () => (%s) ? done(true) : setTimeout(look, 20); look(); })" % condition)


def rows(b, table):
    return b.value(f"[...document.querySelectorAll('#{table} tbody tr')].map(row => [...row.cells].map(c => c.textContent))")


def check_content(b):
    jobs = rows(b, "jobs")
    claim(f"the running jobs: {jobs}", [row[0] for row in jobs] ==
          ["export-2026-01", "<script>window.bad = 1</script>", "\u00fcbung"])
    claim(f"their types: {jobs}", {row[1] for row in jobs} == {"data_export"})
    claim("an id is no script", b.value("window.bad === undefined"))
    head = b.value("document.querySelector('h1').textContent")
    claim(f"the head names program and host: {head}", head.endswith(f"service_page on {socket.gethostname()}"))
    title = b.value("document.title")
    claim(f"the title names the broker, too: {title}", title.startswith(head) and "memory" in title)
    claim("the service is ready", b.value("document.getElementById('status').textContent") == "ready")
    outcomes = {row[0]: row[1] for row in rows(b, "outcomes")}
    claim(f"outcomes: {outcomes}", (outcomes["done"], outcomes["retried"], outcomes["dead letters"], outcomes["\u2013 of failed runs"],
                                    outcomes["\u2013 malformed, or of unknown type"]) == ("60", "2", "5", "4", "1"))
    types = {row[0]: row[1:4] for row in rows(b, "types")}
    claim(f"types: {types}", types == {"image_processing": ["60", "0", "0"], "email_send": ["0", "6", "0"],
                                       "data_export": ["0", "0", "0"]})
    counts = b.value("[...document.querySelectorAll('#latency .n')].map(e => Number(e.textContent))")
    claim(f"the histogram has each run: {counts}", len(counts) == 12 and sum(counts) == 66)
    claim("no figure is NaN", b.value("!/NaN|undefined|Infinity/.test(document.querySelector('main').innerHTML)"))


def check_alone(b, origin):
    foreign = [url for url in b.requests() if not url.startswith(("data:", origin))]
    claim(f"nothing else is asked for: {foreign}", foreign == [])
    claim(f"the console is silent: {b.complaints()}", b.complaints() == [])


def check_looks(b, folder):
    for name, size in (("wide", WIDE), ("narrow", NARROW)):
        for scheme in ("light", "dark"):
            b.look(*size, scheme=scheme)
            claim(f"{name}: nothing is beyond the margin",
                  b.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
            hidden = b.value("[...document.querySelectorAll('#jobs tbody tr:first-child td')].filter("
                             "e => e.getBoundingClientRect().right > innerWidth).map(e => e.dataset.head)")
            claim(f"{name}: all figures of a job are visible: {hidden} are not", hidden == [])
            b.picture(folder / f"service-{name}-{scheme}.png")


def check_refresh(b, server):
    server.stdin.write("go on\n")
    server.stdin.flush()
    wait_for(b, "document.querySelector('#jobs td.none')")
    claim("jobs that are over vanish by themselves", [row[0] for row in rows(b, "jobs")] == ["no job is running"])
    wait_for(b, "document.querySelector('#queues td:nth-child(5)').textContent === '5'")
    queues = rows(b, "queues")
    claim(f"the queues: {queues}", [row[:3] for row in queues] == [["tasks", "0", "0"], ["nightly", "0", "0"]])


def check_end(b, server):
    server.stdin.close()
    server.wait()
    wait_for(b, "document.getElementById('status').textContent.startsWith('no answer')")
    claim("a service that has ended is said to be gone", b.value("document.getElementById('status').matches('.bad')"))


def main():
    chromium, program, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        origin = f"http://127.0.0.1:{int(server.stdout.readline())}/"
        with Browser(chromium) as b:
            b.open(origin)
            wait_for(b, "Number(document.body.dataset.turns) >= 1")
            wait_for(b, "document.querySelector('#queues td:nth-child(2)')?.textContent !== 'unknown'")
            check_content(b)
            check_looks(b, folder)
            check_refresh(b, server)
            check_alone(b, origin)
            check_end(b, server)
    print(*failures, sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
