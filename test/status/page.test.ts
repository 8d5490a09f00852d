import { createHash } from 'node:crypto'
import t from 'tap'
import type { Status } from '../../shared/status/contract.ts'
import { html } from '../../shared/status/page/html.ts'
import { PAGE_PATHS, toPage } from '../../shared/status/page/pages.ts'
import { CONTENT_SECURITY_POLICY, STYLE } from '../../shared/status/page/style.ts'
import { toMany } from './_many.ts'
import { MODEL, STATUS } from './_model.ts'

const show = (path: string, query: Readonly<Record<string, string>> = {}, status: Status = STATUS): string =>
  toPage(path, query, { ...MODEL, status }) ?? ''

const countRows = (page: string): number => page.match(/<tr role="row"><th role="rowheader"/g)?.length ?? 0

/** What a person reads of it. */
const read = (page: string): string =>
  page
    .replace(/<style>.*?<\/style>/s, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')

t.test('each page says what the model says', async t => {
  t.strictSame(PAGE_PATHS, [
    '/status',
    '/status/nodes',
    '/status/services',
    '/status/addresses',
    '/status/decisions',
  ])
  const expected: Readonly<Record<string, readonly (string | RegExp)[]>> = {
    '/status': [
      'Something wants attention 1 node waits to be initialised 1 Service waits for an address',
      'Last complete pass 20 s ago one each 1 min',
      'BMC API answers 2 servers',
      'Held back by safeguards node node-c: its server answers by its id',
      'repairLabels Node node-a: labels differ',
    ],
    '/status/nodes': [
      /node-b waiting for 3 min No BMC server .* CCM_INSTANCE_NOT_FOUND node-a ready 65a1/,
      'CCM_INSTANCE_NOT_FOUND Check the hostname.',
    ],
    '/status/services': [
      /default\/asks waiting for 5 s IPv4: .* CCM_ADDRESS_OUTSIDE Ask/,
      'default/web served 203.0.113.2',
    ],
    '/status/addresses': [
      '203.0.113.0/29 IPv4, PHX, assigned, open',
      '1 used, 1 resting, 3 free, 1 network, 1 gateway, 1 broadcast',
      '203.0.113.3 resting default/gone for 5 min more: its Service has gone',
    ],
    '/status/decisions': [/Of this process alone, since 2026-11-23 10:20:04 UTC .* node changed/],
  }
  for (const path of PAGE_PATHS) {
    for (const text of expected[path] ?? []) t.match(read(show(path)), text, path)
    t.match(show(path), '<a href="' + path + '" aria-current="page">', path)
    t.match(read(show(path)), 'Seen 2026-11-23 11:20:04 UTC , 7 s ago.', path)
  }
  t.equal(toPage('/status/other', {}, MODEL), undefined)
})

t.test('a map has a name for who cannot see it, and a cell for each address', async t => {
  const page = show('/status/addresses')
  t.match(
    page,
    'role="img" aria-label="Map of 203.0.113.0/29: 1 used, 1 resting, 3 free, 1 network, 1 gateway, 1 broadcast"',
  )
  t.equal(page.match(/<title>203\.0\.113\./g)?.length, 8)
  t.match(page, '<g class="k-used"><title>203.0.113.2 used default/web</title>')
  t.notMatch(page, / style=/, 'the policy lets no style of a single element through')
})

t.test('ten thousand nodes are pages of fifty, found by state and text', async t => {
  const many = toMany(STATUS, 10_000, 5000)
  const first = show('/status/nodes', {}, many)
  t.equal(countRows(first), 50)
  t.match(read(first), '1 to 50 of 10,000 nodes')
  t.match(first, '<a rel="next" href="/status/nodes?page=2">Next</a>')
  t.notMatch(first, 'rel="prev"')
  t.match(read(show('/status/nodes', { page: '200' }, many)), '9,951 to 10,000 of 10,000 nodes')
  t.match(read(show('/status/nodes', { page: '999' }, many)), '9,951 to 10,000', 'the last one')
  t.match(read(show('/status/nodes', { page: 'x' }, many)), '1 to 50')
  const waiting = show('/status/nodes', { state: 'waiting', q: 'NODE-b' }, many)
  t.match(read(waiting), '1 to 50 of 100 nodes')
  t.match(waiting, '<option value="waiting" selected>waiting (100)</option>')
  t.match(waiting, 'href="/status/nodes?state=waiting&amp;q=NODE-b&amp;page=2"')
  t.match(read(show('/status/nodes', { state: 'odd', q: 'node-b-7 hostname' }, many)), '11 of 11 nodes')
  t.match(read(show('/status/nodes', { state: 'ready' }, many)), '1 to 50 of 9,900 nodes')
  t.match(read(show('/status/nodes', { q: 'nobody' }, many)), 'No nodes match.')
  t.ok(Buffer.byteLength(show('/status', {}, many)) < 30_000)
})

t.test('what others wrote stays text', async t => {
  const evil = `"><script>alert('1')</script>&\u202e`
  const safe = '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;'
  t.equal(html`<a title="${evil}">${[evil, undefined, 1]}</a>`.html, `<a title="${safe}">${safe}1</a>`)
  const [node, service, block] = [STATUS.nodes.rows[0], STATUS.services.rows[0], STATUS.addresses.blocks[0]]
  if (!node || !service || !block) throw new Error('the model is too small')
  const run = { first: evil, last: evil, count: 1, kind: 'used', service: evil, why: evil } as const
  const hostile: Status = {
    ...STATUS,
    cluster: evil,
    version: evil,
    reasons: [evil],
    held: [evil],
    failures: [{ name: evil, code: evil, message: evil, action: evil }],
    pending: [{ kind: evil, name: evil, action: evil, why: evil }],
    pass: { ...STATUS.pass, holder: evil },
    goProgram: { state: 'running', what: evil },
    nodes: {
      ...STATUS.nodes,
      rows: [{ ...node, name: evil, why: evil, code: evil, action: evil, serverId: evil }],
    },
    services: {
      ...STATUS.services,
      rows: [
        { ...service, name: evil, addresses: [evil], why: evil, problems: [{ code: evil, message: evil }] },
      ],
    },
    addresses: {
      ...STATUS.addresses,
      blocks: [
        {
          ...block,
          id: evil,
          cidr: evil,
          location: evil,
          status: evil,
          state: 'failed',
          dedicatedTo: evil,
          doubt: evil,
          runs: [run],
        },
      ],
    },
  }
  const decision = { at: 0, level: 'warn', what: evil, subject: evil, why: evil, code: evil } as const
  const model = {
    ...MODEL,
    status: hostile,
    decisions: [decision],
    trouble: { code: evil, message: evil, action: evil },
  }
  for (const path of PAGE_PATHS) {
    const page = toPage(path, { q: evil, state: evil, page: evil }, model) ?? ''
    const unfiltered = toPage(path, {}, model) ?? ''
    for (const text of [page, unfiltered]) {
      t.notMatch(text, /<script|\u202e/, path)
    }
    t.ok(unfiltered.includes(safe), `${path} shows it`)
  }
})

t.test('nothing is loaded or run: the policy allows the one style alone', async t => {
  const [, style = ''] = /<style>(.*?)<\/style>/s.exec(show('/status')) ?? []
  t.equal(style, STYLE)
  const hash = createHash('sha256').update(style).digest('base64')
  t.equal(
    CONTENT_SECURITY_POLICY,
    `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  )
  t.match(style, 'prefers-color-scheme:dark')
  for (const path of PAGE_PATHS) t.notMatch(show(path), /\b(src|onclick|onload)=|https?:|@import|url\(/, path)
})
