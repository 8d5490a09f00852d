import type { ToOwner } from '../../cloud-provider/contract.ts'
import { MISSING_SINCE } from '../../kubernetes/names.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import type { HeldReason } from '../../metrics/label-values.ts'
import { isReady } from './plan.ts'

/** Everything that the deletion of nodes is decided from: one complete list of instances and all nodes. */
export interface DeletionInput {
  readonly nodes: readonly KubeNode[]
  readonly instanceIds: ReadonlySet<string>
  readonly toOwner: ToOwner
  /** Milliseconds since 1970 by the API server's clock. */
  readonly now: number
  readonly graceMs: number
  /** Share of our nodes that may be deleted within the window, from 0 to 1. */
  readonly maxShare: number
  /** Times of earlier deletions, in milliseconds since 1970. */
  readonly deletions: readonly number[]
}

/** A node whose server may be gone, with the id to ask for. */
export interface Candidate {
  readonly node: KubeNode
  readonly id: string
}

/** A node that is kept although its server is missing, and why. */
export interface Held {
  readonly node: KubeNode
  readonly why: string
  readonly reason: HeldReason
  /** It only waits for its time: nothing that a user should be told. */
  readonly quiet?: boolean
}

export interface DeletionDecision {
  /** Missing for the first time, or with a mark that is no time in the past: to be annotated with the time. */
  readonly mark: readonly KubeNode[]
  /** Missing for the grace time: deleted if the cloud itself does not know their id either; oldest first. */
  readonly candidates: readonly Candidate[]
  /** How many of them at the most. */
  readonly allowance: number
  readonly held: readonly Held[]
}

/** Within this time at most a share of the nodes is deleted: a mistake stays small enough to be noticed. */
export const DELETION_WINDOW_MS = 600_000

const SUSPECT =
  'it is ready. If its server was replaced, delete the node and restart its kubelet; until then no other node is deleted either'
const WAITING = 'its server has not been missing for the grace time yet'
const EARLY = 'it was created at a time to come: the API server’s clock was set back'

/**
 * Which nodes may go. All safeguards but two are decided here; the cloud's word on the id and the node's state
 * at the very moment are checked by whoever deletes.
 */
export function decideDeletions(input: DeletionInput): DeletionDecision {
  const ours = input.nodes.flatMap(node => {
    const owner = input.toOwner(node.spec?.providerID)
    return owner.owner === 'ours' ? [{ node, id: owner.id }] : []
  })
  const missing = ours.filter(({ id }) => !input.instanceIds.has(id))
  const gone = missing.filter(({ node }) => !isReady(node) && node.metadata.deletionTimestamp === undefined)
  const readyButMissing = missing.filter(({ node }) => isReady(node)).map(({ node }) => node)
  const distrust =
    readyButMissing[0] &&
    `the list of servers lacks that of node ${readyButMissing[0].metadata.name}, which is ready: it is cut, or of another account`
  const allowance = decideAllowance(input, ours.length)
  if (distrust !== undefined) {
    const kept = gone.map(({ node }) => ({ node, why: distrust, reason: 'list-distrusted' as const }))
    return { mark: [], candidates: [], allowance, held: [...kept, ...suspects(readyButMissing)] }
  }
  return { ...sortOut(gone, input), allowance }
}

/** A cut list makes one of every node: a few are enough to tell of it. */
const MAX_SUSPECTS = 5

/** Ready nodes without a server: as long as there is one, no node is deleted, so somebody must look at it. */
const suspects = (nodes: readonly KubeNode[]): Held[] =>
  nodes.slice(0, MAX_SUSPECTS).map(node => ({ node, why: SUSPECT, reason: 'ready' }))

function decideAllowance({ deletions, now, maxShare }: DeletionInput, count: number): number {
  const recent = deletions.filter(time => time > now - DELETION_WINDOW_MS).length
  return Math.max(0, Math.max(1, Math.floor(maxShare * (count + recent))) - recent)
}

function sortOut(
  gone: readonly Candidate[],
  { now, graceMs }: DeletionInput,
): Omit<DeletionDecision, 'allowance'> {
  const early = gone.filter(({ node }) => isEarly(node, now))
  const since = gone
    .filter(({ node }) => !isEarly(node, now))
    .map(candidate => ({ ...candidate, at: toValidMark(candidate.node, now) }))
  const waiting = since.filter(({ at }) => at !== undefined && now - at < graceMs)
  const due = since.filter(({ at }) => at !== undefined && now - at >= graceMs)
  return {
    mark: since.filter(({ at }) => at === undefined).map(({ node }) => node),
    candidates: due.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0)).map(({ node, id }) => ({ node, id })),
    held: [
      ...waiting.map(({ node }) => ({ node, why: WAITING, reason: 'grace-time' as const, quiet: true })),
      ...early.map(({ node }) => ({ node, why: EARLY, reason: 'clock' as const, quiet: true })),
    ],
  }
}

/**
 * The mark, if a pass can have made it on this node: one from the future (a clock that was set back) would hold the node
 * until then, and one older than the node came with it (a manifest, an export). Such a mark is set anew.
 */
function toValidMark(node: KubeNode, now: number): number | undefined {
  const time = toMissingSince(node)
  return time !== undefined && time <= now && !(time < toCreatedAt(node)) ? time : undefined
}

/** No mark could be told from one that came with it. */
const isEarly = (node: KubeNode, now: number): boolean => toCreatedAt(node) > now

const toCreatedAt = ({ metadata }: KubeNode): number => Date.parse(metadata.creationTimestamp ?? '')

/** Since when the node's server has been missing; undefined when it was not, or the text is no time. */
export function toMissingSince(node: KubeNode): number | undefined {
  const time = Date.parse(node.metadata.annotations?.[MISSING_SINCE] ?? '')
  return Number.isNaN(time) ? undefined : time
}
