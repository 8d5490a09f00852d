import type { Picks } from '../picks.ts'
import type { Stage } from '../stage.ts'
import { type Action, defineAction } from './action.ts'
import { ADDRESS_KEYS, pickAddress } from './addresses.ts'
import { annotate, createService, isLiveBalancer, patchService, pickFreeName } from './services.ts'

interface Asked {
  readonly annotations: Readonly<Record<string, string>>
  readonly loadBalancerIP: string
  readonly what: string
}

/** By annotation and by field, for the same address, for two, or for several by the one and for one by the other. */
function pickTwice(stage: Stage, picks: Picks): Asked | undefined {
  const key = ADDRESS_KEYS[stage.settings.announcer]
  if (!key) return undefined
  const [one, other] = [pickAddress(stage, picks), pickAddress(stage, picks)]
  const [annotation, loadBalancerIP] = picks.one([
    [one, one],
    [one, other],
    [`${one}, ${other}`, one],
    [`${one},${other}`, other],
  ])
  const what = `${key}=${annotation} and loadBalancerIP ${loadBalancerIP}`
  return { annotations: { [key]: annotation }, loadBalancerIP, what }
}

export const ASKING_TWICE_ACTIONS: readonly Action[] = [
  defineAction('create asking twice', 3, (stage, picks) => {
    const [name, asked] = [pickFreeName(stage, picks), pickTwice(stage, picks)]
    if (!name || !asked) return false
    const { annotations, loadBalancerIP, what } = asked
    createService(stage, name, { annotations, spec: { loadBalancerIP } }, ` with ${what}`)
    return true
  }),
  defineAction('ask twice', 3, (stage, picks) => {
    const asked = pickTwice(stage, picks)
    if (!asked) return false
    const { annotations, loadBalancerIP, what } = asked
    const patch = { ...annotate(annotations), spec: { loadBalancerIP } }
    return patchService(stage, picks, isLiveBalancer, () => ({ patch, what: `asks by ${what}` }))
  }),
]
