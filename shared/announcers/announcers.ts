import { cilium } from './cilium.ts'
import type { Announcer } from './contract.ts'
import { direct } from './direct.ts'
import { kubeVip } from './kube-vip.ts'
import { newMetalLB } from './metallb.ts'
import { pureLB } from './purelb.ts'

export interface AnnouncerOptions {
  /** Where MetalLB is installed. */
  readonly metallbNamespace: string
}

const ANNOUNCERS: Readonly<Record<Announcer['name'], (options: AnnouncerOptions) => Announcer>> = {
  'kube-vip': () => kubeVip,
  metallb: ({ metallbNamespace }) => newMetalLB(metallbNamespace),
  cilium: () => cilium,
  purelb: () => pureLB,
  direct: () => direct,
}

/** Names as they stand in the load balancer setting. */
export const ANNOUNCER_NAMES = Object.keys(ANNOUNCERS) as readonly Announcer['name'][]

export const getAnnouncer = (name: Announcer['name'], options: AnnouncerOptions): Announcer =>
  ANNOUNCERS[name](options)
