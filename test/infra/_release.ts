import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LAYOUT, readLayout } from '../../infra/image/layout.ts'
import { toStatement, toSubjects } from '../../infra/supply-chain/provenance.ts'
import { RELEASE, readDigests, STATEMENT, SUMS, toSums } from '../../infra/supply-chain/sums.ts'
import type { WorkTree } from '../support/work-tree.ts'

/** A key pair as `openssl genpkey` makes it, PEM. */
export interface KeyPair {
  readonly key: string
  readonly publicKey: string
}

export function createKeyPair(passphrase?: string): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const cipher = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }),
  }
}

/** What `make artefacts` would leave: two files of a few bytes. @returns its folder */
export async function placeRelease(tree: WorkTree, version = 'v1.2.3'): Promise<string> {
  const folder = join(tree.folder, RELEASE)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'program'), 'program')
  await writeFile(join(folder, 'chart.tgz'), 'chart')
  const statement = toStatement({
    subjects: toSubjects(await readDigests(folder), await readLayout(join(tree.folder, LAYOUT))),
    version,
    revision: tree.git('rev-parse', 'HEAD'),
    source: undefined,
    lockDigest: 'a'.repeat(64),
    nodeVersion: '26.0.0',
    nodePackages: [],
    builder: 'urn:test',
  })
  await writeFile(join(folder, STATEMENT), `${JSON.stringify(statement, undefined, 2)}\n`)
  await writeFile(join(folder, SUMS), toSums(await readDigests(folder)))
  return folder
}

/** The second view: OpenSSL. @returns whether it finds the signature good */
export async function opensslVerifies(
  folder: string,
  publicKey: string,
  signed: string | Buffer,
  signature: Buffer,
): Promise<boolean> {
  await mkdir(folder, { recursive: true })
  const path = (name: string): string => join(folder, name)
  await writeFile(path('pub'), publicKey)
  await writeFile(path('signed'), signed)
  await writeFile(path('signature'), signature)
  const args = ['dgst', '-sha256', '-verify', path('pub'), '-signature', path('signature'), path('signed')]
  return spawnSync('openssl', args).status === 0
}

/** The cosign of this machine: COSIGN or on the PATH; undefined without one. */
export const findCosign = (): string | undefined =>
  [process.env['COSIGN'] ?? '', 'cosign'].find(
    path => path !== '' && spawnSync(path, ['version']).status === 0,
  )
