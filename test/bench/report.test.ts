import t from 'tap'
import { toCount } from '../../bench/figure.ts'
import { findFaults, mergeReports, type Report, toSection } from '../../bench/report.ts'

const kept = toCount({ name: 'kept', unit: 'lists', budget: { atMost: 1 } }, 1)
const free = toCount({ name: 'free', unit: 'lists' }, 9)
const broken = toCount({ name: 'broken', unit: 'lists', budget: { atMost: 1 } }, 2)

t.test('what keeps no budget is found, wherever it stands', async t => {
  const sections = [toSection('one', [kept, free]), toSection('two', [free, broken])]
  t.strictSame(findFaults({ sections }), ['broken does not keep its budget'])
  t.strictSame(findFaults({ sections: sections.slice(0, 1) }), [])
})

t.test('what was skipped is a fault as well, since nobody knows its budgets', async t => {
  const section = toSection('three', { skipped: 'there is no API server' })
  t.strictSame(section, { name: 'three', figures: [], skipped: 'there is no API server' })
  t.strictSame(findFaults({ sections: [section, toSection('one', [kept, broken])] }), [
    'broken does not keep its budget',
    'three was not measured: there is no API server',
  ])
})

const MACHINE = { node: 'v26.10.0', platform: 'linux-x64', processors: 2 }
const report = (...sections: Report['sections']): Report => ({ machine: MACHINE, isFull: true, sections })

t.test('of two reports the later one counts, benchmark by benchmark', async t => {
  const [one, two, newer] = [toSection('one', [kept]), toSection('two', [free]), toSection('one', [broken])]
  t.strictSame(mergeReports([report(one, two), report(newer)]), report(newer, two))
  t.strictSame(mergeReports([report(one)]), report(one))
})

t.test('a quick run makes the whole a quick one, and another machine makes no whole', async t => {
  const quick = { ...report(), isFull: false }
  t.equal(mergeReports([report(), quick]).isFull, false)
  const other = { ...report(), machine: { ...MACHINE, processors: 64 } }
  t.throws(() => mergeReports([report(), other]), { message: /different machines/ })
  t.throws(() => mergeReports([]), { message: /no report/ })
})
