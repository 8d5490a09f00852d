import type { KubeService, LoadBalancerIngress } from '../kubernetes/types.ts'
import type { Announcer, AnnouncerFields } from './contract.ts'
import { readAddressRequest, readNamedAddresses } from './requests.ts'

const KEYS = { annotations: [] }

/** Routing that somebody else set up (Calico, static routes): it reads nothing from Services, so the status is ours. */
export const direct: Announcer = {
  name: 'direct',
  statusIsOurs: true,
  keepsAddressAfterTypeChange: false,
  readRequest: (service, assigned) => readAddressRequest(service, assigned, KEYS),
  readNamed: service => readNamedAddresses(service, KEYS),
  resolvesNames: false,
  toServing: (service, addresses) =>
    toStatus(
      service,
      addresses.map(ip => ({ ip })),
    ),
  // An address that its user still read there would be taken for one that works.
  toWaiting: service => toStatus(service, []),
  toCleared: (service, assigned) =>
    toStatus(
      service,
      ingressOf(service).filter(({ ip }) => ip === undefined || !assigned.includes(ip)),
    ),
  poolKinds: [],
  toPools: () => [],
}

const ingressOf = (service: KubeService): readonly LoadBalancerIngress[] =>
  service.status?.loadBalancer?.ingress ?? []

function toStatus(service: KubeService, ingress: readonly LoadBalancerIngress[]): AnnouncerFields {
  const [current, wanted] = [ingressOf(service), ingress]
  const isThere =
    current.length === wanted.length && wanted.every((entry, index) => isSame(entry, current[index]))
  return isThere ? {} : { ingress: wanted }
}

/** The API server fills in `VIP` where no mode is given; `Proxy` would keep the packets from the nodes. */
const isSame = (wanted: LoadBalancerIngress, current: LoadBalancerIngress | undefined): boolean =>
  current?.ip === wanted.ip && current?.hostname === wanted.hostname && current?.ipMode !== 'Proxy'
