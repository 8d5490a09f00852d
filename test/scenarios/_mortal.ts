import type { Test } from 'tap'
import { getAnnouncer } from '../../shared/announcers/announcers.ts'
import { type Bmc, createBmc } from '../../shared/bmc/client.ts'
import { toControllerSettings, toLoadBalancerConfig } from '../../shared/compose.ts'
import { readConfig } from '../../shared/config.ts'
import type { Controllers } from '../../shared/controllers/contract.ts'
import { createControllers } from '../../shared/controllers/controllers.ts'
import { CcmError } from '../../shared/errors.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { silentLog } from '../../shared/log.ts'
import { newCloud } from '../../shared/phoenixnap/cloud.ts'
import { CONTROLLER } from '../support/cluster.ts'
import type { LoadBalancers } from './_load-balancers.ts'

/**
 * What becomes of a process at one of its effects, a write to the cluster or a change in the cloud: it is killed before
 * or after it (and does not hear of it then), or it lives on and only the answer is lost.
 */
export interface Fate {
  readonly what: 'killed before' | 'killed after' | 'not answered'
  /** Number of the effect, from 0. */
  readonly at: number
}

/** A process that has an end. */
export interface Mortal {
  readonly controllers: Controllers
  /** What it did to cluster and cloud so far, as `PATCH /api/v1/…` and `assignIpBlock`. */
  readonly effects: readonly string[]
  readonly isDead: () => boolean
}

class Killed extends Error {
  override readonly name = 'Killed'
}

type Effect = <T>(what: string, lost: () => Error, run: () => Promise<T>) => Promise<T>

/** Controllers of a process of their own on the cluster and cloud of `lb`. */
export async function createMortal(t: Test, lb: LoadBalancers, fate?: Fate): Promise<Mortal> {
  const effects: string[] = []
  let dead = false

  function die(): never {
    dead = true
    throw new Killed()
  }

  /** Whatever it does after its death never happens. */
  function live(): void {
    if (dead) throw new Killed()
  }

  const effect: Effect = async (what, lost, run) => {
    live()
    const isFatal = effects.length === fate?.at
    effects.push(what)
    if (isFatal && fate?.what === 'killed before') die()
    const answer = await run()
    live()
    if (isFatal && fate?.what === 'killed after') die()
    if (isFatal) throw lost()
    return answer
  }

  const { config } = readConfig({ env: { ...CREDENTIALS, ...lb.environment, PNAP_BASE_URL: lb.bmc.url } })
  const kube = toMortalKube(await lb.cluster.kube(CONTROLLER), effect, live)
  const bmc = createCloudClient(lb)
  t.teardown(() => bmc.close())
  const cloud = newCloud(toMortalBmc(bmc, effect, live), {
    clock: lb.clock,
    log: silentLog,
    credentials: async () => SECRET,
    loadBalancer: toLoadBalancerConfig(config),
  })
  const controllers = createControllers({
    kube,
    cloud,
    clock: lb.clock,
    log: silentLog,
    newHolder: () => `mortal-${crypto.randomUUID()}`,
    announcer: config.loadBalancer && getAnnouncer(config.loadBalancer.announcer, config),
    settings: toControllerSettings(config),
  })
  return { controllers, effects, isDead: () => dead }
}

const SECRET = { clientId: 'sim-client', clientSecret: 'sim-secret' }
const CREDENTIALS = {
  PNAP_CLIENT_ID: SECRET.clientId,
  PNAP_CLIENT_SECRET: SECRET.clientSecret,
  PNAP_WEBHOOK_TOKEN: 'webhook-token-of-a-test',
}

const createCloudClient = ({ bmc, clock }: LoadBalancers): Bmc =>
  createBmc({
    baseUrl: bmc.url,
    tokenUrl: bmc.tokenUrl,
    credentials: async () => SECRET,
    clock,
    random: () => 0.5,
    log: silentLog,
  })

const loseOfKube = (): Error => new CcmError('KUBE_UNREACHABLE', 'the answer was lost')
const loseOfCloud = (): Error => new CcmError('BMC_OUTCOME_UNKNOWN', 'the answer was lost')

function toMortalKube(kube: Kube, effect: Effect, live: () => void): Kube {
  return {
    ...kube,
    async request(request) {
      const { method = 'GET', path } = request
      if (method !== 'GET') return effect(`${method} ${path}`, loseOfKube, () => kube.request(request))
      live()
      const answer = await kube.request(request)
      live()
      return answer as never
    },
  }
}

const READS = /^(get|list)/
const LOCAL = ['requests', 'unreachableSince', 'limitedUntil', 'holdOff', 'close']

function toMortalBmc(bmc: Bmc, effect: Effect, live: () => void): Bmc {
  return new Proxy(bmc, {
    get(target, name: Extract<keyof Bmc, string>) {
      const member: unknown = target[name]
      if (typeof member !== 'function' || LOCAL.includes(name)) return member
      return async (...args: unknown[]): Promise<unknown> => {
        const run = async (): Promise<unknown> => Reflect.apply(member, target, args)
        if (!READS.test(name)) return effect(name, loseOfCloud, run)
        live()
        const answer = await run()
        live()
        return answer
      }
    },
  })
}
