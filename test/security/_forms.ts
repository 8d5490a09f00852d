import { gunzipSync } from 'node:zlib'

/** Every way in which a text may have been written down by somebody who encodes it, alone or with something beside it. */
export function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const inForm = new URLSearchParams({ s: secret }).toString().slice(2)
  const hex = bytes.toString('hex')
  const percent = [...bytes].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join('')
  const base64 = [0, 1, 2].flatMap(before => toBase64Core(bytes, before))
  const all = [
    secret,
    encodeURIComponent(secret),
    inForm,
    JSON.stringify(secret).slice(1, -1),
    hex,
    hex.toUpperCase(),
    percent,
    percent.toUpperCase(),
    ...base64,
  ]
  return [...new Set(all)]
}

/** The letters of base64 that depend on nothing but the secret, with so many bytes in front of it. */
function toBase64Core(bytes: Buffer, before: number): readonly string[] {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
  const start = Math.ceil((before * 8) / 6)
  const end = Math.floor(((before + bytes.length) * 8) / 6)
  const core = text.slice(start, end)
  return [core, core.replaceAll('+', '-').replaceAll('/', '_')]
}

/** A secret that stands in a text, by its name; undefined where there is none. */
export function findSecret(text: string, secrets: Readonly<Record<string, string>>): string | undefined {
  for (const [name, secret] of Object.entries(secrets)) {
    const found = formsOf(secret).find(form => text.includes(form))
    if (found === undefined) continue
    const at = text.indexOf(found)
    return `${name}: …${text.slice(Math.max(0, at - 120), at)}[HERE]${text.slice(at + found.length, at + found.length + 60)}…`
  }
  return undefined
}

/** What the inventory keeps packed. */
export function unpack(object: string): string {
  const { binaryData = {} } = JSON.parse(object) as { binaryData?: Readonly<Record<string, string>> }
  return Object.values(binaryData)
    .map(data => gunzipSync(Buffer.from(data, 'base64')).toString())
    .join()
}
