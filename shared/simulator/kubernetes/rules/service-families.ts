import { isIP } from 'node:net'
import { type Fields, sameJson, textOf, textsOf } from '../json.ts'
import { type Cause, duplicateValue, invalidValue, required, unsupportedValue } from '../status.ts'
import { type Family, familyOf } from './service-ranges.ts'

const FAMILIES = ['IPv4', 'IPv6']
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
const ADDRESSES = 'spec.clusterIPs'
const POLICY = 'spec.ipFamilyPolicy'

/** A Service's spec with families and policy, or why it cannot have them. */
export interface FamilyChoice {
  readonly spec: Fields
  readonly problems: readonly Cause[]
}

/**
 * Completes what a client said about families from what it said about addresses and from the cluster's families.
 *
 * @param old spec of the stored Service; undefined for a new one
 * @param served families of the cluster, the default first
 */
export function chooseFamilies(
  given: Fields,
  old: Fields | undefined,
  served: readonly Family[],
): FamilyChoice {
  if (given.type === 'ExternalName' || keepsPreference(given, old)) return { spec: given, problems: [] }
  const spec: Fields = { ...given, ipFamilyPolicy: given.ipFamilyPolicy ?? defaultPolicy(given, old) }
  const malformed = familyProblems(spec)
  if (malformed.length > 0) return { spec, problems: malformed }
  const reduced = old === undefined ? [] : reduce(spec, old)
  const problems = [...reduced, ...countProblems(spec), ...inferFamilies(spec, served)]
  if (problems.length > 0) return { spec, problems }
  if (isHeadless(spec) && spec.selector === undefined)
    return { spec: withSecond(spec, served, true), problems }
  const unserved = servedProblems(spec, served)
  return { spec: unserved.length > 0 ? spec : withSecond(spec, served, false), problems: unserved }
}

const isHeadless = (spec: Fields): boolean => spec.clusterIP === 'None'

/** A preference alone changes nothing when the cluster's families have changed. */
function keepsPreference(spec: Fields, old: Fields | undefined): boolean {
  const names = ['type', 'ipFamilyPolicy', 'clusterIP', 'clusterIPs', 'ipFamilies']
  return spec.ipFamilyPolicy === 'PreferDualStack' && names.every(name => sameJson(spec[name], old?.[name]))
}

function defaultPolicy(spec: Fields, old: Fields | undefined): unknown {
  if (old?.ipFamilyPolicy !== undefined) return old.ipFamilyPolicy
  return isHeadless(spec) && spec.selector === undefined ? 'RequireDualStack' : 'SingleStack'
}

/** The policy SingleStack gives up a second address; under another one it cannot just be left out. */
function reduce(spec: Fields, old: Fields): Cause[] {
  const [addresses, families] = [textsOf(spec.clusterIPs), textsOf(spec.ipFamilies)]
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (addresses.length > 1 && sameJson(addresses, old.clusterIPs)) spec.clusterIPs = addresses.slice(0, 1)
    if (families.length > 1 && sameJson(families, old.ipFamilies)) spec.ipFamilies = families.slice(0, 1)
    return []
  }
  const refuse = (what: string): Cause =>
    invalidValue(POLICY, spec.ipFamilyPolicy, `must be 'SingleStack' to release the secondary ${what}`)
  return [
    ...(isFewer(addresses, old.clusterIPs) ? [refuse('cluster IP')] : []),
    ...(isFewer(families, old.ipFamilies) ? [refuse('IP family')] : []),
  ]
}

const isFewer = (now: readonly string[], before: unknown): boolean =>
  now.length > 0 && now.length < textsOf(before).length

function countProblems(spec: Fields): Cause[] {
  if (spec.ipFamilyPolicy !== 'SingleStack') return []
  const refuse = (what: string): Cause =>
    invalidValue(
      POLICY,
      spec.ipFamilyPolicy,
      `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
    )
  return [
    ...(textsOf(spec.clusterIPs).length === 2 ? [refuse('cluster IPs')] : []),
    ...(textsOf(spec.ipFamilies).length === 2 ? [refuse('IP families')] : []),
  ]
}

/** Addresses tell the families that were not named. */
function inferFamilies(spec: Fields, served: readonly Family[]): Cause[] {
  const addresses = isHeadless(spec) ? [] : textsOf(spec.clusterIPs)
  const families = textsOf(spec.ipFamilies)
  const missing = addresses.slice(families.length).map(familyOf)
  if (missing.length > 0) spec.ipFamilies = [...families, ...missing]
  return missing.flatMap((family, index) =>
    served.includes(family)
      ? []
      : [
          invalidValue(
            `${ADDRESSES}[${families.length + index}]`,
            addresses,
            `${family} is not configured on this cluster`,
          ),
        ],
  )
}

function servedProblems(spec: Fields, served: readonly Family[]): Cause[] {
  const demanded = spec.ipFamilyPolicy === 'RequireDualStack' && served.length < 2
  const why = 'this cluster is not configured for dual-stack services'
  const unserved = textsOf(spec.ipFamilies).flatMap((family, index) =>
    served.some(one => one === family)
      ? []
      : [invalidValue(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster')],
  )
  return [...(demanded ? [invalidValue(POLICY, spec.ipFamilyPolicy, why)] : []), ...unserved]
}

/** @param always also in a cluster of one family: a headless Service without selector takes no address */
function withSecond(spec: Fields, served: readonly Family[], always: boolean): Fields {
  const named = textsOf(spec.ipFamilies)
  const families = named.length === 0 ? served.slice(0, 1) : named
  const wantsSecond = spec.ipFamilyPolicy !== 'SingleStack' && (always || served.length === 2)
  const second = families[0] === 'IPv4' ? 'IPv6' : 'IPv4'
  return { ...spec, ipFamilies: wantsSecond && families.length === 1 ? [...families, second] : families }
}

/** What is wrong with the fields by themselves, whatever the cluster serves. */
function familyProblems(spec: Fields): Cause[] {
  const families = textsOf(spec.ipFamilies)
  const policy = textOf(spec.ipFamilyPolicy)
  return [
    ...pairProblems(textOf(spec.clusterIP), textsOf(spec.clusterIPs)),
    ...families.flatMap((family, index) => [
      ...(FAMILIES.includes(family) ? [] : [unsupportedValue(`spec.ipFamilies[${index}]`, family, FAMILIES)]),
      ...(families.indexOf(family) === index ? [] : [duplicateValue(`spec.ipFamilies[${index}]`, family)]),
    ]),
    ...(POLICIES.includes(policy) ? [] : [unsupportedValue(POLICY, policy, POLICIES)]),
    ...addressProblems(textsOf(spec.clusterIPs), families),
  ]
}

/** `clusterIP` and the first of `clusterIPs` are one thing. */
function pairProblems(address: string, addresses: readonly string[]): Cause[] {
  const [first] = addresses
  if (address === '')
    return first === undefined
      ? []
      : [invalidValue(ADDRESSES, addresses, 'must be empty when `clusterIP` is not specified')]
  if (first === undefined) return [required(ADDRESSES)]
  return first === address ? [] : [invalidValue(ADDRESSES, addresses, 'first value must match `clusterIP`')]
}

function addressProblems(addresses: readonly string[], families: readonly string[]): Cause[] {
  const refuse = (why: string): Cause => invalidValue(ADDRESSES, addresses, why)
  if (addresses[0] === 'None')
    return addresses.length > 1 ? [refuse("'None' must be the first and only value")] : []
  const malformed = addresses.flatMap((address, index) =>
    isIP(address) === 0
      ? [
          invalidValue(
            `${ADDRESSES}[${index}]`,
            address,
            'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
          ),
        ]
      : [],
  )
  const tooMany = addresses.length > 2 ? [refuse('may only hold up to 2 values')] : []
  if (malformed.length > 0) return [...malformed, ...tooMany]
  const isMixed = addresses.length === 2 && new Set(addresses.map(familyOf)).size === 2
  return [
    ...tooMany,
    ...(addresses.length > 1 && !isMixed
      ? [refuse('may specify no more than one IP for each IP family')]
      : []),
    ...addresses.flatMap((address, index) => {
      const family = families[index]
      if (family === undefined || family === familyOf(address)) return []
      const why = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``
      return [invalidValue(`${ADDRESSES}[${index}]`, address, why)]
    }),
  ]
}
