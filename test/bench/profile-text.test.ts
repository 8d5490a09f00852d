import t from 'tap'
import { type CpuProfile, toShares, toSharesText } from '../../bench/profile-text.ts'

const FRAMES = [
  ['(idle)', ''],
  ['(garbage collector)', ''],
  ['writeUtf8String', ''],
  ['emit', 'node:events'],
  ['send', 'file:///somewhere/node_modules/fastify/lib/reply.js'],
  ['get', 'file:///somewhere/node_modules/@scope/name/index.js'],
  ['judge', 'file:///somewhere/functions/admission.ts'],
] as const

/** Each sample takes so long; times before the half of all do not count. */
function profile(samples: readonly (readonly [id: number, ms: number])[]): CpuProfile {
  const all = [...samples]
  return {
    nodes: FRAMES.map(([functionName, url], id) => ({ id, callFrame: { functionName, url } })),
    samples: all.map(([id]) => id),
    timeDeltas: [0, ...all.map(([, ms]) => ms * 1000)],
  }
}

t.test('time is told by whom it was spent, without idling and without the first half', async t => {
  const shares = toShares(
    profile([
      [6, 1000],
      [2, 100],
      [4, 300],
      [0, 400],
      [1, 50],
      [3, 50],
      [5, 100],
    ]),
  )
  t.strictSame(shares, [
    { part: 'fastify', percent: 50 },
    { part: 'Node: system calls and the engine', percent: (100 * 100) / 600 },
    { part: '@scope/name', percent: (100 * 100) / 600 },
    { part: 'collecting garbage', percent: (100 * 50) / 600 },
    { part: 'Node: its libraries', percent: (100 * 50) / 600 },
  ])
})

t.test('files of ours are told one by one', async t => {
  t.strictSame(
    toShares(
      profile([
        [0, 10],
        [6, 10],
      ]),
    ),
    [{ part: 'functions/admission.ts', percent: 100 }],
  )
})

t.test('what is small is told together', async t => {
  const shares = [
    { part: 'a', percent: 90 },
    { part: 'b', percent: 6 },
    { part: 'c', percent: 4 },
  ]
  t.strictSame(toSharesText(shares, 10).split('\n').slice(2), ['| a | 90.0 % |', '| 2 others | 10.0 % |'])
})
