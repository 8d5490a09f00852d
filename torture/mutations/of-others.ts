import type { Mutation } from './contract.ts'

/** Of what others have, and of limits that an operator sets. */
export const OTHER_MUTATIONS: readonly Mutation[] = [
  {
    name: 'of two servers of its name a node is the first',
    file: 'shared/cloud-provider/instance.ts',
    find: 'if (others.length === 0) return',
    replace: 'if (others.length < 9) return',
    violates: '5d',
    story: 'two servers are called alike',
  },
  {
    name: 'private addresses are told as public ones',
    file: 'shared/cloud-provider/instance.ts',
    find: "type: 'InternalIP' as const",
    replace: "type: 'ExternalIP' as const",
    violates: '5c',
    story: 'a node joins',
  },
  {
    name: 'addresses of servers are free',
    file: 'shared/controllers/address/address-index.ts',
    find: '...source.memberAddresses,',
    replace: '',
    violates: '1a',
    story: 'servers take addresses of a block',
  },
  {
    name: 'an address that stays on a node rests no longer than others',
    file: 'shared/controllers/address/lifecycle.ts',
    find: 'restMs: staysOnNode ? settings.typeChangeQuarantineMs : restMs',
    replace: 'restMs',
    violates: '1g',
    story: 'a Service changes its type, and another one comes',
  },
  {
    name: 'a Service that somebody else serves is served',
    file: 'shared/controllers/service/classify.ts',
    find: 'if (first === undefined) return serve',
    replace: 'if (first === undefined || first) return serve',
    violates: '3c',
    story: 'somebody else serves a Service',
  },
  {
    name: 'a block stays beside a Service of another class',
    file: 'shared/controllers/address/blocks.ts',
    find: 'if (needed.has(block.id) || now - gate.unusedSince < graceMs) return undefined',
    replace: 'if (needed.has(block.id) || now - gate.unusedSince >= 0) return undefined',
    violates: '2b',
    story: 'blocks are left over beside a Service of another class',
  },
  {
    name: 'as many blocks are bought as are wanted',
    file: 'shared/phoenixnap/purchase-plan.ts',
    find: "if (family === 'IPv4' && ours >= maxBlocks) {",
    replace: "if (family === 'IPv4' && ours >= maxBlocks + 9) {",
    violates: '2a',
    story: 'more is wanted than may be bought',
  },
  {
    name: 'a block is given back as soon as nobody uses it',
    file: 'shared/controllers/address/blocks.ts',
    find: 'now - gate.unusedSince < graceMs) return undefined\n  if (!isSpare',
    replace: 'now - gate.unusedSince < 0) return undefined\n  if (!isSpare',
    violates: '2b',
    story: 'a Service goes, and its block has a long grace',
  },
]
