import { INITIALIZED, UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import { createFakeNode } from '../../test/support/fake-kubelet.ts'
import type { UserRequest, World } from '../world/contract.ts'
import type { Scenario, Stage } from './contract.ts'
import { findNode, unless } from './look.ts'

const NODE = 'node-a'
const OTHERS = ['node-b', 'node-c'] as const
const USER = `system:node:${NODE}`
/** Above the grace time of a node whose server has gone. */
const GRACE_MS = 65_000
/** Who was killed between counting a deletion and making it has used up the share of these minutes. */
const SHARE_MS = 605_000
const CHANGE_NODE = /^PATCH .*\/nodes\/node-a$/
const WRITE_INVENTORY = /configmaps/

const addServer = ({ cloud }: World, hostname: string): string => cloud.backend.addServer({ hostname }).id
const idOf = ({ cloud }: World, hostname: string): string | undefined =>
  cloud.backend.servers().find(server => server.hostname === hostname)?.id

const join = (name: string, ready = true): UserRequest => ({
  method: 'POST',
  path: '/api/v1/nodes',
  body: createFakeNode(name, { systemUUID: `system-${name}`, machineID: `machine-${name}`, ready }),
})

/** As the node controller says of a kubelet that is silent. */
const silence: UserRequest = {
  method: 'PATCH',
  path: `/api/v1/nodes/${NODE}/status`,
  patch: 'strategic',
  body: { status: { conditions: [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }] } },
}

function initialisedFaults(world: World, name: string): string[] {
  const node = findNode(world, name)
  if (!node) return [`${name} is not there`]
  const id = idOf(world, name)
  const isTainted = node.spec?.taints?.some(({ key }) => key === UNINITIALIZED_TAINT) ?? false
  const types = new Set(node.status?.addresses?.map(({ type }) => type))
  return [
    ...unless(
      node.spec?.providerID === `phoenixnap://${id}`,
      `${name} has ${node.spec?.providerID}, not ${id}`,
    ),
    ...unless(!isTainted, `${name} bears the taint of a node that is not initialised`),
    ...unless(node.metadata.annotations?.[INITIALIZED] !== undefined, `${name} bears no mark of ours`),
    ...unless(
      types.has('InternalIP') && types.has('ExternalIP'),
      `${name} has addresses ${[...types].join()}`,
    ),
  ]
}

/** The inventory knows the server before its node comes. */
const known = async ({ world, work }: Stage): Promise<void> => {
  addServer(world, NODE)
  await work()
}

async function joinAndWork({ request, work }: Stage): Promise<void> {
  await request(join(NODE), USER)
  await work()
}

const joined = (world: World): string[] => initialisedFaults(world, NODE)

const REVIEWED: Scenario = {
  name: 'node joins, by review',
  prepare: known,
  tell: joinAndWork,
  verify: joined,
  passes: [WRITE_INVENTORY],
}

const RECONCILED: Scenario = {
  name: 'node joins, by reconcile',
  options: { webhook: false },
  tell: async stage => {
    addServer(stage.world, NODE)
    await joinAndWork(stage)
  },
  verify: joined,
  passes: [CHANGE_NODE, WRITE_INVENTORY],
}

const RESYNCED: Scenario = {
  ...RECONCILED,
  name: 'node joins, by resync alone',
  options: { webhook: false, audit: false },
}

const LEFT: Scenario = {
  name: 'node leaves',
  async prepare({ world, request, work }) {
    for (const name of [NODE, ...OTHERS]) {
      addServer(world, name)
      await request(join(name), `system:node:${name}`)
    }
    await work()
  },
  async tell({ world, request, work, timePasses }) {
    world.cloud.backend.removeServer(idOf(world, NODE) ?? '')
    await request(silence)
    await work()
    await timePasses(GRACE_MS)
    await work()
    await timePasses(SHARE_MS)
    await work()
  },
  verify: world => [
    ...unless(findNode(world, NODE) === undefined, `${NODE} is still there`),
    ...OTHERS.flatMap(name => initialisedFaults(world, name)),
  ],
  passes: [CHANGE_NODE, /^DELETE .*\/nodes\/node-a$/],
}

export const NODE_SCENARIOS: readonly Scenario[] = [REVIEWED, RECONCILED, RESYNCED, LEFT]
