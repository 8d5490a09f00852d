import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { KubeObject } from '../../shared/simulator/kubernetes/objects.ts'
import { type AddressView, isHeld, nameOf, publishedFor } from '../../test/support/services.ts'
import type { Checks, Fault } from './contract.ts'
import { toPublicationFaults, toRestFaults, type View } from './sound.ts'
import { isOurs, liveOf, type State } from './state.ts'

/** What a Service's request may take at the most until nobody is on the way any more. */
const UNCONFIRMED_MS = 5 * 60_000
/** Passes within which something that is due is done. */
const PASSES = 5

interface Times {
  readonly since: number
  readonly restMs: number | undefined
  readonly unusedSince: number
}

/** What was left behind once everything has come to rest. */
export function createRestChecks(state: State): Checks {
  const { inputs } = state
  const { settings } = inputs
  const slackMs = PASSES * settings.resyncIntervalMs

  let objects = new Map<string, KubeObject>()

  function toTimes(address: string): Times {
    const note = (key: string): string =>
      objects.get(address)?.metadata.annotations?.[`phoenixnap.com/${key}`] ?? ''
    const seconds = /^(\d+)s$/.exec(note('rest'))?.[1]
    return {
      since: Date.parse(note('since')),
      restMs: seconds === undefined ? undefined : Number(seconds) * 1000,
      unusedSince: Date.parse(note('unused-since')),
    }
  }

  /** Deleted, and kept by others: its address rests when it has gone. */
  function isThere({ service, serviceUid }: AddressView): boolean {
    const uid = serviceUid || undefined
    return [...state.services.values()].some(
      object => uid !== undefined && object.metadata.uid === uid && nameOf(object) === service,
    )
  }

  function isOverdue(view: AddressView): boolean {
    const { address, state: claimState } = view
    if (claimState !== 'unconfirmed' && claimState !== 'released') return false
    if (claimState === 'released' && isThere(view)) return false
    const { since, restMs = settings.longest.releaseQuarantineMs } = toTimes(address)
    const limitMs = claimState === 'unconfirmed' ? UNCONFIRMED_MS : restMs
    return inputs.now() - since > limitMs + slackMs
  }

  /** One that counts as unused for so long that it should have gone; spare capacity is nobody's fault. */
  function isForgotten({ address, service, blockId }: AddressView): boolean {
    if (service !== undefined || settings.minFreeAddresses > 0) return false
    const isClaimedIn = (other: AddressView): boolean =>
      other.service !== undefined && other.blockId === blockId
    if ([...state.addresses.values()].some(isClaimedIn)) return false
    return inputs.now() - toTimes(address).unusedSince > settings.longest.blockGraceMs + slackMs
  }

  function checkOverdue(): Fault[] {
    objects = new Map(
      inputs.cluster.list('ipaddresses').map(object => [object.metadata.name ?? '', object] as const),
    )
    const views = [...state.addresses.values()]
    return [
      ...views.filter(isOverdue).map(({ address, state, service }): Fault => {
        const what = `the claim of ${service} is ${state} for longer than it may`
        return { invariant: '2c', object: `ipaddresses ${address}`, what }
      }),
      ...views.filter(isForgotten).map(({ address, blockId }): Fault => {
        const what = `nobody has used the block of ${address} for longer than the grace time`
        return { invariant: '2b', object: `ip-blocks ${blockId}`, what }
      }),
    ]
  }

  /** Without what users wrote onto Services of others, and without blocks whose tags somebody took: those are left alone. */
  function toView(): View {
    const all = inputs.cloud.ipBlocks()
    const foreign = new Set(all.filter(block => !isOurs(block, inputs)).map(({ id }) => id))
    const isInUse = (service: KubeService): boolean =>
      state.claimsOf(nameOf(service)).some(claim => claim.state === 'active')
    return {
      services: [...state.services.values()].filter(service => isHeld(service) || isInUse(service)),
      addresses: [...state.addresses.values()].filter(({ blockId = '' }) => !foreign.has(blockId)),
      blocks: all.filter(({ id }) => !foreign.has(id)),
    }
  }

  return {
    atRest() {
      const view = toView()
      const ids = view.blocks.flatMap(({ id }) => (state.wasAssigned(id) ? id : []))
      return [
        ...toPublicationFaults(view, new Set(ids), settings.announcer === 'kube-vip' ? publishedFor : liveOf),
        ...toRestFaults(view, inputs.networkId),
        ...checkOverdue(),
      ]
    },
  }
}
