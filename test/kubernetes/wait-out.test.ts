import t from 'tap'
import { CcmError } from '../../shared/errors.ts'
import { waitOut } from '../../shared/kubernetes/wait-out.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { connect, json, startApiServer } from './_api-server.ts'

const NODE = '/api/v1/nodes/a'
const refusal = (retryAfterMs?: number): CcmError =>
  new CcmError('KUBE_RATE_LIMITED', 'too many requests', {
    fields: { status: 429, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  })

/** What becomes of work that fails with these errors, one after the other, and then succeeds. */
function play(errors: readonly Error[], random = 0) {
  const clock = createTurnableClock()
  const start = clock.now()
  const tries: number[] = []
  const end = new AbortController()
  const send = async (): Promise<string> => {
    tries.push(clock.now() - start)
    const error = errors[tries.length - 1]
    if (error) throw error
    return 'done'
  }
  return { result: waitOut(send, { clock, random: () => random }, end.signal), clock, tries, end }
}

t.test('comes again when it was told to, and a little later by chance', async t => {
  const { result, clock, tries } = play([refusal(1000), refusal(2000)], 0.5)
  await clock.turn(10_000)
  t.equal(await result, 'done')
  t.strictSame(tries, [0, 1250, 3750])
})

t.test('gives up after some tries', async t => {
  const { result, clock, tries } = play(Array.from({ length: 20 }, () => refusal(1000)))
  const refused = t.rejects(result, { code: 'KUBE_RATE_LIMITED' })
  await clock.turn(60_000)
  await refused
  t.equal(tries.length, 6)
})

for (const [what, error] of [
  ['no time to come again', refusal()],
  ['a long time', refusal(30_000)],
  ['another refusal', new CcmError('KUBE_SERVER_ERROR', 'x', { fields: { retryAfterMs: 1000 } })],
  ['any other failure', new TypeError('x')],
] as const)
  t.test(`${what} is not waited out`, async t => {
    const { result, tries } = play([error])
    t.equal(await result.catch((caught: unknown) => caught), error)
    t.equal(tries.length, 1)
  })

t.test('is told to end while it waits: the refusal is what is told', async t => {
  const { result, end, tries } = play([refusal(1000)])
  const refused = t.rejects(result, { code: 'KUBE_RATE_LIMITED' })
  await new Promise(resolve => setImmediate(resolve))
  end.abort()
  await refused
  t.equal(tries.length, 1)
})

t.test('a write that was refused is sent again', async t => {
  const server = await startApiServer(
    t,
    (_request, response) => {
      response.writeHead(429, { 'retry-after': '1' }).end()
    },
    json({ a: 1 }),
  )
  const kube = await connect(t, server)
  const { body } = await kube.request({ method: 'PATCH', path: NODE, patch: 'merge', body: {} })
  t.strictSame(body, { a: 1 })
  t.equal(server.received.length, 2)
})
