import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Metafile } from 'esbuild'
import { NODE_VERSION } from '../binary/node-packages.ts'
import { BuildProblem } from '../problem.ts'
import { type LicensedPackage, readPackages, toPackageFolders } from './bundled.ts'
import { readLock } from './lock.ts'
import { type NodeLicence, toNotice } from './notice.ts'
import type { NodeParts, ShippedPackage } from './sbom.ts'

/** What is in a bundle, and the licences that go along with it. */
export interface Contents {
  readonly packages: readonly ShippedPackage[]
  readonly node?: NodeParts | undefined
  /** The file of licences. */
  readonly notice: string
}

const ROOT = resolve(import.meta.dirname, '../..')

/** In process.versions, and no part: itself, numbers of its interfaces, and of what icu holds. */
const NO_PARTS: ReadonlySet<string> = new Set(['node', 'modules', 'napi', 'unicode', 'cldr'])

/** @param metafile of a bundle that was made in this checkout @param withNode whether Node is shipped along */
export async function readContents(
  { outputs }: Pick<Metafile, 'outputs'>,
  { withNode }: { readonly withNode: boolean },
): Promise<Contents> {
  const licensed = await readPackages(ROOT, toPackageFolders({ outputs }))
  const apache = await readFile(join(ROOT, 'LICENSE'), 'utf8')
  const node = withNode ? await readNodeLicence() : undefined
  return {
    packages: await withIntegrity(licensed),
    node: withNode ? readNodeParts() : undefined,
    notice: toNotice({ packages: licensed, node, apache }),
  }
}

async function withIntegrity(packages: readonly LicensedPackage[]): Promise<ShippedPackage[]> {
  const lock = await readLock(ROOT)
  return packages.map(({ name, version, licence, path }) => {
    const locked = lock.packages[path]
    const integrity = locked?.version === version ? (locked.integrity ?? '') : ''
    return { name, version, licence, path, integrity }
  })
}

/** @throws BuildProblem BUILD_LICENCE_MISSING when another Node is built in than the one whose licence is here */
async function readNodeLicence(): Promise<NodeLicence> {
  const path = join(import.meta.dirname, `node-LICENSE-${NODE_VERSION}.txt`)
  const text = await readFile(path, 'utf8').catch(() => {
    throw new BuildProblem(
      'BUILD_LICENCE_MISSING',
      `${path} is not there: it is the file LICENSE of the packages in infra/binary/node-packages.ts`,
    )
  })
  return { version: NODE_VERSION, text }
}

/** Of the Node that runs the build, which is of the same version as the one that is built in. */
export function readNodeParts(versions: NodeJS.ProcessVersions = process.versions): NodeParts {
  if (versions.node !== NODE_VERSION)
    throw new Error(
      `this is Node ${versions.node}, and ${NODE_VERSION} is built in: use node_modules/.bin/node`,
    )
  const parts = Object.entries(versions)
    .filter(([name, version]) => version && !NO_PARTS.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { version: NODE_VERSION, parts: Object.fromEntries(parts) as Record<string, string> }
}
