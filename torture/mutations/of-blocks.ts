import type { Mutation } from './contract.ts'

/** Of blocks: buying, giving back, and whose they are. */
export const BLOCK_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a block on its way does not count',
    file: 'shared/phoenixnap/supply-plan.ts',
    find: '.filter(({ left }) => left > 0)',
    replace: ".filter(({ block, left }) => left > 0 && block.state === 'assigned')",
    violates: '2a',
    story: 'a block is bought',
  },
  {
    name: 'a block that nobody uses stays',
    file: 'shared/controllers/address/blocks.ts',
    find: 'if (needed.has(block.id) || now - gate.unusedSince < graceMs) return undefined',
    replace: 'if (needed.has(block.id) || now - gate.unusedSince >= 0) return undefined',
    violates: '2b',
    story: 'a Service comes and goes',
  },
  {
    name: 'nobody counts how long a block is unused',
    file: 'shared/controllers/address/blocks.ts',
    find: 'if (!isPast(gate.unusedSince, now)) return noteUnused(block, gate)\n  if (needed.has(block.id) || now',
    replace: 'if (!isPast(gate.unusedSince, now)) return undefined\n  if (needed.has(block.id) || now',
    violates: '2b',
    story: 'a Service comes and goes',
  },
  {
    name: 'with spare addresses no block is given back',
    file: 'shared/controllers/address/blocks.ts',
    find: 'if (rest < minFree) return false',
    replace: 'if (rest < minFree || minFree > 0) return false',
    violates: '2b',
    story: 'a crowd goes, and spare addresses are kept',
  },
  {
    name: 'one Service that may not be written to ends the pass',
    file: 'shared/controllers/resync/services.ts',
    find: "context.log.warn({ service: toKey(ref), error }, 'service not converged')",
    replace: 'throw error',
    violates: '3a',
    story: 'a Service may not be written to',
  },
  {
    name: 'claims do not keep a block',
    file: 'shared/controllers/address/use.ts',
    find: 'claims: [...found].sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0)),',
    replace: 'claims: [...found].filter(claim => !order.has(claim)),',
    violates: '3a',
    story: 'a Service lives long',
  },
  {
    name: 'blocks of every cluster are ours',
    file: 'shared/phoenixnap/block-tags.ts',
    find: '  { name: CLUSTER_TAG, value: encodeTagValue(clusterName) },\n]',
    replace: "  ...(clusterName === '' ? [{ name: CLUSTER_TAG }] : []),\n]",
    violates: '3b',
    story: 'another cluster has a block',
  },
  {
    name: 'a block that is never assigned is waited for for ever',
    file: 'shared/phoenixnap/supply-changes.ts',
    find: 'block.stuck && !givenUp.has(block)',
    replace: 'block.stuck && givenUp.has(block)',
    violates: '8a',
    story: 'a block is never assigned',
  },
]
