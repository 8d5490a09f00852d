import type { PlannedChange } from '../../shared/controllers/contract.ts'

/** What becomes of an object: it is added (or begins to work), changed, or taken away. */
export type Sign = '+' | '~' | '-'

type Kind = PlannedChange['kind']

/** Kinds in the order in which a plan tells them: what waits for what comes first. */
const KINDS: readonly (readonly [kind: Kind, title: string])[] = [
  ['Node', 'Nodes'],
  ['Service', 'Services'],
  ['IPAddress', 'Addresses'],
  ['IPBlock', 'IP blocks'],
  ['Pool', 'Pools of the announcer'],
  ['ConfigMap', 'Inventory'],
]

type Words = readonly [sign: Sign, todo: string, done: string]

/** Of every action of a pass. One that is not here is shown by its own name, as a change. */
const WORDS: Readonly<Record<string, Words>> = {
  initialise: ['+', 'initialise', 'initialised'],
  updateAddresses: ['~', 'correct the addresses', 'addresses corrected'],
  repairLabels: ['~', 'repair the labels', 'labels repaired'],
  taintShutdown: ['~', 'add the shutdown taint', 'shutdown taint added'],
  untaintShutdown: ['~', 'take the shutdown taint away', 'shutdown taint taken away'],
  markMissing: ['~', 'mark as missing', 'marked as missing'],
  unmarkMissing: ['~', 'take the mark of a missing server away', 'mark of a missing server taken away'],
  deleteNode: ['-', 'delete', 'deleted'],
  createInventory: ['+', 'create', 'created'],
  updateInventory: ['~', 'update', 'updated'],
  serve: ['+', 'serve', 'served'],
  wait: ['~', 'let it wait', 'waits'],
  holdBack: ['~', 'hold back', 'held back'],
  letGo: ['~', 'let go of', 'let go of'],
  cleanUp: ['-', 'clean up', 'cleaned up'],
  claim: ['+', 'claim', 'claimed'],
  confirm: ['~', 'confirm', 'confirmed'],
  reactivate: ['~', 'take into use again', 'in use again'],
  retain: ['~', 'retain', 'retained'],
  redate: ['~', 'correct its time', 'time corrected'],
  release: ['-', 'release', 'released'],
  free: ['-', 'free', 'freed'],
  buy: ['+', 'buy', 'bought'],
  assign: ['~', 'assign to the public network', 'assigned to the public network'],
  repair: ['~', 'repair', 'repaired'],
  keep: ['~', 'keep', 'kept'],
  open: ['+', 'open', 'opened'],
  reopen: ['~', 'open again', 'opened again'],
  noteUsed: ['~', 'note that it is in use', 'noted as in use'],
  noteUnused: ['~', 'note that it is unused', 'noted as unused'],
  close: ['-', 'close', 'closed'],
  mark: ['-', 'mark as to be given back', 'marked as to be given back'],
  unassign: ['-', 'take off the public network', 'taken off the public network'],
  giveBack: ['-', 'give back', 'given back'],
  delete: ['-', 'delete', 'deleted'],
  remove: ['-', 'forget', 'forgotten'],
  create: ['+', 'create', 'created'],
  update: ['~', 'update', 'updated'],
}

const toWords = (action: string): Words => WORDS[action] ?? ['~', action, action]

const toSign = (action: string): Sign => toWords(action)[0]

/** What is to be done, or was. */
const toVerb = (action: string, isPlan: boolean): string => toWords(action)[isPlan ? 1 : 2]

/** Of a pass. */
export const PASS_WORDS = { kinds: KINDS, toSign, toVerb, hasDetails: true }

/** Fields of a change, as people call them. */
const FIELDS: Readonly<Record<string, string>> = {
  providerID: 'provider ID',
  removeTaints: 'taints gone',
  addTaints: 'taints',
  cidr: 'range',
  publicNetwork: 'public network',
  serverId: 'server',
  publicNetworkId: 'public network',
}

export const toFieldName = (field: string): string => FIELDS[field] ?? field

/** Values of a field, each for a line of its own; one that is taken away says so. */
export function toValues(value: unknown): string[] {
  if (Array.isArray(value)) return value.every(isPlain) ? [value.join(', ')] : value.map(toText)
  if (typeof value !== 'object' || value === null) return [toText(value)]
  return Object.entries(value).map(([name, one]) =>
    one === null ? `${name} taken away` : `${name}=${toText(one)}`,
  )
}

const isPlain = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number'

/** Addresses of a node and taints in the short forms that kubectl has for them. */
function toText(value: unknown): string {
  if (typeof value === 'string') return value
  const { type, address, key, effect, value: given } = (value ?? {}) as Readonly<Record<string, unknown>>
  if (typeof type === 'string' && typeof address === 'string') return `${type} ${address}`
  if (typeof key === 'string' && typeof effect === 'string')
    return `${key}${typeof given === 'string' && given !== '' ? `=${given}` : ''}:${effect}`
  return JSON.stringify(value)
}
