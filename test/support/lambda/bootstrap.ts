import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * The runtime of one sandbox: loads the handler as the managed Node runtime does and serves the Runtime API. Beside
 * that it says, before each answer, what the handler left under way: the platform would freeze that in the middle.
 */

const { AWS_LAMBDA_RUNTIME_API: api = '', _HANDLER: handlerName = '' } = process.env
const { LAMBDA_TASK_ROOT: root = '', AWS_LAMBDA_FUNCTION_NAME: functionName = '' } = process.env
const { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memoryLimitInMB = '' } = process.env

type Handler = (event: unknown, context: object) => Promise<unknown>

interface Answer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** No connection outlives its call, so that what is open between two calls is the handler's. */
async function call(method: string, path: string, body = '', headers = {}): Promise<Answer> {
  const [host, port] = api.split(':')
  const sent = request({ host, port, method, path: `/2018-06-01/runtime${path}`, headers, agent: false })
  sent.end(body)
  const [response] = await once(sent, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { headers: response.headers, body: Buffer.concat(chunks).toString() }
}

const toError = (thrown: unknown): string => {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  return JSON.stringify({
    errorType: error.name,
    errorMessage: error.message,
    trace: error.stack?.split('\n') ?? [],
  })
}

async function load(): Promise<Handler> {
  const dot = handlerName.lastIndexOf('.')
  const path = join(root, `${handlerName.slice(0, dot)}.mjs`)
  const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>
  const handler = module[handlerName.slice(dot + 1)]
  if (typeof handler !== 'function') throw new Error(`${handlerName} is undefined or not exported`)
  return handler as Handler
}

/** Sockets and timers that are closed go with the next turns of the event loop. */
async function findLeftovers(): Promise<string> {
  for (let turns = 0; turns < 3; turns++) await new Promise(resolve => setImmediate(resolve))
  return process.getActiveResourcesInfo().filter(isWork).sort().join(',')
}

/** What Node keeps for standard output and the like is nobody's work. */
const isWork = (name: string): boolean => !['PipeWrap', 'TTYWrap', 'FSEventWrap', 'Immediate'].includes(name)

async function serve(handler: Handler): Promise<void> {
  for (;;) {
    const { headers, body } = await call('GET', '/invocation/next')
    const awsRequestId = String(headers['lambda-runtime-aws-request-id'])
    const deadline = Number(headers['lambda-runtime-deadline-ms'])
    process.env['_X_AMZN_TRACE_ID'] = String(headers['lambda-runtime-trace-id'])
    const context = {
      awsRequestId,
      functionName,
      functionVersion: '$LATEST',
      invokedFunctionArn: String(headers['lambda-runtime-invoked-function-arn']),
      memoryLimitInMB,
      logGroupName: process.env['AWS_LAMBDA_LOG_GROUP_NAME'],
      logStreamName: process.env['AWS_LAMBDA_LOG_STREAM_NAME'],
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => deadline - Date.now(),
    }
    const answer = async (kind: string, text: string): Promise<void> => {
      const leftovers = await findLeftovers()
      await call('POST', `/invocation/${awsRequestId}/${kind}`, text, { 'emulator-leftovers': leftovers })
    }
    try {
      const result = await handler(JSON.parse(body), context)
      await answer('response', JSON.stringify(result ?? null))
    } catch (thrown) {
      await answer('error', toError(thrown))
    }
  }
}

try {
  await serve(await load())
} catch (thrown) {
  await call('POST', '/init/error', toError(thrown))
  process.exitCode = 1
}
