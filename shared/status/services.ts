import type { ServiceRef } from '../cloud-provider/load-balancer.ts'
import { toKey } from '../controllers/address/address-index.ts'
import { settle } from '../controllers/address/allocation.ts'
import type { Survey } from '../controllers/resync/survey.ts'
import { type Decider, decideService, type Knowledge } from '../controllers/service/decide.ts'
import type { Serving } from '../controllers/service/serving-plan.ts'
import { WAITING } from '../kubernetes/names.ts'
import type { KubeService } from '../kubernetes/types.ts'
import { SERVICE_STATES, type ServiceStatus, type ServicesStatus } from './contract.ts'
import { countStates } from './count.ts'
import { NAMES } from './nodes.ts'

export interface ServicesInput {
  readonly survey: Pick<Survey, 'balancers' | 'knowledge' | 'changes'>
  readonly decider: Decider
}

/** What every load balancer is and waits for, as a pass would decide it now. */
export function toServicesStatus({ survey, decider }: ServicesInput): ServicesStatus {
  const { balancers, knowledge, changes } = survey
  const services = knowledge && 'services' in balancers ? balancers.services : []
  const served = changes.flatMap(({ kind, action, name }) =>
    kind === 'Service' && action === 'serve' ? name : [],
  )
  const next = new Set(served)
  const rows = services.flatMap(service => (knowledge ? toRow(decider, service, knowledge, next) : []))
  return {
    enabled: decider.announcer !== undefined,
    counts: countStates(SERVICE_STATES, rows),
    rows: rows.toSorted(compareRows),
  }
}

/** @param next Services that the next pass serves */
function toRow(
  decider: Decider,
  service: KubeService,
  knowledge: Knowledge,
  next: ReadonlySet<string>,
): readonly ServiceStatus[] {
  const { namespace = '', name } = service.metadata
  const ref: ServiceRef = { namespace, name }
  const row = { name: toKey(ref), addresses: [], problems: [], since: undefined }
  const decision = decideService(decider, ref, service, knowledge)
  switch (decision.kind) {
    case 'serve':
      return [toServed(row.name, service, decision, next.has(row.name))]
    case 'cleanUp':
      return [{ ...row, state: 'leaving', why: WHY_LEAVING[decision.cause] }]
    case 'handsOff':
      return [{ ...row, state: 'left', why: decision.why }]
    case 'ignore':
      return []
  }
}

const WHY_LEAVING = {
  deleted: 'it is deleted: its addresses are released',
  typeChanged: 'it is of another type now: its addresses are released',
  classChanged: 'it is of another class now: its addresses are released',
  handedOver: 'it is served from another pool now: its addresses are released',
} as const

function toServed(
  name: string,
  service: KubeService,
  { allocation, history }: Serving,
  isNext: boolean,
): ServiceStatus {
  const { why } = settle(allocation, {})
  const isServed = history.isServed && history.live.length > 0
  const { problems } = allocation
  if (isServed) return { name, state: 'served', addresses: history.live, why: '', problems, since: undefined }
  const waits = isNext ? 'an address is free: the next pass serves it' : why
  return { name, state: 'waiting', addresses: [], why: waits, problems, since: toSince(service) }
}

function toSince({ metadata }: KubeService): number | undefined {
  const times = [metadata.annotations?.[WAITING], metadata.creationTimestamp].map(text =>
    Date.parse(text ?? ''),
  )
  return times.find(time => !Number.isNaN(time))
}

/** Those with a problem first among their like. */
const compareRows = (a: ServiceStatus, b: ServiceStatus): number =>
  SERVICE_STATES.indexOf(a.state) - SERVICE_STATES.indexOf(b.state) ||
  Number(b.problems.length > 0) - Number(a.problems.length > 0) ||
  NAMES.compare(a.name, b.name)
