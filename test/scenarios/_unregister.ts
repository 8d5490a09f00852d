import type { Test } from 'tap'
import { type UnregisterCommand, unregisterOnce } from '../../functions/unregister-command.ts'
import type { UnregisterReport } from '../../functions/unregister-report.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { FINALIZER, NAME } from '../../shared/kubernetes/names.ts'
import { applyObject } from '../../shared/register/apply.ts'
import { readWebhooks } from '../../shared/register/manifests.ts'
import { CONTROLLER } from '../support/cluster.ts'
import {
  announcedFor,
  assignedTo,
  createManifest,
  ingressOf,
  KUBE_VIP_IPS,
  nameOf,
  pathOf,
} from '../support/services.ts'
import { readEverything } from './_everything.ts'
import type { LoadBalancers } from './_load-balancers.ts'
import { sendPlainly } from './_reviews.ts'
import { leaveBlock, leaveService, upstreamAddress, writeStatus } from './_upstream.ts'

export const NODE = 'node-off'
/** In deletion, and kept by somebody else as well. */
export const KEPT_FINALIZER = 'example.com/keep'

export interface Ran {
  readonly code: number
  readonly text: string
}

export interface RunOptions extends Partial<UnregisterCommand> {
  readonly kube?: Kube
  /** False: there are no BMC credentials. */
  readonly cloud?: boolean
}

/** The command, with a cloud that works while it sleeps. */
export async function unregister(lb: LoadBalancers, options: RunOptions = {}): Promise<Ran> {
  const { kube = lb.admin, cloud = true, ...command } = options
  let text = ''
  const { leftovers } = lb.world.app.cloud
  async function sleep(ms: number): Promise<void> {
    lb.clock.forward(Math.max(ms, 60_001))
  }
  const code = await unregisterOnce(
    { confirm: false, release: false, timeoutMs: 86_400_000, output: 'text', ...command },
    { kube, leftovers: cloud ? leftovers : undefined, requestCounts: () => new Map() },
    {
      clock: { now: () => lb.clock.now(), sleep },
      stop: new AbortController().signal,
      out: line => void (text += line),
      err: () => undefined,
    },
  )
  return { code, text }
}

export async function confirm(
  lb: LoadBalancers,
  options: RunOptions = {},
): Promise<{ code: number; report: UnregisterReport }> {
  const { code, text } = await unregister(lb, { confirm: true, output: 'json', ...options })
  return { code, report: JSON.parse(text) as UnregisterReport }
}

/** Before the controller comes: what the Go program served, and a machine that is off. */
export async function leaveBefore(lb: LoadBalancers): Promise<void> {
  const address = upstreamAddress(leaveBlock(lb, 'adopted'))
  await leaveService(lb, 'adopted', { address })
  await lb.admin.request({ method: 'DELETE', path: `/api/v1/nodes/${NODE}` }).catch(() => undefined)
}

/** Services in every state, a node, and a webhook configuration as `register` makes it. */
export async function fill(lb: LoadBalancers): Promise<void> {
  await lb.create('web')
  await lb.create('team-a/api')
  await lb.create('alone', { annotations: { 'phoenixnap.com/ip-allocation': 'dedicated' } })
  await lb.create('going')
  await lb.create('held', { finalizers: [KEPT_FINALIZER] })
  await lb.create('pinned', {
    annotations: { 'phoenixnap.com/manage': 'true' },
    spec: { loadBalancerIP: '198.51.100.99' },
  })
  await lb.settle()
  for (const service of await lb.services()) {
    const [address] = announcedFor(service)
    if (address !== undefined && assignedTo(service).includes(address))
      await writeStatus(lb, nameOf(service), address)
  }
  await addNode(lb)
  // Nobody of ours looks at these two any more.
  await sendPlainly(lb.api).remove('going')
  await sendPlainly(lb.api).remove('held')
  await addOthers(lb)
  for (const webhook of await readWebhooks({ url: 'https://127.0.0.1:1/admission' }, CONTROLLER))
    await applyObject(lb.admin, webhook, false)
}

async function addNode(lb: LoadBalancers): Promise<void> {
  const taint = { key: 'node.cloudprovider.kubernetes.io/shutdown', effect: 'NoSchedule' }
  const body = {
    metadata: {
      name: NODE,
      annotations: {
        'phoenixnap.com/missing-since': '2026-01-01T00:00:00Z',
        'phoenixnap.com/initialized': 'resync',
      },
    },
    spec: {
      providerID: 'phoenixnap://gone',
      taints: [taint, { key: 'example.com/mine', effect: 'NoSchedule' }],
    },
  }
  await lb.admin.request({ method: 'POST', path: '/api/v1/nodes', body })
}

/** What is nobody's business here. */
async function addOthers(lb: LoadBalancers): Promise<void> {
  const manifest = createManifest('somebodys', {
    annotations: { [KUBE_VIP_IPS]: '192.0.2.11' },
    finalizers: ['service.kubernetes.io/load-balancer-cleanup'],
    spec: { loadBalancerClass: 'example.com/other' },
  })
  await sendPlainly(lb.api).create(manifest)
  await writeStatus(lb, 'somebodys', '192.0.2.11')
}

/** What users see of each Service that is served, by name. */
export async function readAddresses(lb: LoadBalancers): Promise<Record<string, readonly string[]>> {
  const services = (await lb.services()).filter(
    service => service.metadata.deletionTimestamp === undefined && nameOf(service) !== 'pinned',
  )
  return Object.fromEntries(
    services.map(service => [
      nameOf(service),
      [...ingressOf(service), ...announcedFor(service), service.spec?.loadBalancerIP ?? ''],
    ]),
  )
}

/** No object of ours is left, nor a mark of ours on what stays. `but`: names that may stay. */
export async function expectOut(t: Test, lb: LoadBalancers, but: readonly string[] = []): Promise<void> {
  const everything = Object.keys(await readEverything(lb.cluster))
  const ours = everything.filter(name => name.includes(NAME) && !name.startsWith('/api/v1/events'))
  t.strictSame(
    ours.filter(name => !but.some(text => name.includes(text))),
    [],
    'nothing of ours is left',
  )
  t.strictSame([...(await lb.claims()), ...(await lb.gates())], [], 'no claim and no gate')
  for (const service of await lb.services()) {
    const { finalizers = [], annotations = {} } = service.metadata
    t.notOk(finalizers.includes(FINALIZER), `${nameOf(service)} is not held by us`)
    t.strictSame(
      Object.keys(annotations).filter(key => /^phoenixnap.com\/(waiting|kube-vip-ignore)$/.test(key)),
      [],
    )
    t.notMatch(Object.values(annotations), ['phoenixnap-waiting'])
  }
}

/** A deletion of any of them ends by itself. */
export async function expectDeletable(t: Test, lb: LoadBalancers, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await lb.admin.request({ method: 'DELETE', path: pathOf(name) })
    t.equal(await lb.service(name), undefined, `${name} can be deleted`)
  }
}
