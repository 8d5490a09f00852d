import type { Picks } from '../picks.ts'
import type { PlanSettings } from '../plan.ts'
import type { Stage } from '../stage.ts'
import { addressesOf } from './services.ts'

/** Annotation by which a user asks each announcer for an address; `direct` reads the field only. */
export const ADDRESS_KEYS: Readonly<Record<PlanSettings['announcer'], string | undefined>> = {
  'kube-vip': 'kube-vip.io/loadbalancerIPs',
  metallb: 'metallb.io/loadBalancerIPs',
  cilium: 'lbipam.cilium.io/ips',
  purelb: 'purelb.io/addresses',
  direct: undefined,
}

const OUTSIDE = ['192.0.2.7', '203.0.113.9'] as const
const ODD = ['198.19.0.300', 'web.example.com', '', '0.0.0.0'] as const
/** First and last host of a /29, network, gateway and broadcast address among them. */
const PLACES = [2, 3, 4, 5, 6, 7, 1, 0] as const

/** An address as a user may ask for it: free, somebody else's, one that nobody can have, or none at all. */
export function pickAddress(stage: Stage, picks: Picks): string {
  const inside = stage.blocks().flatMap(({ cidr }) => (cidr.includes(':') ? [] : listPlaces(cidr)))
  const taken = stage.services().flatMap(addressesOf)
  const kind = picks.between(0, 9)
  if (kind === 9) return picks.one(ODD)
  if (kind === 8) return picks.one(OUTSIDE)
  return (kind >= 5 ? picks.of(taken) : picks.of(inside)) ?? picks.one(OUTSIDE)
}

/** An address of a block of ours that no object of the cluster names. */
export function pickFreeAddress(stage: Stage, picks: Picks): string | undefined {
  const taken = new Set(stage.world.cluster.store.list('ipaddresses').map(({ metadata }) => metadata.name))
  const inside = stage
    .blocks()
    .flatMap(({ cidr }) => (cidr.includes(':') ? [] : listPlaces(cidr).slice(0, 4)))
  return picks.of(inside.filter(address => !taken.has(address)))
}

function listPlaces(cidr: string): string[] {
  const [network = '', length] = cidr.split('/')
  const [first, second, third, last] = network.split('.').map(Number)
  const size = 2 ** (32 - Number(length))
  return PLACES.filter(place => place < size).map(place =>
    [first, second, third, (last ?? 0) + place].join('.'),
  )
}
