import t from 'tap'
import type { KubeObject } from '../../../shared/simulator/kubernetes/objects.ts'
import { createResourceTable } from '../../../shared/simulator/kubernetes/resources.ts'
import {
  labelSelectorTest,
  parseFieldSelector,
  parseLabelSelector,
} from '../../../shared/simulator/kubernetes/selectors.ts'

const LABELS = { app: 'web', tier: 'a', empty: '' }

const SELECTED: Readonly<Record<string, boolean>> = {
  '': true,
  'app=web': true,
  'app==web': true,
  'app=db': false,
  'app!=db': true,
  'none!=x': true,
  app: true,
  '!app': false,
  '!none': true,
  'empty=': true,
  'app in (web,db)': true,
  'app notin (web)': false,
  'none notin (web)': true,
  'app=web,tier in (b),!none': false,
  'app=web,tier in (a, b),!none': true,
}

for (const [selector, expected] of Object.entries(SELECTED))
  t.test(`"${selector}" is ${expected}`, async t => {
    t.equal(parseLabelSelector(selector)(LABELS), expected)
  })

for (const selector of ['a===b', 'a=(', 'a in b', 'a in (b', '=b', 'a=b,,c'])
  t.test(`"${selector}" is refused`, async t => {
    t.throws(() => parseLabelSelector(selector), { code: 400, reason: 'BadRequest' })
  })

t.test('selector objects', async t => {
  const test = labelSelectorTest({
    matchLabels: { app: 'web' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['a'] },
      { key: 'tier', operator: 'NotIn', values: ['b'] },
      { key: 'app', operator: 'Exists' },
      { key: 'none', operator: 'DoesNotExist' },
    ],
  })
  t.equal(test(LABELS), true)
  t.equal(test({ ...LABELS, none: '' }), false)
  t.equal(labelSelectorTest({})({}), true)
  t.equal(labelSelectorTest({ matchExpressions: [{ key: 'a', operator: 'Odd' }] })({ a: '' }), false)
})

t.test('field selectors know the fields of their resource', async t => {
  const table = createResourceTable()
  const event: KubeObject = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'default' },
    involvedObject: { kind: 'Node', name: 'n' },
    type: 'Warning',
  }
  const events = table.named('events')
  t.equal(
    parseFieldSelector(events, 'involvedObject.name=n,type!=Normal,metadata.namespace=default')(event),
    true,
  )
  t.equal(parseFieldSelector(events, 'involvedObject.name=m')(event), false)
  t.throws(() => parseFieldSelector(events, 'message=x'), { message: 'field label not supported: message' })
  t.throws(() => parseFieldSelector(events, 'type'), { code: 400 })
  t.throws(() => parseFieldSelector(table.named('leases'), 'spec=x'), {
    message: '"spec" is not a known field selector: only "metadata.name", "metadata.namespace"',
  })
})
