import t from 'tap'
import { createPassLog } from '../../../functions/terminal/pass-log.ts'

t.test('changes move the line on, and what is left is kept for the report', async t => {
  const said: string[] = []
  const { write, left } = createPassLog({ say: what => void said.push(what) })
  for (const line of [
    { level: 'info', node: 'node-a', action: 'initialise', why: 'found', msg: 'node changed' },
    { level: 'info', service: 'default/web', kind: 'IPAddress', action: 'claim', why: 'needed' },
    { level: 'warn', node: 'node-b', code: 'CCM_INSTANCE_NOT_FOUND', why: 'no server', msg: 'left' },
    { level: 'warn', node: 'node-c', error: { code: 'KUBE_CONFLICT' }, msg: 'node not converged' },
    { level: 'info', msg: 'resync ended' },
    { level: 'error', error: { code: 'BMC_TIMEOUT' }, msg: 'servers could not be listed' },
  ])
    write(`${JSON.stringify(line)}\n`)
  t.strictSame(said, ['1 changed so far: initialise node-a', '2 changed so far: claim default/web'])
  t.strictSame(left, ['node-b: CCM_INSTANCE_NOT_FOUND: no server'])
})
