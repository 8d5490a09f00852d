import type { IpBlock, Server } from '../../shared/simulator/bmc/types.ts'
import type { KubeObject } from '../../shared/simulator/kubernetes/objects.ts'
import { createChecker } from '../../torture/invariants/checker.ts'
import type { CheckerInputs, Violation } from '../../torture/invariants/contract.ts'
import type { Entry, RequestDone } from '../../torture/world/contract.ts'

export const CONTROLLER = 'controller'
export const UID = 'uid-of-cluster'
export const NETWORK = 'network'
export const SECRET = 'planted-secret'
const START = Date.UTC(2026, 0, 1)
const MINUTE = 60_000

/** What a history that is told by hand looks like from outside. */
export interface Told {
  readonly violations: readonly Violation[]
  /** Stores an object; undefined deletes it. `request`: number of the one that led to it. */
  store(
    by: string,
    resource: string,
    object: KubeObject | undefined,
    old?: KubeObject,
    request?: number,
  ): void
  /** What the cloud holds from now on, by a request of somebody. */
  cloud(by: string, operation: string, blocks: readonly IpBlock[]): void
  request(by: string, call: Partial<RequestDone['call']>, more?: Partial<RequestDone>): void
  servers(servers: readonly Server[]): void
  /** An operator changes settings. */
  configure(settings: Partial<CheckerInputs['settings']>): void
  log(line: string): void
  minutes(count: number): void
  atRest(): void
  rest(): void
}

const SETTINGS: CheckerInputs['settings'] = {
  announcer: 'kube-vip',
  ipAllocation: 'packed',
  resyncIntervalMs: MINUTE,
  nodeDeleteGraceMs: MINUTE,
  nodeDeleteMaxShare: 0.2,
  releaseQuarantineMs: 10 * MINUTE,
  typeChangeQuarantineMs: 24 * 60 * MINUTE,
  blockGraceMs: 10 * MINUTE,
  longest: { releaseQuarantineMs: 10 * MINUTE, blockGraceMs: 10 * MINUTE },
  minFreeAddresses: 0,
  maxBlocks: 10,
  classes: [],
  everybodyRetains: true,
}

/**
 * @param settings over the usual ones
 * @param isSpoilt texts that name an object which somebody keeps bad
 */
export function tellByHand(
  first: readonly IpBlock[] = [],
  settings: Partial<CheckerInputs['settings']> = {},
  isSpoilt: (text: string) => boolean = () => false,
): Told {
  let [now, blocks, servers] = [START, first, [] as readonly Server[]]
  const objects = new Map<string, KubeObject>()
  const lines: string[] = []
  const given = { ...SETTINGS, ...settings }
  const checker = createChecker({
    clusterUid: UID,
    networkId: NETWORK,
    isProcess: by => by === CONTROLLER,
    cluster: {
      list: resource =>
        [...objects].flatMap(([key, object]) => (key.startsWith(`${resource} `) ? object : [])),
    },
    // As the simulator does, which gives out copies.
    cloud: { servers: () => servers, ipBlocks: () => structuredClone(blocks) },
    now: () => now,
    secrets: [SECRET],
    logs: () => [{ by: CONTROLLER, lines }],
    settings: given,
    isSpoilt,
  })
  const violations: Violation[] = []
  const add = (entry: Entry): void => void violations.push(...checker.check(entry))
  return {
    violations,
    store(by, resource, object, old, request) {
      const key = `${resource} ${(object ?? old)?.metadata.name}`
      const before = objects.get(key)
      const origin = request === undefined ? {} : { request }
      const entry = { kind: 'stored', at: now, by, resource, old: before, ...origin } as const
      if (object) objects.set(key, object)
      else objects.delete(key)
      if (object) add({ ...entry, type: before ? 'MODIFIED' : 'ADDED', object })
      else if (before) add({ ...entry, type: 'DELETED', object: before })
    },
    cloud(by, operation, after) {
      const before = blocks
      blocks = after
      add({ kind: 'cloud', at: now, by, operation, path: '', body: '', before, after })
    },
    request(by, call, more) {
      const whole = {
        from: by,
        to: 'cluster',
        method: 'POST',
        path: '/',
        query: '',
        body: '',
        isWrite: true,
      } as const
      add({ kind: 'request', at: now, by, status: 200, changed: true, call: { ...whole, ...call }, ...more })
    },
    servers: all => void (servers = all),
    configure: change => void Object.assign(given, change),
    log: line => void lines.push(line),
    minutes: count => void (now += count * MINUTE),
    atRest: () => void violations.push(...checker.atRest()),
    rest: () => checker.rest(),
  }
}
