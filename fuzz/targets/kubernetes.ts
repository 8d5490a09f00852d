import { gzipSync } from 'node:zlib'
import type { KubeConfig } from '@kubernetes/client-node'
import * as fc from 'fast-check'
import { toBookEntry } from '../../shared/controllers/address/book.ts'
import { toBought, toIntent } from '../../shared/controllers/address/intent.ts'
import { buildInventory, type Inventory, toGeneration } from '../../shared/controllers/inventory/content.ts'
import { readFamilies } from '../../shared/controllers/inventory/families.ts'
import { readInventory } from '../../shared/controllers/inventory/store.ts'
import { toIndex } from '../../shared/controllers/node/match.ts'
import { readLease } from '../../shared/controllers/resync/lease.ts'
import { createKube, type Fetch, type Kube } from '../../shared/kubernetes/client.ts'
import { listIPAddresses } from '../../shared/kubernetes/ip-addresses.ts'
import { getNode, listNodes } from '../../shared/kubernetes/nodes.ts'
import { getService, listServices } from '../../shared/kubernetes/services.ts'
import type { IPAddress } from '../../shared/kubernetes/types.ts'
import { toOwner } from '../../shared/phoenixnap/provider-id.ts'
import { oddText, type Tree, toText, toValue } from '../hostile.ts'
import { damaged, mutated } from '../mutate.ts'
import { define, type Runnable } from '../run.ts'
import { inventory } from '../shapes/inventory.ts'
import * as shapes from '../shapes/kubernetes.ts'
import { watch } from '../watch.ts'

interface Answer {
  readonly status: number
  readonly body: string
  readonly retryAfter: string
}

const KUBE_CODES = /^KUBE_/
const config = {
  getCurrentCluster: () => ({ server: 'https://kube.test' }),
  applyToHTTPSOptions: async () => {},
} as unknown as KubeConfig

/** A client whose every request is answered so. */
export function kubeOf({ status, body, retryAfter }: Answer): Kube {
  const fetch = (async () => ({
    status,
    ok: status >= 200 && status < 300,
    headers: { get: (name: string) => (name === 'retry-after' ? retryAfter : null) },
    text: async () => body,
  })) as unknown as Fetch
  return createKube({ config, fetch })
}

const answers = (body: fc.Arbitrary<Tree>): fc.Arbitrary<Answer> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        status: fc.constant(200),
        body: damaged(mutated(body).map(toText)),
        retryAfter: fc.constant(''),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        status: fc.constantFrom(200, 400, 401, 403, 404, 409, 410, 422, 429, 500, 503),
        body: fc.oneof(damaged(mutated(shapes.status).map(toText)), oddText),
        retryAfter: fc.constantFrom('', '1', 'x', '-1', '99999999999999999999'),
      }),
    },
  )

const read = (
  name: string,
  body: fc.Arbitrary<Tree>,
  work: (kube: Kube) => Promise<unknown>,
  codes = KUBE_CODES,
): Runnable =>
  define({
    name,
    inputs: answers(body),
    attempt: answer => watch({ work: () => work(kubeOf(answer)), codes }),
  })

const readBook = async (kube: Kube): Promise<unknown> => (await listIPAddresses(kube)).items.map(toBookEntry)

/** An inventory as it lies in its ConfigMap: with its true hash or another, and whole or damaged. */
interface Packed {
  readonly content: Tree
  readonly isHashed: boolean
  readonly parts: string
  readonly cut: number
}

const packed: fc.Arbitrary<Packed> = fc.record({
  content: mutated(inventory),
  isHashed: fc.oneof(
    { weight: 4, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
  parts: fc.oneof(
    { weight: 8, arbitrary: fc.constant('1') },
    { weight: 1, arbitrary: fc.constantFrom('0', '-1', '1.5', '8', '9', '1e9', 'x', '') },
  ),
  cut: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(50) }),
})

function hash(content: unknown): string {
  try {
    const { account = '', families = [], entries = [], addresses } = content as Partial<Inventory>
    return toGeneration({ account, families, entries, ...(addresses && { addresses }) })
  } catch {
    return ''
  }
}

/** The text of a content with its generation in it. */
function seal({ content, isHashed }: Packed): string {
  const text = toText(content)
  if (!text.startsWith('{')) return text
  const generation = isHashed ? hash(toValue(content)) : '0123456789abcdef'
  return `{"generation":"${generation}"${text === '{}' ? '' : ','}${text.slice(1)}`
}

async function attemptInventory(input: Packed): Promise<string> {
  const bytes = gzipSync(seal(input))
  const data = { parts: input.parts, generation: 'g' }
  const binaryData = { 'inventory.json.gz': bytes.subarray(0, bytes.length - input.cut).toString('base64') }
  const body = JSON.stringify({ metadata: { name: 'a' }, data, binaryData })
  const kube = kubeOf({ status: 200, body, retryAfter: '' })
  const work = async (): Promise<unknown> => {
    const previous = await readInventory(kube)
    toIndex(previous?.entries ?? [])
    const { account = '', families = [], addresses } = previous ?? {}
    return buildInventory({ instances: [], nodes: [], account, families, addresses, previous }, toOwner)
  }
  return watch({ work, codes: /^(KUBE_|CCM_INVENTORY_INVALID)/ })
}

export const KUBERNETES_TARGETS: readonly Runnable[] = [
  read('kube.nodes', shapes.page(shapes.node), kube => listNodes(kube)),
  read('kube.node', shapes.node, kube => getNode(kube, 'node-a')),
  read('kube.services', shapes.page(shapes.service), kube =>
    listServices(kube, ({ spec }) => spec?.type === 'LoadBalancer'),
  ),
  read('kube.service', shapes.service, kube => getService(kube, { namespace: 'shop', name: 'web' })),
  read('kube.ip-addresses', shapes.page(shapes.ipAddress), readBook),
  read('kube.lease', shapes.lease, kube => readLease(kube)),
  read(
    'kube.families',
    shapes.page(fc.constant({ metadata: { name: 'a' }, spec: { cidrs: ['10.96.0.0/12'] } })),
    kube => readFamilies(kube),
  ),
  define({ name: 'kube.inventory', inputs: packed, attempt: attemptInventory }),
  define({
    name: 'kube.claims',
    inputs: shapes.ipAddress,
    attempt: input =>
      watch({ work: () => toBookEntry(toValue(input) as IPAddress), codes: /^$/, label: ({ kind }) => kind }),
  }),
  define({
    name: 'kube.purchase',
    inputs: fc.oneof(
      damaged(
        mutated(
          fc.constant({
            id: 'a',
            family: 'IPv4',
            prefixLength: 29,
            since: '2026-11-21T00:00:00Z',
            service: { namespace: 'a', name: 'b' },
          }),
        ).map(toText),
      ),
      oddText,
    ),
    attempt: text => watch({ work: () => [toBought(text), toIntent(text)], codes: /^CCM_INTENT_INVALID$/ }),
  }),
]
