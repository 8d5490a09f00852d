import t from 'tap'
import { PLAIN } from '../../functions/terminal/look.ts'
import { toUnregisterText } from '../../functions/terminal/unregister-text.ts'
import type { UnregisterReport } from '../../functions/unregister-report.ts'

const VIEW = { ...PLAIN, full: false }
const EVIL = 'web\u001b[2K\u009b1A\nnothing of ours is left'
const report: UnregisterReport = {
  state: 'left',
  cluster: 'c',
  release: false,
  counts: { Service: 1 },
  changes: [{ kind: 'Service', name: EVIL, action: 'keep', detail: {}, why: EVIL }],
  failures: [{ name: EVIL, code: 'KUBE_INVALID', message: EVIL }],
  kept: [{ address: '203.0.113.3', service: EVIL }],
  blocks: [{ id: EVIL, cidr: EVIL }],
  notes: [EVIL],
}

t.test('names and messages of others change no line of the report', async t => {
  const text = toUnregisterText(report, VIEW)
  t.notMatch(text, /[^\P{Cc}\n]/u)
  t.notMatch(text, /^nothing of ours is left/m)
  t.equal(
    text.split('\n').length,
    toUnregisterText(JSON.parse(JSON.stringify(report).replaceAll('\\n', '')), VIEW).split('\n').length,
  )
})
