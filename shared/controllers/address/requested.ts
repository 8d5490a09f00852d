import type { IPFamily } from '../../cloud-provider/load-balancer.ts'
import { parseAddress } from '../../ip-address.ts'
import type { AllocationRequest } from './allocation.ts'
import { type Problem, toProblem } from './problem.ts'

/** A request for addresses, as far as it fits the Service. */
export interface RequestedAddresses {
  /** Canonical. */
  readonly byFamily: Readonly<Partial<Record<IPFamily, string>>>
  /**
   * True when families that it does not name get nothing new: part of it cannot be honoured as it stands, and any
   * address would be another one than asked for.
   */
  readonly isImpaired: boolean
  readonly problems: readonly Problem[]
}

/** One address of each family of the Service can be had. */
export function sortRequested({ wish, families }: AllocationRequest): RequestedAddresses {
  const parsed = wish.requested.flatMap(entry => parseAddress(entry) ?? [])
  const groups = Map.groupBy(parsed, ({ family }) => family)
  const byFamily: Partial<Record<IPFamily, string>> = {}
  const problems: Problem[] = []
  for (const [family, entries] of groups) {
    const texts = [...new Set(entries.map(({ text }) => text))]
    if (!families.all.includes(family)) problems.push(toForeign(wish.source, texts, families.all))
    else if (texts.length > 1) problems.push(toSeveral(wish.source, family, texts))
    else byFamily[family] = texts[0] as string
  }
  return { byFamily, isImpaired: wish.isUnclear || problems.length > 0, problems }
}

const toForeign = (source: string, texts: readonly string[], families: readonly IPFamily[]): Problem =>
  toProblem(
    'CCM_FAMILY_UNAVAILABLE',
    `${source} asks for ${texts.join(', ')}, but the IP families of the Service are ${families.join(', ')}.`,
  )

const toSeveral = (source: string, family: IPFamily, texts: readonly string[]): Problem =>
  toProblem(
    'CCM_ADDRESS_MALFORMED',
    `${source} asks for more than one ${family} address (${texts.join(', ')}): a Service has one of each family.`,
  )
