import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ACCEPTED_ADVISORIES } from '../../infra/supply-chain/accepted-advisories.ts'
import {
  type AcceptedAdvisory,
  type AuditAnswer,
  judgeAdvisories,
  readAudit,
} from '../../infra/supply-chain/advisories.ts'
import { audit } from '../../infra/supply-chain/audit.ts'
import type { LockedPackage } from '../../infra/supply-chain/lock.ts'
import { checkLock, type Manifest } from '../../infra/supply-chain/lock-checks.ts'
import { runTool } from '../../infra/tool.ts'

const integrity = `sha512-${Buffer.alloc(64).toString('base64')}`
const GOOD: LockedPackage = { version: '1.0.0', integrity }

const check = (packages: Record<string, object>, manifest: Manifest = {}, root: object = manifest) =>
  checkLock({ lockfileVersion: 3, packages: { '': root, ...packages } }, manifest)

t.test('a lock file in which everything is fixed and from the registry', async t => {
  const packages = {
    'node_modules/a': GOOD,
    'node_modules/alias': { ...GOOD, name: 'real', hasInstallScript: true },
    'node_modules/b': {
      ...GOOD,
      dependencies: { a: '^1.0.0 || >=2 <3.0.0-rc.1', c: 'npm:@s/c@~1.2', d: '*' },
    },
  }
  const manifest = { dependencies: { a: '1', b: '2' }, allowScripts: { real: false } }
  const root = { dependencies: { b: '2', a: '1' } }
  t.strictSame(check(packages, manifest, root), { problems: [], notes: [] })
})

const FAULTS: Readonly<Record<string, readonly [one: object, says: RegExp]>> = {
  'no digest': [{ version: '1.0.0' }, /^a 1\.0\.0 has no SHA-512/],
  'a weak digest': [{ ...GOOD, integrity: 'sha1-x' }, /has no SHA-512/],
  'no digest, for development': [{ version: '1.0.0', dev: true, optional: true }, /has no SHA-512/],
  'no digest, on machines of the pipeline': [
    { version: '1.0.0', dev: true, optional: true, os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
    /has no SHA-512/,
  ],
  git: [{ ...GOOD, resolved: 'git+ssh://git@git.example/a.git#abc' }, /comes from git\+ssh/],
  'another registry': [{ ...GOOD, resolved: 'https://registry.example/a.tgz' }, /comes from/],
  'a folder': [{ ...GOOD, link: true }, /is a folder of this machine/],
  'wants git': [{ ...GOOD, dependencies: { x: 'github:user/x' } }, /wants x from github:user\/x/],
  'wants a user of a forge': [{ ...GOOD, optionalDependencies: { x: 'user/x' } }, /wants x from user\/x/],
  'wants a file': [{ ...GOOD, dependencies: { x: 'file:../x' } }, /wants x from file/],
  'wants a URL': [{ ...GOOD, dependencies: { x: 'https://host.example/x.tgz' } }, /wants x from https/],
  'a script': [{ ...GOOD, hasInstallScript: true }, /runs a script when it is installed/],
  deprecated: [{ ...GOOD, deprecated: 'use b' }, /is deprecated: use b/],
}

t.test('what a lock file must not hold', async t => {
  for (const [name, [one, says]] of Object.entries(FAULTS)) {
    const { problems } = check({ 'node_modules/a': one })
    t.equal(problems.length, 1, name)
    t.match(problems[0], says, name)
  }
  t.match(check({}, { dependencies: { a: '1' } }, { dependencies: { a: '2' } }).problems, [
    /another package\.json/,
  ])
  t.match(checkLock({ lockfileVersion: 2, packages: {} }, {}).problems, [/is of version 2, not 3/])
})

t.test('what is told without failing', async t => {
  const mac = { version: '1.0.0', dev: true, optional: true, os: ['darwin'], cpu: ['x64'] }
  const old = { ...GOOD, dev: true, deprecated: 'use b' }
  t.match(check({ 'node_modules/mac': mac, 'node_modules/old': old }), {
    problems: [],
    notes: [/^1 builds of development tools for other machines have no SHA-512/, /old 1\.0\.0.*deprecated/],
  })
})

const LOCK = { packages: { 'node_modules/a': GOOD, 'node_modules/tool': { ...GOOD, dev: true } } }
const JUDGED = { lock: LOCK, accepted: [], today: '2026-06-01', isRequired: false }
const advisory = (name: string, severity: string, id = 'GHSA-1'): AuditAnswer => ({
  state: 'known',
  advisories: [{ id, package: name, severity, title: 'Weak', paths: [`node_modules/${name}`] }],
})

t.test('a weak spot counts by where it is and how grave it is', async t => {
  for (const [name, severity, fails] of [
    ['a', 'low', true],
    ['a', 'critical', true],
    ['tool', 'moderate', false],
    ['tool', 'high', true],
    ['unknown-to-the-lock', 'low', true],
  ] as const) {
    const { problems, notes } = judgeAdvisories(advisory(name, severity), JUDGED)
    t.strictSame([problems.length, notes.length], fails ? [1, 0] : [0, 1], `${name}, ${severity}`)
  }
})

t.test('an advisory is accepted with a reason, and for a time', async t => {
  const accepted = [{ id: 'GHSA-1', reason: 'no user text gets there', until: '2026-06-01' }]
  const judge = (today: string, id = 'GHSA-1') =>
    judgeAdvisories(advisory('a', 'high', id), { ...JUDGED, accepted, today })
  t.match(judge('2026-06-01'), {
    problems: [],
    notes: [/accepted until 2026-06-01, no user text gets there/],
  })
  t.match(judge('2026-06-02'), { problems: [/was accepted until 2026-06-01, look again/], notes: [] })
  t.match(judge('2026-06-01', 'GHSA-2'), {
    problems: [/GHSA-2/],
    notes: [/GHSA-1 is accepted and not reported any more/],
  })
})

t.test('no answer is not the same as no weak spot', async t => {
  const answers = [
    '{"message":"405 Method Not Allowed","statusCode":405}',
    '{"error":{"summary":"request to https://registry.example failed"}}',
    '{"auditReportVersion":1}',
    'null',
    'npm error network',
    '',
  ]
  for (const text of answers) {
    const answer = readAudit(text)
    t.equal(answer.state, 'unknown', text)
    t.match(judgeAdvisories(answer, JUDGED), { problems: [], notes: [/nobody says which packages/] }, text)
    t.match(judgeAdvisories(answer, { ...JUDGED, isRequired: true }), { problems: [/nobody says/] }, text)
  }
})

const isWhole = ({ id, reason, until }: AcceptedAdvisory): boolean =>
  id.startsWith('GHSA-') && reason.length > 20 && /^\d{4}-\d\d-\d\d$/.test(until)

t.test('what is accepted here has a reason and a day', async t => {
  t.strictSame(
    ACCEPTED_ADVISORIES.filter(one => !isWhole(one)),
    [],
  )
})

/** A registry that knows one weak spot. @returns its URL */
async function startAdvisories(t: Test): Promise<string> {
  const known = {
    a: [
      {
        id: 1,
        url: 'https://advisories.example/GHSA-aaaa-bbbb-cccc',
        title: 'Weak spot of a',
        severity: 'low',
        vulnerable_versions: '<2.0.0',
      },
    ],
  }
  const packument = {
    name: 'a',
    'dist-tags': { latest: '2.0.0' },
    versions: { '1.0.0': { name: 'a', version: '1.0.0' }, '2.0.0': { name: 'a', version: '2.0.0' } },
  }
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    request
      .resume()
      .on('end', () => response.end(JSON.stringify(request.method === 'POST' ? known : packument)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('npm itself is asked, and what it answers is understood', async t => {
  const manifest = { name: 'project', version: '1.0.0', dependencies: { a: '^1.0.0' } }
  const packages = { '': manifest, 'node_modules/a': GOOD }
  const lock = { name: 'project', version: '1.0.0', lockfileVersion: 3, requires: true, packages }
  const root = t.testdir({
    'package.json': JSON.stringify(manifest),
    'package-lock.json': JSON.stringify(lock),
  })
  const env = {
    ...process.env,
    npm_config_registry: await startAdvisories(t),
    npm_config_cache: join(root, 'cache'),
  }
  const options = { root, today: '2026-06-01', isRequired: true }
  const found = await audit({
    ...options,
    run: (command, args, more) => runTool(command, args, { ...more, env }),
  })
  t.strictSame(found.problems, ['a: Weak spot of a (low, GHSA-aaaa-bbbb-cccc)'])
})
