import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { readBody, sendLoad } from '../../bench/load.ts'

for (const [response, body] of [
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'ok'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok', undefined],
  ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n', undefined],
] as const)
  t.test(JSON.stringify(response), async t => t.equal(readBody(Buffer.from(response))?.toString(), body))

async function serve(t: Test, answer: (body: string) => string): Promise<number> {
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('latin1').on('data', chunk => (text += chunk))
    request.on('end', () => response.end(answer(text)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

const toCall = (body: string): Buffer =>
  Buffer.from(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`)

t.test('every request is sent once, in turn, and timed', async t => {
  const seen: string[] = []
  const port = await serve(t, body => {
    seen.push(body)
    return `good ${body}`
  })
  const requests = ['a', 'b', 'c'].map(toCall)
  const { times, seconds } = await sendLoad({ port, requests, connections: 2, count: 7, expected: 'good' })
  t.strictSame(seen.toSorted(), ['a', 'a', 'a', 'b', 'b', 'c', 'c'])
  t.equal(times.length, 7)
  t.ok(times.every(ms => ms > 0))
  t.ok(seconds > 0)
})

t.test('another answer is no measurement', async t => {
  const port = await serve(t, () => 'let through')
  const load = { port, requests: [toCall('a')], connections: 1, count: 1, expected: 'patch' }
  await t.rejects(sendLoad(load), { message: /let through/ })
})
