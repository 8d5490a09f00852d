import type { Mutation } from './contract.ts'

/** Of nodes. */
export const NODE_MUTATIONS: readonly Mutation[] = [
  {
    name: 'an error is taken for a server that has gone',
    file: 'shared/controllers/node/delete.ts',
    find: "return { state: 'unknown', why: `the BMC API answered ${code} when asked for server ${id}` }",
    replace: "return { state: 'absent', why: `the BMC API answered ${code} when asked for server ${id}` }",
    violates: '5a',
    story: 'the list of servers is cut',
  },
  {
    name: 'nodes are deleted without a grace time',
    file: 'shared/controllers/node/deletion.ts',
    find: 'const due = since.filter(({ at }) => at !== undefined && now - at >= graceMs)',
    replace: 'const due = since.filter(({ at }) => at !== undefined && now - at >= 0)',
    violates: '5a',
    story: 'servers go, and come back',
  },
  {
    name: 'as many nodes as there are may be deleted',
    file: 'shared/controllers/node/deletion.ts',
    find: 'return Math.max(0, Math.max(1, Math.floor(maxShare * (count + recent))) - recent)',
    replace: 'return Math.max(0, Math.max(1, Math.ceil(maxShare + count + recent)))',
    violates: '5a',
    story: 'servers go',
  },
  {
    name: 'every provider ID is ours',
    file: 'shared/phoenixnap/provider-id.ts',
    find: 'const KNOWN_FORMS = /^(?:phoenixnap:\\/\\/|bmc:\\/\\/servers\\/)?([^/:\\s]+)$/',
    replace: 'const KNOWN_FORMS = /([^/:\\s]+)$/',
    violates: '5b',
    story: "another provider's node is not ready",
  },
  {
    name: 'no address is an address list as well',
    file: 'shared/controllers/node/addresses.ts',
    find: 'if (cloud.length === 0)',
    replace: 'if (cloud.length === 0 && instance.addressesIncomplete)',
    violates: '5c',
    story: 'a server loses its addresses',
  },
  {
    name: 'a node without a server of its name gets any',
    file: 'shared/controllers/node/match.ts',
    find: 'index.byHostname.get(node.metadata.name.toLowerCase()) ?? []',
    replace: '[...index.byId.values()].slice(0, 1)',
    violates: '5d',
    story: 'a node has no server',
  },
  {
    name: 'one server that cannot be read spoils the list',
    file: 'shared/bmc/servers.ts',
    find: 'return { id, ...toNothing(raw), unreadable: error.message }',
    replace: 'throw error',
    violates: '8b',
    story: 'a server cannot be read',
  },
]
