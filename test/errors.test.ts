import t from 'tap'
import { CcmError, ERRORS, type ErrorCode, type ErrorEntry, hasCode } from '../shared/errors.ts'

const codes = Object.keys(ERRORS) as ErrorCode[]

t.test('every code names its side, and says in a sentence what to do', async t => {
  for (const code of codes) {
    const { action, status }: ErrorEntry = ERRORS[code]
    t.match(code, /^(BMC|CCM|KUBE|SECRET|WEBHOOK|STATUS|INVOKE|TELEMETRY)_[A-Z_]+$/)
    t.match(action, /^[A-Z].*\.$/s, code)
    if (status !== undefined) t.ok(status >= 400 && status < 600, code)
  }
})

t.test('whatever reaches a webhook caller has a status', async t => {
  for (const code of codes.filter(code => code.startsWith('WEBHOOK_'))) {
    t.type((ERRORS[code] as ErrorEntry).status, 'number', code)
  }
})

t.test('an error carries what its code says, its cause and its fields', async t => {
  const cause = new Error('reset')
  const error = new CcmError('BMC_UNREACHABLE', 'no answer', { cause, fields: { attempt: 2 } })
  t.match(error, { name: 'CcmError', code: 'BMC_UNREACHABLE', message: 'no answer', fields: { attempt: 2 } })
  t.equal(error.cause, cause)
  t.equal(error.retry, true)
  t.equal(error.action, ERRORS.BMC_UNREACHABLE.action)
  t.notOk('cause' in new CcmError('CCM_USAGE', 'x'))
})

t.test('errors are told apart by code', async t => {
  const error = new CcmError('KUBE_CONFLICT', 'x')
  t.ok(hasCode(error))
  t.ok(hasCode(error, 'KUBE_GONE', 'KUBE_CONFLICT'))
  t.notOk(hasCode(error, 'KUBE_GONE'))
  t.notOk(hasCode(Object.assign(new Error('x'), { code: 'KUBE_CONFLICT' })))
  t.notOk(hasCode(undefined))
})

t.test('a message is one line that a terminal can show, whoever wrote parts of it', async t => {
  const { message } = new CcmError('BMC_BAD_REQUEST', 'it answered:\r\n\u001b[2J\u009b2J\u202ethe\u0000 end')
  t.equal(message, 'it answered: [2J2Jthe end')
  const long = new CcmError('BMC_BAD_REQUEST', 'x'.repeat(1_000_000)).message
  t.ok(long.length <= 8192)
  t.ok(long.endsWith('…'))
  const { fields } = new CcmError('CCM_CONFIG_INVALID', 'x', {
    fields: { problems: ['a\u001b[2J\nb'], node: 'a' },
  })
  t.strictSame(fields, { problems: ['a[2J b'], node: 'a' })
})
