import { NODE_STATES, SERVICE_STATES, type Status } from '../contract.ts'
import { BMC_WORDS, NODE_WORDS, SERVICE_WORDS, toCount, toNumber, toSpan } from '../words.ts'
import type { Page, PageModel } from './contract.ts'
import { type Html, html } from './html.ts'
import { toHref } from './list.ts'

/** What somebody has to know first. */
export const OVERVIEW: Page = {
  path: '/status',
  title: 'Overview',
  toContent: ({ status }: PageModel) => html`${toVerdict(status)}
<h2>At a glance</h2><dl class="facts">${toFacts(status)}</dl>
${toListSection('Held back by safeguards', status.held, 'Nothing is held back.')}
${status.failures.length > 0 ? toFailures(status) : undefined}
${toPending(status)}`,
}

const VERDICTS = {
  well: 'All is well',
  attention: 'Something wants attention',
  unknown: 'It cannot be found out whether all is well',
} as const satisfies Record<Status['verdict'], string>

function toVerdict({ verdict, reasons }: Status): Html {
  const items = reasons.map(reason => html`<li>${reason}</li>`)
  return html`<section class="verdict ${verdict}" aria-labelledby="verdict"><h2 id="verdict">${VERDICTS[verdict]}</h2>
${items.length > 0 ? html`<ul>${items}</ul>` : html`<p>Nothing waits, and nothing is held back.</p>`}</section>`
}

function toFacts(status: Status): readonly Html[] {
  const { pass, bmc, goProgram, nodes, services, addresses, at } = status
  const age = pass.ageMs === undefined ? 'never' : `${toSpan(pass.ageMs)} ago`
  const servers = bmc.servers === undefined ? [] : [toCount(bmc.servers, 'server')]
  const limited = bmc.until === undefined ? [] : [`for ${toSpan(bmc.until - at)} from now`]
  const since = bmc.since === undefined ? [] : [`for ${toSpan(at - bmc.since)} already`]
  const { claims, free, blocks } = addresses
  return [
    fact('Last complete pass', age, [
      `one each ${toSpan(pass.intervalMs)}`,
      ...(pass.holder === undefined ? [] : [`${pass.holder} is at work`]),
      ...(pass.deleted > 0 ? [`${toCount(pass.deleted, 'node')} deleted within 10 min`] : []),
    ]),
    fact('BMC API', BMC_WORDS[bmc.state], [
      ...servers,
      ...limited,
      ...since,
      ...(bmc.failure ? [bmc.failure.action] : []),
    ]),
    fact('Go program', GO_WORDS[goProgram.state], [goProgram.what]),
    fact(
      'Nodes',
      toNumber(nodes.rows.length),
      NODE_STATES.filter(state => nodes.counts[state] > 0).map(state =>
        link('/status/nodes', state, `${toNumber(nodes.counts[state])} ${NODE_WORDS[state]}`),
      ),
    ),
    fact(
      'Services of type LoadBalancer',
      services.enabled ? toNumber(services.rows.length) : 'disabled',
      SERVICE_STATES.filter(state => services.counts[state] > 0).map(state =>
        link('/status/services', state, `${toNumber(services.counts[state])} ${SERVICE_WORDS[state]}`),
      ),
    ),
    fact('Addresses', `${toNumber(free.IPv4 + free.IPv6)} free`, [
      html`<a href="/status/addresses">${toCount(blocks.length, 'block')}</a>`,
      `${toNumber(claims.active)} used`,
      ...(claims.unconfirmed > 0 ? [`${toNumber(claims.unconfirmed)} being claimed`] : []),
      ...(claims.released > 0 ? [`${toNumber(claims.released)} resting`] : []),
      ...(claims.retained > 0 ? [`${toNumber(claims.retained)} retained`] : []),
    ]),
  ]
}

const GO_WORDS = { absent: 'does not run', running: 'still runs', unknown: 'not known' } as const

const link = (path: string, state: string, text: string): Html =>
  html`<a href="${toHref(path, { state })}">${text}</a>`

function fact(name: string, value: string, details: readonly (string | Html)[]): Html {
  const rest = details.map((detail, index) => html`${index > 0 ? ', ' : ''}${detail}`)
  return html`<div><dt>${name}</dt><dd><strong>${value}</strong><br>${rest}</dd></div>`
}

/** More would be read by nobody, and each is an event or a line of the log as well. */
const MAX_ITEMS = 50

function toListSection(title: string, items: readonly string[], none: string): Html {
  const rows = items.slice(0, MAX_ITEMS).map(item => html`<li>${item}</li>`)
  const more =
    items.length > MAX_ITEMS
      ? html`<li>… and ${toNumber(items.length - MAX_ITEMS)} more: <code>status --output json</code> has all</li>`
      : undefined
  return html`<h2>${title}</h2>${items.length > 0 ? html`<ul>${rows}${more}</ul>` : html`<p class="soft">${none}</p>`}`
}

const toFailures = ({ failures }: Status): Html =>
  toListSection(
    'What failed',
    failures.map(({ name, code, message, action }) => `${name}: ${code}: ${message} ${action}`),
    '',
  )

function toPending({ pending }: Status): Html {
  const items = pending.map(({ kind, name, action, why }) => `${action} ${kind} ${name}: ${why}`)
  return toListSection('Changes that the next pass makes', items, 'The next pass changes nothing.')
}
