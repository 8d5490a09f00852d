import t from 'tap'
import { findLicenceProblems } from '../../infra/supply-chain/licence-checks.ts'
import { isAllowed } from '../../infra/supply-chain/licence-policy.ts'
import { toNotice } from '../../infra/supply-chain/notice.ts'

const EXPRESSIONS: readonly [expression: string, allowed: boolean][] = [
  ['MIT', true],
  ['(MIT OR GPL-3.0-or-later)', true],
  ['GPL-3.0-or-later OR (MIT AND ISC)', true],
  ['MIT AND GPL-3.0-only', false],
  ['MIT AND (GPL-3.0-only OR ISC)', true],
  ['GPL-2.0-only WITH Classpath-exception-2.0', false],
  ['SEE LICENSE IN LICENSE.md', false],
  ['UNLICENSED', false],
  ['MIT)', false],
  ['(MIT', false],
  ['MIT ISC', false],
  ['mit', false],
  ['', false],
]

t.test('a licence is allowed when all that it asks for is', async t => {
  for (const [expression, allowed] of EXPRESSIONS) t.equal(isAllowed(expression), allowed, expression)
})

const one = (name: string, licence = 'MIT') => ({
  name,
  version: '1.0.0',
  licence,
  path: `node_modules/${name}`,
})
const LOCK = {
  packages: {
    'node_modules/good': { version: '1.0.0' },
    'node_modules/copyleft': { version: '1.0.0' },
    'node_modules/silent': { version: '1.0.0' },
    'node_modules/tool': { version: '1.0.0', dev: true },
    'node_modules/old': { version: '0.9.0' },
  },
}

t.test('what may not be shipped is told with where it is, all at once', async t => {
  t.strictSame(findLicenceProblems([{ name: 'program', packages: [one('good')] }], LOCK), [])
  const packages = [
    one('good'),
    one('copyleft', 'AGPL-3.0-only'),
    one('silent', ''),
    one('tool'),
    one('old'),
    one('gone'),
  ]
  const problems = findLicenceProblems([{ name: 'audit', packages }], LOCK)
  t.match(problems, [
    /^copyleft 1\.0\.0: its licence, AGPL-3\.0-only, is none of 0BSD, Apache-2\.0.* \(in audit\)$/,
    /^gone 1\.0\.0 is in audit, and package-lock\.json has nothing at node_modules\/gone/,
    /^old 1\.0\.0 is in audit, and package-lock\.json has 0\.9\.0 at node_modules\/old: run npm ci$/,
    /^silent 1\.0\.0: its licence, of which it says nothing, is none of/,
    /^tool 1\.0\.0 is in audit, and package\.json wants it for development only: move it to dependencies$/,
  ])
  t.equal(problems.length, 5)
})

const licensed = (name: string, texts: readonly string[], licence = 'MIT', author = '') => ({
  ...one(name, licence),
  texts,
  author,
})

t.test('the file of licences has each text once, under the names of all that it is for', async t => {
  const notice = toNotice({
    packages: [
      licensed('a', ['Text of a', 'Notice of a']),
      licensed('b', ['Shared']),
      licensed('c', ['Shared']),
      licensed('d', [], 'Apache-2.0'),
      licensed('e', [], 'MIT', 'Somebody'),
    ],
    node: { version: '26.0.0', text: 'Text of Node' },
    apache: 'Text of Apache\n',
  })
  const parts = notice.split(`\n${'='.repeat(80)}\n\n`)
  t.strictSame(
    [...parts.slice(1, 4), parts[5]],
    [
      'a 1.0.0 (MIT)\n\nText of a\n\nNotice of a\n',
      'b 1.0.0 (MIT)\nc 1.0.0 (MIT)\n\nShared\n',
      'd 1.0.0 (Apache-2.0)\n\nText of Apache\n',
      'Node.js 26.0.0, and what it contains\n\nText of Node\n',
    ],
  )
  t.match(parts[4], /^e 1\.0\.0 \(MIT\)\n\nThe MIT License.*\n\nCopyright \(c\) Somebody\n/)
})

t.test('a package without a text that can be found is not shipped', async t => {
  for (const package_ of [licensed('a', [], 'ISC', 'Somebody'), licensed('b', [])])
    t.throws(() => toNotice({ packages: [package_], apache: '' }), { code: 'BUILD_LICENCE_MISSING' })
})
