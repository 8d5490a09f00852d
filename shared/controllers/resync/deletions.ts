import { CcmError } from '../../errors.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import { recordNodeEvents } from '../node/apply.ts'
import type { NodeContext } from '../node/context.ts'
import { deleteIfUnchanged, heldEvent, toEnough, verifyCandidates } from '../node/delete.ts'
import {
  type Candidate,
  DELETION_WINDOW_MS,
  type DeletionDecision,
  decideDeletions,
  type Held,
} from '../node/deletion.ts'
import type { HeldLease, LeaseState } from './lease.ts'
import { markMissing } from './nodes.ts'
import type { Observed } from './observe.ts'
import { noteFailure, noteHeld, noteLeft, type PassNotes } from './report.ts'
import { inTurn, type PassCall, toShare, workInTurn } from './turns.ts'

/** The limits that an operator sets. */
export interface DeletionSettings {
  readonly nodeDeleteGraceMs: number
  readonly nodeDeleteMaxShare: number
}

/** One pass over the nodes whose servers are missing. */
export interface DeletionPass {
  readonly context: NodeContext
  readonly settings: DeletionSettings
  readonly observed: Observed
  /** As they are stored now. */
  readonly nodes: readonly KubeNode[]
  readonly state: LeaseState
  /** Absent in a dry run. */
  readonly lease: HeldLease | undefined
  readonly notes: PassNotes
  readonly call: PassCall
}

/** Of the time that is left each time: nodes that hang leave some to the others, and to the Lease. */
const MARK_SHARE = 0.3
const TELL_SHARE = 0.3
const DELETE_SHARE = 0.8

const toName = ({ node }: Pick<Candidate, 'node'>): string => node.metadata.name

/** What a pass goes by. */
export type DeletionsSeen = Pick<DeletionPass, 'settings' | 'nodes'> & {
  readonly context: { readonly cloud: Pick<NodeContext['cloud'], 'providerIDOwner'> }
  readonly observed: Pick<Observed, 'instances'>
  readonly state: Pick<LeaseState, 'now' | 'deletions'>
}

/** @returns undefined without a complete list of servers: nothing is decided then */
export function decideMissing({
  context,
  observed: { instances },
  nodes,
  state,
  settings,
}: DeletionsSeen): DeletionDecision | undefined {
  if (instances instanceof CcmError) return undefined
  return decideDeletions({
    nodes,
    instanceIds: new Set(instances.map(({ id }) => id)),
    toOwner: context.cloud.providerIDOwner,
    now: state.now,
    graceMs: settings.nodeDeleteGraceMs,
    maxShare: settings.nodeDeleteMaxShare,
    deletions: state.deletions,
  })
}

/** Marks, verifies and deletes. @returns the nodes that are left, as they are stored */
export async function deleteMissing(pass: DeletionPass): Promise<readonly KubeNode[]> {
  const { context, nodes, state, notes, call } = pass
  const decision = decideMissing(pass)
  if (!decision) return nodes
  const markCall = toShare(context.clock, call, MARK_SHARE)
  const marked = await markMissing(context, decision.mark, state.now, notes, markCall)
  // As many as may be deleted are asked for: always the same ones, if those that hang came first again.
  const candidates = inTurn(decision.candidates, toName, call.passId)
  const { confirmed, held } = await verifyCandidates(context, { ...decision, candidates }, call)
  await reportHeld(pass, held)
  const gone = await deleteConfirmed(pass, confirmed, decision.allowance)
  return nodes
    .filter(({ metadata }) => !gone.has(metadata.name))
    .map(node => marked.get(node.metadata.name) ?? node)
}

async function reportHeld(
  { context, notes, state, call }: DeletionPass,
  held: readonly Held[],
): Promise<void> {
  for (const { node, why, reason } of held) {
    noteHeld(notes, reason, `${node.metadata.name}: ${why}`)
    context.log.warn({ node: node.metadata.name, why }, 'node deletion held back')
  }
  if (call.dryRun) return
  // Whoever cannot be told now is told by the next pass.
  await workInTurn(context.clock, toShare(context.clock, call, TELL_SHARE), {
    items: held.filter(({ quiet }) => !quiet),
    toName,
    work: ({ node, why }, { signal }) =>
      recordNodeEvents(context.kube, node, [heldEvent(why)], state.now, signal).catch((error: unknown) =>
        noteFailure(notes, node.metadata.name, error),
      ),
  })
}

/**
 * Deletes as many as may be. They are noted before they are done: a kill in between may forbid one, never allow one too
 * many. What could not be deleted after all is taken off the note, and the next one has its turn.
 */
async function deleteConfirmed(
  pass: DeletionPass,
  confirmed: readonly Candidate[],
  allowance: number,
): Promise<ReadonlySet<string>> {
  const { context, state, lease, notes } = pass
  const gone = new Set<string>()
  if (confirmed.length === 0) return gone
  const recent = state.deletions.filter(time => time > state.now - DELETION_WINDOW_MS)
  const planned = Math.min(confirmed.length, allowance)
  const note = (count: number): Promise<void> | undefined =>
    lease?.noteDeletions([...recent, ...Array.from({ length: count }, () => state.now)])
  await note(planned)
  const left = await workInTurn(context.clock, toShare(context.clock, pass.call, DELETE_SHARE), {
    items: confirmed,
    toName,
    atOnce: 1,
    async work(candidate, call) {
      if (gone.size === allowance) await reportHeld(pass, [toEnough(candidate.node)])
      else if (await deleteOne({ ...pass, call }, candidate)) gone.add(toName(candidate))
    },
  })
  noteLeft(notes, context.log, 'Node', left)
  if (gone.size < planned) await note(gone.size)
  return gone
}

/** @returns whether it was deleted, or would be in a dry run */
async function deleteOne(
  { context, state, notes, call }: DeletionPass,
  candidate: Candidate,
): Promise<boolean> {
  const { name } = candidate.node.metadata
  try {
    const kept = call.dryRun ? undefined : await deleteIfUnchanged(context, candidate, state.now, call)
    if (kept === undefined) notes.changes.push(toDeletion(candidate))
    else noteHeld(notes, 'changed', `${name}: ${kept}`)
    return kept === undefined
  } catch (error) {
    noteFailure(notes, name, error)
    context.log.warn({ node: name, error }, 'node not deleted')
    return false
  }
}

/** Made once the cloud itself does not know the id. */
export const toDeletion = ({ node, id }: Candidate): PassNotes['changes'][number] => ({
  kind: 'Node',
  name: node.metadata.name,
  action: 'deleteNode',
  detail: { serverId: id },
  why: 'its server has been missing for the grace time and the BMC API does not know its id',
})
