/** What is reported of a history that came to no end. */
export const UNTOLD = {
  steps: 0,
  skipped: 0,
  coverage: {},
  faults: 0,
  requests: 0,
  virtualMs: 0,
  fingerprint: undefined,
  memory: 0,
} as const
