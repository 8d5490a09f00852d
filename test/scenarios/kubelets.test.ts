import t from 'tap'
import { isReady } from '../../shared/controllers/node/plan.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { type KubectlResult, startTestCluster } from '../support/cluster.ts'
import { setReady } from '../support/fake-kubelet.ts'
import { type KubeletNode, kubeletsMissing, startKubelets } from '../support/kubelets.ts'
import { watchNodes } from '../support/watch.ts'
import {
  bmcRequests,
  complete,
  countLists,
  createJoinScene,
  isTainted,
  namesOf,
  nodesOf,
  toSummary,
  until,
} from './_joins.ts'
import { type CloudPart, emptyAddresses, fromNode, fromServer, later, writtenByUs } from './_kubelets.ts'

t.setTimeout(180_000)

const NAMES = namesOf('kubelet', 100)
const LATE = 'late-0000'
const [WRONG_REGION, WRONG_TYPE, WRONG_TWINS, EMPTIED, UPDATED] = NAMES as [
  string,
  string,
  string,
  string,
  string,
]

/** `--node-labels` with which some kubelets start the second time. */
const WRONG_LABELS: Readonly<Record<string, Record<string, string>>> = {
  [WRONG_REGION]: { 'topology.kubernetes.io/region': 'elsewhere' },
  [WRONG_TYPE]: { 'node.kubernetes.io/instance-type': 'other' },
  [WRONG_TWINS]: {
    'failure-domain.beta.kubernetes.io/region': 'elsewhere',
    'beta.kubernetes.io/instance-type': 'other',
  },
}

const isReadyAs = (name: string, node: KubeNode): boolean => node.metadata.name === name && isReady(node)

t.test('real kubelets', { skip: kubeletsMissing() }, async t => {
  const cluster = await startTestCluster(t, { kind: 'apiserver' })
  const scene = await createJoinScene(t, cluster, {
    hostnames: [...NAMES, LATE],
    environment: { PNAP_LOG_LEVEL: 'debug' },
  })
  const { admin, bmc, served, world } = scene
  await served.audit(true)
  const joins = await watchNodes(cluster)
  t.teardown(() => joins.close())
  const wanted = bmc.backend
    .servers()
    .filter(({ hostname }) => NAMES.includes(hostname))
    .map(fromServer)
  /** Nodes of the log lines whose message begins so. */
  const logged = (message: string): string[] =>
    served
      .log()
      .split('\n')
      .filter(line => line.includes(`"msg":"${message}`))
      .map(line => String((JSON.parse(line) as { node?: string }).node))

  const { result: kubelets, isWithin } = await countLists(scene, async () => {
    const started = await startKubelets(
      t,
      cluster,
      NAMES.map(name => ({ name })),
    )
    await started.untilReady()
    return started
  })

  await t.test('100 join initialised, and nobody sees them otherwise', async t => {
    await Promise.all(NAMES.map(name => joins.until(({ object }) => isReadyAs(name, object))))
    const first = NAMES.map(name => joins.events.find(({ object }) => object.metadata.name === name))
    t.same(new Set(first.map(event => event?.type)), new Set(['ADDED']))
    t.same(
      first.map(event => event && fromNode(event.object)),
      wanted,
    )
    t.same(
      joins.events.filter(({ object }) => isTainted(object)),
      [],
    )
    t.same((await nodesOf(admin, 'kubelet')).map(fromNode), wanted, 'and so they stay when they are Ready')
  })

  await t.test('they share a list, and neither a write nor an event of ours follows', async t => {
    t.ok(isWithin)
    await until(() => new Set(logged('reconciled')).size === NAMES.length)
    t.same(toSummary(await world.resync()), complete('updateInventory inventory'))
    t.same(toSummary(await world.resync()), complete())
    t.same(await writtenByUs(admin, '/api/v1/nodes'), [])
    t.same(await writtenByUs(admin, '/api/v1/events'), [])
  })

  await t.test('restarted, they change nothing and cost nothing, but for their labels', async t => {
    await kubelets.stop()
    joins.close()
    // Rings would repair the labels before the pass does.
    await served.audit(false)
    const before = await nodesOf(admin, 'kubelet')
    const reviews = logged('node reviewed').length
    bmc.requests.clear()
    await kubelets.start(NAMES.map((name): KubeletNode => ({ name, labels: WRONG_LABELS[name] ?? {} })))
    await kubelets.untilReady()
    t.same(new Set(logged('node reviewed').slice(reviews)), new Set(NAMES), 'each is reviewed once more')
    t.equal(bmcRequests(scene), 0)
    t.same(await writtenByUs(admin, '/api/v1/nodes'), [])
    const after = await nodesOf(admin, 'kubelet')
    t.same(
      after.map(fromNode),
      before.map(node => withLabels(fromNode(node), WRONG_LABELS[node.metadata.name])),
    )
    t.same(
      after.map(({ metadata }) => metadata.annotations),
      before.map(({ metadata }) => metadata.annotations),
    )
    const repairs = Object.keys(WRONG_LABELS).map(name => `repairLabels ${name}`)
    t.same(toSummary(await world.resync()), complete(...repairs))
    t.same((await nodesOf(admin, 'kubelet')).map(fromNode), wanted)
    t.same(await writtenByUs(admin, '/api/v1/nodes'), Object.keys(WRONG_LABELS))
  })

  await t.test('addresses stay ours', async t => {
    const watch = await watchNodes(cluster)
    t.teardown(() => watch.close())
    const emptied = await emptyAddresses(admin, EMPTIED)
    // Whatever is wrong with its status, a kubelet sends it anew: every ten seconds it looks.
    const updated = await setReady(admin, UPDATED, false)
    const [refilled, kept] = await Promise.all([
      later(watch, emptied, ({ status }) => (status?.addresses ?? []).length > 0),
      later(watch, updated, isReady),
    ])
    t.same(refilled.status?.addresses, [{ type: 'Hostname', address: EMPTIED }], 'all that a kubelet knows')
    t.same(kept.status?.addresses, updated.status?.addresses, 'a status update keeps ours')

    t.same(toSummary(await world.resync()), complete(`updateAddresses ${EMPTIED}`))
    t.same((await nodesOf(admin, 'kubelet')).map(fromNode), wanted)
    await later(watch, await setReady(admin, EMPTIED, false), isReady)
    t.same((await nodesOf(admin, 'kubelet')).map(fromNode), wanted, 'the kubelet does not fight for its own')
    t.same(toSummary(await world.resync()), complete())
  })

  await t.test('kubectl shows addresses in the first line of a node', async t => {
    const stop = new AbortController()
    let shown = ''
    const lines = (): string[][] =>
      shown
        .split('\n')
        .slice(0, -1)
        .map(line => line.split(/ {3,}/))
    const watching: Promise<KubectlResult> = cluster.kubectl(['get', 'nodes', '-o', 'wide', '-w'], {
      signal: stop.signal,
      onStdout: text => {
        shown += text
      },
    })
    await until(() => lines().length > NAMES.length)
    const late = await startKubelets(t, cluster, [{ name: LATE }])
    await late.untilReady()
    await until(() => lines().some(([name]) => name === LATE))
    stop.abort()
    await watching
    const [header = [], ...rows] = lines()
    const line = rows.find(([name]) => name === LATE) ?? []
    const server = bmc.backend.servers().find(({ hostname }) => hostname === LATE)
    t.equal(line[header.indexOf('INTERNAL-IP')], server?.privateIpAddresses[0])
    t.equal(line[header.indexOf('EXTERNAL-IP')], server?.publicIpAddresses?.[0])
  })
})

const withLabels = (part: CloudPart, labels: Readonly<Record<string, string>> = {}): CloudPart => ({
  ...part,
  labels: { ...part.labels, ...labels },
})
