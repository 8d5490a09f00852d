import type { AddressBlock, AddressSupply } from '../../cloud-provider/load-balancer.ts'
import { hasCode } from '../../errors.ts'
import { type Check, type Finding, fail, ok, toAge, toCount, toNames, unknown, warn } from '../contract.ts'

/** As BMC has it: a public network takes no more. */
const NETWORK_BLOCKS = 10
/** The smallest block that is bought without a setting. */
const SMALL_BLOCK = 8
const DISABLED = 'load balancers are disabled (PNAP_LOAD_BALANCER is empty)'

export const CLOUD_CHECKS: readonly Check[] = [
  {
    code: 'bmc-credentials',
    doc: 'BMC can be reached and gives a token for the credentials.',
    action: 'Correct PNAP_CLIENT_ID and PNAP_CLIENT_SECRET.',
    run: async ({ credentials }) =>
      orFail(async () => {
        const { tokenLifeMs } = await credentials()
        return ok(`BMC gives a token, which lives ${toAge(tokenLifeMs)} and is renewed before it ends`)
      }),
  },
  {
    code: 'bmc-scopes',
    doc: 'The credentials have the scope bmc.read, for load balancers bmc and tags as well.',
    action: 'Give the credentials the scopes that the line names, in the BMC portal.',
    async run({ credentials, diagnosis, config }) {
      const { neededScopes, covers } = diagnosis()
      const { scopes } = await credentials()
      if (!scopes) return unknown('the token does not tell its scopes')
      const needed = [...neededScopes.nodes, ...(config().loadBalancer ? neededScopes.loadBalancers : [])]
      const missing = needed.filter(scope => !covers(scopes, scope))
      if (missing.length > 0) return fail(`the scopes ${missing.join(', ')} are missing`)
      return ok(`the credentials have the scopes ${scopes.join(', ')}`)
    },
  },
  {
    code: 'bmc-servers',
    doc: 'The list of servers can be read, and holds some.',
    action: 'Check that the credentials belong to the account of the servers, and that BMC is up.',
    run: async ({ instances, cloud }) =>
      orFail(async () => {
        const servers = await instances()
        const requests = [...cloud().requestCounts().values()].reduce((sum, count) => sum + count, 0)
        if (servers.length === 0) return warn('the account has no servers')
        return ok(`${toCount(servers.length, 'server')}, ${toCount(requests, 'request')} so far`)
      }),
  },
  {
    code: 'bmc-network',
    doc: 'The public network of PNAP_LOAD_BALANCER exists, is ready, and lies where PNAP_LOCATION says.',
    action: 'Compare PNAP_LOAD_BALANCER and PNAP_LOCATION with the public network in the BMC portal.',
    run: async ({ supply, config }) =>
      orFail(async () => {
        const found = await supply()
        return found ? judgeNetwork(found, config().location) : ok(DISABLED)
      }),
  },
  {
    code: 'bmc-blocks',
    doc: 'The IP blocks of this cluster are assigned, and the network has room for more.',
    action: 'Look at the blocks that the line names in the BMC portal.',
    async run({ supply, config }) {
      const found = await supply()
      return found ? judgeBlocks(found, config().maxBlocks) : ok(DISABLED)
    },
  },
  {
    code: 'bmc-quota',
    doc: 'The quota of public addresses allows another block.',
    action: 'Ask for a higher limit of the quota bmc.public_ips.max_count in the BMC portal.',
    async run({ diagnosis, config, call }) {
      if (!config().loadBalancer) return ok(DISABLED)
      const quota = await diagnosis().readAddressQuota(call)
      if (!quota) return unknown('BMC names no quota of public addresses')
      const fact = `${quota.used} of ${quota.limit} public addresses are used`
      return quota.limit - quota.used < SMALL_BLOCK ? warn(`${fact}, too many for another block`) : ok(fact)
    },
  },
  {
    code: 'bmc-tags',
    doc: 'The tags that blocks bear exist in the account, or are made with the first purchase.',
    action: 'Give the credentials the scope tags, in the BMC portal.',
    async run({ diagnosis, config, call }) {
      if (!config().loadBalancer) return ok(DISABLED)
      const missing = await diagnosis().listMissingTags(call)
      if (missing.length === 0) return ok('all tags exist')
      return ok(`${toNames(missing)} will be made with the first purchase`)
    },
  },
]

/** For checks that are about the request itself: that BMC refuses it, or does not answer, is the finding. */
async function orFail(ask: () => Promise<Finding>): Promise<Finding> {
  try {
    return await ask()
  } catch (error) {
    if (!hasCode(error) || !/^BMC_|^CCM_PUBLIC_NETWORK/.test(error.code)) throw error
    return fail(`${error.code}: ${error.message}`, error.action)
  }
}

function judgeNetwork({ network }: AddressSupply, location: string | undefined): Finding {
  const fact = `public network ${network.id} in ${network.location} is ${network.status}`
  if (location !== undefined && location.toUpperCase() !== network.location.toUpperCase()) {
    return fail(`${fact}, but PNAP_LOCATION says ${location}`)
  }
  if (network.status === 'READY' || network.status === 'BUSY') return ok(fact)
  return network.status === 'ERROR' || network.status === 'DELETING' ? fail(fact) : warn(fact)
}

function judgeBlocks({ blocks, unlisted, occupied }: AddressSupply, maxBlocks: number): Finding {
  const failed = blocks.filter(({ state }) => state === 'failed')
  if (failed.length > 0) return fail(`failed: ${toNames(failed.map(toTitle))}`)
  const doubted = blocks.flatMap(({ id, doubt }) => (doubt === undefined ? [] : `${id}: ${doubt}`))
  if (doubted.length > 0) return fail(`not to be believed: ${toNames(doubted, '; ')}`)
  const elsewhere = blocks.filter(({ state }) => state === 'elsewhere')
  const notes = [
    ...(elsewhere.length > 0 ? [`on another public network: ${toNames(elsewhere.map(toTitle))}`] : []),
    ...(unlisted.length > 0 ? [`without the tags of this cluster: ${toNames(unlisted)}`] : []),
    ...(occupied.IPv4 >= NETWORK_BLOCKS
      ? [`the network has ${occupied.IPv4} IPv4 blocks and takes no more`]
      : []),
    ...(blocks.length >= maxBlocks ? [`PNAP_MAX_BLOCKS (${maxBlocks}) allows no more`] : []),
  ]
  const room = blocks.reduce(
    (sum, { usable, state }) => sum + (state === 'assigned' ? (usable?.count ?? 0) : 0),
    0,
  )
  const fact = `${toCount(blocks.length, 'block')} of this cluster with room for ${toCount(room, 'Service')}`
  return notes.length > 0 ? warn([fact, ...notes].join('; ')) : ok(fact)
}

const toTitle = ({ id, cidr, status }: AddressBlock): string => `${id} (${cidr ?? 'no range yet'}, ${status})`
