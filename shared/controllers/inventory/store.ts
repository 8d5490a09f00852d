import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { CcmError, hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import { toOwnLabels } from '../../kubernetes/labels.ts'
import { NAME, NAMESPACE } from '../../kubernetes/names.ts'
import type { ConfigMap } from '../../kubernetes/types.ts'
import { type Inventory, toGeneration } from './content.ts'
import { isInventory } from './shape.ts'

const PATH = `/api/v1/namespaces/${NAMESPACE}/configmaps`
/** A ConfigMap holds 1 MiB at most; 1,000 servers are about 60 KB packed. */
const PART_BYTES = 700_000
/** The role names the ConfigMaps one by one: the first and seven more, good for some 80,000 servers. */
export const MAX_PARTS = 8
/** Unpacked: some 300,000 servers. */
const MAX_BYTES = 268_435_456
const DATA_KEY = 'inventory.json.gz'
/** A writer may be at work between two of our reads; after that the parts do not fit together. */
const READ_ATTEMPTS = 2

const partName = (index: number): string => (index === 0 ? NAME : `${NAME}-${index}`)

/** What was read last, for who reads again and again: the same text is not taken apart twice. */
export interface InventoryMemory {
  last?: { readonly texts: readonly string[]; readonly inventory: Inventory }
}

/**
 * The stored inventory, or undefined when there is none; the very same object while nothing else is stored.
 *
 * @throws CcmError CCM_INVENTORY_INVALID when it cannot be read back, KUBE_* when the cluster does not answer
 */
export async function readInventory(
  kube: Kube,
  signal?: AbortSignal,
  memory: InventoryMemory = {},
): Promise<Inventory | undefined> {
  for (let attempt = 1; ; attempt++) {
    const head = await getPart(kube, 0, signal)
    if (!head) return undefined
    const count = Number(head.data?.['parts'] ?? 0)
    if (!(count >= 1 && count <= MAX_PARTS)) throw invalid('the first part names no number of parts')
    const others = await Promise.all(
      Array.from({ length: count - 1 }, (_, index) => getPart(kube, index + 1, signal)),
    )
    const generation = head.data?.['generation']
    if (others.every(part => part?.data?.['generation'] === generation))
      return remember(memory, [head, ...others])
    if (attempt === READ_ATTEMPTS) throw invalid('its parts are of different generations')
  }
}

async function getPart(kube: Kube, index: number, signal?: AbortSignal): Promise<ConfigMap | undefined> {
  try {
    return (await kube.request<ConfigMap>({ path: `${PATH}/${partName(index)}`, signal })).body
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    throw error
  }
}

async function remember(
  memory: InventoryMemory,
  parts: readonly (ConfigMap | undefined)[],
): Promise<Inventory> {
  const texts = parts.map(part => part?.binaryData?.[DATA_KEY] ?? '')
  const { last } = memory
  const isSame = last?.texts.length === texts.length && last.texts.every((text, part) => text === texts[part])
  if (isSame) return last.inventory
  const inventory = await unpack(texts)
  memory.last = { texts, inventory }
  return inventory
}

async function unpack(texts: readonly string[]): Promise<Inventory> {
  try {
    const bytes = texts.map(text => Buffer.from(text, 'base64'))
    const text = await promisify(gunzip)(Buffer.concat(bytes), { maxOutputLength: MAX_BYTES })
    return toInventory(JSON.parse(text.toString('utf8')))
  } catch (cause) {
    throw invalid('it is not what a pass wrote', cause)
  }
}

/** A node gets what stands here without another look: nothing but what a pass wrote is believed. */
function toInventory(value: unknown): Inventory {
  const {
    generation = '',
    account = '',
    families = [],
    entries = [],
    addresses,
  } = value as Partial<Inventory>
  const content = { account, families, entries, ...(addresses && { addresses }) }
  if (generation !== toGeneration(content)) throw new TypeError('its hash is another one')
  if (!isInventory(content)) throw new TypeError('another version wrote it')
  return { generation, ...content }
}

const invalid = (why: string, cause?: unknown): CcmError =>
  new CcmError('CCM_INVENTORY_INVALID', `inventory ConfigMap ${NAMESPACE}/${NAME}: ${why}`, { cause })

/** Writes the inventory, the first part last: a reader that sees its generation sees all of it. */
export async function writeInventory(kube: Kube, inventory: Inventory, signal?: AbortSignal): Promise<void> {
  const packed = await promisify(gzip)(JSON.stringify(inventory), { level: 9 })
  const count = Math.max(1, Math.ceil(packed.length / PART_BYTES))
  if (count > MAX_PARTS)
    throw invalid(`${inventory.entries.length} servers do not fit into ${MAX_PARTS} parts`)
  for (let index = count - 1; index >= 0; index--) {
    const bytes = packed.subarray(index * PART_BYTES, (index + 1) * PART_BYTES)
    await putPart(kube, toPart(inventory, index, count, bytes), signal)
  }
  await removeParts(kube, count, signal)
}

function toPart(inventory: Inventory, index: number, count: number, bytes: Buffer): ConfigMap {
  const { generation, account, families, entries, addresses } = inventory
  const summary = {
    parts: String(count),
    servers: String(entries.length),
    families: families.join(','),
    ...(addresses && { blocks: String(addresses.blocks.length) }),
    account,
  }
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: partName(index),
      namespace: NAMESPACE,
      labels: toOwnLabels('inventory'),
    },
    data: { generation, ...(index === 0 ? summary : {}) },
    binaryData: { [DATA_KEY]: bytes.toString('base64') },
  } as ConfigMap
}

async function putPart(kube: Kube, part: ConfigMap, signal?: AbortSignal): Promise<void> {
  try {
    await kube.request({ method: 'PUT', path: `${PATH}/${part.metadata.name}`, body: part, signal })
  } catch (error) {
    if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
    await kube.request({ method: 'POST', path: PATH, body: part, signal })
  }
}

/** Parts that a larger inventory left behind; the last one first, so that a kill in between leaves no gap to stop at. */
async function removeParts(kube: Kube, from: number, signal?: AbortSignal): Promise<void> {
  let end = from
  while (end < MAX_PARTS && (await getPart(kube, end, signal)) !== undefined) end++
  for (let index = end - 1; index >= from; index--) {
    await kube.request({ method: 'DELETE', path: `${PATH}/${partName(index)}`, signal })
  }
}
