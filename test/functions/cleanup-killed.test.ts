import t from 'tap'
import { createDeath, createLeftbehind, leaveBlocks, OTHERS, toOthers } from './_cleanup.ts'

/** The changes that giving back takes; nothing else may be sent. */
const CHANGES = /^(?:PUT .*\/tags|DELETE .*|POST \/tag-manager\/v1\/tags|POST .*token)$/

t.test('killed at any request, the next run gives back what is left', async t => {
  const whole = await createLeftbehind(t)
  leaveBlocks(whole)
  const alive = createDeath()
  t.equal((await whole.cleanUp({ fetch: alive.fetch })).code, 0)
  t.ok(alive.sent.length > 15 && alive.sent.length < 80, `${alive.sent.length} requests`)
  for (const [request, what] of alive.sent.entries()) {
    const where = `killed after ${what} (request ${request})`
    await t.test(where, async t => {
      const left = await createLeftbehind(t)
      leaveBlocks(left)
      const others = toOthers(left)
      const death = createDeath(request)
      const life = left.cleanUp({ fetch: death.fetch })
      t.equal(await Promise.race([death.died, life]), what)
      const { code, report } = await left.cleanUp()
      t.equal(code, 0)
      t.strictSame(report.failures, [])
      t.strictSame(left.ids(), OTHERS)
      t.strictSame(toOthers(left), others)
      const sent = left.bmc.requests.entries.map(({ method, path }) => `${method} ${path}`)
      t.strictSame(
        sent.filter(one => !one.startsWith('GET') && !CHANGES.test(one)),
        [],
      )
    })
  }
})
