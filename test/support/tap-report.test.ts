import t from 'tap'
import { conclude, createTapReport } from './tap-report.ts'

/** Two files in tap's output: one with a failure two levels down, one that could not be loaded. */
const OUTPUT = `TAP version 14
# Subtest: test/a.test.ts
    # Subtest: outer
        ok 1 - fine
        # Subtest: inner
            not ok 1 - one is two
              ---
              diff: |
                -2
                +1
              ...
            
            1..1
        not ok 2 - inner # time=3.1ms
          ---
          at:
            lineNumber: 2
          ...
        
        not ok 3 - later # TODO
        # { total: 9, pass: 9 }
        1..3
    not ok 1 - outer # time=9ms
    
    1..1
not ok 1 - test/a.test.ts # time=12.6ms
  ---
  exitCode: 1
  ...

# Subtest: test/b.test.ts
    1..0 # no tests found
not ok 2 - test/b.test.ts
  ---
  exitCode: 7
  ...

ok 3 - test/c.test.ts # time=1ms
ok 4 - test/d.test.ts # SKIP needs a cluster
1..4
# { total: 7, pass: 2, fail: 3, todo: 1, skip: 1 }
# time=1341.336ms
`

t.test("a report of tap's output", async t => {
  const report = createTapReport()
  const shown = OUTPUT.split('\n').flatMap(line => report.add(line) ?? [])
  t.same(shown, [
    'FAIL test/a.test.ts (13 ms)',
    'FAIL test/b.test.ts',
    ' ok  test/c.test.ts (1 ms)',
    'skip test/d.test.ts',
  ])
  t.same(report.failures(), [
    'test/a.test.ts > outer > inner > one is two\n  diff: |\n    -2\n    +1',
    'test/b.test.ts\n  exitCode: 7',
  ])
  t.same(report.counts(), { pass: 2, fail: 3, skip: 2 })
})

t.test('no summary, no counts', async t => {
  const report = createTapReport()
  report.add('not ok 1 - # { total: 12, pass: 12 }')
  t.equal(report.counts(), undefined)
})

const CONCLUSIONS = [
  { counts: { pass: 3, fail: 0, skip: 0 }, tap: 0, line: '3 passed, 0 failed', code: 0 },
  { counts: { pass: 3, fail: 0, skip: 2 }, tap: 0, line: '3 passed, 0 failed, 2 skipped', code: 0 },
  { counts: { pass: 3, fail: 1, skip: 0 }, tap: 1, line: '3 passed, 1 failed', code: 1 },
  { counts: { pass: 3, fail: 1, skip: 0 }, tap: 0, line: '3 passed, 1 failed', code: 1 },
  { counts: { pass: 0, fail: 0, skip: 5 }, tap: 0, line: '0 passed, 0 failed, 5 skipped', code: 1 },
  { counts: { pass: 3, fail: 0, skip: 0 }, tap: 1, line: '3 passed, 0 failed', code: 1 },
  { counts: undefined, tap: 0, line: 'no result: tap ended with 0', code: 1 },
]
for (const { counts, tap, line, code } of CONCLUSIONS)
  t.test(`${JSON.stringify(counts)} and tap's ${tap}`, async t => {
    t.same(conclude(counts, tap), { line, code })
  })
