import * as fc from 'fast-check'
import t from 'tap'
import type { Instance } from '../../../shared/cloud-provider/contract.ts'
import {
  decideLabelRepair,
  initialLabels,
  toInstanceLabels,
  toLabelValue,
} from '../../../shared/controllers/node/labels.ts'
import { makeInstance, makeNode } from '../_make.ts'

/** What Kubernetes accepts as the value of a label. */
const VALID = /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/
const long = (letters: number): string => 'x'.repeat(letters)

const VALUES: readonly [text: string, value: string][] = [
  ['s1.c1.small', 's1.c1.small'],
  ['ubuntu/jammy', 'ubuntu-jammy'],
  ['windows/srv2019 std', 'windows-srv2019-std'],
  ['a//b', 'a-b'],
  ['/leading/and/trailing/', 'leading-and-trailing'],
  ['_x_', 'x'],
  ['jammy._', 'jammy'],
  ['München', 'M-nchen'],
  ['///', ''],
  ['', ''],
  [long(63), long(63)],
  [long(64), long(63)],
  [`${long(62)}/y`, long(62)],
]
for (const [text, value] of VALUES)
  t.test(`makes a label value of ${JSON.stringify(text.slice(0, 30))} (${text.length})`, async t => {
    t.equal(toLabelValue(text), value)
  })

t.test('whatever the text, Kubernetes accepts the value', async t => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 200 }))
  fc.assert(fc.property(text, given => VALID.test(toLabelValue(given))))
  t.pass('held')
})

const INSTANCE = makeInstance('a1', { additionalLabels: { 'phoenixnap.com/os': 'ubuntu/jammy' } })
const FOUR = {
  'node.kubernetes.io/instance-type': 's1.c1.small',
  'beta.kubernetes.io/instance-type': 's1.c1.small',
  'topology.kubernetes.io/region': 'PHX',
  'failure-domain.beta.kubernetes.io/region': 'PHX',
}
const OS = { 'phoenixnap.com/os': 'ubuntu-jammy' }

t.test('type and region each have their older twin, and there is no zone', async t => {
  t.strictSame(toInstanceLabels(INSTANCE), FOUR)
})

t.test('a value of which nothing is left makes no label', async t => {
  t.strictSame(Object.keys(toInstanceLabels(makeInstance('a1', { region: '//' }))), [
    'node.kubernetes.io/instance-type',
    'beta.kubernetes.io/instance-type',
  ])
})

interface Initial {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly additional?: Instance['additionalLabels']
  readonly set: Readonly<Record<string, string>>
}

const INITIAL: readonly Initial[] = [
  { name: 'all of them on a bare node', set: { ...FOUR, ...OS } },
  {
    name: 'those of type and region overwrite',
    labels: { ...FOUR, 'topology.kubernetes.io/region': 'ASH', 'beta.kubernetes.io/instance-type': 'mine' },
    set: {
      'topology.kubernetes.io/region': 'PHX',
      'beta.kubernetes.io/instance-type': 's1.c1.small',
      ...OS,
    },
  },
  { name: 'additional ones never overwrite', labels: { 'phoenixnap.com/os': 'mine' }, set: FOUR },
  { name: 'an empty additional one counts as set', labels: { 'phoenixnap.com/os': '' }, set: FOUR },
  { name: 'nothing that is there already', labels: { ...FOUR, ...OS }, set: {} },
  {
    name: 'additional ones never lie in Kubernetes’ own names',
    additional: {
      'kubernetes.io/os': 'x',
      'node.kubernetes.io/x': 'x',
      'k8s.io/x': 'x',
      'sub.k8s.io/x': 'x',
      'notkubernetes.io/x': 'kept',
      'kubernetes.io.example.org/x': 'kept',
      'phoenixnap.com/empty': '//',
    },
    set: { ...FOUR, 'notkubernetes.io/x': 'kept', 'kubernetes.io.example.org/x': 'kept' },
  },
]
for (const { name, labels, additional, set } of INITIAL) {
  t.test(`at initialisation: ${name}`, async t => {
    const instance = additional ? { ...INSTANCE, additionalLabels: additional } : INSTANCE
    t.strictSame(initialLabels(makeNode('node-a', labels ? { labels } : {}), instance), set)
  })
}

const MOVED = { ...FOUR, 'topology.kubernetes.io/region': 'ASH' }
const TOUCHED = 'topology.kubernetes.io/region'
const { [TOUCHED]: _, ...THREE } = FOUR

interface Repair {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly ours: boolean
  readonly set: Readonly<Record<string, string>>
  readonly kept?: readonly string[]
}

const REPAIRS: readonly Repair[] = [
  { name: 'nothing differs', labels: { ...FOUR, ...OS }, ours: true, set: {} },
  { name: 'differing on a node of ours', labels: { ...MOVED, ...OS }, ours: true, set: { [TOUCHED]: 'PHX' } },
  {
    name: 'differing on somebody else’s',
    labels: { ...MOVED, ...OS },
    ours: false,
    set: {},
    kept: [TOUCHED],
  },
  { name: 'missing on somebody else’s', labels: THREE, ours: false, set: { [TOUCHED]: 'PHX', ...OS } },
  { name: 'none at all on somebody else’s', ours: false, set: { ...FOUR, ...OS } },
  {
    name: 'an additional one that differs on a node of ours',
    labels: { ...FOUR, 'phoenixnap.com/os': 'mine' },
    ours: true,
    set: {},
  },
]
for (const { name, labels, ours, set, kept = [] } of REPAIRS) {
  t.test(`repair: ${name}`, async t => {
    const node = makeNode('node-a', { ...(labels && { labels }), initialized: ours })
    t.strictSame(decideLabelRepair(node, INSTANCE), { set, kept })
  })
}
