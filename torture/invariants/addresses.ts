import { parseAddress } from '../../shared/ip-address.ts'
import type { IPAddress, KubeService } from '../../shared/kubernetes/types.ts'
import { ingressOf, liesIn, nameOf, toAddressView } from '../../test/support/services.ts'
import type { Stored } from '../world/contract.ts'
import type { Checks, Fault } from './contract.ts'
import type { Hands } from './hands.ts'
import { liveOf, type State } from './state.ts'
import { holdsOurs, isWish, keyOf } from './users.ts'

/** What is remembered of a Service as long as it is there. */
interface Life {
  readonly name: string
  /** What we gave it last, and did not take back at its user's wish. */
  given: readonly string[]
  /** What it is live with, by our own hand. */
  held: readonly string[]
  /** Its user asked for something else since, or it had nothing. */
  isWished: boolean
  /** Whether its addresses were written by us, not by a user who copied a manifest. */
  isOurs: boolean
}

/** Which live Service has which addresses, and whether its user wants it otherwise. */
export interface Lives {
  readonly checks: Checks
  /** Names of live Services that we gave an address of this range, unless their users asked for a change since. */
  livingIn(cidr: string): readonly string[]
}

export function createLives(state: State, hands: Hands): Lives {
  const { inputs } = state
  const lives = new Map<string, Life>()
  const holders = new Map<string, Set<Life>>()

  function hold(life: Life, held: readonly string[]): void {
    for (const address of life.held) {
      holders.get(address)?.delete(life)
      if (holders.get(address)?.size === 0) holders.delete(address)
    }
    life.held = held
    for (const address of held) holders.set(address, (holders.get(address) ?? new Set()).add(life))
  }

  function lifeOf(key: string, service: KubeService): Life {
    const known = lives.get(key)
    if (known) return known
    const given = adoptable(service, state)
    const isWished = given.length === 0
    const life: Life = { name: nameOf(service), given, held: [], isWished, isOurs: false }
    lives.set(key, life)
    return life
  }

  function checkService(entry: Stored): Fault[] {
    const service = entry.object as unknown as KubeService
    const old = entry.old as KubeService | undefined
    const key = keyOf(entry)
    const life = lifeOf(key, old ?? service)
    if (entry.type === 'DELETED') {
      hold(life, [])
      lives.delete(key)
      return []
    }
    const byUs = inputs.isProcess(entry.by)
    const sent = byUs ? service : (state.sentFor(entry) as unknown as KubeService)
    if (!byUs && isWish(old, sent)) life.isWished = true
    if (byUs || holdsOurs(sent, service)) return checkWritten(life, service, old)
    if (liveOf(service).join() !== life.held.join()) life.isOurs = false
    hold(life, life.isOurs ? liveOf(service) : [])
    adopt(life, adoptable(service, state))
    return []
  }

  function adopt(life: Life, given: readonly string[]): void {
    if (life.isOurs || given.length === 0) return
    life.given = given
    life.isWished = false
  }

  function checkWritten(life: Life, service: KubeService, old: KubeService | undefined): Fault[] {
    const live = liveOf(service)
    const isWished = life.isWished || standsFor(old, live)
    const lost = life.given.filter(
      address => !live.includes(address) && !hands.excuse(address) && !isLost(life, address),
    )
    const had = [...life.given, ...(old ? [...liveOf(old), ...ingressOf(old)] : [])]
    const isChanged = lost.length > 0 && !isWished && service.metadata.deletionTimestamp === undefined
    life.isOurs = true
    life.isWished = live.length === 0
    life.given = live
    hold(life, live)
    const now = live.length > 0 ? `has [${live.join()}] now` : 'waits now'
    return [
      ...(isChanged ? [faultOf('1b', life, `${life.name} had [${lost.join()}] and ${now}`)] : []),
      ...live.flatMap(address => checkHeld(life, address, had)),
    ]
  }

  /** Somebody took its claim away, and another Service was given the address before a pass saw that. */
  const isLost = ({ name }: Life, address: string): boolean => {
    const holder = state.addresses.get(address)?.service
    return holder !== undefined && holder !== name && hands.wereEverOnClaim(address)
  }

  /** One that a server took from whoever has it is nobody's fault, and he keeps it. */
  const isServers = (address: string, had: readonly string[]): boolean =>
    !hands.wereOn(address) &&
    !had.includes(address) &&
    inputs.cloud.memberAddresses?.().includes(address) === true

  function checkHeld(life: Life, address: string, had: readonly string[]): Fault[] {
    const { name } = life
    const isTaken = hands.wereOnClaim(address)
    const others = [...(holders.get(address) ?? [])].filter(other => other !== life && !isTaken)
    const claim = state.addresses.get(address)
    const gate = state.gateOf(claim?.blockId ?? '')
    return [
      ...others.map(other => faultOf('1a', life, `${address} is held by ${other.name} and by ${name}`)),
      ...(isServers(address, had)
        ? [faultOf('1a', life, `${address} is a server's, and given to ${name}`)]
        : []),
      ...(claim?.service === name || hands.wereOn(address)
        ? []
        : [faultOf('1c', life, `${name} is given ${address} without a claim of its own`)]),
      ...(gate?.state === 'closed'
        ? [faultOf('3a', life, `${name} is given ${address} of a block that is given back`)]
        : []),
    ]
  }

  /** A claim must not go while its Service lives. */
  function checkClaim(entry: Stored): Fault[] {
    const address = entry.object.metadata.name ?? ''
    const view = entry.type === 'DELETED' ? undefined : state.addresses.get(address)
    const isInUse = view?.state === 'active' || view?.state === 'unconfirmed'
    if (isInUse || !inputs.isProcess(entry.by) || hands.excuse(address)) return []
    const { service } = toAddressView(entry.object as unknown as IPAddress)
    return [...(holders.get(address) ?? [])]
      .filter(({ name, isWished }) => name === service && !isWished)
      .map(life => {
        const what = `${life.name} is live with ${address}, and its claim is ${view?.state ?? 'gone'}`
        return faultOf('1c', life, what)
      })
  }

  for (const [key, service] of state.services) {
    const life = lifeOf(key, service)
    const live = liveOf(service)
    if (live.length === 0) continue
    Object.assign(life, { given: live, isOurs: true, isWished: false })
    hold(life, live)
  }

  return {
    livingIn: cidr => {
      const living = [...holders].flatMap(([address, some]) => (liesIn(address, cidr) ? [...some] : []))
      return living.flatMap(({ name, isWished }) => (isWished ? [] : name))
    },
    checks: {
      check(entry) {
        if (entry.kind !== 'stored') return []
        if (entry.resource === 'services') return checkService(entry)
        return entry.resource === 'ipaddresses' ? checkClaim(entry) : []
      },
    },
  }
}

const faultOf = (invariant: '1a' | '1b' | '1c' | '3a', { name }: Life, what: string): Fault => ({
  invariant,
  object: `services ${name}`,
  what,
})

/** A request that could not be met when it was made stands in a field that we never write, and is met once it can be. */
function standsFor(old: KubeService | undefined, live: readonly string[]): boolean {
  const address = parseAddress(old?.spec?.loadBalancerIP ?? '')?.text
  return address !== undefined && live.includes(address)
}

/** What the Go program gave it: it has to stay. */
function adoptable({ spec, status, metadata }: KubeService, { addresses }: State): readonly string[] {
  const ip = status?.loadBalancer?.ingress?.[0]?.ip
  const isServed = spec?.type === 'LoadBalancer' && ip !== undefined && ip === spec.loadBalancerIP
  return isServed && !addresses.has(ip) && metadata.deletionTimestamp === undefined ? [ip] : []
}
