import type { IPFamily, ServiceRef } from '../../cloud-provider/load-balancer.ts'
import { hasCode } from '../../errors.ts'
import { getService } from '../../kubernetes/services.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { readBook } from '../address/book.ts'
import type { AddressBook } from '../address/contract.ts'
import type { PlannedChange, WorkCall } from '../contract.ts'
import { cleanUpService, releaseClaims } from './clean-up.ts'
import type { ServiceContext } from './context.ts'
import { decideService, type Knowledge, type KnowledgeSources, toKnowledge } from './decide.ts'
import { syncFailedEvent } from './events.ts'
import { readHistory } from './history.ts'
import { planRestraint, toHeldBack } from './restraint.ts'
import { serveService } from './serve.ts'
import { tellService } from './tell.ts'
import { writeService } from './write.ts'

/** What became of a Service. */
export interface Converged {
  /** `absent`: there is none of that name; `left`: it is none of our business. */
  readonly state: 'served' | 'waiting' | 'cleanedUp' | 'left' | 'absent'
  /** As it is stored afterwards. */
  readonly service: KubeService | undefined
  readonly changes: readonly PlannedChange[]
  /** Families for which new blocks would help. */
  readonly lacking: readonly IPFamily[]
  /** True when an address of its own comes back by itself, as soon as its block is repaired or opens again. */
  readonly isOnHold: boolean
  readonly why: string
}

/** Blocks as the caller knows them; the claims are read anew. */
export type Blocks = Pick<KnowledgeSources, 'source' | 'known' | 'judged'>

/** Everything that a Service is worked on with. */
export interface Work {
  readonly context: ServiceContext
  readonly ref: ServiceRef
  readonly knowledge: Knowledge
  readonly book: AddressBook
  readonly call: WorkCall
}

/** Others write Services and claims as well; so many times in a row they do not. */
const ATTEMPTS = 5

/**
 * Brings one Service and its claims to what they should be. Reads both anew, claims first; when either changes
 * meanwhile, it begins again.
 *
 * @throws CcmError KUBE_*; KUBE_CONFLICT after several attempts
 */
export async function convergeService(
  context: ServiceContext,
  ref: ServiceRef,
  blocks: Blocks,
  call: WorkCall,
): Promise<Converged> {
  const changes: PlannedChange[] = []
  for (let attempt = 1; ; attempt++) {
    try {
      const { work, service } = await lookTwice(context, ref, blocks, call)
      const done = await convergeOnce(work, service, change => changes.push(change))
      return { ...done, changes }
    } catch (error) {
      if (attempt === ATTEMPTS || !hasCode(error, 'KUBE_CONFLICT', 'KUBE_NOT_FOUND')) throw error
    }
  }
}

interface Look {
  readonly work: Work
  readonly service: KubeService | undefined
}

/** Who serves it with an address that the book lacks has claimed that since, or it is lost indeed: a second look tells. */
async function lookTwice(
  context: ServiceContext,
  ref: ServiceRef,
  blocks: Blocks,
  call: WorkCall,
): Promise<Look> {
  const first = await look(context, ref, blocks, call)
  return lacksClaim(first) ? look(context, ref, blocks, call) : first
}

async function look(context: ServiceContext, ref: ServiceRef, blocks: Blocks, call: WorkCall): Promise<Look> {
  const book = await readBook(context.kube, call.signal)
  const service = await findService(context, ref, call)
  const knowledge = toKnowledge({ book, ...blocks }, context)
  return { work: { context, ref, knowledge, book, call }, service }
}

const lacksClaim = ({ work: { ref, knowledge }, service }: Look): boolean =>
  service !== undefined &&
  readHistory(service).live.some(address =>
    knowledge.index.claimsOf(ref).every(claim => claim.address !== address),
  )

/** @returns undefined where there is none */
export async function findService(
  { kube }: Pick<ServiceContext, 'kube'>,
  ref: ServiceRef,
  { signal }: Pick<WorkCall, 'signal'>,
): Promise<KubeService | undefined> {
  try {
    return await getService(kube, ref, signal)
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    throw error
  }
}

/** Takes note of a change as soon as it was made: what comes after it may fail. */
export type Note = (change: PlannedChange) => void

export const NOTHING_LACKS = { lacking: [], isOnHold: false } as const

async function convergeOnce(
  work: Work,
  service: KubeService | undefined,
  note: Note,
): Promise<Omit<Converged, 'changes'>> {
  const { context, ref, knowledge, call } = work
  if (!service) {
    await releaseClaims(work, 'absent', note)
    return { state: 'absent', service, ...NOTHING_LACKS, why: 'the Service does not exist' }
  }
  const decision = decideService(context, ref, service, knowledge)
  switch (decision.kind) {
    case 'serve':
      return serveService(work, service, decision, note)
    case 'cleanUp':
      return cleanUpService(work, service, decision.cause, note)
    case 'handsOff':
      await tellService(context, service, [decision.event], call)
      await releaseClaims(work, { kind: decision.kind, service }, note)
      return { state: 'left', service, ...NOTHING_LACKS, why: decision.why }
    case 'ignore':
      await releaseClaims(work, { kind: decision.kind, service }, note)
      return {
        state: 'left',
        service: await holdBack(work, service, note),
        ...NOTHING_LACKS,
        why: decision.why,
      }
  }
}

/** @returns the Service as it is stored afterwards */
async function holdBack(work: Work, service: KubeService, note: Note): Promise<KubeService> {
  const { context, ref, call } = work
  const restrained = planRestraint(work, ref, service)
  if (!restrained) return service
  const { fields, problem } = restrained
  const stored = await writeService(context.kube, service, fields, call.signal)
  note(toHeldBack(ref, restrained))
  await tellService(context, stored, problem ? [syncFailedEvent(problem)] : [], call)
  return stored
}
