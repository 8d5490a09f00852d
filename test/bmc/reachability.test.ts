import t from 'tap'
import { type Step, scripted } from './scripted.ts'
import { simulated } from './simulated.ts'

const REFUSED: Step = { fail: 'ECONNREFUSED', syscall: 'connect' }

t.test('unreachable since the first failure in a row, until a call gets through', async t => {
  const { bmc, clock } = scripted({
    api: [
      { status: 500 },
      { fail: 'ECONNRESET' },
      { status: 429 },
      REFUSED,
      { hang: true },
      { body: [] },
      { status: 500 },
      { status: 403 },
    ],
    timeoutMs: 1000,
  })
  const once = { maxAttempts: 1 }
  const states: (number | undefined)[] = []
  const start = clock.now()
  for (let call = 1; call <= 8; call += 1) {
    const done = bmc.listServers(once).catch(() => undefined)
    await clock.turn(1000)
    await done
    const since = bmc.unreachableSince()
    states.push(since === undefined ? undefined : since - start)
  }
  t.strictSame(states, [0, 0, undefined, 3000, 3000, undefined, 6000, undefined])
})

t.test('one success among the attempts is a success', async t => {
  const { bmc } = scripted({ api: [{ status: 500 }, { body: [] }] })
  await bmc.listServers()
  t.equal(bmc.unreachableSince(), undefined)
})

t.test('a caller that gives up proves nothing about the API', async t => {
  const { bmc, clock } = scripted({ api: [{ hang: true }] })
  const caller = new AbortController()
  const call = t.rejects(bmc.listServers({ signal: caller.signal }), { code: 'BMC_TIMEOUT' })
  await clock.turn(1)
  caller.abort()
  await call
  t.equal(bmc.unreachableSince(), undefined)
})

t.test('a deadline that a silent API outlasts does', async t => {
  const { bmc, clock } = scripted({ api: [{ hang: true }] })
  const call = t.rejects(bmc.listServers({ deadline: clock.now() + 5000 }), { code: 'BMC_TIMEOUT' })
  await clock.turn(5000)
  await call
  t.equal(bmc.unreachableSince(), clock.now())
})

t.test('an API that resets every connection is unreachable, and is found again', async t => {
  const { bmc, simulator } = await simulated(t)
  await bmc.listServers()
  simulator.faults.down()
  await t.rejects(bmc.listServers(), { code: 'BMC_UNREACHABLE' })
  t.type(bmc.unreachableSince(), 'number')
  simulator.faults.up()
  t.strictSame(await bmc.listServers(), [])
  t.equal(bmc.unreachableSince(), undefined)
})
