import { connect } from 'node:net'
import { createFakeNode } from '../test/support/fake-kubelet.ts'
import { type Figure, median, nodeName, type Stage, startWorker, toRequest } from './stage.ts'

const SERVERS = 1000
const CONNECTIONS = 16
const WARM_UP = 20_000
const REQUESTS = 10_000
const ROUNDS = 5

/** The review with which an API server asks about a kubelet's new node. */
export const toReview = (name: string): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: `705ab4f5-6393-11e8-b7cc-${name}`,
      kind: { group: '', version: 'v1', kind: 'Node' },
      resource: { group: '', version: 'v1', resource: 'nodes' },
      operation: 'CREATE',
      name,
      userInfo: { username: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] },
      object: createFakeNode(name),
      oldObject: null,
      dryRun: false,
      options: { apiVersion: 'meta.k8s.io/v1', kind: 'CreateOptions' },
    },
  })

/**
 * Requests per second of CPU time of the server's process, ours against a bare route: unlike requests per second, that
 * does not depend on what else the machine does. Rounds alternate; the median of their ratios is told.
 */
export async function benchAdmission({ env }: Stage): Promise<Figure[]> {
  const requests = Array.from({ length: SERVERS }, (_, index) =>
    toRequest('/admission?timeout=10s', toReview(nodeName(index))),
  )
  const ours = await startWorker('admission-worker.ts', ['ours'], env)
  const patch = await readPatch(ours.first as number, requests[0] ?? Buffer.of())
  const bare = await startWorker('admission-worker.ts', ['bare', patch], env)
  try {
    const measure = async (worker: typeof ours, count: number): Promise<number> => {
      const before = await worker.ask<number>('cpu')
      await sendAll(worker.first as number, requests, count)
      return (count * 1e6) / ((await worker.ask<number>('cpu')) - before)
    }
    await measure(ours, WARM_UP)
    await measure(bare, WARM_UP)
    const rounds: { ours: number; bare: number }[] = []
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push({ bare: await measure(bare, REQUESTS), ours: await measure(ours, REQUESTS) })
    }
    return [
      { name: 'admission', value: median(rounds.map(round => round.ours)), unit: 'requests per CPU second' },
      {
        name: 'admission, bare route',
        value: median(rounds.map(round => round.bare)),
        unit: 'requests per CPU second',
      },
      {
        name: 'admission / bare route',
        value: median(rounds.map(({ ours, bare }) => ours / bare)),
        unit: '×',
        budget: { atLeast: 0.6 },
      },
    ]
  } finally {
    ours.close()
    bare.close()
  }
}

/** Sends the requests in turn, as many at once as there are connections; a client with a parser would be slower than the server. */
async function sendAll(port: number, requests: readonly Buffer[], count: number): Promise<void> {
  let sent = 0
  const next = (): Buffer | undefined => (sent < count ? requests[sent++ % requests.length] : undefined)
  await Promise.all(Array.from({ length: CONNECTIONS }, () => converse(port, next)))
}

/** One connection: a request, its answer, the next request. Resolves with the last answer's body. */
function converse(port: number, next: () => Buffer | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let answer = ''
    const send = (): void => {
      const request = next()
      if (request) socket.write(request)
      else socket.end(() => resolve(readBody(answer) ?? ''))
    }
    socket.setEncoding('latin1').on('error', reject).on('connect', send)
    let received = ''
    socket.on('data', chunk => {
      received += chunk
      const body = readBody(received)
      if (body === undefined) return
      // Whatever is no patch would be a measurement of something else.
      if (!body.includes('"patch":"')) reject(new Error(`no patch: ${received}`))
      answer = received
      received = ''
      send()
    })
  })
}

/** Body of a response, once all of it is there. */
function readBody(response: string): string | undefined {
  const end = response.indexOf('\r\n\r\n')
  const length = /^content-length: (\d+)/im.exec(response)?.[1]
  const body = end < 0 || length === undefined ? undefined : response.slice(end + 4)
  return body?.length === Number(length) ? body : undefined
}

async function readPatch(port: number, request: Buffer): Promise<string> {
  const rest = [request]
  const answer = JSON.parse(await converse(port, () => rest.pop())) as { response: { patch: string } }
  return answer.response.patch
}
