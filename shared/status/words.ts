import type { AddressKind, BlockStatus, NodeState, ServiceState } from './contract.ts'

/** How terminal and page call what the model names: the same words in both. */

export const NODE_WORDS = {
  waiting: 'waiting',
  missing: 'server gone',
  shutdown: 'powered off',
  notReady: 'not ready',
  ready: 'ready',
  foreign: 'not ours',
} as const satisfies Record<NodeState, string>

export const SERVICE_WORDS = {
  waiting: 'waiting',
  leaving: 'being cleaned up',
  left: 'left alone',
  served: 'served',
} as const satisfies Record<ServiceState, string>

export const KIND_WORDS = {
  used: 'used',
  unconfirmed: 'being claimed',
  resting: 'resting',
  retained: 'retained',
  free: 'free',
  reserved: 'reserved',
  server: 'of a server',
  unreadable: 'unreadable',
  network: 'network',
  gateway: 'gateway',
  broadcast: 'broadcast',
} as const satisfies Record<AddressKind, string>

/** One letter an address: readable without colour, and by a screen reader. */
export const LETTERS = {
  used: '#',
  unconfirmed: '+',
  resting: 'z',
  retained: 'R',
  free: '.',
  reserved: 'x',
  server: 's',
  unreadable: '?',
  network: 'N',
  gateway: 'G',
  broadcast: 'B',
} as const satisfies Record<AddressKind, string>

export const BMC_WORDS = {
  answers: 'answers',
  limited: 'wants no requests',
  unreachable: 'does not answer',
  failing: 'fails',
} as const

/** Of a block: where it stands, and whether Services are given addresses of it. */
export function describeBlock(block: BlockStatus): string {
  const { state, status, gate, isMarked, isSeen, dedicatedTo, doubt } = block
  const gateWord = gate === 'open' ? 'open' : gate === undefined ? 'no gate yet' : gate
  return [
    isSeen ? (state === 'assigned' ? 'assigned' : `${state} (${status})`) : 'remembered, not seen now',
    gateWord,
    ...(isMarked ? ['to be given back'] : []),
    ...(dedicatedTo === undefined ? [] : [`only for ${dedicatedTo}`]),
    ...(doubt === undefined ? [] : [doubt]),
  ].join(', ')
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** `5 s`, `3 min`, `2 h 5 min`, `4 d`. */
export function toSpan(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.max(0, Math.round(ms / 1000))} s`
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`
  if (ms >= 2 * DAY_MS) return `${Math.floor(ms / DAY_MS)} d`
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS)
  return `${Math.floor(ms / HOUR_MS)} h${minutes > 0 ? ` ${minutes} min` : ''}`
}

/** `2026-11-23 11:20:04 UTC`. */
export const toMoment = (ms: number): string => {
  const text = new Date(ms).toISOString()
  return `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`
}

/** The largest IPv4 block on sale (/22): of a larger one (IPv6) what lies in it is listed, and not drawn. */
export const MAX_DRAWN = 1024

/** `1 node`, `10,000 nodes`. */
export const toCount = (count: number, noun: string): string =>
  `${toNumber(count)} ${noun}${count === 1 ? '' : 's'}`

const FORMAT = new Intl.NumberFormat('en')
/** Beyond it a number tells nothing, a power of two does. */
const LARGE = 2 ** 32

/** `10,000`, and `2^64` for the addresses of a large block. */
export const toNumber = (value: number): string =>
  value >= LARGE ? `2^${Math.round(Math.log2(value))}` : FORMAT.format(value)
