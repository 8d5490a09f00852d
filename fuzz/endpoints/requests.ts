import * as fc from 'fast-check'
import { Violation } from '../contract.ts'
import { damaged } from '../mutate.ts'
import { BODY, exchange, MAX_BODY_BYTES, type Stage, TOKEN } from './stage.ts'

/** Bytes of one request, put together from right and wrong parts. */

const methods = fc.constantFrom(
  'POST',
  'POST',
  'POST',
  'GET',
  'HEAD',
  'PUT',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PRI',
  'post',
  'QUERY',
  'X'.repeat(300),
)
const paths = fc.constantFrom(
  '/admission',
  '/admission?timeout=10s',
  '/audit',
  '/healthz',
  '/readyz',
  '/',
  '*',
  'a:443',
  '/admission/%2e%2e%2f',
  '/admission/..',
  '/admission/%zz',
  '/admission/%00',
  '/admission/%F0%9F%98%80',
  '/admission//',
  '//audit',
  '/audit/',
  '/AUDIT',
  '/audit%2f',
  '/audit;a=b',
  '/audit#a',
  'http://other/audit',
  `/admission/${'a'.repeat(500)}`,
  `/admission/${'a'.repeat(9000)}`,
  `/${'a/'.repeat(4000)}`,
  `/audit?${'a=b&'.repeat(3000)}`,
  '/admission?timeout[]=1&timeout[]=2&__proto__[polluted]=1',
  '/admission?timeout=0s',
  `/admission?timeout=${'9'.repeat(9000)}`,
  '/admission\tx',
  '/admission x',
  '/\u00e4',
)
const versions = fc.constantFrom(
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/0.9',
  'HTTP/2.0',
  'HTTP/9.9',
  'http/1.1',
  'HTTP/1.1.1',
  '',
)
const headers = fc.constantFrom(
  'host: a',
  'host: b',
  'host:',
  `authorization: Bearer ${TOKEN}`,
  `authorization: Bearer ${TOKEN}`,
  'authorization: Bearer wrong-token-of-somebody',
  `authorization: Bearer ${'x'.repeat(9000)}`,
  `authorization: ${'Bearer '.repeat(900)}`,
  'authorization: Basic \u00ff\u00fe',
  'content-type: application/json',
  'content-type: multipart/form-data; boundary=a',
  `content-type: ${'a/'.repeat(2000)}`,
  'content-type: \u0001',
  'content-encoding: gzip',
  'content-encoding: br, br, br',
  'expect: 100-continue',
  'expect: nothing',
  'upgrade: websocket\r\nconnection: upgrade',
  'upgrade: h2c\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABkAAQAoAAAAAIAAAAA',
  'connection: close',
  'connection: keep-alive, close, te',
  'te: trailers',
  'trailer: authorization',
  'x-forwarded-for: 1.2.3.4',
  '__proto__: polluted',
  'constructor: a',
  ' folded: a',
  'a : b',
  ': b',
  'no colon',
  'a: \u0000',
  'a: b\nc: d',
  `a: ${'x'.repeat(20_000)}`,
  ...Array.from({ length: 3 }, (_, index) => `b${index}: ${'y'.repeat(4000)}`),
)
const framings = fc.constantFrom(
  `content-length: ${BODY.length}`,
  `content-length: ${BODY.length}`,
  'content-length: 5',
  'content-length: 0',
  'content-length: -1',
  'content-length: +5',
  'content-length: 0x10',
  'content-length: 5, 6',
  'content-length: 5\r\ncontent-length: 6',
  'content-length: 99999999999999999999',
  `content-length: ${MAX_BODY_BYTES + 1}`,
  'content-length: ５',
  'transfer-encoding: chunked',
  'transfer-encoding: chunked\r\ncontent-length: 5',
  'transfer-encoding: gzip, chunked',
  'transfer-encoding: chunked, identity',
  'transfer-encoding: xchunked',
  'transfer-encoding:\u000bchunked',
  '',
)
const bodies = fc.constantFrom(
  BODY,
  '',
  'x',
  '{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[]}',
  `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
  '5\r\nhello\r\n0\r\nauthorization: Bearer x\r\n\r\n',
  'ffffffffffffffff\r\nhello',
  '-5\r\nhello\r\n0\r\n\r\n',
  `5;${'a=b;'.repeat(3000)}\r\nhello\r\n0\r\n\r\n`,
  `0\r\n${'a: b\r\n'.repeat(3000)}\r\n`,
  '\u001f\u008b\u0008\u0000\u0000',
  'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(20),
)

/** The right value half of the time: of a request that is wrong in all its parts only the first is looked at. */
const mostly = <T>(right: T, others: fc.Arbitrary<T>): fc.Arbitrary<T> => fc.oneof(fc.constant(right), others)

export const rawRequests: fc.Arbitrary<string> = damaged(
  fc
    .tuple(
      mostly('POST', methods),
      mostly('/admission', paths),
      mostly('HTTP/1.1', versions),
      mostly([], fc.array(headers, { maxLength: 4 })).map(some => [
        'host: a',
        `authorization: Bearer ${TOKEN}`,
        ...some,
      ]),
      mostly(`content-length: ${BODY.length}`, framings),
      mostly(BODY, bodies),
    )
    .map(([method, path, version, some, framing, body]) =>
      [`${method} ${path} ${version}`, ...some, ...(framing === '' ? [] : [framing]), '', body].join('\r\n'),
    ),
)

/** @throws Violation for an answer that blames the server for what the caller sent */
export async function attemptRaw(stage: Stage, bytes: string): Promise<string> {
  const text = await exchange(await stage.connect(), Buffer.from(bytes, 'latin1'))
  const statuses = [...text.matchAll(/(?:^|\n)HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
  const wrong = statuses.find(status => status >= 500 && status !== 505)
  if (wrong !== undefined) throw new Violation(`answered ${wrong}: ${text.slice(0, 400)}`)
  if (text !== '' && statuses.length === 0) throw new Violation(`answered no HTTP: ${text.slice(0, 200)}`)
  return String(statuses.find(status => status !== 100) ?? 'closed')
}
