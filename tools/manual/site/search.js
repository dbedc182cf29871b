// SPDX-License-Identifier: MIT OR Apache-2.0
// Search without a server. index.js, loaded at the first key, calls filchIndex with rows [title, place, address, text]. A row is found
// if it holds all words of the query; names come first, then titles, then texts.
'use strict'
const query = document.getElementById('query')
const found = document.getElementById('found')
const root = found.dataset.root
let rows = null

function score (row, words) {
  const title = row[0].toLowerCase()
  const all = title + ' ' + row[1].toLowerCase() + ' ' + row[3]
  if (!words.every(word => all.includes(word))) return 0
  const whole = words.join(' ')
  if (title === whole) return 5
  if (title.startsWith(whole)) return 4
  if (words.every(word => title.includes(word))) return 3
  return 1
}

function show () {
  const words = query.value.toLowerCase().split(/\s+/).filter(Boolean)
  found.replaceChildren()
  found.hidden = words.length === 0 || !rows
  if (found.hidden) return
  const hits = rows.map(row => [score(row, words), row]).filter(hit => hit[0]).sort((a, b) => b[0] - a[0] || a[1][0].length - b[1][0].length)
  for (const [, row] of hits.slice(0, 30)) {
    const link = document.createElement('a')
    link.href = root + row[2]
    link.textContent = row[0]
    link.append(Object.assign(document.createElement('small'), { textContent: row[1] }))
    found.append(Object.assign(document.createElement('li'), {}))
    found.lastChild.append(link)
  }
  if (!hits.length) found.append(Object.assign(document.createElement('li'), { textContent: 'nothing found' }))
}

window.filchIndex = list => { rows = list; show() }

function load () {
  if (document.getElementById('index')) return show()
  document.head.append(Object.assign(document.createElement('script'), { id: 'index', src: root + 'index.js' }))
}

query.addEventListener('input', load)
query.form.addEventListener('submit', event => {
  event.preventDefault()
  const first = found.querySelector('a')
  if (first) window.location = first.href
})
document.addEventListener('keydown', event => {
  if (event.key === '/' && document.activeElement !== query) {
    event.preventDefault()
    query.focus()
  } else if (event.key === 'Escape') {
    found.hidden = true
  }
})
