import { isIP } from 'node:net'
import type { KubeService } from '../../../shared/kubernetes/types.ts'
import type { PlanSettings } from '../plan.ts'
import { type Stage, toKey } from '../stage.ts'
import { type Action, defineAction } from './action.ts'
import { ADDRESS_KEYS } from './addresses.ts'
import { annotationOf, isHeld, isLiveBalancer, toPath } from './services.ts'

const NEVER = '0.0.0.0'
/** Annotation and value with which each announcer is kept from serving. */
const HELD_BACK: Readonly<Record<string, (service: KubeService) => boolean>> = {
  'kube-vip': service => annotationOf(service, 'kube-vip.io/ignore') === 'true',
  metallb: service => annotationOf(service, 'metallb.io/address-pool') === 'phoenixnap-waiting',
  purelb: service => annotationOf(service, 'purelb.io/service-group') === 'phoenixnap-waiting',
}

/** Addresses that the announcer serves the Service with. */
function announcedBy(announcer: PlanSettings['announcer'], service: KubeService): readonly string[] {
  const key = ADDRESS_KEYS[announcer]
  if (!key || HELD_BACK[announcer]?.(service)) return []
  const texts = [annotationOf(service, key) ?? service.spec?.loadBalancerIP ?? '']
  return texts
    .flatMap(text => text.split(','))
    .map(text => text.trim())
    .filter(text => isIP(text) !== 0 && text !== NEVER)
}

/** Where nobody announces (`direct`) the status is the controllers' own; an announcer has no address but from us. */
function announce(stage: Stage, service: KubeService): boolean {
  if (stage.settings.announcer === 'direct' || !isHeld(service)) return false
  const addresses = announcedBy(stage.settings.announcer, service)
  const ingress = addresses.map(ip => ({ ip, ipMode: 'VIP' }))
  const current = (service.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip)
  if (current.join() === addresses.join()) return false
  stage.send(
    'announcer',
    {
      method: 'PATCH',
      path: `${toPath(service)}/status`,
      patch: 'merge',
      body: { status: { loadBalancer: { ingress } } },
    },
    `the announcer serves ${toKey(service)} with [${addresses.join()}]`,
  )
  return true
}

/** What the announcer is behind with is done at once. */
export const announceAll = (stage: Stage): number =>
  stage
    .services()
    .filter(isLiveBalancer)
    .filter(service => announce(stage, service)).length

export const ANNOUNCER_ACTIONS: readonly Action[] = [
  defineAction('announce', 8, stage => announceAll(stage) > 0),
  defineAction('withdraw the announcement', 8, (stage, picks) => {
    const service = picks.of(
      stage.services().filter(({ status }) => (status?.loadBalancer?.ingress ?? []).length > 0),
    )
    if (!service || stage.settings.announcer === 'direct') return false
    stage.send(
      'announcer',
      {
        method: 'PATCH',
        path: `${toPath(service)}/status`,
        patch: 'merge',
        body: { status: { loadBalancer: { ingress: null } } },
      },
      `the announcer serves ${toKey(service)} no longer`,
    )
    return true
  }),
]
