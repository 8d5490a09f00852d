import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import { createFunctionInvoker, readPayload, toPayloads } from '../../functions/invoker.ts'
import { createLambdaSend } from '../../functions/lambda-send.ts'
import type { ReconcileKey } from '../../shared/controllers/contract.ts'
import { inTrace } from '../../shared/trace.ts'

const LIMIT = 131_072
const longNames = (count: number): ReconcileKey[] =>
  Array.from({ length: count }, (_, i) => ({ kind: 'Node', name: `${i}`.padStart(253, 'n') }))

const names = (maxLength: number) => fc.stringMatching(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, { maxLength })

t.test('payloads hold all keys in their order, each well under the limit', async t => {
  const key = fc.oneof(
    names(253).map(name => ({ kind: 'Node' as const, name })),
    fc.constant({ kind: 'Node' } as const),
    fc.constant({ kind: 'Service' } as const),
    fc
      .tuple(names(63), names(63))
      .map(([namespace, name]) => ({ kind: 'Service' as const, namespace, name })),
  )
  fc.assert(
    fc.property(fc.array(key, { maxLength: 50 }), keys => {
      const payloads = toPayloads(keys)
      t.strictSame(
        payloads.flatMap(payload => readPayload(JSON.parse(payload)).keys),
        keys,
      )
    }),
    { numRuns: 50 },
  )
  const payloads = toPayloads(longNames(1000))
  t.equal(payloads.length, 3)
  t.ok(payloads.every(payload => Buffer.byteLength(payload) <= LIMIT))
  t.equal(toPayloads(longNames(100)).length, 1, 'few processes, each of which asks BMC for itself')
  t.equal(toPayloads([]).length, 0)
})

t.test('a payload tells who rings, also one that is full, and one that does not is understood', async t => {
  const ids = Array.from({ length: 4 }, (_, i) => `${i}`.repeat(64))
  const payloads: string[] = []
  const invoker = createFunctionInvoker(async payload => {
    payloads.push(payload)
    return 202
  })
  await inTrace({ ids }, () => invoker.invoke(longNames(1000)))
  t.equal(payloads.length, 3)
  for (const payload of payloads) {
    t.ok(Buffer.byteLength(payload) <= LIMIT)
    t.strictSame(readPayload(JSON.parse(payload)).origin, { ids })
  }
  t.strictSame(readPayload({ keys: [{ kind: 'Node' }] }), {
    keys: [{ kind: 'Node' }],
    malformed: 0,
    origin: undefined,
  })
})

t.test('one failed invocation fails all, after the others were made', async t => {
  let sent = 0
  const invoker = createFunctionInvoker(async () => {
    sent += 1
    if (sent === 1) throw new Error('throttled')
    return 202
  })
  await t.rejects(invoker.invoke(longNames(1000)), {
    code: 'INVOKE_FAILED',
    message: '1 of 3 invocations of reconcile failed',
    cause: { message: 'throttled' },
  })
  t.equal(sent, 3)
})

t.test('the SDK sends an event to the function of that name', async t => {
  const seen: { url: string | undefined; type: unknown; body: string }[] = []
  useLambda(t, await listen(t, (url, type, body) => void seen.push({ url, type, body }), 202))
  const invoker = createFunctionInvoker(createLambdaSend('prod-reconcile'))
  await invoker.invoke([{ kind: 'Node', name: 'node-a' }])
  t.strictSame(seen, [
    {
      url: '/2015-03-31/functions/prod-reconcile/invocations',
      type: 'Event',
      body: '{"keys":[{"kind":"Node","name":"node-a"}]}',
    },
  ])
})

t.test('a platform that refuses is an error', async t => {
  useLambda(t, await listen(t, () => {}, 403))
  const invoker = createFunctionInvoker(createLambdaSend('prod-reconcile'))
  await t.rejects(invoker.invoke([{ kind: 'Node' }]), { code: 'INVOKE_FAILED' })
})

type Seen = (url: string | undefined, type: unknown, body: string) => void

/** A stand-in for the platform. */
async function listen(t: Test, seen: Seen, status: number): Promise<number> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      seen(request.url, request.headers['x-amz-invocation-type'], body)
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

/** The SDK takes all it needs from the environment. */
function useLambda(t: Test, port: number): void {
  const values = {
    AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  }
  const before = { ...process.env }
  Object.assign(process.env, values)
  t.teardown(() => {
    for (const name of Object.keys(values)) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  })
}
