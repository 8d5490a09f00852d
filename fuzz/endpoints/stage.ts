import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { NO_LIMITS } from '../../functions/overload-plan.ts'
import { type Serving, startServing } from '../../functions/serving.ts'
import { createCertificates } from '../../shared/certificates.ts'
import { systemClock } from '../../shared/clock.ts'
import { CcmError } from '../../shared/errors.ts'
import { createLog } from '../../shared/log.ts'
import { createBackstage } from '../backstage.ts'
import { Violation } from '../contract.ts'

export const TOKEN = 'token-of-the-fuzzing'
export const MAX_BODY_BYTES = 1_048_576
/** A server that needs longer for a request of a few bytes is not answering. */
const ANSWER_MS = 15_000
const MAX_LINE = 16_384

/** A real server over TLS, between a cluster and a cloud in memory. */
export interface Stage {
  readonly port: number
  /** Opens a TLS connection. */
  connect(): Promise<Socket>
  /** Opens a connection without TLS. */
  connectBare(): Promise<Socket>
  /** @throws Violation unless a right review gets its patch */
  checkAlive(): Promise<void>
  /** Log lines that say that something was not foreseen. */
  readonly unforeseen: readonly string[]
  close(): Promise<void>
}

const REVIEW = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'review-1',
    resource: { group: '', version: 'v1', resource: 'services' },
    operation: 'CREATE',
    namespace: 'shop',
    name: 'web',
    dryRun: true,
    object: { metadata: { name: 'web', namespace: 'shop' }, spec: { type: 'LoadBalancer' } },
  },
})

/** A right request, to be followed by `body`. */
export const toHead = (length: number | undefined, more: readonly string[] = []): string =>
  [
    'POST /admission?timeout=10s HTTP/1.1',
    'host: a',
    `authorization: Bearer ${TOKEN}`,
    'content-type: application/json',
    ...(length === undefined ? [] : [`content-length: ${length}`]),
    ...more,
    '',
    '',
  ].join('\r\n')

export const RIGHT = toHead(REVIEW.length) + REVIEW
export const BODY = REVIEW

export async function createStage(): Promise<Stage> {
  const unforeseen: string[] = []
  const write = (line: string): void => {
    if (line.includes('CCM_INTERNAL') || line.length > MAX_LINE) unforeseen.push(line.slice(0, 500))
  }
  const log = await createLog({ level: 'info', write })
  const { cert, key } = await createCertificates({ hosts: ['127.0.0.1'] })
  const files = { cert, key }
  const serving: Serving = await startServing({
    app: {
      controllers: {
        ...createBackstage('kube-vip', log),
        resync: async () => Promise.reject(new CcmError('KUBE_UNREACHABLE', 'no passes here')),
      },
      kube: { request: async () => ({}) },
      close: () => {},
    },
    log,
    clock: systemClock,
    random: Math.random,
    listen: { host: '127.0.0.1', port: 0 },
    tls: { files, read: async () => files },
    tokens: () => [TOKEN],
    resyncIntervalMs: 3_600_000,
    maxBodyBytes: MAX_BODY_BYTES,
    shutdownGraceMs: 1000,
    limits: NO_LIMITS,
  })
  const { port } = serving

  const connect = (): Promise<Socket> =>
    open(connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }), 'secureConnect')

  async function checkAlive(): Promise<void> {
    const socket = await connect()
    const text = await exchange(socket, RIGHT, isAnswered)
    if (!text.startsWith('HTTP/1.1 200 ') || !text.includes('"patchType":"JSONPatch"'))
      throw new Violation(`a right request was answered: ${text.slice(0, 300) || 'nothing'}`)
  }

  return {
    port,
    connect,
    connectBare: () => open(connectTcp({ host: '127.0.0.1', port }), 'connect'),
    checkAlive,
    unforeseen,
    close: () => serving.close(),
  }
}

async function open(socket: Socket, event: string): Promise<Socket> {
  // Whatever becomes of it is told by what it receives.
  socket.on('error', () => {})
  await new Promise<void>(resolve => {
    socket.once(event, () => resolve())
    socket.once('close', () => resolve())
  })
  return socket
}

/**
 * Sends bytes and returns what comes back.
 *
 * @param isEnough when the answer is complete; by default nothing more is sent, and it is complete when the server ends it
 */
export function exchange(
  socket: Socket,
  bytes: string | Buffer,
  isEnough?: (text: string) => boolean,
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let text = ''
  const done = (): void => {
    clearTimeout(limit)
    socket.destroy()
    resolve(text)
  }
  const limit = setTimeout(done, ANSWER_MS)
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
    if (isEnough?.(text)) done()
  })
  socket.on('close', done)
  if (socket.destroyed) done()
  else if (isEnough) socket.write(bytes)
  else socket.end(bytes)
  return promise
}

/** One whole answer: the head, and as many bytes as it announces. */
function isAnswered(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1]
  return end >= 0 && length !== undefined && text.length >= end + 4 + Number(length)
}
