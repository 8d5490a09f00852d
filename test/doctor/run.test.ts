import t from 'tap'
import { toDoctorText } from '../../functions/terminal/doctor-text.ts'
import { PLAIN, toOutLook } from '../../functions/terminal/look.ts'
import { CHECKS } from '../../shared/doctor/checks.ts'
import { type Check, fail, ok, toAge, toNames, unknown, warn } from '../../shared/doctor/contract.ts'
import type { Facts } from '../../shared/doctor/facts.ts'
import { hasFailed, toDoctorJson } from '../../shared/doctor/report.ts'
import { runChecks } from '../../shared/doctor/run.ts'
import { CcmError } from '../../shared/errors.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'

/** No check here asks for any. */
const FACTS = {} as Facts

const toCheck = (code: string, run: Check['run']): Check => ({ code, doc: code, action: `do ${code}`, run })

t.test('one that throws or hangs stops no other', async t => {
  const clock = createTurnableClock()
  const checks = [
    toCheck('hangs', () => new Promise(() => undefined)),
    toCheck('throws', async () => {
      throw new TypeError('oh')
    }),
    toCheck('throws-at-once', () => {
      throw new CcmError('BMC_RATE_LIMITED', 'slowly')
    }),
    toCheck('forbidden', async () => {
      throw new CcmError('KUBE_FORBIDDEN', 'no')
    }),
    toCheck('depends', async () => {
      throw new CcmError('KUBE_UNREACHABLE', 'long and told elsewhere')
    }),
    toCheck('fine', async () => ok('good')),
    toCheck('warns', async () => warn('hm', 'do this')),
    toCheck('fails', async () => fail('bad')),
    ...Array.from({ length: 20 }, (_, index) => toCheck(`more-${index}`, async () => ok('good'))),
  ]
  const running = runChecks(checks, FACTS, { clock, timeoutMs: 5000 })
  const done = new AbortController()
  void running.finally(() => done.abort())
  while (!done.signal.aborted) {
    await clock.turn(5000)
    await new Promise(resolve => setImmediate(resolve))
  }
  const results = await running
  t.match(results.slice(0, 8), [
    { code: 'hangs', status: 'unknown', fact: 'no answer within 5 s', action: 'do hangs' },
    { code: 'throws', status: 'unknown', fact: 'an unforeseen failure: oh' },
    { code: 'throws-at-once', status: 'unknown', fact: 'BMC_RATE_LIMITED: slowly' },
    { code: 'forbidden', status: 'unknown', action: /administrator/ },
    {
      code: 'depends',
      status: 'unknown',
      fact: 'KUBE_UNREACHABLE',
      action: 'See the check cluster-version.',
    },
    { code: 'fine', status: 'ok', action: undefined },
    { code: 'warns', status: 'warn', action: 'do this' },
    { code: 'fails', status: 'fail', action: 'do fails' },
  ])
  t.equal(results.length, checks.length)
})

t.test('the report has a line for each, and what to do', async t => {
  const results = [
    { code: 'one', ...ok('good') },
    { code: 'another', ...fail('bad\n  in two lines'), action: 'Do something.' },
  ]
  t.strictSame(toDoctorText(results, PLAIN).split('\n'), [
    'ok       one      good',
    'fail     another  bad in two lines',
    '                  → Do something.',
    '1 ok, 0 warn, 1 fail, 0 unknown',
    '',
  ])
  t.match(JSON.parse(toDoctorJson(results)), { ok: false, counts: { ok: 1, fail: 1 }, checks: [{}, {}] })
  t.notOk(hasFailed([{ code: 'one', ...warn('hm') }]), 'a warning fails nothing')
})

t.test('on a terminal it is wrapped below itself, and coloured', async t => {
  const results = [
    { code: 'one', ...fail('a fact that takes more than a line'), action: 'Do something about it, now.' },
  ]
  const look = toOutLook({ env: { FORCE_COLOR: '1' }, outTerminal: true, columns: 44 })
  t.strictSame(toDoctorText(results, look).split('\n').slice(0, 4), [
    '\u001b[31mfail   \u001b[39m  one  a fact that takes more than a',
    '              line',
    '         → Do something about it, now.',
    '\u001b[1m0 ok, 0 warn, 1 fail, 0 unknown\u001b[22m',
  ])
})

t.test('it is told what is waited for', async t => {
  const told: [running: readonly string[], done: number][] = []
  const checks = ['one', 'two'].map(code => toCheck(code, async () => ok('good')))
  const tell = (running: readonly string[], done: number) => void told.push([running, done])
  await runChecks(checks, FACTS, { clock: createTurnableClock(), timeoutMs: 1000, tell })
  t.strictSame(told, [
    [['one'], 0],
    [['one', 'two'], 0],
    [['two'], 1],
    [[], 2],
  ])
})

t.test('of what has to be known, not to know it fails', async t => {
  const who = async (needed: Partial<Check>): Promise<boolean> => {
    const check = { ...toCheck('one', async () => unknown('nobody may list Pods')), ...needed }
    const results = await runChecks([check], FACTS, { clock: createTurnableClock(), timeoutMs: 1000 })
    t.match(JSON.parse(toDoctorJson(results)), { ok: !hasFailed(results), checks: [{ status: 'unknown' }] })
    return hasFailed(results)
  }
  t.notOk(await who({}))
  t.ok(await who({ needed: true }))
  t.strictSame(
    CHECKS.filter(({ needed }) => needed).map(({ code }) => code),
    ['go-program'],
  )
})

t.test('what others wrote neither moves the cursor nor ends the line', async t => {
  const evil = fail('go\u001b[2K\u001b[1G\rok      all good')
  const text = toDoctorText([{ code: 'one', ...evil, action: 'ask\u009b2J \u202ethem' }], PLAIN)
  t.strictSame(text.split('\n').slice(0, 2), [
    'fail     one  go[2K[1G ok      all good',
    '              → ask2J them',
  ])
})

t.test('names and ages are short', async t => {
  t.equal(toNames(['a', 'b']), 'a, b')
  t.equal(toNames(['a', 'b', 'c', 'd', 'e', 'f', 'g']), 'a, b, c, d, e and 2 more')
  t.strictSame([1499, 90_000, 180_000, 7_200_000, 864_000_000].map(toAge), ['1s', '90s', '3m', '2h', '10d'])
})
