import type { Mutation } from './contract.ts'

/** Of addresses, claims and the Services that have them. */
export const ADDRESS_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a claim of another Service is taken for its own',
    file: 'shared/controllers/address/claims.ts',
    find: 'return namespace === service.namespace && name === service.name ? entry.claim : undefined',
    replace: 'return namespace !== undefined && name !== undefined ? entry.claim : undefined',
    violates: '1a',
    story: 'a crowd of Services',
  },
  {
    name: 'a Service that is served looks for another address',
    file: 'shared/controllers/address/allocate.ts',
    find: "if (current) return keepOr(current, 'full')",
    replace: '',
    violates: '1b',
    story: 'a Service lives',
  },
  {
    name: 'a cut list of blocks is believed',
    file: 'shared/phoenixnap/supply.ts',
    find: 'const missing = (call?.expected ?? []).filter(id => !listed.has(id))',
    replace: 'const missing: string[] = []',
    violates: '1b',
    story: 'the list of blocks is cut',
  },
  {
    name: 'a review claims nothing',
    file: 'shared/controllers/service/admit.ts',
    find: 'if (dryRun) return foreseeAddresses(allocation)',
    replace: 'if (!dryRun) return foreseeAddresses(allocation)',
    violates: '1c',
    story: 'a Service lives',
  },
  {
    name: 'a claim that rests never ends',
    file: 'shared/controllers/address/lifecycle.ts',
    find: 'return isResting ?',
    replace: 'return isResting || since > 0 ?',
    violates: '2c',
    story: 'a Service comes and goes',
  },
  {
    name: 'claims of Services that were never stored stay',
    file: 'shared/controllers/address/lifecycle.ts',
    find: 'if (now - since < UNCONFIRMED_MS)',
    replace: 'if (now - since >= 0)',
    violates: '2c',
    story: 'a Service is refused after its review',
  },
  {
    name: 'a Service is let go before its claim is released',
    file: 'shared/controllers/service/clean-up.ts',
    find: 'await releaseOwn(work, service, cause, assigned, note)',
    replace: '',
    violates: '4a',
    story: 'a Service comes and goes',
  },
  {
    name: 'a Service that is deleted is none of ours',
    file: 'shared/controllers/service/classify.ts',
    find: 'if (isMarked || (isLeft && isOurs))',
    replace: 'if (isLeft && isOurs)',
    violates: '4b',
    story: 'a Service comes and goes',
  },
]
