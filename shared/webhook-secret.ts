import { createHmac } from 'node:crypto'

/**
 * Path segment of POST /admission/{secret}, for API servers that send no bearer token: hex HMAC-SHA-256 of the text
 * `admission` under the webhook token. An API server logs the URL of a call that failed, so it must be good for
 * admission only, and not lead back to the token.
 */
export const admissionPathSecret = (token: string): string =>
  createHmac('sha256', token).update('admission').digest('hex')
