import { type Answer, ApiError, badRequest, type Call, type Route, rowOf } from './api.ts'
import { fields, parseBody, text } from './checks.ts'
import { addressCount, createBlock, showBlock } from './ip-block-rows.ts'
import { refuseBeyondQuota } from './quotas.ts'
import { type BlockRow, takeFromStock } from './store.ts'
import { linkTags, passesTagFilter, TAG_REQUESTS } from './tags.ts'

/** Larger blocks are sold by people, not by the API. */
const SIZES_ON_SALE: Readonly<Record<string, readonly string[]>> = {
  V4: ['/31', '/30', '/29', '/28'],
  V6: ['/64'],
}
const DESCRIPTION = text({ max: 250 })
const CREATE_BODY = fields(
  { location: text(), cidrBlockSize: text() },
  { ipVersion: text({ oneOf: Object.keys(SIZES_ON_SALE) }), description: DESCRIPTION, tags: TAG_REQUESTS },
)
const PATCH_BODY = fields({}, { description: DESCRIPTION })

const BLOCKS = '/ips/v1/ip-blocks'
const BLOCK = `${BLOCKS}/{ipBlockId}`

export const ipBlockRoutes: readonly Route[] = [
  { method: 'GET', path: BLOCKS, scope: 'bmc.read', handle: listBlocks },
  { method: 'POST', path: BLOCKS, scope: 'bmc', handle: postBlock },
  { method: 'GET', path: BLOCK, scope: 'bmc.read', handle: call => show(200, call, blockOf(call)) },
  { method: 'PATCH', path: BLOCK, scope: 'bmc', handle: patchBlock },
  { method: 'DELETE', path: BLOCK, scope: 'bmc', handle: deleteBlock },
  { method: 'PUT', path: `${BLOCK}/tags`, scope: 'bmc', handle: putBlockTags },
]

const blockOf = (call: Call): BlockRow => rowOf(call.account.blocks, call, 'ipBlockId')

const show = (status: number, { world, account }: Call, row: BlockRow): Answer => ({
  status,
  body: showBlock(world, account, row),
})

function listBlocks(call: Call): Answer {
  const { world, account } = call
  const rows = [...account.blocks.values()].filter(({ tags }) => passesTagFilter(call, tags))
  return { status: 200, body: rows.map(row => showBlock(world, account, row)) }
}

function postBlock(call: Call): Answer {
  const { world, account } = call
  const body = parseBody(CREATE_BODY, call.body)
  const { location, cidrBlockSize, ipVersion = 'V4', description } = body
  if (!world.settings.locations.includes(location)) throw badRequest('body.location is not known')
  if (!SIZES_ON_SALE[ipVersion]?.includes(cidrBlockSize)) {
    throw badRequest(`body.cidrBlockSize must be one of ${SIZES_ON_SALE[ipVersion]?.join(', ')}`)
  }
  const tags = linkTags(account, body.tags ?? [])
  const addresses = addressCount({ cidr: cidrBlockSize, ipVersion })
  refuseBeyondQuota(world, account, 'bmc.public_ips.max_count', addresses)
  if (!takeFromStock(world, location, cidrBlockSize)) {
    throw new ApiError(406, `No IP blocks of size ${cidrBlockSize} are available in ${location}.`)
  }
  const row = createBlock(world, account, {
    location,
    cidrBlockSize,
    ipVersion,
    status: 'creating',
    ...(description === undefined ? {} : { description }),
  })
  row.tags = tags
  world.schedule(world.settings.blockCreateMs, () => {
    if (row.data.status === 'creating') row.data = { ...row.data, status: 'unassigned' }
  })
  return show(201, call, row)
}

function patchBlock(call: Call): Answer {
  const row = blockOf(call)
  const { description } = parseBody(PATCH_BODY, call.body)
  if (description !== undefined) row.data = { ...row.data, description }
  return show(200, call, row)
}

function putBlockTags(call: Call): Answer {
  const row = blockOf(call)
  row.tags = linkTags(call.account, parseBody(TAG_REQUESTS, call.body))
  return show(200, call, row)
}

function deleteBlock(call: Call): Answer {
  const { id, status } = blockOf(call).data
  if (status !== 'unassigned') {
    throw new ApiError(call.world.settings.refusals.deleteAssignedBlock, `The IP block is ${status}.`)
  }
  call.account.blocks.delete(id)
  return { status: 200, body: { result: 'IP Block has been deleted.', ipBlockId: id } }
}
