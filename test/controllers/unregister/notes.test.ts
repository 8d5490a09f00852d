import t from 'tap'
import { LAST_STEPS, toNotes } from '../../../shared/controllers/unregister/notes.ts'
import { makeNode } from '../_make.ts'
import { NAME, toStored, toView } from './_view.ts'

const note = (parts: Parameters<typeof toView>[0], left: readonly string[] = []): readonly string[] =>
  toNotes(toView(parts), { left })

t.test('nothing is told where nothing is left', async t => {
  t.strictSame(note({ nodes: [makeNode('node-a')] }), [])
})

t.test('each workload of ours is told of, with the way it was installed as the way to end it', async t => {
  const metadata = { name: NAME, namespace: 'ops' }
  const annotations = { 'meta.helm.sh/release-name': 'ccm' }
  const workloads = [
    { kind: 'Deployment', metadata },
    { kind: 'Deployment', metadata: { ...metadata, annotations } },
  ]
  t.strictSame(note({ workloads }), [
    `Deployment ops/${NAME} runs without rights from now on: kubectl -n ops delete deployment ${NAME}`,
    `Deployment ops/${NAME} runs without rights from now on: helm -n ops uninstall ccm`,
  ])
})

t.test('Secrets of cert-manager are told of in one line that can be copied', async t => {
  const [told] = note({ certificates: [{ name: 'one' }, { name: 'two' }] })
  t.match(told, /: kubectl -n kube-system delete secret one two$/)
})

const foreign = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    kind: { phase: 'accounts', kind: 'Role', prefix: '', resource: '' } as const,
    object: toStored(index === 0 ? { name: 'r0' } : { name: `r${index}`, namespace: 'shop' }),
  }))

t.test('what bears our label and is not ours is named, as far as a line goes', async t => {
  t.strictSame(note({ foreign: foreign(2) }), [
    'Role r0, Role shop/r1: labelled as ours, and not ours by name: left as they are.',
  ])
  t.match(note({ foreign: foreign(20) })[0], /, Role shop\/r19: labelled/)
  t.match(note({ foreign: foreign(22) })[0], /, Role shop\/r19 and 2 more: labelled/)
})

t.test('who waits for the Go program is told of, a line each', async t => {
  t.match(note({}, ['default/web', 'default/api']), [
    /^Service default\/web is being deleted and waits for the Go program/,
    /^Service default\/api .*load-balancer-cleanup/,
  ])
})

t.test('nodes that nobody would initialise are counted, five of them named', async t => {
  const nodes = Array.from({ length: 7 }, (_, index) => makeNode(`n${index}`, { uninitialized: index > 0 }))
  t.match(note({ nodes }), [/^n1, n2, n3, n4, n5 and 1 more: uninitialised/])
  t.match(note({ nodes: nodes.slice(0, 6) }), [/^n1, n2, n3, n4, n5: uninitialised/])
})

t.test('what is outside of every cluster is always told', async t => {
  t.match(LAST_STEPS, [/functions/, /--audit-webhook-config-file.*cloud-provider-phoenixnap/])
  t.equal(LAST_STEPS.length, 2)
})
