import { SKEW_MS } from '../../shared/kubernetes/leases.ts'
import { IP_BLOCKS_LEASE, NAMESPACE, RESYNC_LEASE, WAITING } from '../../shared/kubernetes/names.ts'
import type { Call, Entry, RequestDone } from '../world/contract.ts'
import type { Checks, Fault } from './contract.ts'
import type { State } from './state.ts'

/** Writes: each has an effect, none keeps a user from his, and at rest there are none. */
export interface WriteChecks extends Checks {
  rest(isResting: boolean): void
}

const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`
const LEASE = `${LEASES}/${RESYNC_LEASE}`
/** Is created in the collection. */
const BLOCKS_LEASE = [LEASES, `${LEASES}/${IP_BLOCKS_LEASE}`]
/** After which the sender of a request may not know what became of it, and ask for the same again. */
const UNHEARD = new Set([
  'status after',
  'reset after',
  'hang after',
  'delay before',
  'delay after',
  'garbage',
  'doubled',
])
/** A pass that goes on as if it still held its Lease ends well within. */
const AFTERMATH_MS = 5 * 60_000
/** For so long. */
const UNHEARD_MS = 10 * 60_000
const OK = 300
/** Answers by which the API server says that an object is no good. */
const REFUSALS = [400, 422, 500]

export function createWriteChecks(state: State): WriteChecks {
  const { inputs, services } = state
  const unheard = new Map<string, number>()
  /** Reviews whose request has not ended yet. */
  let reviews: Asked[] = []
  let isResting = false
  let offset = 0
  let ousted = Number.NEGATIVE_INFINITY

  /** Who held a Lease holds it no longer where it was edited by hand or the API server's clock was set: two are at work. */
  function noteOusted(entry: Entry): void {
    const { now, clusterNow = now } = inputs
    const offsetNow = clusterNow() - now()
    const isByHand = entry.kind === 'stored' && entry.resource === 'leases' && !inputs.isProcess(entry.by)
    if (isByHand || Math.abs(offsetNow - offset) >= SKEW_MS) ousted = now()
    offset = offsetNow
  }

  function noteTrouble({ call, trouble, at }: RequestDone): void {
    if (trouble && UNHEARD.has(trouble)) unheard.set(textOf(call), at)
    for (const [text, since] of unheard) if (at - since > UNHEARD_MS) unheard.delete(text)
  }

  function checkOurs(entry: RequestDone): Fault[] {
    const { call, status, changed } = entry
    noteTrouble(entry)
    const isTwice = inputs.now() - ousted < AFTERMATH_MS
    if (!call.isWrite || status === 0 || status >= OK || call.path === LEASE) return []
    const what = `${call.from} sends ${call.method} ${call.path} ${call.body}`
    const object = `${call.to} ${call.path}`
    if (!changed) return isTwice || unheard.has(textOf(call)) ? [] : [{ invariant: '6a', object, what }]
    if (!isResting || (BLOCKS_LEASE.includes(call.path) && isLacking())) return []
    return [{ invariant: '6c', object, what }]
  }

  /** What cannot be had, or not got rid of, every pass tries again, under the Lease of the blocks. */
  const isLacking = (): boolean =>
    inputs.settings.minFreeAddresses > 0 ||
    [...services.values()].some(({ metadata }) => metadata.annotations?.[WAITING] !== undefined) ||
    state.ownBlocks().some(({ id }) => inputs.isSpoilt?.(id))

  /** What we answered to the review is among what the API server found wrong. */
  function checkUsers({ call, status, answer = '', trouble }: RequestDone): Fault[] {
    if (call.to !== 'cluster' || !call.isWrite) return []
    const own = reviews.filter(review => isReviewOf(review, call))
    reviews = reviews.filter(review => !own.includes(review))
    if (trouble || !REFUSALS.includes(status) || inputs.isRefusedAnyway?.(call)) return []
    const patched = own.flatMap(review => readPatch(review.answer))
    const isOurFault = status === 500 ? patched.length > 0 : patched.some(path => answer.includes(path))
    const isDenied = own.some(review => review.answer?.includes('"allowed":false'))
    if (!isOurFault && !isDenied) return []
    const what = `${call.method} is answered ${status} because of ${patched.join()}: ${answer}`
    return [{ invariant: '6b', object: `cluster ${call.path}`, what }]
  }

  return {
    rest: value => void (isResting = value),
    check(entry: Entry) {
      noteOusted(entry)
      if (entry.kind !== 'request') return []
      if (inputs.isProcess(entry.by)) return checkOurs(entry)
      if (entry.call.to !== 'admission') return checkUsers(entry)
      reviews = [...reviews.slice(-MAX_REVIEWS), toAsked(entry)]
      return []
    },
  }
}

/** Under way at the same time. */
const MAX_REVIEWS = 100

const textOf = ({ method, path, body }: Call): string => `${method} ${path} ${body}`

/** A review, read once. */
interface Asked {
  readonly user: string | undefined
  readonly namespace: string
  readonly name: string
  readonly answer: string | undefined
}

interface ReviewBody {
  readonly request?: {
    readonly userInfo?: { readonly username?: string }
    readonly namespace?: string
    readonly name?: string
  }
}

function toAsked({ call, answer }: RequestDone): Asked {
  const { userInfo, namespace = '', name = '' } = (JSON.parse(call.body) as ReviewBody).request ?? {}
  return { user: userInfo?.username, namespace, name, answer }
}

/** By its user and its object: users ask for one thing at a time. */
function isReviewOf({ user, namespace, name }: Asked, { from, path }: Call): boolean {
  const isObject = name === '' || path.endsWith(`/${name}`) || path.endsWith('s')
  return user === from && path.includes(namespace) && isObject
}

/** Fields that a patch touches, as the API server names them: `metadata.annotations`. */
function readPatch(answer = ''): readonly string[] {
  const patch = /"patch":"([^"]*)"/.exec(answer)?.[1]
  if (patch === undefined) return []
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as readonly { path: string }[]
  return operations.map(({ path }) => path.split('/').slice(1, 3).join('.'))
}
