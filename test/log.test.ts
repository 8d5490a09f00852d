import t from 'tap'
import { CcmError } from '../shared/errors.ts'
import { createLog, type LogLevel, redact, secretForms, toLogLevel } from '../shared/log.ts'

const SECRET = 'planted-secret'

async function createBench(level: LogLevel = 'debug', secrets: string[] = [SECRET]) {
  const lines: string[] = []
  const log = await createLog({ level, secrets: () => secrets, write: line => void lines.push(line) })
  return { log, lines, parsed: () => lines.map(line => JSON.parse(line) as Record<string, unknown>) }
}

t.test('a line is one JSON object with level, time, message and fields', async t => {
  const { log, parsed, lines } = await createBench()
  log.child({ route: 'audit' }).info({ node: 'node-a', durationMs: 3 }, 'node reviewed')
  t.match(parsed()[0], { level: 'info', msg: 'node reviewed', node: 'node-a', durationMs: 3, route: 'audit' })
  t.match(parsed()[0]?.['time'], /^\d{4}-\d\d-\d\dT.*Z$/)
  t.match(lines[0], /^[^\n]+\n$/)
})

t.test('lines below the level are left out', async t => {
  const { log, parsed } = await createBench('warn')
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]({}, level)
  t.strictSame(
    parsed().map(line => line['level']),
    ['warn', 'error'],
  )
})

const PLANTED: readonly [name: string, fields: Record<string, unknown>][] = [
  ['a value', { detail: `Bearer ${SECRET}` }],
  ['a name', { [SECRET]: 1 }],
  ['a deep value', { a: { b: { c: [{ d: SECRET }] } } }],
  ['an error', { error: new Error(`401 for ${SECRET}`) }],
  [
    'the cause of a cause',
    { error: new CcmError('BMC_UNREACHABLE', 'no', { cause: new Error('x', { cause: new Error(SECRET) }) }) },
  ],
  [
    'the fields of an error',
    { error: new CcmError('BMC_UNREACHABLE', 'no', { fields: { url: `https://x/${SECRET}` } }) },
  ],
  ['a cause that is no error', { error: new Error('x', { cause: { authorization: SECRET } }) }],
]
for (const [name, fields] of PLANTED) {
  t.test(`a secret is cut out of ${name}`, async t => {
    const { log, lines } = await createBench()
    log.error(fields, 'failed')
    log.child(fields).error({}, 'failed')
    t.equal(lines.length, 2)
    t.notOk(lines.join('').includes(SECRET))
    t.ok(lines.every(line => line.includes('[redacted]')))
  })
}

t.test('a secret is cut out of the message, also as it reads in JSON', async t => {
  const { log, lines } = await createBench('debug', ['with "quotes" inside'])
  log.info({ detail: 'with "quotes" inside' }, 'with "quotes" inside')
  t.notOk(lines.join('').includes('quotes'))
})

t.test('fields that hold secrets are known by their names, whatever they hold', async t => {
  const { log, lines } = await createBench('debug', [])
  for (const name of ['authorization', 'clientSecret', 'access_token', 'token', 'password', 'webhookToken']) {
    log.info({ [name]: SECRET, a: { [name]: SECRET }, b: { c: { [name]: SECRET } } }, name)
  }
  t.notOk(lines.join('').includes(SECRET))
})

t.test('hiding a field leaves a line of JSON, whatever its value', async t => {
  const { log, parsed } = await createBench('debug', [])
  const error = new CcmError('BMC_UNREACHABLE', 'no', { fields: { deep: { token: SECRET } } })
  log.info({ token: 'with "quotes", {braces} and \\', after: 1, error }, 'text')
  for (const token of ['', 7, true, null]) log.info({ token, after: 1 }, 'scalar')
  const hidden = { token: '[redacted]', after: 1 }
  t.match(parsed()[0], { ...hidden, error: { fields: { deep: { token: '[redacted]' } } }, msg: 'text' })
  for (const line of parsed().slice(1)) t.match(line, { ...hidden, msg: 'scalar' })
})

t.test('secrets that rotate are cut out from then on', async t => {
  const secrets = [SECRET]
  const { log, lines } = await createBench('debug', secrets)
  secrets.push('second-secret')
  log.info({ a: SECRET, b: 'second-secret' }, 'both')
  t.match(lines[0], /"a":"\[redacted\]","b":"\[redacted\]"/)
})

t.test('an error of ours shows code and fields, another one its stack', async t => {
  const { log, parsed } = await createBench()
  log.warn({ error: new CcmError('KUBE_CONFLICT', 'changed', { fields: { node: 'a' } }) }, 'failed')
  log.warn({ error: new TypeError('x') }, 'failed')
  t.strictSame(parsed()[0]?.['error'], { message: 'changed', code: 'KUBE_CONFLICT', fields: { node: 'a' } })
  t.match(parsed()[1]?.['error'], { message: 'x', stack: /^TypeError: x\n/ })
})

t.test('short values are left: they would cut words apart', async t => {
  t.equal(redact('a cat sat', ['cat', '']), 'a cat sat')
  t.equal(redact('secret1 and secret1', ['secret1']), '[redacted] and [redacted]')
})

t.test('a secret has the forms in which URLs, forms and encoders hold it, each once', async t => {
  t.strictSame(secretForms('abcdef'), ['abcdef', '616263646566', 'YWJjZGVm', 'FiY2RlZ', 'hYmNkZW'])
  t.strictSame(secretForms('p@ss w*rd/(1)').slice(0, 3), [
    'p@ss w*rd/(1)',
    'p%40ss%20w*rd%2F(1)',
    'p%40ss+w*rd%2F%281%29',
  ])
  t.equal(new Set(secretForms('half a pair \ud800')).size, secretForms('half a pair \ud800').length)
  const secret = 'p@ss>w?rd/(1)~~~'
  for (const before of ['', 'u', 'us', 'use', 'user:'])
    for (const encoding of ['base64', 'base64url', 'hex'] as const) {
      const text = Buffer.from(`${before}${secret}&more`).toString(encoding)
      t.match(redact(text, secretForms(secret)), '[redacted]', `${encoding} behind '${before}'`)
    }
})

t.test('a line moves no cursor, and says the same to a program', async t => {
  const { log, lines, parsed } = await createBench()
  const node = 'a\u001b[2J\u009b2J\u2028b\u202ec\u061cd\u007f'
  log.info({ node }, 'seen')
  t.notMatch(lines[0]?.trimEnd(), /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u)
  t.equal(parsed()[0]?.['node'], node)
})

t.test('no line is as long as what somebody sent', async t => {
  const { log, lines, parsed } = await createBench()
  log.warn({ node: 'x'.repeat(1_000_000), service: 'shop/web' }, 'long')
  log.warn({ many: Array.from({ length: 90 }, () => 'y'.repeat(900)), code: 'CCM_INTERNAL' }, 'many')
  for (const line of lines) t.ok(line.length <= 16_384)
  t.match(parsed()[0], { service: 'shop/web', node: /^x{1000}…$/, msg: 'long' })
  t.match(parsed()[1], { level: 'warn', msg: 'many', code: 'CCM_INTERNAL', cut: Number })
})

t.test("klog's verbosity means what it means elsewhere", async t => {
  const levels = Array.from({ length: 11 }, (_, v) => toLogLevel(v))
  t.strictSame(levels, [...Array(3).fill('info'), ...Array(3).fill('debug'), ...Array(5).fill('trace')])
})
