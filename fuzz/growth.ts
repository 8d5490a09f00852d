import { createAuthenticate } from '../functions/auth.ts'
import { readPayload } from '../functions/invoker.ts'
import { readLoadBalancerIP } from '../shared/announcers/requests.ts'
import { expandAddresses } from '../shared/bmc/addresses.ts'
import { toDetail } from '../shared/bmc/failures.ts'
import { toCanonical } from '../shared/cloud-provider/instance.ts'
import { toBought } from '../shared/controllers/address/intent.ts'
import { toLabelValue } from '../shared/controllers/node/labels.ts'
import { parseAddress, parseCidr } from '../shared/ip-address.ts'
import { readAuditEvents } from '../shared/kubernetes/audit.ts'
import { readReview } from '../shared/kubernetes/review.ts'
import { decodeTagValue, encodeTagValue } from '../shared/phoenixnap/block-tags.ts'
import { toOwner } from '../shared/phoenixnap/provider-id.ts'
import { toPrintable } from '../shared/printable.ts'
import { parseReserved } from '../shared/reserved-addresses.ts'
import { splitCertificates } from '../shared/serving-identity/state.ts'
import { loadBalancer, servicePort, toDurationMs, url } from '../shared/setting-parsers.ts'
import type { TargetReport } from './contract.ts'

/** Time by length of the input: what is read in linear time takes twice as long for twice as much. */

const LENGTH = 3000
const DOUBLINGS = 3
/** Linear work takes 8 times as long for 8 times as much, work with the square 64 times. */
const MOST_GROWTH = 24
/** Shorter times are noise. */
const LEAST_MS = 4
const REPEATS = 3

/** Pieces of which long inputs are made: `head`, then the piece again and again, then `tail`. */
const PIECES = [
  '1',
  'a',
  'a:',
  '1.',
  '::',
  '0:',
  ',',
  '-',
  '_',
  ' ',
  '/',
  '9s',
  '1.1',
  'é',
  '%',
  '[',
  '"',
  'Bearer ',
  '-----',
  '\n',
  '\u202e',
  '_a_',
  'ab_',
]
const ENDS = [
  ['', ''],
  ['', '!'],
  ['https://', ' '],
  ['Bearer ', ' x'],
  ['::', '%'],
  ['1.1.1.1/', 'x'],
  ['-----BEGIN CERTIFICATE-----', ''],
] as const

const event = (index: number): string =>
  `{"stage":"ResponseComplete","verb":"create","objectRef":{"resource":"services","namespace":"n${index}","name":"a"}}`

const authenticate = createAuthenticate({ tokens: () => ['token-of-the-fuzzing'] })
const quiet =
  (read: (text: string) => unknown) =>
  (text: string): void => {
    try {
      read(text)
    } catch {
      // What it says of the input is another matter.
    }
  }

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  address: parseAddress,
  canonical: toCanonical,
  cidr: parseCidr,
  'range-of-bmc': expandAddresses,
  reserved: text => parseReserved([text]),
  duration: toDurationMs,
  url,
  'load-balancer': loadBalancer,
  'service-port': servicePort,
  'provider-id': toOwner,
  'encode-tag': encodeTagValue,
  'decode-tag': decodeTagValue,
  label: toLabelValue,
  printable: toPrintable,
  bought: toBought,
  certificates: splitCertificates,
  'refusal-of-bmc': text => toDetail(text, ['a-secret-of-ours']),
  request: text => readLoadBalancerIP({ metadata: { name: 'a' }, spec: { loadBalancerIP: text } }),
  bearer: text =>
    authenticate(
      { method: 'POST', path: `/admission/${text}`, query: {}, headers: { authorization: text } },
      'admission',
    ),
}

/** Inputs that grow in number, not in length. */
const LISTS: Readonly<Record<string, (count: number) => unknown>> = {
  'audit-events': count =>
    readAuditEvents(
      `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[${Array.from({ length: count }, (_, i) => event(i)).join()}]}`,
    ),
  'payload-keys': count =>
    readPayload({ keys: Array.from({ length: count }, (_, i) => ({ kind: 'Node', name: `n${i}` })) }),
  'review-depth': count =>
    readReview(
      `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","object":${'['.repeat(count)}${']'.repeat(count)}}}`,
    ),
  'reserved-entries': count => parseReserved(Array.from({ length: count }, (_, i) => `10.0.0.${i % 256}`)),
}

/** A line for each reader: how many inputs were tried, and the worst growth that was seen. */
export function measureGrowth(isMeant: (name: string) => boolean = () => true): readonly TargetReport[] {
  const texts = PIECES.flatMap(piece => ENDS.map(([head, tail]) => toLong(piece, head, tail)))
  const readers = Object.entries(READERS).map(
    ([name, read]) => [name, texts.map(toText => (size: number) => quiet(read)(toText(size)))] as const,
  )
  const lists = Object.entries(LISTS).map(([name, read]) => [name, [read]] as const)
  return [...readers, ...lists]
    .filter(([name]) => isMeant(`growth.${name}`))
    .map(([name, works]) => toReport(`growth.${name}`, works.map(measure)))
}

const toLong =
  (piece: string, head: string, tail: string) =>
  (size: number): string =>
    head + piece.repeat(Math.ceil(size / piece.length)) + tail

interface Growth {
  readonly factor: number
  readonly ms: number
}

function measure(work: (size: number) => unknown): Growth {
  const small = timeOf(work, LENGTH)
  const large = timeOf(work, LENGTH * 2 ** DOUBLINGS)
  return { factor: large < LEAST_MS ? 1 : large / Math.max(small, LEAST_MS / 2 ** DOUBLINGS), ms: large }
}

/** The shortest of some runs: everything else that a machine does only adds to it. */
function timeOf(work: (size: number) => unknown, size: number): number {
  let shortest = Number.POSITIVE_INFINITY
  for (let run = 0; run < REPEATS; run++) {
    const start = process.cpuUsage()
    work(size)
    const { user, system } = process.cpuUsage(start)
    shortest = Math.min(shortest, (user + system) / 1000)
    if (shortest < LEAST_MS / 2 ** DOUBLINGS || shortest > 300) break
  }
  return shortest
}

function toReport(name: string, growths: readonly Growth[]): TargetReport {
  const [worst] = growths.toSorted((one, other) => other.factor - one.factor)
  const factor = Math.round(worst?.factor ?? 1)
  const outcomes = new Map([[`at most ${factor} times the time for 8 times the length;`, growths.length]])
  if (factor <= MOST_GROWTH) return { name, inputs: growths.length, outcomes }
  const why = `${factor} times the time for 8 times the length (${Math.round(worst?.ms ?? 0)} ms)`
  return { name, inputs: growths.length, outcomes, failure: { seed: 0, path: '', why, counterexample: name } }
}
