import { liesIn } from '../../../shared/ip-address.ts'
import { MANAGED_BY, MANAGED_BY_LABEL } from '../../../shared/kubernetes/names.ts'
import type { NetworkFault } from '../../world/contract.ts'
import type { Stage } from '../stage.ts'
import { type Action, defineAction } from './action.ts'
import { pickFreeAddress } from './addresses.ts'
import { join, orderMachine } from './nodes.ts'
import { createService, toCollection } from './services.ts'

/** Names of objects that stay bad for good. */
const SERVICE = 'refused'
const NODE = 'refused-node'
const HANGING_SERVICE = 'hanging'
const HANGING_NODE = 'hanging-node'
const CLAIM = 'unreadable'

const DENIAL = JSON.stringify({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'admission webhook "policy.example.com" denied the request: not today',
  reason: 'Forbidden',
  code: 403,
})

/** From now on, and when all other faults have ended. */
function strikeForGood(stage: Stage, fault: NetworkFault): void {
  stage.world.network.add(fault)
  stage.repairs.push(() => stage.world.network.add(fault))
}

/** Somebody's webhook refuses what we write to an object, or never answers. */
const REFUSED: NetworkFault['trouble'] = { kind: 'status', status: 403, body: DENIAL }
const HANGING: NetworkFault['trouble'] = { kind: 'hang before' }

function troubleWrites(stage: Stage, path: string, trouble: NetworkFault['trouble']): void {
  strikeForGood(stage, {
    to: 'cluster',
    matches: call =>
      call.isWrite && stage.isController(call.from) && (call.path === path || call.path === `${path}/status`),
    trouble,
  })
}

function addBadService(stage: Stage, name: string, trouble: NetworkFault['trouble'], how: string): boolean {
  if (stage.watch.isSpoilt(name)) return false
  stage.watch.spoil(name)
  troubleWrites(stage, `${toCollection('default')}/${name}`, trouble)
  createService(stage, { namespace: 'default', name }, {}, how)
  return true
}

function addBadNode(stage: Stage, name: string, trouble: NetworkFault['trouble'], isReady: boolean): boolean {
  if (stage.watch.isSpoilt(name)) return false
  stage.watch.spoil(name)
  troubleWrites(stage, `/api/v1/nodes/${name}`, trouble)
  join(stage, orderMachine(stage, name), isReady)
  return true
}

/** Each leaves one object bad until the end: at rest all others must be served nevertheless. */
export const BAD_OBJECT_ACTIONS: readonly Action[] = [
  defineAction('a Service whose writes are refused', 2, stage =>
    addBadService(stage, SERVICE, REFUSED, ', which nobody may write to'),
  ),
  defineAction('a node whose writes are refused', 2, (stage, picks) =>
    addBadNode(stage, NODE, REFUSED, picks.percent(50)),
  ),
  defineAction('a Service whose writes hang', 2, stage =>
    addBadService(stage, HANGING_SERVICE, HANGING, ', whose writes hang'),
  ),
  defineAction('a node whose writes hang', 2, (stage, picks) =>
    addBadNode(stage, HANGING_NODE, HANGING, picks.percent(50)),
  ),
  defineAction('a claim that nobody can read', 2, (stage, picks) => {
    const name = pickFreeAddress(stage, picks)
    if (!name || stage.watch.isSpoilt(CLAIM)) return false
    // Its block is neither free of use nor in anybody's, for as long as that stands there.
    const blocks = stage.blocks().filter(({ cidr }) => liesIn(name, cidr))
    stage.watch.spoil(CLAIM, name, ...blocks.map(({ id }) => id))
    stage.world.cluster.store.create({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IPAddress',
      metadata: {
        name,
        labels: { [MANAGED_BY_LABEL]: MANAGED_BY },
        annotations: { 'phoenixnap.com/state': 'active' },
      },
      spec: { parentRef: { group: '', resource: 'services', namespace: 'default', name: CLAIM } },
    })
    stage.tell(`the claim of ${name} cannot be read`)
    return true
  }),
  defineAction('a block that the cloud does not let go', 2, (stage, picks) => {
    const block = picks.of(stage.blocks())
    if (!block || stage.watch.isSpoilt(block.id)) return false
    stage.watch.spoil(block.id, block.cidr)
    // An assignment names it in what is sent.
    const isOfBlock = new RegExp(`(?:/ip-blocks/|")${block.id}(?:[/"]|$)`)
    strikeForGood(stage, {
      to: 'cloud',
      matches: ({ isWrite, path, body }) => isWrite && (isOfBlock.test(path) || isOfBlock.test(body)),
      trouble: { kind: 'status', status: 500 },
    })
    stage.tell(`the cloud answers 500 to every change of ${block.cidr}`)
    return true
  }),
]
