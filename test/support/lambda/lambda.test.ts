import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import t, { type Test } from 'tap'
import { createCertificates } from '../../../shared/simulator/certificates.ts'
import { type Lambda, startLambda } from './lambda.ts'
import { readBody } from './runtime-api.ts'
import type { FunctionConfig } from './template.ts'

/** Handlers that do what a handler should not, by what their event says. */
const HANDLER = `
let calls = 0
let turns = 0
export async function handler(event, context) {
  calls += 1
  switch (event.rawPath === '/slow' ? 'hang' : event.do) {
    case 'throw': throw new TypeError('as asked')
    case 'hang': return new Promise(resolve => setTimeout(resolve, 3_600_000))
    case 'exit': process.exit(3)
    case 'fill': { const all = []; for (;;) all.push(Buffer.alloc(10_000_000, 1)) }
    case 'leave': setInterval(() => { turns += 1 }, 1); break
    case 'connect': {
      const { connect } = await import('node:net')
      await new Promise(resolve => connect(event.port, '127.0.0.1', resolve))
    }
  }
  const { awsRequestId, functionName } = context
  const left = context.getRemainingTimeInMillis()
  return { calls, turns, awsRequestId, functionName, left, env: process.env, event }
}`

const CONFIG: FunctionConfig = {
  name: 'odd',
  functionName: 'service-odd',
  handler: 'odd.handler',
  runtime: 'nodejs24.x',
  memoryMb: 256,
  timeoutMs: 10_000,
  environment: { GREETING: 'hello' },
  retries: 1,
  maximumEventAgeMs: 60_000,
  onFailure: 'a-queue',
}

async function start(
  t: Test,
  change: Partial<FunctionConfig> = {},
  integrationTimeoutMs = 20_000,
): Promise<Lambda & { readonly ca: string }> {
  const folder = t.testdir()
  await mkdir(join(folder, 'odd'))
  await writeFile(join(folder, 'odd/odd.mjs'), HANDLER)
  const certificate = await createCertificates({ hosts: ['127.0.0.1'] })
  const routes = [
    { method: 'POST', path: '/odd', functionName: 'service-odd' },
    { method: 'POST', path: '/odd/{secret}', functionName: 'service-odd' },
    { method: 'POST', path: '/slow', functionName: 'service-odd' },
  ]
  const schedules = [{ expression: 'rate(1 minute)', functionName: 'service-odd' }]
  const lambda = await startLambda(t, {
    deployment: { functions: [{ ...CONFIG, ...change }], routes, schedules },
    code: name => join(folder, name),
    certificate,
    folder,
    retryDelayMs: () => 0,
    integrationTimeoutMs,
  })
  return { ...lambda, ca: certificate.ca }
}

type Started = Awaited<ReturnType<typeof start>>

async function post({ url, ca }: Started, path: string, body: string | Buffer, headers = {}) {
  const call = request(url + path, { method: 'POST', ca, agent: false, headers }).end(body)
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  const text = await readBody(response)
  return { status: response.statusCode, body: JSON.parse(text) as Record<string, unknown> }
}

const odd = ({ functions }: Lambda) => {
  if (!functions['odd']) throw new Error('no function')
  return functions['odd']
}
const run = async (lambda: Lambda, event: object) => {
  const record = await odd(lambda).invoke(JSON.stringify(event))
  return { ...record, answer: JSON.parse(record.body) as Record<string, unknown> }
}
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 5))
}
/** `T` for a process that is stopped. */
const stateOf = (pid: number): string => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? ''

t.test('cold, then warm, with an environment of its own and a context', async t => {
  const lambda = await start(t)
  const cold = await run(lambda, {})
  const warm = await run(lambda, {})
  t.match(
    [cold, warm],
    [
      { isCold: true, answer: { calls: 1 } },
      { isCold: false, answer: { calls: 2 } },
    ],
  )
  t.equal(warm.pid, cold.pid)
  t.match(cold.answer, { awsRequestId: cold.requestId, functionName: 'service-odd' })
  t.ok(Number(cold.answer['left']) > 5000 && Number(cold.answer['left']) <= 10_000)
  const env = cold.answer['env'] as Record<string, string>
  t.match(env, { GREETING: 'hello', AWS_LAMBDA_FUNCTION_NAME: 'service-odd', AWS_REGION: 'us-east-1' })
  t.strictSame([env['HOME'], env['PATH']], [undefined, undefined], "nothing of the tester's environment")
  await odd(lambda).recycle()
  t.match(await run(lambda, {}), { isCold: true, answer: { calls: 1 } })
})

t.test('an event each, and a process more for each at the same time', async t => {
  const lambda = await start(t)
  const records = await Promise.all([run(lambda, {}), run(lambda, {}), run(lambda, {})])
  t.equal(new Set(records.map(({ pid }) => pid)).size, 3)
  t.equal(lambda.pending(), 0)
})

t.test('what is left under way is seen, and frozen', async t => {
  const lambda = await start(t)
  const port = Number(new URL(lambda.url).port)
  t.strictSame((await run(lambda, { do: 'leave' })).leftovers, ['Timeout'])
  const { pid, leftovers } = await run(lambda, { do: 'connect', port })
  t.ok(leftovers.includes(`127.0.0.1:${port}`), 'an open connection')
  await until(() => stateOf(pid ?? 0) === 'T')
  t.pass('the process is stopped between two events')
})

t.test('an error, a process that ends, and one that takes too long', async t => {
  const lambda = await start(t, { timeoutMs: 1000 })
  t.match(await run(lambda, { do: 'throw' }), {
    isError: true,
    answer: { errorType: 'TypeError', errorMessage: 'as asked' },
  })
  t.match(await run(lambda, {}), { isCold: false }, 'an error does not end the process')
  t.match(await run(lambda, { do: 'exit' }), {
    isError: true,
    answer: { errorType: 'Runtime.ExitError', errorMessage: /exit status 3/ },
  })
  const late = await run(lambda, { do: 'hang' })
  t.match(late, { isError: true, isCold: true, answer: { errorType: 'Sandbox.Timedout' } })
  t.match(await run(lambda, {}), { isCold: true, answer: { calls: 1 } })
  t.notOk(existsSync(`/proc/${late.pid}`), 'and its process is gone')
})

t.test('more memory than it has', async t => {
  const { answer } = await run(await start(t), { do: 'fill' })
  t.match(answer, { errorType: 'Runtime.ExitError', errorMessage: /signal: (killed|aborted)/ })
})

t.test('a handler that does not load', async t => {
  const lambda = await start(t, { handler: 'odd.missing' })
  t.match(await run(lambda, {}), { isError: true, body: /odd\.missing is undefined/ })
})

t.test('the endpoint that the SDK calls', async t => {
  const lambda = await start(t)
  const client = new LambdaClient({
    endpoint: lambda.invokeUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  })
  const send = async (type: 'Event' | 'RequestResponse', event: object, name = 'service-odd') =>
    client.send(
      new InvokeCommand({
        FunctionName: name,
        InvocationType: type,
        Payload: Buffer.from(JSON.stringify(event)),
      }),
    )
  const { StatusCode, Payload, FunctionError } = await send('RequestResponse', { a: 1 })
  t.equal(StatusCode, 200)
  t.equal(FunctionError, undefined)
  t.match(JSON.parse(Buffer.from(Payload ?? []).toString()), { event: { a: 1 } })
  t.match(await send('RequestResponse', { do: 'throw' }), { StatusCode: 200, FunctionError: 'Unhandled' })
  await t.rejects(send('Event', {}, 'another'), { name: 'ResourceNotFoundException' })
  await t.rejects(send('Event', { big: 'x'.repeat(300_000) }), { name: 'RequestTooLargeException' })

  const before = lambda.records.length
  t.match(await send('Event', {}), { StatusCode: 202 })
  lambda.deliverTwice()
  await send('Event', { second: true })
  await send('Event', { do: 'throw' })
  await until(() => lambda.pending() === 0)
  const events = lambda.records.slice(before)
  t.equal(events.length, 5, 'one, one twice, and one that was tried twice')
  const twice = events.filter(({ payload }) => payload.includes('second'))
  t.strictSame([twice.length, new Set(twice.map(({ requestId }) => requestId)).size], [2, 1])
  t.match(lambda.givenUp, [{ destination: 'a-queue', condition: 'RetriesExhausted', attempts: 2 }])
})

t.test('the HTTP API', async t => {
  const lambda = await start(t)
  const json = { 'content-type': 'application/json; charset=utf-8' }
  t.match(await post(lambda, '/odd?timeout=5s', '{}', { ...json, 'X-One': 'a' }), {
    status: 200,
    body: {
      event: {
        version: '2.0',
        rawPath: '/odd',
        rawQueryString: 'timeout=5s',
        headers: { 'x-one': 'a' },
        body: '{}',
        isBase64Encoded: false,
        requestContext: { http: { method: 'POST', path: '/odd' }, routeKey: 'POST /odd' },
      },
    },
  })
  t.match((await post(lambda, '/odd/s3cret', '')).body, {
    event: { pathParameters: { secret: 's3cret' }, isBase64Encoded: false },
  })
  const binary = await post(lambda, '/odd', Buffer.from([0xff]), {
    'content-type': 'application/octet-stream',
  })
  t.match(binary.body, { event: { body: '/w==', isBase64Encoded: true } })
  t.equal((await post(lambda, '/other', '')).status, 404)
  t.equal((await post(lambda, '/odd', Buffer.alloc(11_000_000, 'a'))).status, 413, 'above 10 MB')
  t.equal((await post(lambda, '/odd', Buffer.alloc(7_000_000, 'a'))).status, 413, 'above what an event holds')
})

t.test('the HTTP API, when a function fails or takes too long', async t => {
  const lambda = await start(t, { handler: 'odd.missing' })
  t.match(await post(lambda, '/odd', '{}'), { status: 500, body: { message: 'Internal Server Error' } })
  const slow = await start(t, {}, 500)
  const { status, body } = await post(slow, '/slow', '')
  t.strictSame([status, body], [503, { message: 'Service Unavailable' }])
})

t.test('the schedule', async t => {
  const lambda = await start(t)
  await lambda.tick()
  t.match(lambda.records, [{ isError: false, payload: /Scheduled Event/ }])
})
