import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Violation } from '../contract.ts'
import { BODY, exchange, MAX_BODY_BYTES, RIGHT, type Stage, TOKEN, toHead } from './stage.ts'

/** Attacks that are more than one request; each tells what came back, and how often. */
type Siege = (stage: Stage) => Promise<ReadonlyMap<string, number>>

const MANY = 200

const statusOf = (text: string): string => /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 'closed'

/** Sends each of these on a connection of its own; `isWhole`: the answer must come without the end of what is sent. */
const send =
  (requests: readonly (string | Buffer)[], allowed: readonly string[]): Siege =>
  async stage => {
    const outcomes = new Map<string, number>()
    for (const bytes of requests) {
      const outcome = statusOf(await exchange(await stage.connect(), bytes))
      if (!allowed.includes(outcome)) throw new Violation(`answered ${outcome}`)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    return outcomes
  }

/** Opens many connections that say this much and no more, and lets a right request through beside them. */
const hold =
  (
    bytes: (index: number) => string | Buffer,
    how: 'connect' | 'connectBare' = 'connect',
    count = MANY,
  ): Siege =>
  async stage => {
    const sockets = await Promise.all(Array.from({ length: count }, () => stage[how]()))
    try {
      for (const [index, socket] of sockets.entries()) if (!socket.destroyed) socket.write(bytes(index))
      await stage.checkAlive()
      return countStates(sockets)
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  }

function countStates(sockets: readonly Socket[]): ReadonlyMap<string, number> {
  const closed = sockets.filter(({ destroyed }) => destroyed).length
  return new Map([
    ['held', sockets.length - closed],
    ['closed', closed],
  ])
}

/** A body in chunks whose length nobody announced. */
const inChunks = (bytes: number): string => {
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
  return `${toHead(undefined, ['transfer-encoding: chunked'])}${chunk.repeat(bytes / 65_536)}0\r\n\r\n`
}

const deep = (open: string, close: string): string => {
  const body = `${open.repeat(100_000)}${close.repeat(100_000)}`
  return toHead(body.length) + body
}

const deepReview = (): string => {
  const nested = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`
  const body = BODY.replace('"metadata":{', `"metadata":{"managedFields":${nested},`)
  return toHead(body.length) + body
}

const count = (text: string): number => text.split('"patchType"').length - 1

async function pipeline(stage: Stage): Promise<ReadonlyMap<string, number>> {
  const text = await exchange(await stage.connect(), RIGHT.repeat(MANY), text => count(text) === MANY)
  const answered = count(text)
  if (answered !== MANY) throw new Violation(`${answered} of ${MANY} requests in one go were answered`)
  return new Map([['200', answered]])
}

async function abort(stage: Stage): Promise<ReadonlyMap<string, number>> {
  for (let index = 0; index < MANY; index++) {
    const socket = await stage.connect()
    socket.write(RIGHT.slice(0, (RIGHT.length * index) / MANY))
    socket.destroy()
  }
  return new Map([['cut', MANY]])
}

const refused = (name: string): string => RIGHT.replace(`Bearer ${TOKEN}`, name)

export const SIEGES: Readonly<Record<string, Siege>> = {
  'large-body': send([toHead(MAX_BODY_BYTES + 1) + 'x'.repeat(MAX_BODY_BYTES + 1)], ['413']),
  'large-chunks': send([inChunks(4 * MAX_BODY_BYTES), inChunks(2 * MAX_BODY_BYTES)], ['413', 'closed']),
  'large-unauthenticated': send([refused('Bearer x') + 'x'.repeat(8 * MAX_BODY_BYTES)], ['401', 'closed']),
  'deep-body': send([deep('[', ']'), deep('{"a":', '}'), deep('[', ''), deepReview()], ['400', '200']),
  gzip: send([toHead(9, ['content-encoding: gzip']) + 'not gzip!', withGzip()], ['400']),
  'short-body': send([toHead(BODY.length + 10) + BODY], ['400', 'closed']),
  headers: send(
    [
      toHead(
        0,
        Array.from({ length: 3000 }, (_, index) => `h${index}: a`),
      ),
      toHead(0, [`a: ${'x'.repeat(1_000_000)}`]),
    ],
    ['431', 'closed'],
  ),
  pipeline,
  abort,
  'slow-body': hold(() => RIGHT.slice(0, -10)),
  'slow-headers': hold(() => 'POST /admission HTTP/1.1\r\nhost: a\r\n'),
  idle: hold(() => '', 'connect', 2 * MANY),
  'tls-garbage': hold(() => randomBytes(300), 'connectBare'),
  'tls-half-hello': hold(() => Buffer.from('16030102000100', 'hex'), 'connectBare'),
  'no-tls': hold(() => RIGHT, 'connectBare'),
}

function withGzip(): Buffer {
  const body = gzipSync(BODY)
  return Buffer.concat([Buffer.from(toHead(body.length, ['content-encoding: gzip'])), body])
}
