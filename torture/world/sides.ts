import type { WebhookRequest } from '../../functions/http.ts'
import type { EmbeddedBmc } from '../../shared/simulator/bmc/server.ts'
import type { SendPosting } from '../../shared/simulator/kubernetes/post.ts'
import type { EmbeddedKubernetes } from '../../shared/simulator/kubernetes/server.ts'
import type { EventClock } from './clock.ts'
import type { Call, Random } from './contract.ts'
import { untilDeath } from './doors.ts'
import type { Delivered, Headers, Side, Wires } from './network.ts'
import type { Living } from './process.ts'

/** Work that is under way within the process and waits for no virtual time. */
export interface Business {
  isBusy(): boolean
  /** Counts while the work runs. */
  during<T>(work: () => Promise<T>): Promise<T>
  /** Counts no longer while the work, which waits for others, runs. */
  pausing<T>(work: () => Promise<T>): Promise<T>
}

export function createBusiness(): Business {
  let busy = 0
  async function counted<T>(by: 1 | -1, work: () => Promise<T>): Promise<T> {
    busy += by
    try {
      return await work()
    } finally {
      busy -= by
    }
  }
  return {
    isBusy: () => busy > 0,
    during: work => counted(1, work),
    pausing: work => counted(-1, work),
  }
}

type Injectable = EmbeddedBmc['inject']

/** Hands a call over to a simulator. */
async function inject(into: Injectable, call: Call, headers: Headers): Promise<Delivered> {
  const {
    statusCode,
    headers: answered,
    payload,
  } = await into({
    method: call.method as 'GET',
    url: call.query === '' ? call.path : `${call.path}?${call.query}`,
    headers,
    ...(call.body === '' ? {} : { payload: call.body }),
  })
  const texts = Object.entries(answered).map(([name, value]) => [name, String(value)])
  return { status: statusCode, headers: Object.fromEntries(texts), text: payload }
}

export function toClusterSide(cluster: EmbeddedKubernetes, business: Business): Side {
  return (call, headers) => business.during(() => inject(cluster.inject, call, headers))
}

/** One call at a time, so that what it changed can be told from what others changed. */
export function toCloudSide(cloud: EmbeddedBmc, business: Business): Side {
  return (call, headers) => business.during(() => inject(cloud.inject, call, headers))
}

/** How the API server reaches webhooks and audit sink. */
export function sendThrough(wires: () => Wires, business: Business): SendPosting {
  return ({ url, body, token, userAgent }, signal) => {
    const to = url.pathname.startsWith('/audit') ? 'audit' : 'admission'
    const headers = {
      'content-type': 'application/json',
      'user-agent': userAgent,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    const { pathname: path, search } = url
    const call = {
      from: 'cluster',
      to,
      method: 'POST',
      path,
      query: search.slice(1),
      body,
      isWrite: false,
    } as const
    const send = () => wires().send(call, { headers, signal })
    // A batch is sent by nobody's request.
    return to === 'audit' ? send() : business.pausing(send)
  }
}

export interface ProcessSideOptions {
  readonly clock: EventClock
  readonly random: Random
  readonly processes: () => readonly Living[]
}

/** One process of those that take reviews answers; what dies over it never does. */
export function toWebhookSide({ clock, random, processes }: ProcessSideOptions): Side {
  return async (call, headers) => {
    const process = random.pick(open(processes()))
    const request: WebhookRequest = {
      method: call.method,
      path: call.path,
      query: Object.fromEntries(new URLSearchParams(call.query)),
      headers,
      body: call.body,
      receivedAt: clock.viewOf('controllers').now(),
    }
    const route = call.to === 'audit' ? 'audit' : 'admission'
    const { status, headers: answered, body } = await untilDeath(process, process.door.answer(route, request))
    return { status, headers: answered, text: body }
  }
}

/** Pauses before the second and the third try of an asynchronous invocation, as the platform makes them. */
const RETRY_MS = [60_000, 120_000]
const MOST_WAIT_MS = 500

/** Takes invocations over at once, and has them carried out later: at least once, in any order. */
export function toReconcileSide({ clock, random, processes }: ProcessSideOptions): Side {
  async function carryOut(payload: string): Promise<void> {
    await clock.sleep(random.between(0, MOST_WAIT_MS))
    for (const pause of [...RETRY_MS, undefined]) {
      const able = processes().filter(process => process.isOpen() && process.host === 'functions')
      const process = able.length > 0 ? random.pick(able) : undefined
      const done = await Promise.race([process?.door.reconcile(payload), process?.life.died])
      if (done || pause === undefined) return
      await clock.sleep(pause)
    }
  }
  return async ({ body }) => {
    void carryOut(body)
    return { status: 200, headers: {}, text: '' }
  }
}

function open(processes: readonly Living[]): readonly Living[] {
  const able = processes.filter(process => process.isOpen())
  if (able.length > 0) return able
  throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', erroredSysCall: 'connect' })
}
