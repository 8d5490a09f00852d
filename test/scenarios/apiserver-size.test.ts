import { readFile } from 'node:fs/promises'
import t from 'tap'
import { startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { assets, CONTROLLER, startTestCluster } from '../support/cluster.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import { WEBHOOK_TOKEN } from '../support/served.ts'
import { createWorld } from '../support/world.ts'
import { createNodes, expectJoined, isFull, writeTlsFiles } from './_apiserver.ts'
import { type Child, startChild } from './_child.ts'
import { LEASE } from './_deletion.ts'
import { type DoorCall, startDoor } from './_door.ts'
import { changedBetween, readEverything } from './_everything.ts'
import { bmcRequests, complete, LIST, namesOf, toSummary } from './_joins.ts'

t.setTimeout(1_200_000)

const SIZE = isFull ? 10_000 : 1500
const PAGE = 500
/** Waited for at the most; nothing is measured by it. */
const PATIENCE_MS = 900_000
/** What the shipped Deployment gives the process. */
const LIMIT_MB = 512
/** What Node takes of that for its heap by itself, in a container. */
const HEAP_MB = LIMIT_MB / 2

/** One line that tells of a pass. */
interface PassLine {
  readonly state: string
  readonly nodes: number
  readonly changes: Readonly<Record<string, number>>
  readonly failureCount: number
  readonly durationMs: number
}

const options = { skip: assets ? false : 'needs KUBEBUILDER_ASSETS' }
t.test(`${SIZE} nodes that nobody reviewed when they joined`, options, async t => {
  const cluster = await startTestCluster(t)
  const admin = await cluster.kube()
  await installRole(admin)
  const bmc = await startBmcSimulator()
  t.teardown(() => bmc.close())
  const names = namesOf('node', SIZE)
  const ids = new Map(names.map(hostname => [hostname, bmc.backend.addServer({ hostname }).id]))
  await createNodes(
    cluster,
    names.map(name => createFakeNode(name)),
  )

  await t.test('serve initialises them, in as many passes as it takes', async t => {
    const child = startChild(t, ['serve'], {
      PNAP_CLIENT_ID: 'sim-client',
      PNAP_CLIENT_SECRET: 'sim-secret',
      PNAP_BASE_URL: bmc.url,
      PNAP_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
      PNAP_LISTEN: '127.0.0.1:0',
      ...(await writeTlsFiles(cluster.folder)),
      PNAP_RESYNC_INTERVAL: '5s',
      NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
      KUBECONFIG: await cluster.kubeconfigFile(CONTROLLER),
    })
    const passes = await untilIdle(child)
    const memory = await readPeakMb(child)
    for (const { state, changes, failureCount, durationMs } of passes)
      t.comment(`pass: ${state}, ${durationMs} ms, ${JSON.stringify(changes)}, ${failureCount} failures`)
    t.comment(`peak of its memory: ${memory} MB`)
    t.ok(memory < LIMIT_MB, `${memory} MB`)
    child.kill('SIGTERM')
    t.match(await child.ended, { code: 0 })
  })

  await t.test('all are what their servers say', t => expectJoined(t, admin, ids))

  await t.test('an idle pass reads pages, and writes its Lease', async t => {
    const door = await startDoor(t, cluster)
    const calls: DoorCall[] = []
    door.guard(call => void calls.push(call))
    const world = await createWorld(t, cluster, { bmc, environment: { KUBECONFIG: door.kubeconfig } })
    const before = await readEverything(cluster)
    bmc.requests.clear()
    t.same(toSummary(await world.resync()), complete())
    t.same(bmc.requests.operations()[LIST], 1)
    t.equal(bmcRequests({ bmc }), 1)
    const lists = calls.filter(({ path }) => path.startsWith('/api/v1/nodes'))
    t.equal(lists.length, Math.ceil(SIZE / PAGE), 'nodes are read in pages')
    t.same(
      calls.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`),
      [`PATCH ${LEASE}`, `PATCH ${LEASE}`],
    )
    t.comment(`requests to the API server: ${calls.length}`)
    const changed = changedBetween(before, await readEverything(cluster))
    t.same(changed, ['/apis/coordination.k8s.io/v1/leases kube-system/cloud-provider-phoenixnap-resync'])
  })
})

/** Waits for a pass that found nothing to do. @returns all of them */
async function untilIdle(child: Child): Promise<readonly PassLine[]> {
  const giveUpAt = Date.now() + PATIENCE_MS
  for (;;) {
    const passes = readPasses(child.said())
    const last = passes.at(-1)
    if (last?.state === 'complete' && Object.keys(last.changes).length === 0) return passes
    if (Date.now() > giveUpAt) throw new Error(`no idle pass:\n${child.said().slice(-4000)}`)
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}

const readPasses = (said: string): PassLine[] =>
  said
    .split('\n')
    .filter(line => line.includes('"msg":"resync ended'))
    .map(line => JSON.parse(line) as PassLine)

/** Most memory that the process ever had, in megabytes. */
async function readPeakMb({ pid }: Child): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024)
}
