import type { KubeService } from '../kubernetes/types.ts'
import type { Announcer } from './contract.ts'
import { type Annotations, toFields, withoutAssigned } from './fields.ts'
import {
  annotationOf,
  readAddressRequest,
  readAnnotation,
  readLoadBalancerIP,
  readNamedAddresses,
  saysExactly,
} from './requests.ts'

/** Wins over spec.loadBalancerIP; also holds host names. https://kube-vip.io/docs/usage/cloud-provider/ */
const ADDRESSES = 'kube-vip.io/loadbalancerIPs'
/** Only the value `true` counts. A Service without an address and without this holds up all others for 30 s each. */
const IGNORE = 'kube-vip.io/ignore'
/** Tells our IGNORE from one that the user had put there before the Service waited. */
const IGNORE_IS_OURS = 'phoenixnap.com/kube-vip-ignore'
const KEYS = { annotations: [ADDRESSES] }

export const kubeVip: Announcer = {
  name: 'kube-vip',
  statusIsOurs: false,
  // Up to 1.2.3 it stays on the interface until kube-vip stops; newer sources take it off.
  keepsAddressAfterTypeChange: true,
  readRequest: (service, assigned) => readAddressRequest(service, assigned, KEYS),
  readNamed: service => readNamedAddresses(service, KEYS),
  // It looks them up: LookupHost in its pkg/vip/address.go.
  resolvesNames: true,
  toServing: (service, addresses) =>
    toFields(service, {
      ...withoutIgnore(service),
      // A change of what an announced Service says may wedge kube-vip: what is right in other words stays.
      ...(saysExactly(readEffective(service), addresses) ? {} : { [ADDRESSES]: addresses.join(',') }),
    }),
  toWaiting: service =>
    annotationOf(service, IGNORE) === 'true'
      ? {}
      : toFields(service, { [IGNORE]: 'true', [IGNORE_IS_OURS]: 'true' }),
  toCleared: (service, assigned) =>
    toFields(service, { ...withoutIgnore(service), ...withoutAssigned(service, ADDRESSES, assigned) }),
  poolKinds: [],
  toPools: () => [],
}

const readEffective = (service: KubeService) =>
  annotationOf(service, ADDRESSES) === undefined
    ? readLoadBalancerIP(service)
    : readAnnotation(service, KEYS.annotations)

function withoutIgnore(service: KubeService): Annotations {
  if (annotationOf(service, IGNORE_IS_OURS) === undefined) return {}
  return { [IGNORE_IS_OURS]: null, ...(annotationOf(service, IGNORE) === 'true' ? { [IGNORE]: null } : {}) }
}
