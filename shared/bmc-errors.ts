/** What an operator needs to know about one kind of failure; printed into docs/reference/errors.md. */
export interface ErrorEntry {
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retry: boolean
  /** HTTP status with which a handler answers, where the error reaches a webhook caller. */
  readonly status?: number
  /** What the operator does about it: one imperative sentence. */
  readonly action: string
}

/** Failures of the BMC API; `ERRORS` has them with all others. */
export const BMC_ERRORS = {
  BMC_UNREACHABLE: {
    retry: true,
    action:
      'Check egress to the BMC API (PNAP_BASE_URL) and whether the API is up; work goes on by itself afterwards.',
  },
  BMC_TIMEOUT: {
    retry: true,
    action: 'Check latency and egress to the BMC API; work goes on by itself afterwards.',
  },
  BMC_CREDENTIALS_INVALID: {
    retry: false,
    action:
      'Correct PNAP_CLIENT_ID and PNAP_CLIENT_SECRET (or the secret file); create new credentials in the BMC portal if they were revoked.',
  },
  BMC_TOKEN_ENDPOINT_FAILED: {
    retry: true,
    action: 'Check PNAP_TOKEN_URL and whether the token endpoint is up; work goes on by itself afterwards.',
  },
  BMC_SCOPE_MISSING: {
    retry: false,
    action: 'Give the credentials the scope that the message names (bmc, bmc.read, tags or tags.read).',
  },
  BMC_FORBIDDEN: {
    retry: false,
    action:
      'The object is unknown to this account or was deleted: compare its id with the BMC portal and check that the credentials belong to the right account.',
  },
  BMC_NOT_FOUND: { retry: false, action: 'Compare the id in the message with the BMC portal.' },
  BMC_BAD_REQUEST: {
    retry: false,
    action: 'Report this with the message: the BMC API refused a request as malformed.',
  },
  BMC_CONFLICT: {
    retry: true,
    action: 'Another operation is under way on the BMC object; work goes on by itself afterwards.',
  },
  BMC_OUT_OF_STOCK: {
    retry: true,
    action: 'The location has nothing of that size left: choose another size or location, or wait.',
  },
  BMC_RATE_LIMITED: {
    retry: true,
    action: 'The BMC API asked to slow down; work goes on by itself. Raise PNAP_RESYNC_INTERVAL if it lasts.',
  },
  BMC_SERVER_ERROR: { retry: true, action: 'The BMC API failed; work goes on by itself afterwards.' },
  BMC_RESPONSE_INVALID: {
    retry: true,
    action:
      'The BMC API (or a proxy before it) answered something that is no JSON of the documented shape: check PNAP_BASE_URL and proxies.',
  },
  BMC_OUTCOME_UNKNOWN: {
    retry: true,
    action:
      'The response to a change was lost, so the change may or may not have happened; the next run looks before it repeats it.',
  },
} as const satisfies Record<string, ErrorEntry>
