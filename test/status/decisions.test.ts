import t from 'tap'
import { createLog } from '../../shared/log.ts'
import { createDecisions } from '../../shared/status/decisions.ts'

t.test('remembers what the log says of decisions, the newest first, and no more than it may', async t => {
  const decisions = createDecisions(3)
  const log = await createLog({
    level: 'info',
    write: line => decisions.note(line),
    secrets: () => ['a-secret-value'],
  })
  log.info({ version: '1' }, 'serving')
  log.info({ node: 'node-a', action: 'initialise', why: 'too old to be kept' }, 'node changed')
  log.info({ node: 'node-a', action: 'initialise', why: 'server 1 found by hostname' }, 'node changed')
  log.warn(
    { node: 'node-b', code: 'CCM_INSTANCE_NOT_FOUND', why: 'holds a-secret-value' },
    'node left as it is',
  )
  log.error(
    { error: Object.assign(new Error('no answer'), { code: 'BMC_UNREACHABLE' }) },
    'blocks not supplied',
  )
  log.debug({ why: 'nobody asks' }, 'left out')
  t.match(decisions.list(), [
    { level: 'error', what: 'blocks not supplied', subject: '', why: 'no answer', code: 'BMC_UNREACHABLE' },
    { level: 'warn', subject: 'Node node-b', why: 'holds [redacted]', code: 'CCM_INSTANCE_NOT_FOUND' },
    {
      level: 'info',
      what: 'node changed: initialise',
      subject: 'Node node-a',
      why: 'server 1 found by hostname',
    },
  ])
  t.equal(decisions.list().length, 3)
})

t.test('what is no line of ours is passed over, and what is long is cut', async t => {
  const decisions = createDecisions()
  for (const line of [
    '',
    'text',
    '[]',
    '{"level":"info"}',
    '{"level":"loud","why":"x"}',
    '{"level":"info","why":3}',
  ])
    decisions.note(line)
  t.strictSame(decisions.list(), [])
  decisions.note(JSON.stringify({ level: 'info', msg: 'm', why: 'y'.repeat(5000) }))
  t.strictSame(
    decisions.list().map(({ at, why }) => [at, why.length]),
    [[0, 400]],
  )
})
