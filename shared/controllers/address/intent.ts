import type { BoughtBlock, PurchaseIntent, ServiceRef } from '../../cloud-provider/load-balancer.ts'
import { CcmError } from '../../errors.ts'
import { IP_BLOCKS_LEASE, NAMESPACE } from '../../kubernetes/names.ts'

/** Annotation of the Lease. */
export const PURCHASE = 'phoenixnap.com/purchase'
/** Annotation of the Lease: blocks, as `<id>@<time>`. */
export const BOUGHT = 'phoenixnap.com/bought'

/** Far more than a network takes; the latest stay. */
const MAX_BOUGHT = 48
/** Without a time is how it was written once. */
const ENTRY = /^([A-Za-z0-9._-]{1,100})(?:@(\S{1,40}))?$/

/** Undefined where there are none. */
export const toBoughtText = (blocks: readonly BoughtBlock[]): string | undefined =>
  blocks.length === 0 ? undefined : once(blocks).slice(-MAX_BOUGHT).map(toEntry).join(',')

const toEntry = ({ id, since }: BoughtBlock): string =>
  since === undefined ? id : `${id}@${new Date(since).toISOString()}`

/** Blocks that were bought. What is none is ignored: without it the cloud's list says what there is. */
export const toBought = (text = ''): readonly BoughtBlock[] =>
  once(text.split(',').flatMap(readEntry)).slice(-MAX_BOUGHT)

function readEntry(text: string): readonly BoughtBlock[] {
  const [, id, time = ''] = ENTRY.exec(text.trim()) ?? []
  const since = Date.parse(time)
  return id === undefined ? [] : [{ id, since: Number.isNaN(since) ? undefined : since }]
}

const once = (blocks: readonly BoughtBlock[]): readonly BoughtBlock[] => [
  ...new Map(blocks.map(block => [block.id, block])).values(),
]

/** As people find it with kubectl: JSON with the time as a text. */
export function toIntentText({ id, family, prefixLength, service, since }: PurchaseIntent): string {
  const fields = { id, family, prefixLength, service, since: new Date(since).toISOString() }
  return JSON.stringify(fields)
}

/**
 * A purchase under way, as the Lease tells it.
 *
 * @throws CcmError CCM_INTENT_INVALID if it is none: a block may have been bought for it, which forgetting it would
 *   buy a second time
 */
export function toIntent(text: string | undefined): PurchaseIntent | undefined {
  if (text === undefined) return undefined
  const intent = readIntent(text)
  if (intent) return intent
  throw new CcmError(
    'CCM_INTENT_INVALID',
    `annotation ${PURCHASE} of Lease ${NAMESPACE}/${IP_BLOCKS_LEASE} tells no purchase`,
  )
}

function readIntent(text: string): PurchaseIntent | undefined {
  const { id, family, prefixLength, service, since } = toFields(parse(text))
  const time = typeof since === 'string' ? Date.parse(since) : Number.NaN
  const owner = service === undefined ? undefined : toServiceRef(service)
  if (typeof id !== 'string' || id === '' || (family !== 'IPv4' && family !== 'IPv6')) return undefined
  if (!Number.isInteger(prefixLength) || Number.isNaN(time) || owner === 'unreadable') return undefined
  return { id, family, prefixLength: Number(prefixLength), ...(owner && { service: owner }), since: time }
}

function toServiceRef(value: unknown): ServiceRef | 'unreadable' {
  const { namespace, name } = toFields(value)
  return typeof namespace === 'string' && typeof name === 'string' ? { namespace, name } : 'unreadable'
}

const toFields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
