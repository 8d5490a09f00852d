import t from 'tap'
import type { KubeObject } from '../../../../shared/simulator/kubernetes/objects.ts'
import { fromFieldsV1, toFieldsV1, toText } from '../../../../shared/simulator/kubernetes/ownership/fields.ts'
import type { Api, ApiAnswer } from '../../../support/api.ts'
import { simulate } from '../_simulated.ts'

const SERVICE = '/api/v1/namespaces/default/services/web'

const apply = (api: Api, manager: string, spec: unknown, query = ''): Promise<ApiAnswer> =>
  api.call({
    method: 'PATCH',
    path: `${SERVICE}?fieldManager=${manager}${query}`,
    patch: 'apply',
    body: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec },
  })
const portsOf = ({ body }: ApiAnswer): unknown =>
  (body['spec'] as { ports: { port: number }[] }).ports.map(({ port }) => port)
const managersOf = ({ body }: ApiAnswer): unknown =>
  (body as unknown as KubeObject).metadata.managedFields?.map(
    ({ manager, operation }) => `${String(manager)} ${String(operation)}`,
  )

t.test('an item that is applied no more goes, one that somebody else applies stays', async t => {
  const { api } = await simulate(t)
  const [http, https] = [
    { port: 80, name: 'http' },
    { port: 443, name: 'https' },
  ]
  const client = api()
  t.equal((await apply(client, 'one', { ports: [http, https] })).status, 201)
  t.same(portsOf(await apply(client, 'two', { ports: [https] })), [80, 443])
  const left = await apply(client, 'one', { ports: [http] })
  t.same(portsOf(left), [80, 443], 'two still applies it')
  t.same(portsOf(await apply(client, 'two', { selector: { a: 'b' } })), [80])
})

t.test('another value of a field that somebody owns is a conflict, until it is forced', async t => {
  const { api } = await simulate(t)
  const client = api()
  await apply(client, 'one', { ports: [{ port: 80 }], externalTrafficPolicy: 'Cluster', type: 'NodePort' })
  const update = {
    method: 'PATCH',
    path: `${SERVICE}?fieldManager=editor`,
    patch: 'merge',
    body: { spec: { externalTrafficPolicy: 'Local' } },
  } as const
  t.equal((await client.call(update)).status, 200)
  const wish = { ports: [{ port: 80 }], externalTrafficPolicy: 'Cluster', type: 'NodePort' }
  t.match(await apply(client, 'one', wish), {
    status: 409,
    body: {
      message: 'Apply failed with 1 conflict: conflict with "editor" using v1: .spec.externalTrafficPolicy',
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.spec.externalTrafficPolicy' }] },
    },
  })
  const forced = await apply(client, 'one', wish, '&force=true')
  t.match(forced, { status: 200, body: { spec: { externalTrafficPolicy: 'Cluster' } } })
  t.same(managersOf(forced), ['one Apply'])
})

t.test('an update takes fields from those who applied them', async t => {
  const { api } = await simulate(t)
  const client = api()
  await apply(client, 'one', { type: 'NodePort', ports: [{ port: 80 }] })
  const body = { spec: { type: 'ClusterIP', ports: [{ port: 81 }] } }
  const path = `${SERVICE}?fieldManager=editor`
  const changed = await client.call({ method: 'PATCH', path, patch: 'merge', body })
  t.same(managersOf(changed), ['editor Update'], 'nothing is left to the first')
})

t.test('the same again changes nothing', async t => {
  const { clock, api } = await simulate(t)
  const first = await apply(api(), 'one', { ports: [{ port: 80 }] })
  await clock.turn(60_000)
  const second = await apply(api(), 'one', { ports: [{ port: 80 }] })
  t.same(second.body, first.body)
})

t.test('paths go to FieldsV1 and back', async t => {
  const paths = [
    ['f:spec', 'f:ports', 'k:{"port":80,"protocol":"TCP"}'],
    ['f:spec', 'f:ports', 'k:{"port":80,"protocol":"TCP"}', 'f:port'],
    ['f:metadata', 'f:finalizers', 'v:"a/b"'],
    ['f:metadata', 'f:labels', 'f:a'],
  ].map(path => JSON.stringify(path))
  const fields = toFieldsV1(paths)
  t.same(fields, {
    'f:metadata': { 'f:finalizers': { 'v:"a/b"': {} }, 'f:labels': { 'f:a': {} } },
    'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } },
  })
  t.same([...fromFieldsV1(fields)].sort(), [...paths].sort())
  t.equal(
    toText(['f:spec', 'f:ports', 'k:{"port":80,"protocol":"TCP"}', 'f:port']),
    '.spec.ports[port=80,protocol="TCP"].port',
  )
})
