import type { Mutation } from './contract.ts'

/** Of what is written, told and kept apart. */
export const WRITE_MUTATIONS: readonly Mutation[] = [
  {
    name: 'annotations are written again as they are',
    file: 'shared/controllers/service/fields.ts',
    find: '([key, value]) => (existing[key] ?? null) !== value)',
    replace: '([key]) => key !== existing[key])',
    violates: '6a',
    story: 'a Service lives',
  },
  {
    name: 'a patch goes into annotations that are not there',
    file: 'shared/kubernetes/json-patch.ts',
    find: "if (!existing) return [{ op: 'add', path, value: Object.fromEntries(values) }]",
    replace: '',
    violates: '6b',
    story: 'a Service lives',
  },
  {
    name: 'the time of an unused block is written at each pass',
    file: 'shared/controllers/address/blocks.ts',
    find: 'since !== undefined && since - now < SKEW_MS',
    replace: 'since !== undefined && since === now',
    violates: '6c',
    story: 'a block is kept in reserve',
  },
  {
    name: 'the inventory is written anew every ten minutes',
    file: 'shared/controllers/resync/resync.ts',
    find: 'decideInventory({ ...observed, instances, nodes }, context.cloud)',
    replace:
      'decideInventory({ ...observed, instances, nodes, account: `${observed.account} ${Math.floor(context.clock.now() / 600_000)}` }, context.cloud)',
    violates: '6c',
    story: 'a node joins',
  },
  {
    name: 'an error tells the secret',
    file: 'shared/bmc/token-request.ts',
    find: "if (verdict.do === 'give-up') throw toTokenError(options, 'BMC_TOKEN_ENDPOINT_FAILED', outcome)",
    replace:
      "if (verdict.do === 'give-up') throw new CcmError('BMC_TOKEN_ENDPOINT_FAILED', `no token for ${credentials.clientSecret}`)",
    violates: '7',
    story: 'no token is to be had',
  },
  {
    name: 'the access token stands in an address',
    file: 'shared/bmc/request.ts',
    find: 'url: options.baseUrl + toPath(operation),',
    replace: "url: options.baseUrl + toPath(operation) + '?of=' + Buffer.from(token).toString('hex'),",
    violates: '7',
    story: 'a Service lives',
  },
  {
    name: 'whoever rings is told the path of reviews',
    file: 'functions/audit.ts',
    find: 'return toJsonResponse(200, counts)',
    replace:
      "return toJsonResponse(200, { ...counts, path: (await import('../shared/webhook-secret.ts')).admissionPathSecret('webhook-token-of-a-world') })",
    violates: '7',
    story: 'a Service lives',
  },
  {
    name: 'one Service that cannot be read ends the pass',
    file: 'shared/controllers/service/history.ts',
    find: 'return entries?.flatMap(',
    replace: 'return (entries as string[]).flatMap(',
    violates: '8a',
    story: 'a Service cannot be read',
  },
  {
    name: 'one Service that may not be written to keeps the next ones waiting',
    file: 'shared/controllers/resync/services.ts',
    find: 'const left = await workInTurn(context.clock, pass.call, {',
    replace:
      'pass = { ...pass, call: { ...pass.call, passId: undefined } }\npending = pending.slice(0, 1)\nconst left = await workInTurn(context.clock, pass.call, {',
    violates: '8a',
    story: 'a Service may not be written to',
  },
]
