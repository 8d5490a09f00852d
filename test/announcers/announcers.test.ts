import { deepEqual } from 'node:assert/strict'
import * as fc from 'fast-check'
import t from 'tap'
import { ANNOUNCER_NAMES, getAnnouncer } from '../../shared/announcers/announcers.ts'
import { LOAD_BALANCER_IP } from '../../shared/announcers/requests.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import { makeService, OTHER_V4, summarise, V4, V6, write } from './_service.ts'

const OPTIONS = { metallbNamespace: 'metallb-system' }
const all = ANNOUNCER_NAMES.map(name => getAnnouncer(name, OPTIONS))
/** Keys by which addresses are asked for; the one that is written comes first. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  'kube-vip': ['kube-vip.io/loadbalancerIPs'],
  metallb: ['metallb.io/loadBalancerIPs', 'metallb.universe.tf/loadBalancerIPs'],
  cilium: ['lbipam.cilium.io/ips', 'io.cilium/lb-ipam-ips'],
  purelb: ['purelb.io/addresses'],
  direct: [],
}
const RANDOM = { seed: 20260101, numRuns: 300 }

t.test('every announcer is found by its name', async t => {
  t.strictSame(ANNOUNCER_NAMES, ['kube-vip', 'metallb', 'cilium', 'purelb', 'direct'])
  t.strictSame(
    all.map(({ name }) => name),
    ANNOUNCER_NAMES,
  )
  const named = (isSo: (announcer: (typeof all)[number]) => boolean) =>
    all.filter(isSo).map(({ name }) => name)
  t.strictSame(
    named(({ statusIsOurs }) => statusIsOurs),
    ['direct'],
  )
  t.strictSame(
    named(({ keepsAddressAfterTypeChange }) => keepsAddressAfterTypeChange),
    ['kube-vip'],
  )
  t.strictSame(
    named(({ resolvesNames }) => resolvesNames),
    ['kube-vip'],
  )
})

/** Annotation (by the announcer's key), spec.loadBalancerIP, assigned addresses, and the request without its key. */
const REQUESTS: readonly [
  text: string | undefined,
  field: string | undefined,
  assigned: string[],
  expected: unknown,
][] = [
  [undefined, undefined, [], undefined],
  ['', undefined, [], undefined],
  [V4, undefined, [], ['key', V4]],
  [V4, undefined, [V4], undefined],
  [`${V6},${V4}`, undefined, [V4, V6], undefined],
  ['2001:DB8:0:0::5', undefined, [V6], undefined],
  [OTHER_V4, undefined, [V4], ['key', OTHER_V4]],
  [` ${V6} , ${V4}, ${V4}`, undefined, [], ['key', V6, V4]],
  [V4, undefined, [V4, V6], undefined],
  ['web.example', undefined, [V4], ['key', '?web.example']],
  [`${V4}, , a b ,`, undefined, [V4], ['key', V4, '?a b']],
  [`${V4}${' '.repeat(1024 - V4.length)}`, undefined, [V4], undefined],
  [
    `${V4},010.0.0.1,1.2.3,1.2.3.400,fe80::1%eth0`,
    undefined,
    [V4],
    ['key', V4, '?010.0.0.1', '?1.2.3', '?1.2.3.400', '?fe80::1%eth0'],
  ],
  ['x'.repeat(300), undefined, [], ['key', `?${'x'.repeat(100)}`]],
  [undefined, V4, [], ['spec.loadBalancerIP', V4]],
  [undefined, V4, [V4, V6], undefined],
  [undefined, 'nonsense', [V4], [LOAD_BALANCER_IP, '?nonsense']],
  [undefined, OTHER_V4, [V4], [LOAD_BALANCER_IP, OTHER_V4]],
  [OTHER_V4, V4, [V4], undefined],
  [OTHER_V4, V4, [OTHER_V4], [LOAD_BALANCER_IP, V4]],
  [`${OTHER_V4},${V6}`, V4, [V4], ['key', V4, V6]],
]

/** Addresses that the announcer itself would try to give the Service, by its own rules; undefined: any of its pool. */
const READERS: Readonly<Record<string, (service: KubeService) => readonly string[] | undefined>> = {
  'kube-vip': ({ metadata: { annotations = {} }, spec }) =>
    annotations['kube-vip.io/ignore'] === 'true'
      ? []
      : (annotations['kube-vip.io/loadbalancerIPs'] ?? spec?.loadBalancerIP)?.split(','),
  metallb({ metadata: { annotations = {} }, spec }) {
    const [key = '', old = ''] = KEYS['metallb'] ?? []
    const text = annotations[key] || annotations[old]
    const isRefused = annotations['metallb.io/address-pool'] === 'phoenixnap-waiting'
    if (isRefused || (text && spec?.loadBalancerIP)) return []
    return (text || spec?.loadBalancerIP)?.split(',')
  },
  purelb({ metadata: { annotations = {} }, spec }) {
    const text = annotations['purelb.io/addresses'] ?? spec?.loadBalancerIP
    if (text === undefined)
      return annotations['purelb.io/service-group'] === 'phoenixnap-waiting' ? [] : undefined
    const entries = text.split(',')
    return entries.some(entry => entry === '' || /\s|^0\.0\.0\.0$/.test(entry)) ? [] : entries
  },
}

for (const announcer of all) {
  const read = READERS[announcer.name]
  if (read)
    t.test(`${announcer.name}: no wish is served past what was assigned`, async t => {
      const address = fc.constantFrom(V4, OTHER_V4, V6)
      const text = fc.array(address, { minLength: 1, maxLength: 2 }).map(list => list.join(','))
      const annotations = fc.dictionary(fc.constantFrom(...(KEYS[announcer.name] ?? [])), text)
      const field = fc.option(address, { nil: undefined })
      const check = (given: Record<string, string>, pin: string | undefined, assigned: string): void => {
        const start = makeService(given, pin === undefined ? {} : { loadBalancerIP: pin })
        const served = write(start, announcer.toServing(start, [assigned]))
        deepEqual(new Set(read(served)).difference(new Set([assigned])), new Set(), 'serving')
        deepEqual(announcer.toServing(served, [assigned]), {}, 'serving again')
        deepEqual(read(write(start, announcer.toWaiting(start))), [], 'waiting')
      }
      t.doesNotThrow(() => fc.assert(fc.property(annotations, field, address, check), RANDOM))
    })

  t.test(
    `${announcer.name}: a text of any size is read once, as far as a list of addresses goes`,
    async t => {
      const [key] = KEYS[announcer.name] ?? []
      const many = Array.from({ length: 15_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`).join()
      for (const text of [many, `${V4},`.repeat(17), `${V4}${' '.repeat(1024)}`, ','.repeat(200_000)]) {
        const service =
          key === undefined ? makeService({}, { loadBalancerIP: text }) : makeService({ [key]: text })
        const expected = [key ?? LOAD_BALANCER_IP, `?${text.slice(0, 100)}`]
        t.strictSame(summarise(announcer, service, [V4]), expected, text.slice(0, 40))
        const waiting = write(service, announcer.toWaiting(service))
        t.strictSame(announcer.toWaiting(waiting), {})
        t.match(announcer.readRequest(waiting, [V4]), { addresses: [], malformed: { length: 1 } })
      }
      const most = `${`${V4},`.repeat(15)}${V4}`
      t.equal(
        summarise(announcer, makeService(key ? { [key]: most } : {}, key ? {} : { loadBalancerIP: most }), [
          V4,
        ]),
        undefined,
      )
    },
  )

  for (const key of KEYS[announcer.name] ?? []) {
    t.test(`${announcer.name}: requests by ${key}`, async t => {
      for (const [text, field, assigned, expected] of REQUESTS) {
        const service = makeService(
          text === undefined ? {} : { [key]: text },
          field === undefined ? {} : { loadBalancerIP: field },
        )
        const wanted = Array.isArray(expected)
          ? expected.map(entry => (entry === 'key' ? key : entry))
          : expected
        t.strictSame(summarise(announcer, service, assigned), wanted, `${text} ${field} ${assigned.join()}`)
      }
    })
  }

  t.test(`${announcer.name}: what it does not read is no request`, async t => {
    const others = ANNOUNCER_NAMES.filter(name => name !== announcer.name).flatMap(name => KEYS[name] ?? [])
    const service = makeService(Object.fromEntries(others.map(key => [key, OTHER_V4])))
    t.equal(announcer.readRequest(service, []), undefined)
    t.equal(announcer.readRequest({ metadata: { name: 'web' } }, []), undefined, 'nor is nothing')
  })

  t.test(`${announcer.name}: everything that is named is told, whatever hides it`, async t => {
    const keys = KEYS[announcer.name] ?? []
    const service = makeService(
      Object.fromEntries(keys.map((key, index) => [key, ` ${OTHER_V4},${V6},name-${index}`])),
      { loadBalancerIP: V4 },
    )
    const texts = [V4, ...keys.map((_, index) => ` ${OTHER_V4},${V6},name-${index}`)]
    t.strictSame(announcer.readNamed(service), {
      addresses: [V4, ...(keys.length > 0 ? [OTHER_V4, V6] : [])],
      malformed: keys.map((_, index) => `name-${index}`),
      text: JSON.stringify(texts),
    })
    const waiting = write(makeService(), announcer.toWaiting(makeService()))
    const { addresses, malformed } = announcer.readNamed(waiting)
    t.strictSame([...addresses, ...malformed], [], 'a mark of ours names nothing')
    const long = makeService({}, { loadBalancerIP: `${V4},`.repeat(17) })
    t.strictSame(announcer.readNamed(long).addresses, [])
    t.equal(announcer.readNamed(long).malformed.length, 1)
  })

  t.test(`${announcer.name}: what it makes of a Service is what it wants of it`, async t => {
    const address = fc.constantFrom(V4, OTHER_V4, V6, '2001:db8::')
    const text = fc.array(address, { maxLength: 2 }).map(list => list.join(','))
    const keys = KEYS[announcer.name] ?? []
    const annotations = fc.dictionary(keys.length > 0 ? fc.constantFrom(...keys) : fc.constant('x'), text)
    const field = fc.option(address, { nil: undefined })
    const assigned = fc.constantFrom<readonly string[]>([V4], [V6], [V4, V6], [V6, V4])
    const check = (
      given: Record<string, string>,
      pinned: string | undefined,
      addresses: readonly string[],
    ): void => {
      const pin = pinned !== undefined && addresses.includes(pinned) ? { loadBalancerIP: pinned } : {}
      const start = makeService(given, pin)
      const waiting = write(start, announcer.toWaiting(start))
      const serving = write(waiting, announcer.toServing(waiting, addresses))
      deepEqual(announcer.toWaiting(waiting), {}, 'waiting again')
      deepEqual(announcer.toServing(serving, addresses), {}, 'serving again')
      deepEqual(announcer.readRequest(serving, addresses), undefined, 'no request is left')
      deepEqual(announcer.readRequest(waiting, []), announcer.readRequest(start, []), 'marks are no request')
      const cleared = write(serving, announcer.toCleared(serving, addresses))
      deepEqual(announcer.toCleared(cleared, addresses), {}, 'cleared again')
      const left = Object.keys(cleared.metadata.annotations ?? {}).filter(key => !(key in given))
      deepEqual(left, [], 'nothing of ours is left')
      deepEqual(cleared.status?.loadBalancer?.ingress, [])
    }
    t.doesNotThrow(() => fc.assert(fc.property(annotations, field, assigned, check), RANDOM))
  })
}
