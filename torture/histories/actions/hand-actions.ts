import {
  IP_BLOCKS_LEASE,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  NAME,
  NAMESPACE,
  RESYNC_LEASE,
} from '../../../shared/kubernetes/names.ts'
import type { IPAddress } from '../../../shared/kubernetes/types.ts'
import type { Picks } from '../picks.ts'
import type { Stage } from '../stage.ts'
import { type Action, defineAction } from './action.ts'
import { USER } from './services.ts'

const ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses'
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`
const INVENTORY = `/api/v1/namespaces/${NAMESPACE}/configmaps/${NAME}`
const BLOCK_ID = 'phoenixnap.com/block-id'
const NOBODYS = 'nonsense'
const STATE = 'phoenixnap.com/state'
const SINCE = 'phoenixnap.com/since'
const NO_TIME = 'yesterday'
const LATER = '2027-01-01T00:00:00Z'

/** Metadata as a merge patch changes them; those that make of it what nobody can read are put back in the end. */
type Edit = Readonly<Record<'annotations' | 'labels', Readonly<Record<string, string | null>>>>
const note = (annotations: Edit['annotations']): Edit => ({ annotations, labels: {} })

const CLAIM_EDITS: readonly [Edit, ...Edit[]] = [
  note({ [STATE]: 'released' }),
  note({ [STATE]: 'unconfirmed' }),
  note({ [STATE]: 'retained' }),
  note({ [STATE]: NOBODYS }),
  note({ [STATE]: null }),
  note({ [SINCE]: LATER }),
  note({ [SINCE]: NO_TIME }),
  note({ 'phoenixnap.com/service-uid': '00000000-0000-4000-8000-000000000000' }),
  note({ [BLOCK_ID]: 'ffffffffffffffffffffffff' }),
  { annotations: {}, labels: { [MANAGED_BY_LABEL]: null } },
]
const GATE_EDITS: readonly [Edit, ...Edit[]] = [
  note({ [STATE]: 'closing' }),
  note({ [STATE]: NOBODYS }),
  note({ 'phoenixnap.com/unused-since': '2020-01-01T00:00:00Z' }),
  note({ 'phoenixnap.com/unused-since': LATER }),
  note({ [BLOCK_ID]: null }),
  { annotations: {}, labels: { [MANAGED_BY_LABEL]: 'somebody' } },
]
/** Whose it is, what it is of, and a state or a time that nobody knows. */
const isUnreadable = ({ annotations, labels }: Edit): boolean =>
  MANAGED_BY_LABEL in labels ||
  BLOCK_ID in annotations ||
  [NOBODYS, null].some(state => annotations[STATE] === state) ||
  annotations[SINCE] === NO_TIME

const LEASE_EDITS: readonly [object, ...object[]] = [
  { spec: { holderIdentity: 'somebody', acquireTime: '2026-01-01T00:30:00.000000Z' } },
  { spec: { holderIdentity: 'somebody', acquireTime: '2027-01-01T00:00:00.000000Z' } },
  { spec: { holderIdentity: null, acquireTime: null, renewTime: null } },
  { spec: { leaseDurationSeconds: 100_000 } },
  { metadata: { annotations: { 'phoenixnap.com/bought': 'nonsense, ,' } } },
]

const listAddresses = (stage: Stage, kind: 'Service' | 'ConfigMap'): IPAddress[] =>
  stage.world.cluster.store
    .list<IPAddress>('ipaddresses')
    .filter(({ metadata, spec }) => {
      const isOurs = metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY
      return isOurs && (spec.parentRef.resource === 'services') === (kind === 'Service')
    })
    .toSorted((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1))

function remove(stage: Stage, path: string): boolean {
  stage.send(USER, { method: 'DELETE', path }, `delete ${path} by hand`)
  return true
}

function edit(stage: Stage, path: string, body: object): boolean {
  const request = { method: 'PATCH', path, patch: 'merge', body } as const
  stage.send(USER, request, `edit ${path} by hand: ${JSON.stringify(body)}`)
  return true
}

/** What it says of the same keys before. */
const toUndo = ({ metadata: { annotations = {}, labels = {} } }: IPAddress, by: Edit): Edit => ({
  annotations: Object.fromEntries(Object.keys(by.annotations).map(key => [key, annotations[key] ?? null])),
  labels: Object.fromEntries(Object.keys(by.labels).map(key => [key, labels[key] ?? null])),
})

/** What is put back of a second edit would be what the first one left. */
const isIntact = ({ metadata: { annotations = {} } }: IPAddress): boolean =>
  annotations[BLOCK_ID] !== undefined &&
  ![undefined, NOBODYS].includes(annotations[STATE]) &&
  annotations[SINCE] !== NO_TIME

function editAddress(stage: Stage, address: IPAddress, by: Edit): boolean {
  if (!isIntact(address)) return false
  const path = toPath(address)
  if (isUnreadable(by)) {
    const { uid } = address.metadata
    stage.repairs.push(() => {
      const now = stage.world.cluster.store.get<IPAddress>('ipaddresses', address.metadata.name)
      if (now?.metadata.uid === uid) edit(stage, path, { metadata: toUndo(address, by) })
    })
  }
  return edit(stage, path, { metadata: by })
}

const toPath = ({ metadata }: IPAddress): string => `${ADDRESSES}/${metadata.name}`

function ofAddress(
  kind: 'Service' | 'ConfigMap',
  work: (stage: Stage, address: IPAddress, picks: Picks) => boolean,
): Action['carryOut'] {
  return (stage, picks) => {
    const address = picks.of(listAddresses(stage, kind))
    return address !== undefined && work(stage, address, picks)
  }
}

/** What an operator should leave alone, and may not. */
export const HAND_ACTIONS: readonly Action[] = [
  defineAction(
    'delete a claim',
    3,
    ofAddress('Service', (stage, address) => remove(stage, toPath(address))),
  ),
  defineAction(
    'edit a claim',
    2,
    ofAddress('Service', (stage, address, picks) => editAddress(stage, address, picks.one(CLAIM_EDITS))),
  ),
  defineAction(
    'delete a gate',
    2,
    ofAddress('ConfigMap', (stage, address) => remove(stage, toPath(address))),
  ),
  defineAction(
    'edit a gate',
    2,
    ofAddress('ConfigMap', (stage, address, picks) => editAddress(stage, address, picks.one(GATE_EDITS))),
  ),
  defineAction('delete a Lease', 2, (stage, picks) =>
    remove(stage, `${LEASES}/${picks.one([IP_BLOCKS_LEASE, RESYNC_LEASE])}`),
  ),
  defineAction('edit a Lease', 2, (stage, picks) =>
    edit(stage, `${LEASES}/${picks.one([IP_BLOCKS_LEASE, RESYNC_LEASE])}`, picks.one(LEASE_EDITS)),
  ),
  defineAction('edit the inventory', 2, (stage, picks) => {
    const text = Buffer.from('{"entries":[{}]}').toString('base64')
    const { binaryData = {} } = stage.world.cluster.store.get<{ binaryData?: Record<string, string> }>(
      'configmaps',
      NAME,
      NAMESPACE,
    ) ?? { binaryData: {} }
    const names = Object.keys(binaryData)
    const value = picks.one([null, text, ''])
    return edit(stage, INVENTORY, {
      binaryData: Object.fromEntries(names.map(name => [name, value])),
      data: { edited: 'by hand' },
    })
  }),
]
