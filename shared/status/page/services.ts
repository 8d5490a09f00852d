import { SERVICE_STATES, type ServiceState, type ServiceStatus } from '../contract.ts'
import { SERVICE_WORDS } from '../words.ts'
import type { Page } from './contract.ts'
import { type Html, html } from './html.ts'
import { toList } from './list.ts'
import { toTableRow, toTag } from './table.ts'

export const SERVICES: Page = {
  path: '/status/services',
  title: 'Services',
  toContent: ({ status: { services, at } }, query) =>
    services.enabled || services.rows.length > 0
      ? html`<h2>Services of type LoadBalancer</h2>${toList<ServiceStatus>({
          path: '/status/services',
          noun: 'Services',
          rows: services.rows,
          query,
          kinds: SERVICE_STATES.map(value => ({
            value,
            label: SERVICE_WORDS[value],
            count: services.counts[value],
          })),
          kindOf: ({ state }) => state,
          toText: ({ name, addresses, why, problems }) =>
            [name, ...addresses, why, ...problems.map(({ code, message }) => `${code} ${message}`)].join(' '),
          columns: ['Service', 'State', 'Addresses', 'What it waits for'],
          toRow: row => toRow(row, at),
        })}`
      : html`<h2>Services</h2><p>Load balancers are disabled (PNAP_LOAD_BALANCER is empty).</p>`,
}

const TONES = {
  waiting: 't-warn',
  leaving: 't-warn',
  left: '',
  served: 't-good',
} as const satisfies Record<ServiceState, string>

function toRow({ name, state, addresses, why, problems, since }: ServiceStatus, at: number): Html {
  const tag = toTag(SERVICE_WORDS[state], TONES[state], since === undefined ? undefined : at - since)
  const held = addresses.map(
    (address, index) => html`${index > 0 ? ', ' : ''}<span class="mono id">${address}</span>`,
  )
  const told = problems.map(({ code, message }) => html`<br><code>${code}</code> ${message}`)
  return toTableRow(name, tag, html`${held}`, html`${why}${told}`)
}
