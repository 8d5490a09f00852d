import * as fc from 'fast-check'
import { expandAddresses } from '../../shared/bmc/addresses.ts'
import { toCanonical } from '../../shared/cloud-provider/instance.ts'
import {
  formatAddress,
  liesIn,
  type ParsedAddress,
  parseAddress,
  parseCidr,
} from '../../shared/ip-address.ts'
import {
  decodeTagValue,
  encodeTagValue,
  toBlockTags,
  toPurchase,
  toServiceRef,
} from '../../shared/phoenixnap/block-tags.ts'
import { toSupplyBlock } from '../../shared/phoenixnap/blocks.ts'
import { fromServerId, toOwner } from '../../shared/phoenixnap/provider-id.ts'
import { toPrintable, toShortLine } from '../../shared/printable.ts'
import { parseReserved } from '../../shared/reserved-addresses.ts'
import { ODD_ADDRESSES, ODD_TEXTS, oddText } from '../hostile.ts'
import { damaged } from '../mutate.ts'
import { define, type Runnable } from '../run.ts'
import { checkText, ensure, watch } from '../watch.ts'

/** Texts that stand for addresses, ranges, names and tags: pairs of directions that must give back what they took. */

const addresses = damaged(
  fc.oneof(
    { weight: 2, arbitrary: fc.ipV4() },
    { weight: 2, arbitrary: fc.ipV6() },
    { weight: 1, arbitrary: fc.ipV4Extended() },
    { weight: 2, arbitrary: fc.constantFrom(...ODD_ADDRESSES) },
    { weight: 1, arbitrary: oddText },
  ),
)

const cidrs = fc.oneof(
  fc
    .tuple(addresses, fc.constantFrom('/', '//', ''), fc.integer({ min: -1, max: 200 }))
    .map(parts => parts.join('')),
  addresses,
)

const ranges = fc.oneof(
  fc.tuple(addresses, fc.constantFrom('-', ' - ', '--', ','), addresses).map(parts => parts.join('')),
  cidrs,
)

const NO_CODES = /^$/
const text = (name: string, inputs: fc.Arbitrary<string>, work: (input: string) => string): Runnable =>
  define({
    name,
    inputs,
    attempt: input => watch({ work: () => work(input), codes: NO_CODES, label: word => word }),
  })

/** Canonical text is its own canonical text, whoever reads it. */
function checkCanonical({ family, value, text }: ParsedAddress): void {
  ensure(formatAddress(family, value) === text, `${text} is written ${formatAddress(family, value)}`)
  const again = parseAddress(text)
  ensure(again?.value === value && again.text === text, `${text} is read as ${again?.text}`)
  ensure(toCanonical(text) === text, `${text} is canonical as ${toCanonical(text)}`)
}

function attemptAddress(input: string): string {
  const parsed = parseAddress(input)
  if (!parsed) return 'none'
  checkCanonical(parsed)
  ensure(liesIn(input, `${parsed.text}/${parsed.family === 'IPv4' ? 32 : 128}`), 'it does not lie in itself')
  return parsed.family
}

function attemptCidr(input: string): string {
  const range = parseCidr(input)
  toSupplyBlock({ id: 'a', status: 'assigned', cidr: input }, 'n', true)
  if (!range) return 'none'
  ensure(range.first <= range.last && range.first >= 0n, 'it runs backwards')
  ensure(range.last < 1n << (range.family === 'IPv4' ? 32n : 128n), 'it runs out of its family')
  return range.family
}

function attemptRange(input: string): string {
  const { ranges, malformed } = parseReserved([input])
  ensure(ranges.length + malformed.length === 1, 'an entry is neither')
  for (const { first, last } of ranges) ensure(first <= last, 'it runs backwards')
  return ranges[0]?.family ?? 'malformed'
}

const attemptExpand = (input: string): Promise<string> =>
  watch({
    work: () => {
      const expanded = expandAddresses(input)
      ensure(expanded.length > 0 && expanded.length <= 1024, `${expanded.length} addresses`)
      for (const one of expanded.slice(0, 20))
        ensure(parseAddress(one)?.text === one, `${one} is not canonical`)
      return expanded.length
    },
    codes: /^BMC_RESPONSE_INVALID$/,
  })

function attemptTag(input: string): string {
  const encoded = encodeTagValue(input)
  ensure(/^[A-Za-z0-9_-]+$/.test(encoded), 'a tag holds other letters')
  ensure(decodeTagValue(encoded) === input, 'a tag does not give back its text')
  decodeTagValue(input)
  return input === '' ? 'empty' : 'ok'
}

function attemptBlockTags([namespace, name]: readonly [string, string]): string {
  const tags = toBlockTags('cluster', name, { namespace, name })
  for (const { value = '' } of tags)
    if (namespace.length <= 63 && name.length <= 63) ensure(value !== '', 'an empty tag')
  const read = toServiceRef(tags)
  ensure(read?.namespace === namespace && read.name === name, 'tags do not give back their Service')
  if (encodeTagValue(name).length <= 100)
    ensure(toPurchase(tags) === name, 'tags do not give back their purchase')
  return 'ok'
}

function attemptProviderID(input: string): string {
  const owner = toOwner(input)
  if (owner.owner !== 'ours') return owner.owner
  const again = toOwner(fromServerId(owner.id))
  ensure(again.owner === 'ours' && again.id === owner.id, 'an id is not read again')
  return 'ours'
}

function attemptPrintable(input: string): string {
  checkText('the text', toPrintable(input), Number.POSITIVE_INFINITY)
  ensure(toPrintable(toPrintable(input)) === toPrintable(input), 'printable text is not printable as it is')
  checkText('the line', toShortLine(input))
  return toPrintable(input) === input ? 'as it was' : 'changed'
}

const names = fc.oneof(oddText, fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/), fc.constantFrom(...ODD_TEXTS))
const providerIDs = fc
  .tuple(fc.constantFrom('phoenixnap://', 'bmc://servers/', '', 'aws:///', 'phoenixnap:///'), names)
  .map(parts => parts.join(''))

export const ADDRESS_TARGETS: readonly Runnable[] = [
  text('address.ip', addresses, attemptAddress),
  text('address.cidr', cidrs, attemptCidr),
  text('address.reserved', ranges, attemptRange),
  define({ name: 'address.range-of-bmc', inputs: ranges, attempt: attemptExpand }),
  text('name.tag', names, attemptTag),
  define({
    name: 'name.block-tags',
    inputs: fc.tuple(names, names),
    attempt: input => watch({ work: () => attemptBlockTags(input), codes: NO_CODES }),
  }),
  text('name.provider-id', providerIDs, attemptProviderID),
  text('name.printable', fc.oneof(oddText, fc.string({ unit: 'binary' })), attemptPrintable),
]
