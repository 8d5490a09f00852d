import type { Announcer } from '../../../shared/announcers/contract.ts'
import { parseAddress } from '../../../shared/ip-address.ts'
import type { KubeService, ObjectMeta } from '../../../shared/kubernetes/types.ts'

const ADDRESSES = 'example.org/ips'
const IGNORE = 'example.org/ignore'

/** An announcer with one annotation for addresses, one for waiting, and one that gives a Service to somebody else. */
export const fakeAnnouncer: Announcer = {
  name: 'direct',
  statusIsOurs: true,
  keepsAddressAfterTypeChange: false,
  readRequest(service, assigned) {
    const annotation = service.metadata.annotations?.[ADDRESSES]
    const text = annotation ?? service.spec?.loadBalancerIP
    if (text === undefined || text === assigned.join(',')) return undefined
    const entries = text.split(',').map(entry => ({ entry, parsed: parseAddress(entry)?.text }))
    return {
      source: annotation === undefined ? 'spec.loadBalancerIP' : ADDRESSES,
      addresses: entries.flatMap(({ parsed }) => parsed ?? []),
      malformed: entries.filter(({ parsed }) => parsed === undefined).map(({ entry }) => entry),
    }
  },
  readNamed({ metadata, spec }) {
    const texts = [metadata.annotations?.[ADDRESSES] ?? '', spec?.loadBalancerIP ?? '']
    const entries = texts.flatMap(text => (text === '' ? [] : text.split(',')))
    return {
      addresses: entries.flatMap(entry => parseAddress(entry)?.text ?? []),
      malformed: entries.filter(entry => parseAddress(entry) === undefined),
      text: texts.join(),
    }
  },
  resolvesNames: true,
  servedElsewhere: ({ metadata }) => metadata.annotations?.['example.org/pool'],
  toServing: (_, addresses) => ({
    annotations: { [ADDRESSES]: addresses.join(','), [IGNORE]: null },
    ingress: addresses.map(ip => ({ ip })),
  }),
  toWaiting: () => ({ annotations: { [IGNORE]: 'true' }, ingress: [] }),
  toCleared: () => ({ annotations: { [ADDRESSES]: null, [IGNORE]: null }, ingress: [] }),
  poolKinds: [],
  toPools: () => [],
}

export interface ServiceSketch {
  readonly meta?: Partial<ObjectMeta>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly spec?: KubeService['spec']
  readonly status?: readonly string[]
}

/** Of type LoadBalancer, stored, with one IPv4 address. */
export const makeService = ({
  meta,
  annotations,
  finalizers,
  spec,
  status,
}: ServiceSketch = {}): KubeService => ({
  metadata: {
    name: 'web',
    namespace: 'default',
    uid: 'uid-of-web',
    resourceVersion: '5',
    ...(annotations && { annotations }),
    ...(finalizers && { finalizers }),
    ...meta,
  },
  spec: { type: 'LoadBalancer', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', ...spec },
  ...(status && { status: { loadBalancer: { ingress: status.map(ip => ({ ip })) } } }),
})
