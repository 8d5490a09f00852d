import t from 'tap'
import { DEEDS } from '../../torture/histories/actions/all.ts'
import { FAULT_NAMES } from '../../torture/histories/actions/fault-actions.ts'
import { createActiveFaults } from '../../torture/histories/active-faults.ts'
import {
  addCoverage,
  CARRIED_OUT,
  type Coverage,
  count,
  findGaps,
  printCoverage,
} from '../../torture/histories/coverage.ts'
import { createPicks } from '../../torture/histories/picks.ts'
import { listGaps } from '../../torture/histories/run.ts'
import { tellHistory } from '../../torture/histories/tell.ts'

t.setTimeout(300_000)

/** `npm run torture` tells as many as there is time for. */
const SHARE = 20
const FIRST = 1

t.test('a share of the histories goes as it must', async t => {
  for (let seed = FIRST; seed < FIRST + SHARE; seed++) {
    const { violations, steps, skipped } = await tellHistory(seed)
    t.strictSame(violations, [], `seed ${seed}: ${steps} steps, ${skipped} without anything to do`)
  }
})

t.test('a seed tells the same history again, whatever was told before', async t => {
  const stories: string[][] = []
  const fingerprints: unknown[] = []
  for (const seed of [4, 9, 4]) {
    const lines: string[] = []
    const { fingerprint } = await tellHistory(seed, { story: line => lines.push(line), fingerprint: true })
    stories.push(lines)
    fingerprints.push(fingerprint)
  }
  t.strictSame(stories[0], stories[2])
  t.equal(fingerprints[0], fingerprints[2])
  t.not(fingerprints[0], fingerprints[1], 'another seed, another history')
})

t.test('what was carried out while what struck is counted', async t => {
  const sum: Coverage = {}
  const one: Coverage = {}
  count(one, 'create', CARRIED_OUT)
  count(one, 'create', CARRIED_OUT)
  count(one, 'create', 'cloud: 500')
  addCoverage(sum, one)
  addCoverage(sum, one)
  t.strictSame(sum, { create: { 'carried out': 4, 'cloud: 500': 2 } })
  t.strictSame(findGaps(sum, ['create', 'delete'], ['cloud: 500']), [
    'delete × carried out',
    'delete × cloud: 500',
  ])
  t.match(printCoverage(sum, ['create', 'delete'], ['cloud: 500']), /create +2\ndelete +—/)
})

t.test('of pairs that never happened the first are named, or all', async t => {
  const gaps = Array.from({ length: 42 }, (_, index) => `create × ${index}`)
  const lines = gaps.map(gap => `never: ${gap}`)
  t.strictSame(listGaps(gaps, true), lines)
  t.strictSame(listGaps(gaps, false), [...lines.slice(0, 40), 'and 2 more, which --gaps names as well'])
  t.strictSame(listGaps(gaps.slice(0, 40), false), lines.slice(0, 40))
})

t.test(
  'an action counts under a fault that strikes while or after it is carried out, and before that is over',
  async t => {
    const pairs: string[] = []
    let hits = 0
    const ends: (() => void)[] = []
    const faults = createActiveFaults((action, fault) => pairs.push(`${action} × ${fault}`))
    const agenda = { after: (_ms: number, work: () => void) => void ends.push(work), elapse: async () => {} }
    faults.note('before')
    faults.begin({ name: 'cloud: 500', hits: () => hits, end: () => {} }, agenda, 1)
    faults.note('create')
    faults.look()
    t.strictSame(pairs, [], 'nothing was struck')
    hits = 2
    faults.look()
    faults.note('delete')
    faults.look()
    t.strictSame(pairs, ['create × cloud: 500'])
    for (const end of ends) end()
    hits = 3
    faults.look()
    t.strictSame(pairs, ['create × cloud: 500'], 'it was over')
    t.equal(faults.hits, 2)
  },
)

t.test('names of actions and faults are told apart', async t => {
  const names = DEEDS.map(({ name }) => name)
  t.equal(new Set(names).size, names.length)
  t.equal(new Set(FAULT_NAMES).size, FAULT_NAMES.length)
})

t.test('choices follow from numbers, and zeros choose the simplest', async t => {
  const picks = createPicks([5, 7])
  t.equal(picks.of(['a', 'b', 'c']), 'c')
  t.equal(picks.between(10, 12), 11)
  t.equal(picks.one(['a', 'b']), 'a', 'numbers that are used up are zeros')
  t.equal(picks.percent(99), false)
  t.equal(picks.of([]), undefined)
})
