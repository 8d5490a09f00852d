import { FINALIZER } from '../../../shared/kubernetes/names.ts'
import type { KubeService } from '../../../shared/kubernetes/types.ts'
import type { Picks } from '../picks.ts'
import { type Stage, toKey } from '../stage.ts'
import { type Action, defineAction } from './action.ts'
import { ADDRESS_KEYS, pickAddress } from './addresses.ts'
import {
  createService,
  isHeld,
  isLiveBalancer,
  isStaying,
  pickFreeName,
  type ServiceName,
  toCollection,
  toPath,
  USER,
} from './services.ts'

/** Of another controller, which holds a Service for as long as it has something to do for it. */
export const OTHERS = 'example.com/hold'
const HOLDS_MS = [20_000, 1000, 90_000, 400_000] as const

const has = ({ metadata: { finalizers = [] } }: KubeService, finalizer: string): boolean =>
  finalizers.includes(finalizer)

function change(stage: Stage, path: string, metadata: object, what: string): void {
  const request = { method: 'PATCH', path, patch: 'strategic', body: { metadata } } as const
  stage.send(USER, request, what)
}

const remove = (stage: Stage, path: string, finalizer: string): void =>
  change(
    stage,
    path,
    { '$deleteFromPrimitiveList/finalizers': [finalizer] },
    `${path} loses the finalizer ${finalizer}`,
  )

/** At the latest when the faults end. */
function letGoLater(stage: Stage, picks: Picks, isOf: (service: KubeService) => boolean): void {
  const letGo = (): void => {
    const held = stage.services().filter(service => has(service, OTHERS) && isOf(service))
    for (const service of held) remove(stage, toPath(service), OTHERS)
  }
  stage.agenda.after(picks.one(HOLDS_MS), letGo)
  stage.repairs.push(letGo)
}

function createHeld(stage: Stage, picks: Picks, { namespace, name }: ServiceName): void {
  const path = `${toCollection(namespace)}/${name}`
  createService(stage, { namespace, name }, { finalizers: [OTHERS] }, ` with the finalizer ${OTHERS}`)
  if (picks.percent(50))
    stage.agenda.after(picks.one([5000, 0, 60_000]), () =>
      stage.send(USER, { method: 'DELETE', path }, `delete ${namespace}/${name}, which is held`),
    )
  letGoLater(stage, picks, ({ metadata }) => metadata.namespace === namespace && metadata.name === name)
}

export const FINALIZER_ACTIONS: readonly Action[] = [
  defineAction('create with a finalizer of others', 2, (stage, picks) => {
    const name = pickFreeName(stage, picks)
    if (!name) return false
    createHeld(stage, picks, name)
    return true
  }),
  defineAction('others hold it', 2, (stage, picks) => {
    const service = picks.of(stage.services().filter(one => isLiveBalancer(one) && !has(one, OTHERS)))
    if (!service) return false
    const [path, { uid }] = [toPath(service), service.metadata]
    change(stage, path, { finalizers: [OTHERS] }, `${toKey(service)} gets the finalizer ${OTHERS}`)
    letGoLater(stage, picks, ({ metadata }) => metadata.uid === uid)
    if (picks.percent(50))
      stage.agenda.after(picks.one([3000, 0, 30_000]), () =>
        stage.send(USER, { method: 'DELETE', path }, `delete ${toKey(service)}, which others hold`),
      )
    return true
  }),
  defineAction('others let it go', 12, (stage, picks) => {
    const service = picks.of(stage.services().filter(one => has(one, OTHERS)))
    if (!service) return false
    remove(stage, toPath(service), OTHERS)
    return true
  }),
  defineAction('our finalizer is removed by hand', 2, (stage, picks) => {
    const service = picks.of(stage.services().filter(isHeld))
    if (!service) return false
    remove(stage, toPath(service), FINALIZER)
    return true
  }),
  defineAction('change a Service that goes', 12, (stage, picks) => {
    const service = picks.of(stage.services().filter(one => !isStaying(one)))
    const key = ADDRESS_KEYS[stage.settings.announcer]
    if (!service) return false
    const asked = pickAddress(stage, picks)
    const annotations = picks.percent(50) && key ? { [key]: asked } : { edited: asked }
    const request = { method: 'PATCH', path: toPath(service), patch: 'merge' } as const
    stage.send(
      USER,
      { ...request, body: { metadata: { annotations } } },
      `${toKey(service)}, which goes, gets ${JSON.stringify(annotations)}`,
    )
    return true
  }),
]
