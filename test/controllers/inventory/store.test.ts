import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type Inventory, toGeneration } from '../../../shared/controllers/inventory/content.ts'
import { MAX_PARTS, readInventory, writeInventory } from '../../../shared/controllers/inventory/store.ts'
import type { KubeRequest } from '../../../shared/kubernetes/client.ts'
import type { ConfigMap } from '../../../shared/kubernetes/types.ts'
import { createFakeKube } from '../../kubernetes/_fake-kube.ts'
import { makeInstance, makeInventory } from '../_make.ts'
import { type Stage, startCluster } from '../_stage.ts'

const NAME = 'cloud-provider-phoenixnap'
const KEY = 'inventory.json.gz'
/** Hostnames that do not pack: as large as an inventory gets. */
const RANDOM_BYTES = 300_000

/** An inventory of about so many parts; another one at every call. */
function large(parts: number): Inventory {
  const entries = Array.from({ length: parts * 2 }, (_, index) =>
    makeInstance(`id-${index}`, { hostname: randomBytes(RANDOM_BYTES).toString('base64') }),
  )
  return makeInventory(entries)
}

const SMALL = makeInventory([
  { ...makeInstance('a1'), node: 'node-a', joined: { systemUUID: 'u', machineID: 'm' } },
])

type Cluster = Awaited<ReturnType<typeof startCluster>>
const parts = ({ simulator }: Pick<Stage, 'simulator'>): string[] =>
  simulator.store
    .list('configmaps', { namespace: 'kube-system' })
    .map(({ metadata: { name = '' } }) => name)
    .filter(name => name.startsWith(NAME))
    .toSorted((one, other) => one.localeCompare(other))
const numbered = (count: number): string[] => [
  NAME,
  ...Array.from({ length: count - 1 }, (_, i) => `${NAME}-${i + 1}`),
]
const put = ({ simulator }: Cluster, name: string, change: object): void =>
  void simulator.store.merge('configmaps', name, { ...change }, 'kube-system')

t.test('nothing is stored at first', async t => {
  t.equal(await readInventory((await startCluster(t)).kube), undefined)
})

t.test('what is written is read again, and a person sees what it is', async t => {
  const cluster = await startCluster(t)
  await writeInventory(cluster.kube, SMALL)
  t.strictSame(await readInventory(cluster.kube), SMALL)
  const map = cluster.simulator.store.get<ConfigMap>('configmaps', NAME, 'kube-system')
  t.match(map?.data, {
    generation: SMALL.generation,
    parts: '1',
    servers: '1',
    families: 'IPv4',
    account: 'account-1',
  })
  t.match(map?.metadata.labels, { 'app.kubernetes.io/managed-by': NAME })
  const next = makeInventory([])
  await writeInventory(cluster.kube, next)
  t.strictSame(await readInventory(cluster.kube), next, 'and written over')
})

t.test('a large one is cut into parts, and parts that it no longer needs are removed', async t => {
  const cluster = await startCluster(t)
  for (const count of [2, 3, 1]) {
    const inventory = large(count)
    await writeInventory(cluster.kube, inventory)
    const names = parts(cluster)
    t.ok(names.length >= count, `${count} wanted, ${names.length} parts`)
    t.strictSame(names, numbered(names.length))
    t.ok(isDeepStrictEqual(await readInventory(cluster.kube), inventory))
  }
})

t.test('one that is too large for all parts is refused before anything is written', async t => {
  const kube = createFakeKube(() => undefined)
  await t.rejects(writeInventory(kube, large(MAX_PARTS + 3)), { code: 'CCM_INVENTORY_INVALID' })
  t.strictSame(kube.requests, [])
})

t.test(
  'a writer that was killed between two parts leaves a torn inventory, which the next one mends',
  async t => {
    const cluster = await startCluster(t)
    await writeInventory(cluster.kube, large(2))
    cluster.simulator.faults.fail({ verb: 'update', name: NAME }, { status: 500, times: 1 })
    const next = large(2)
    await t.rejects(writeInventory(cluster.kube, next), { code: 'KUBE_SERVER_ERROR' })
    await t.rejects(readInventory(cluster.kube), { code: 'CCM_INVENTORY_INVALID' })
    await writeInventory(cluster.kube, next)
    t.ok(isDeepStrictEqual(await readInventory(cluster.kube), next))
  },
)

t.test('parts that outlived a killed removal go with the next write', async t => {
  const cluster = await startCluster(t)
  await writeInventory(cluster.kube, large(4))
  const many = parts(cluster).length
  cluster.simulator.faults.fail({ verb: 'delete', name: `${NAME}-2` }, { status: 500, times: 1 })
  await t.rejects(writeInventory(cluster.kube, SMALL), { code: 'KUBE_SERVER_ERROR' })
  t.ok(parts(cluster).length > 1 && parts(cluster).length < many)
  t.strictSame(await readInventory(cluster.kube), SMALL, 'they do no harm')
  await writeInventory(cluster.kube, makeInventory([]))
  t.strictSame(parts(cluster), [NAME])
})

t.test('a reader that comes between two parts reads again', async t => {
  const [old, next] = [large(2), large(2)]
  const stored = { old: await pack(t, old), next: await pack(t, next) }
  let reads = 0
  const kube = createFakeKube(({ path }) => {
    const name = path.split('/').at(-1) ?? ''
    // The first part is read before the writer replaces it, the others after it.
    return (reads++ === 0 ? stored.old : stored.next).get(name)
  })
  t.ok(isDeepStrictEqual(await readInventory(kube), next))
})

/** ConfigMaps that an inventory is stored as. */
async function pack(t: Test, inventory: Inventory): Promise<ReadonlyMap<string, ConfigMap>> {
  const { kube, simulator } = await startCluster(t)
  await writeInventory(kube, inventory)
  const maps = simulator.store.list<ConfigMap>('configmaps', { namespace: 'kube-system' })
  return new Map(maps.map(map => [map.metadata.name, map]))
}

const packed = (value: unknown): object => ({
  binaryData: {
    [KEY]: gzipSync(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64'),
  },
})
/** The one entry with a change by hand; the generation stays that of what a pass wrote. */
const edited = (change: object): object =>
  packed({ ...SMALL, entries: SMALL.entries.map(entry => ({ ...entry, ...change })) })
const GARBAGE: readonly [name: string, change: object][] = [
  ['no data at all', { data: null, binaryData: null }],
  ['no number of parts', { data: { parts: 'many' } }],
  ['no part', { data: { parts: '0' } }],
  ['too many parts', { data: { parts: String(MAX_PARTS + 1) } }],
  ['a part that is missing', { data: { parts: '2' } }],
  ['no packed bytes', { binaryData: { [KEY]: 'AAAA' } }],
  ['packed bytes that are no JSON', packed('{"generation":')],
  ['null', packed(null)],
  ['a list', packed([])],
  ['no generation', packed({ ...SMALL, generation: undefined })],
  ['no account', packed({ ...SMALL, account: undefined })],
  ['entries that are no list', packed({ ...SMALL, entries: {} })],
  ['an entry that is nothing', packed({ ...SMALL, entries: [null] })],
  ['an entry without id', edited({ id: undefined })],
  ['an address that is a number', edited({ privateAddresses: [167_772_161] })],
  ['an address of another machine', edited({ publicAddresses: ['203.0.113.99'] })],
  ['another provider ID', edited({ providerID: 'phoenixnap://b2' })],
  ['another hostname', edited({ hostname: 'node-b' })],
  ['a label that no node may have', edited({ additionalLabels: { 'not a name': '?' } })],
  ['another machine that joined', edited({ joined: { systemUUID: 'v', machineID: 'm' } })],
  ['an entry more', packed({ ...SMALL, entries: [...SMALL.entries, makeInstance('b2')] })],
  ['another account', packed({ ...SMALL, account: 'account-2' })],
  ['other families', packed({ ...SMALL, families: ['IPv6'] })],
]
for (const [name, change] of GARBAGE) {
  t.test(`garbage is told from an inventory, and written over: ${name}`, async t => {
    const cluster = await startCluster(t)
    await writeInventory(cluster.kube, SMALL)
    put(cluster, NAME, change)
    await t.rejects(readInventory(cluster.kube), { code: 'CCM_INVENTORY_INVALID' })
    await writeInventory(cluster.kube, SMALL)
    t.strictSame(await readInventory(cluster.kube), SMALL)
  })
}

t.test('what another version wrote is no inventory, although its hash is right', async t => {
  const { generation: _, ...content } = SMALL
  for (const other of [
    { entries: null },
    { entries: [{ id: 'a1' }] },
    { families: 'IPv4' },
    { addresses: [] },
  ]) {
    const value = { ...content, ...other } as unknown as Inventory
    const text = JSON.stringify({ ...value, generation: toGeneration(value) })
    const body = {
      data: { parts: '1' },
      binaryData: { [KEY]: gzipSync(text).toString('base64') },
    }
    const kube = createFakeKube(() => body)
    await t.rejects(readInventory(kube), { code: 'CCM_INVENTORY_INVALID' }, JSON.stringify(other))
  }
})

t.test('a cluster that does not answer is not an inventory that is missing', async t => {
  const cluster = await startCluster(t)
  cluster.simulator.faults.fail({ resource: 'configmaps' }, { status: 503 })
  await t.rejects(readInventory(cluster.kube), { code: 'KUBE_SERVER_ERROR' })
})

t.test('an idle write costs no more requests than it must', async t => {
  const seen: string[] = []
  const { kube } = await startCluster(t)
  await writeInventory(kube, SMALL)
  const counting = {
    ...kube,
    request: <T>(request: KubeRequest) => {
      seen.push(`${request.method ?? 'GET'} ${request.path.split('/').at(-1)}`)
      return kube.request<T>(request)
    },
  }
  await writeInventory(counting, makeInventory([]))
  t.strictSame(seen, [`PUT ${NAME}`, `GET ${NAME}-1`])
})
