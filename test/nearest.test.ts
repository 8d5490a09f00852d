import t from 'tap'
import { findNearest } from '../shared/nearest.ts'

const NAMES = ['serve', 'resync', 'register', 'unregister', 'doctor', 'dry-run', 'version', 'migrate', 'demo']

const CASES: readonly [text: string, nearest: string | undefined][] = [
  ['resyc', 'resync'],
  ['rseync', 'resync'],
  ['RESYNC'.toLowerCase(), 'resync'],
  ['registr', 'register'],
  ['unregistre', 'unregister'],
  ['doc', 'doctor'],
  ['mig', 'migrate'],
  ['dryrun', 'dry-run'],
  ['serv', 'serve'],
  ['deom', 'demo'],
  ['demon', 'demo'],
  ['delete', undefined],
  ['', undefined],
  ['x', undefined],
  ['kubectl', undefined],
]

t.test('what somebody most likely meant', async t => {
  t.strictSame(
    CASES.map(([text]) => [text, findNearest(text, NAMES)]),
    CASES,
  )
})
