import { setTimeout as sleep } from 'node:timers/promises'
import ipaddr from 'ipaddr.js'
import type { Test } from 'tap'
import { NAME } from '../../shared/kubernetes/names.ts'
import type { ObjectMeta } from '../../shared/kubernetes/types.ts'
import { createApi } from '../support/api.ts'
import type { TestCluster } from '../support/cluster.ts'

interface Pool {
  readonly metadata: ObjectMeta
  readonly spec?: { readonly addresses?: readonly string[] }
}

interface PoolEvent {
  readonly type: string
  readonly object: Pool
}

const POOLS = '/apis/metallb.io/v1beta1/ipaddresspools'
const PAUSE_MS = 50

export interface PoolWatch {
  /** What was wrong with any version that was ever stored: pools of ours that are empty, or that overlap with another. */
  readonly faults: readonly string[]
  /** Versions of pools of ours so far. */
  readonly versions: () => number
}

/** Sees every version of every MetalLB pool from now on, until the end of the test. */
export async function watchPools(t: Test, cluster: TestCluster): Promise<PoolWatch> {
  const api = createApi(cluster.kubeconfig())
  const stop = new AbortController()
  const pools = new Map<string, readonly string[]>()
  const faults: string[] = []
  let versions = 0

  function see({ type, object: { metadata, spec } }: PoolEvent): void {
    const { name } = metadata
    if (type === 'DELETED') return void pools.delete(name)
    const addresses = spec?.addresses ?? []
    pools.set(name, addresses)
    if (metadata.labels?.['app.kubernetes.io/managed-by'] !== NAME) return
    versions += 1
    if (addresses.length === 0) faults.push(`${name} is empty`)
    for (const [other, theirs] of pools) {
      const same = other === name ? findTwice(addresses) : findShared(addresses, theirs)
      faults.push(...same.map(address => `${address} is in ${name} and in ${other}`))
    }
  }

  async function read(): Promise<void> {
    let from = (await api.call({ method: 'GET', path: POOLS })).body.metadata?.resourceVersion ?? '0'
    while (!stop.signal.aborted) {
      for await (const line of api.watch(`${POOLS}?watch=true&resourceVersion=${from}`, stop.signal)) {
        const event = line as PoolEvent
        if (event.type === 'ERROR') throw new Error(`the watch ended: ${JSON.stringify(line)}`)
        see(event)
        from = event.object.metadata.resourceVersion ?? from
      }
      await sleep(PAUSE_MS, undefined, { signal: stop.signal })
    }
  }

  const reading = read().catch((error: unknown) => {
    if (!stop.signal.aborted) faults.push(String(error))
  })
  t.teardown(async () => {
    stop.abort()
    await reading
    api.close()
  })
  return { faults, versions: () => versions }
}

const findTwice = (addresses: readonly string[]): string[] =>
  addresses.filter((address, index) => addresses.indexOf(address) !== index)

const findShared = (ours: readonly string[], theirs: readonly string[]): string[] =>
  ours.filter(one => theirs.filter(other => other.includes('/')).some(other => overlaps(one, other)))

function overlaps(one: string, other: string): boolean {
  const [a, length] = ipaddr.parseCIDR(one)
  const [b, otherLength] = ipaddr.parseCIDR(other)
  return a.kind() === b.kind() && a.match(b, Math.min(length, otherLength))
}
