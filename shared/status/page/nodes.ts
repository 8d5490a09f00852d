import { NODE_STATES, type NodeState, type NodeStatus } from '../contract.ts'
import { NODE_WORDS } from '../words.ts'
import type { Page } from './contract.ts'
import { type Html, html } from './html.ts'
import { toList } from './list.ts'
import { toTableRow, toTag } from './table.ts'

export const NODES: Page = {
  path: '/status/nodes',
  title: 'Nodes',
  toContent: ({ status: { nodes, at } }, query) =>
    html`<h2>Nodes</h2>${toList<NodeStatus>({
      path: '/status/nodes',
      noun: 'nodes',
      rows: nodes.rows,
      query,
      kinds: NODE_STATES.map(value => ({ value, label: NODE_WORDS[value], count: nodes.counts[value] })),
      kindOf: ({ state }) => state,
      toText: ({ name, why, code = '', serverId = '' }) => `${name} ${serverId} ${code} ${why}`,
      columns: ['Node', 'State', 'What it waits for', 'Server'],
      toRow: row => toRow(row, at),
      toNotes: toAdvice,
    })}`,
}

const TONES = {
  waiting: 't-warn',
  missing: 't-bad',
  shutdown: 't-warn',
  notReady: 't-warn',
  ready: 't-good',
  foreign: '',
} as const satisfies Record<NodeState, string>

function toRow({ name, state, why, code, serverId, since }: NodeStatus, at: number): Html {
  const tag = toTag(NODE_WORDS[state], TONES[state], since === undefined ? undefined : at - since)
  const told = code === undefined ? why : html`${why} <code>${code}</code>`
  return toTableRow(name, tag, told, serverId && html`<span class="mono id">${serverId}</span>`)
}

/** Once each, however many nodes it is about. */
function toAdvice(rows: readonly NodeStatus[]): Html | undefined {
  const advice = new Map(
    rows.flatMap(({ code, action }) => (code && action ? [[code, action] as const] : [])),
  )
  const items = [...advice].map(([code, action]) => html`<dt><code>${code}</code></dt><dd>${action}</dd>`)
  return items.length > 0 ? html`<h3>What to do</h3><dl>${items}</dl>` : undefined
}
