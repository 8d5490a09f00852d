/** One thing that must never happen. */
export interface Invariant {
  readonly text: string
  /** `entry`: found as soon as it happens; `rest`: found once everything has come to rest. */
  readonly when: readonly ('entry' | 'rest')[]
}

const ENTRY = ['entry'] as const
const REST = ['rest'] as const
const BOTH = ['entry', 'rest'] as const

/** Everything that must never happen, by the numbers under which the design lists it. */
export const INVARIANTS = {
  '1a': { text: 'An address is held by two live Services, or by one and a server.', when: BOTH },
  '1b': { text: "A live Service's address changes without its user's wish.", when: ENTRY },
  '1c': { text: 'A Service is live with an address for which it holds no claim.', when: BOTH },
  '1d': {
    text: 'An announcer is told to serve an address for a Service that does not hold it.',
    when: REST,
  },
  '1e': { text: 'A Service has an address, and its announcer is not told to serve it.', when: REST },
  '1f': { text: 'A retained address is taken away from its Service.', when: ENTRY },
  '1g': { text: 'An address goes to another Service before its rest is over.', when: ENTRY },
  '1h': { text: 'A Service that asks for an address is given another one.', when: ENTRY },
  '2a': { text: 'A block is bought twice for one need, or beyond what may be bought.', when: BOTH },
  '2b': { text: 'A block of ours that nobody uses is given back by nobody, or too early.', when: BOTH },
  '2c': { text: 'A claim or gate that nobody needs is freed by nobody.', when: REST },
  '3a': { text: 'A block is given back while a live Service has an address in it.', when: BOTH },
  '3b': { text: 'A block or server without our tags is touched.', when: ENTRY },
  '3c': { text: 'A Service that somebody else serves is touched.', when: ENTRY },
  '4a': { text: 'Our finalizer is removed while the claim is still active.', when: BOTH },
  '4b': { text: 'A Service is stuck in deletion once BMC answers again.', when: REST },
  '5a': { text: 'A node is deleted because of an API error or a cut list.', when: ENTRY },
  '5b': { text: "Another provider's node is touched.", when: ENTRY },
  '5c': { text: 'Good addresses of a node are replaced by none, or by what they are not.', when: ENTRY },
  '5d': { text: 'A node gets a wrong provider ID.', when: ENTRY },
  '6a': { text: 'A write changes nothing.', when: ENTRY },
  '6b': { text: "The API server rejects a user's or a kubelet's request because of us.", when: ENTRY },
  '6c': { text: 'Something is written although everything is at rest.', when: ENTRY },
  '7': {
    text: 'A secret stands in a log line, an event, an error, an annotation, or in what is sent.',
    when: BOTH,
  },
  '8a': { text: 'A Service that could be served is not, because of another object or block.', when: REST },
  '8b': {
    text: 'A node that could be initialised or kept up is not, because of another object.',
    when: REST,
  },
} as const satisfies Record<string, Invariant>

export type InvariantId = keyof typeof INVARIANTS
