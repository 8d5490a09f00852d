import { isIP } from 'node:net'

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/

const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const NAME_PART_TEXT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const LABEL_VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

const tooLong = (max: number): string => `must be no more than ${max} bytes`

/** What is wrong with an RFC 1123 subdomain; empty when nothing is. */
export function subdomainProblems(name: string): string[] {
  return [...(name.length > 253 ? [tooLong(253)] : []), ...(SUBDOMAIN.test(name) ? [] : [SUBDOMAIN_TEXT])]
}

/** What is wrong with an RFC 1123 label. */
export function labelProblems(name: string): string[] {
  return [...(name.length > 63 ? [tooLong(63)] : []), ...(LABEL.test(name) ? [] : [LABEL_TEXT])]
}

/** What is wrong with the name of a path segment (RBAC objects). */
export function pathSegmentProblems(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`]
  const bad = ['/', '%'].filter(character => name.includes(character))
  return bad.map(character => `may not contain '${character}'`)
}

/** What is wrong with the name of an IPAddress: it must be the address in its one canonical form. */
export function addressProblems(name: string): string[] {
  if (/^\d+(\.\d+){3}$/.test(name) && /(^|\.)0\d/.test(name)) return ['must not have leading 0s']
  const family = name.includes('%') ? 0 : isIP(name)
  if (family === 0) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
  const canonical = canonicalAddress(name, family)
  return canonical === name ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`]
}

/** The URL parser writes IPv6 addresses in the form of RFC 5952. */
function canonicalAddress(address: string, family: number): string {
  if (family === 4) return address
  return new URL(`http://[${address}]`).hostname.slice(1, -1)
}

/** What is wrong with a label key, an annotation key (lower-cased by the caller) or a taint key. */
export function qualifiedNameProblems(name: string): string[] {
  const parts = name.split('/')
  if (parts.length > 2)
    return [
      `a valid label key ${NAME_PART_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  const [prefix, part] = parts.length === 2 ? [parts[0] ?? '', parts[1] ?? ''] : [undefined, name]
  return [
    ...(prefix === undefined ? [] : prefixProblems(prefix)),
    ...(part === '' ? ['name part must be non-empty'] : []),
    ...(part.length > 63 ? [`name part ${tooLong(63)}`] : []),
    ...(QUALIFIED_NAME.test(part) ? [] : [`name part ${NAME_PART_TEXT}`]),
  ]
}

const prefixProblems = (prefix: string): string[] =>
  prefix === ''
    ? ['prefix part must be non-empty']
    : subdomainProblems(prefix).map(text => `prefix part ${text}`)

/** What is wrong with a label value. */
export function labelValueProblems(value: string): string[] {
  return [...(value.length > 63 ? [tooLong(63)] : []), ...(LABEL_VALUE.test(value) ? [] : [LABEL_VALUE_TEXT])]
}
