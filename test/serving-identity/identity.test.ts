import t from 'tap'
import { createCertificates } from '../../shared/certificates.ts'
import type { Clock } from '../../shared/clock.ts'
import type { Kube, KubeAnswer, KubeRequest } from '../../shared/kubernetes/client.ts'
import { createLog } from '../../shared/log.ts'
import { createServingIdentity, type ServingIdentity } from '../../shared/serving-identity/identity.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { forEachCluster } from '../support/cluster.ts'

const HOSTS = ['ccm.kube-system.svc']
const TOKEN = 'webhook-token'
const HALF_A_YEAR_MS = 183 * 24 * 3_600_000

const path = (name: string): string => `/api/v1/namespaces/kube-system/secrets/${name}`
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const show = async (one: ServingIdentity): Promise<unknown> => ({
  pair: await one.certificate(),
  authorities: one.authorities(),
  tokens: one.tokens(),
})

forEachCluster(t, 'the identity in a Secret', {}, async (t, cluster) => {
  const kube = await cluster.kube()
  let tokens = 0

  async function replica(
    name: string,
    given: { kube?: Kube; token?: boolean; certificate?: boolean; aheadMs?: number } = {},
  ) {
    const clock = createTurnableClock()
    const lines: Record<string, unknown>[] = []
    const identity = createServingIdentity({
      kube: dated(given.kube ?? kube, clock),
      secret: { namespace: 'kube-system', name },
      keeps: { token: given.token ?? true, certificate: given.certificate ?? true },
      hosts: HOSTS,
      make: (hosts, now) => createCertificates({ hosts, now }),
      newToken: () => `token-of-a-test-${++tokens}`,
      clock: { ...clock, now: () => clock.now() + (given.aheadMs ?? 0) },
      log: await createLog({ level: 'info', write: line => void lines.push(JSON.parse(line)) }),
    })
    const said = (): unknown[] => lines.map(({ level, msg, why }) => [level, msg, why])
    return { identity, clock, lines, said }
  }

  const change = (name: string, data: Record<string, string | null>) =>
    kube.request({ method: 'PATCH', path: path(name), patch: 'merge', body: { data } })
  const version = async (name: string): Promise<unknown> =>
    (await kube.request<{ metadata: { resourceVersion: string } }>({ path: path(name) })).body.metadata
      .resourceVersion
  t.test('any number of replicas at once agree', async t => {
    const replicas = await Promise.all(Array.from({ length: 5 }, () => replica('crowd')))
    await Promise.all(replicas.map(({ identity }) => identity.refresh()))
    const [first, ...others] = await Promise.all(replicas.map(({ identity }) => show(identity)))
    for (const other of others) t.strictSame(other, first)
    t.equal(replicas.flatMap(({ lines }) => lines).length, 2, 'one made a certificate and a token')
    const before = await version('crowd')
    await Promise.all(replicas.map(({ identity }) => identity.refresh()))
    t.equal(await version('crowd'), before, 'nothing is written where nothing changes')
  })

  t.test('they renew the certificate together, and one that was away follows', async t => {
    const replicas = await Promise.all(Array.from({ length: 3 }, () => replica('renewed')))
    const refresh = (some: typeof replicas) => Promise.all(some.map(({ identity }) => identity.refresh()))
    await refresh(replicas)
    const [first, second, away] = replicas
    const old = await first?.identity.certificate()
    for (const { clock } of replicas) await clock.turn(HALF_A_YEAR_MS + HALF_A_YEAR_MS / 2)
    await refresh(replicas)
    t.equal(first?.identity.authorities().length, 2)
    t.strictSame(await second?.identity.certificate(), old)
    for (const { clock } of replicas) await clock.turn(24 * 3_600_000)
    await refresh(replicas.slice(0, 2))
    t.notSame(await first?.identity.certificate(), old)
    t.strictSame(await away?.identity.certificate(), old, 'it serves what all trust')
    await refresh(replicas)
    t.strictSame(await away?.identity.certificate(), await first?.identity.certificate())
    const said = replicas.flatMap(({ lines }) => lines.map(({ msg }) => msg))
    t.strictSame(said.map(String).toSorted(), [
      'authority of the next serving certificate published',
      'serving certificate changed',
      'serving certificate made',
      'webhook token made',
    ])
  })

  t.test('a host whose clock is months ahead changes nothing', async t => {
    const one = await replica('clocks')
    const other = await replica('clocks', { aheadMs: HALF_A_YEAR_MS + HALF_A_YEAR_MS / 2 })
    await one.identity.refresh()
    const before = await version('clocks')
    for (let i = 0; i < 3; i++) for (const each of [other, one]) await each.identity.refresh()
    t.equal(await version('clocks'), before)
    t.strictSame(await show(other.identity), await show(one.identity))
  })

  t.test('a damaged Secret is repaired, and said', async t => {
    const one = await replica('damaged')
    await one.identity.refresh()
    await change('damaged', {
      'tls.key': base64('garbage'),
      [TOKEN]: base64('short'),
      kept: base64('by others'),
    })
    const before = one.identity.authorities()
    await one.identity.refresh()
    t.strictSame(one.said().slice(2), [
      ['warn', 'serving certificate made', 'the key cannot be read'],
      ['warn', 'webhook token made', 'the one in the Secret cannot be used'],
    ])
    t.strictSame(one.identity.authorities().slice(0, 1), before, 'what others serve is still trusted')
    const { body } = await kube.request<{ data: Record<string, string> }>({ path: path('damaged') })
    t.equal(body.data['kept'], base64('by others'))
    await one.identity.refresh()
    t.equal(one.lines.length, 4, 'once')
  })

  t.test('a Secret that was deleted is made anew, and the old authority is trusted on', async t => {
    const one = await replica('deleted')
    await one.identity.refresh()
    const before = one.identity.authorities()
    await kube.request({ method: 'DELETE', path: path('deleted') })
    await one.identity.refresh()
    t.strictSame(one.identity.authorities().slice(0, 1), before)
    t.equal(one.identity.authorities().length, 2)
    const other = await replica('deleted')
    await other.identity.refresh()
    t.strictSame(await show(other.identity), await show(one.identity))
  })

  t.test('an emptied list of authorities is put back', async t => {
    const one = await replica('emptied')
    await one.identity.refresh()
    const before = await show(one.identity)
    await change('emptied', { 'ca.crt': null })
    await one.identity.refresh()
    t.strictSame(await show(one.identity), before)
    const other = await replica('emptied')
    await other.identity.refresh()
    t.strictSame(await show(other.identity), before)
  })

  t.test('a token that an operator wrote is taken, with the one before', async t => {
    const one = await replica('given')
    await one.identity.refresh()
    const [old, young] = [one.identity.tokens().current ?? '', 'token-of-the-operator']
    await change('given', { [TOKEN]: base64(`${young}\n`), 'webhook-token-previous': base64(`${old}\n`) })
    await one.identity.refresh()
    t.strictSame(one.identity.tokens(), { current: young, previous: old })
    t.equal(one.lines.length, 2, 'nothing had to be repaired')
  })

  t.test('what settings give is not kept', async t => {
    const one = await replica('token-only', { certificate: false })
    await one.identity.refresh()
    const { body } = await kube.request<{ data: object }>({ path: path('token-only') })
    t.strictSame(Object.keys(body.data), [TOKEN])
    t.strictSame(one.identity.authorities(), [])
    const other = await replica('certificate-only', { token: false })
    await other.identity.refresh()
    t.strictSame(other.identity.tokens(), { current: undefined, previous: undefined })
  })

  t.test('without the right to it, one says which, and has a certificate all the same', async t => {
    const stranger = await cluster.kube('system:serviceaccount:kube-system:stranger')
    const kubeOf: Kube = cluster.kind === 'apiserver' ? stranger : forbidding(stranger)
    const one = await replica('foreign', { kube: kubeOf })
    await t.rejects(one.identity.refresh(), {
      code: 'CCM_SERVING_SECRET_FORBIDDEN',
      message: /Secret kube-system\/foreign cannot be kept: .*forbidden/s,
    })
    t.notOk(one.identity.isStored())
    t.match((await one.identity.certificate()).cert, 'BEGIN CERTIFICATE')
    t.strictSame(one.identity.authorities(), [], 'nobody is to trust it')
    t.equal(one.identity.tokens().current, undefined)
  })
})

/** The API server's clock is turned by the test; that of the host may say what it likes. */
const dated = (kube: Kube, clock: Clock): Kube => ({
  ...kube,
  request: async <T>(request: KubeRequest): Promise<KubeAnswer<T>> => ({
    ...(await kube.request<T>(request)),
    date: clock.now(),
  }),
})

/** The simulator lets everybody do everything. */
function forbidding(kube: Kube): Kube {
  return {
    ...kube,
    request: async () => {
      const { CcmError } = await import('../../shared/errors.ts')
      throw new CcmError('KUBE_FORBIDDEN', 'forbidden')
    },
  }
}
