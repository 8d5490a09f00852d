import * as fc from 'fast-check'
import type { Bmc } from '../../shared/bmc/client.ts'
import { silentLog } from '../../shared/log.ts'
import { type SupplyBlock, toSupplyBlock } from '../../shared/phoenixnap/blocks.ts'
import { toInstance } from '../../shared/phoenixnap/instances.ts'
import { ODD_NUMBERS, oddText, type Tree, toText } from '../hostile.ts'
import { damaged, mutated } from '../mutate.ts'
import { define, type Runnable } from '../run.ts'
import * as shapes from '../shapes/bmc.ts'
import { watch } from '../watch.ts'
import { type Answer, clientOf } from './bmc-client.ts'

const BMC_CODES = /^BMC_/
const STATUSES = [200, 200, 200, 200, 202, 204, 301, 400, 401, 403, 404, 406, 409, 418, 429, 500, 503, 599]

const headers = fc.record({
  'retry-after': fc.constantFrom(
    '',
    '1',
    '99999999999999999999',
    '-1',
    'soon',
    'Fri, 31 Dec 9999 23:59:59 GMT',
    ...ODD_NUMBERS,
  ),
  'www-authenticate': fc.constantFrom('', 'Bearer error="insufficient_scope"', `Bearer ${'x'.repeat(3000)}`),
  date: fc.constantFrom('', 'Sat, 21 Nov 2026 00:00:00 GMT', 'yesterday'),
})

const answers = (body: fc.Arbitrary<Tree>): fc.Arbitrary<Answer> =>
  fc.record({
    status: fc.constantFrom(...STATUSES),
    body: fc.oneof(
      { weight: 8, arbitrary: damaged(mutated(body).map(toText)) },
      { weight: 1, arbitrary: damaged(mutated(shapes.refusal).map(toText)) },
      { weight: 1, arbitrary: oddText },
    ),
    headers,
  })

const attemptWith =
  (call: (bmc: Bmc) => Promise<unknown>) =>
  (answer: Answer): Promise<string> =>
    watch({ work: () => call(clientOf(answer)), codes: BMC_CODES })

const ID = '60473a6115e34466c9f8f083'
const withId = (body: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> =>
  body.map(tree => ({ ...(tree as { readonly [key: string]: Tree }), id: ID }))

/** Each call, with the answer that it expects. */
const CALLS: readonly (readonly [string, fc.Arbitrary<Tree>, (bmc: Bmc) => Promise<unknown>])[] = [
  ['bmc.quotas', shapes.lists(shapes.quota), bmc => bmc.listQuotas({ maxAttempts: 2 })],
  ['bmc.products', shapes.lists(shapes.product), bmc => bmc.listIpProducts({ location: 'PHX' })],
  ['bmc.tags', shapes.lists(shapes.tagOfAccount), bmc => bmc.listTags({ name: 'cluster' })],
  ['bmc.ensure-tag', shapes.tagOfAccount, bmc => bmc.ensureTag('cluster')],
  ['bmc.networks', shapes.lists(shapes.publicNetwork), bmc => bmc.listPublicNetworks()],
  ['bmc.network', shapes.publicNetwork, bmc => bmc.getPublicNetwork(ID)],
  ['bmc.assign', shapes.publicNetwork, bmc => bmc.assignIpBlock(ID, ID)],
  ['bmc.unassign', shapes.publicNetwork, bmc => bmc.unassignIpBlock(ID, ID, { force: true })],
  [
    'bmc.buy-block',
    shapes.block,
    bmc => bmc.createIpBlock({ location: 'PHX', cidrBlockSize: '/29', ipVersion: 'V4', tags: [] }),
  ],
  ['bmc.delete-block', shapes.block, bmc => bmc.deleteIpBlock(ID)],
  ['bmc.put-tags', shapes.block, bmc => bmc.putIpBlockTags(ID, [{ name: 'cluster', value: 'a' }])],
]

const readServers = async (bmc: Bmc): Promise<unknown> =>
  (await bmc.listServers()).map(server => toInstance(server, silentLog))

const readBlocks = async (bmc: Bmc): Promise<readonly SupplyBlock[]> =>
  (await bmc.listIpBlocks()).map(block => toSupplyBlock(block, ID, true))

async function readServer(bmc: Bmc): Promise<unknown> {
  const lookup = await bmc.getServer(ID)
  return lookup.state === 'found' ? toInstance(lookup.server, silentLog) : lookup
}

async function readOddIds(id: string): Promise<string> {
  const bmc = clientOf({ status: 403, body: '{}', headers: {} })
  return watch({ work: () => bmc.getServer(id), codes: BMC_CODES, label: ({ state }) => state })
}

export const BMC_TARGETS: readonly Runnable[] = [
  define({
    name: 'bmc.servers',
    inputs: answers(shapes.lists(shapes.server)),
    attempt: attemptWith(readServers),
  }),
  define({ name: 'bmc.server', inputs: answers(withId(shapes.server)), attempt: attemptWith(readServer) }),
  define({
    name: 'bmc.blocks',
    inputs: answers(shapes.lists(shapes.block)),
    attempt: attemptWith(readBlocks),
  }),
  define({ name: 'bmc.server-id', inputs: oddText, attempt: readOddIds }),
  ...CALLS.map(([name, body, call]) => define({ name, inputs: answers(body), attempt: attemptWith(call) })),
  define({
    name: 'bmc.token',
    inputs: answers(shapes.token),
    attempt: answer =>
      watch({
        work: async () => {
          const bmc = clientOf({ status: 200, body: '[]', headers: {} }, answer)
          const facts = await bmc.lookAtToken()
          await bmc.listServers()
          return facts
        },
        codes: BMC_CODES,
      }),
  }),
]
