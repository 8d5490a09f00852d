import { admissionPathSecret } from '../../shared/webhook-secret.ts'

/** Shorter texts stand somewhere by chance. */
const LEAST = 8

/** Ways in which a secret is told though it is not written as it is, each at least 8 characters long. */
export function toForms(secret: string): readonly string[] {
  const forms = [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('hex'),
    // The path that is as good as the token; a webhook token's is where the API server sends reviews.
    admissionPathSecret(secret),
    ...[0, 1, 2].map(offset => toBase64(secret, offset)),
  ]
  const urlSafe = forms.map(form => form.replaceAll('+', '-').replaceAll('/', '_'))
  return [...new Set([...forms, ...urlSafe])].filter(form => form.length >= LEAST)
}

/** What of a secret is seen in the base64 of a text that holds it at this offset from a group of three bytes. */
function toBase64(secret: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)])
  const isWhole = bytes.length % 3 === 0
  const text = bytes.toString('base64').replaceAll('=', '')
  // The first and the last character may hold bits of what stands beside it.
  return text.slice(offset === 0 ? 0 : offset + 1, isWhole ? undefined : -1)
}
