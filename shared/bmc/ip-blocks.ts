import type { Clock } from '../clock.ts'
import { ignoreBody } from './operation.ts'
import {
  aboutAsked,
  optionalFlag,
  optionalList,
  optionalText,
  type Parse,
  text,
  toList,
  toRaw,
} from './parse.ts'
import type { Request } from './request.ts'
import { hasTags, toTagAssignment } from './tags.ts'
import type { Call, IpBlock, IpBlockCreate, TagAssignmentRequest } from './types.ts'

/** Calls of the IP blocks API. Creating and deleting a block answer before they are done: poll its status. */
export interface IpBlockCalls {
  /** Blocks that hold every one of the tags given; all of them without tags. */
  listIpBlocks(
    filter?: { readonly tags?: readonly TagAssignmentRequest[] },
    call?: Call,
  ): Promise<readonly IpBlock[]>
  getIpBlock(ipBlockId: string, call?: Call): Promise<IpBlock>
  /**
   * Buys a block.
   *
   * @throws CcmError BMC_OUTCOME_UNKNOWN when it may have been bought all the same: list by its tags before
   *   trying again; BMC_OUT_OF_STOCK when the location has none of that size
   */
  createIpBlock(block: IpBlockCreate, call?: Call): Promise<IpBlock>
  /** Gives a block back; the API refuses unless it is unassigned. */
  deleteIpBlock(ipBlockId: string, call?: Call): Promise<void>
  /** Replaces all tags of a block. */
  putIpBlockTags(ipBlockId: string, tags: readonly TagAssignmentRequest[], call?: Call): Promise<IpBlock>
  patchIpBlock(ipBlockId: string, patch: { readonly description: string }, call?: Call): Promise<IpBlock>
}

const LIST = '/ips/v1/ip-blocks'
const ONE = '/ips/v1/ip-blocks/{ipBlockId}'

export function createIpBlockCalls(request: Request, clock: Clock): IpBlockCalls {
  const toIpBlock: Parse<IpBlock> = (value, at, date) => readIpBlock(value, at, [date, clock.now()])
  const toIpBlocks: Parse<readonly IpBlock[]> = (body, at, date) =>
    toList(body, at, (item, itemAt) => toIpBlock(item, itemAt, date))
  const toAskedFor = (ipBlockId: string): Parse<IpBlock> =>
    aboutAsked(toIpBlock, id => id === ipBlockId, 'IP block')
  return {
    async listIpBlocks({ tags = [] } = {}, call) {
      const query = tags.flatMap(({ name, value }) =>
        value === undefined ? [] : [['tag', `${name}.${value}`] as const],
      )
      const blocks = await request({ method: 'GET', path: LIST, query, parse: toIpBlocks }, call)
      // Whether the API takes several tags for "all of them" or "any of them" is not specified.
      return blocks.filter(block => hasTags(block.tags, tags))
    },
    getIpBlock: (ipBlockId, call) =>
      request({ method: 'GET', path: ONE, ids: { ipBlockId }, parse: toAskedFor(ipBlockId) }, call),
    createIpBlock: (body, call) => request({ method: 'POST', path: LIST, body, parse: toIpBlock }, call),
    deleteIpBlock: (ipBlockId, call) =>
      request({ method: 'DELETE', path: ONE, ids: { ipBlockId }, parse: ignoreBody }, call),
    putIpBlockTags: (ipBlockId, body, call) =>
      request({ method: 'PUT', path: `${ONE}/tags`, ids: { ipBlockId }, body, parse: toIpBlock }, call),
    patchIpBlock: (ipBlockId, body, call) =>
      request({ method: 'PATCH', path: ONE, ids: { ipBlockId }, body, parse: toIpBlock }, call),
  }
}

/** @param clocks what time several clocks say it is, in milliseconds since 1970 */
function readIpBlock(value: unknown, at: string, clocks: readonly (number | undefined)[]): IpBlock {
  const raw = toRaw(value, at)
  return {
    id: text(raw, 'id'),
    status: text(raw, 'status'),
    location: optionalText(raw, 'location'),
    cidrBlockSize: optionalText(raw, 'cidrBlockSize'),
    cidr: optionalText(raw, 'cidr'),
    ipVersion: optionalText(raw, 'ipVersion'),
    assignedResourceId: optionalText(raw, 'assignedResourceId'),
    assignedResourceType: optionalText(raw, 'assignedResourceType'),
    description: optionalText(raw, 'description'),
    tags: optionalList(raw, 'tags', toTagAssignment),
    isSystemManaged: optionalFlag(raw, 'isSystemManaged'),
    isBringYourOwn: optionalFlag(raw, 'isBringYourOwn'),
    ageMs: toAge(optionalText(raw, 'createdOn'), clocks),
  }
}

/** Dates of answers are whole seconds, and of another machine than `createdOn`. */
const MARGIN_MS = 60_000

/**
 * The least that a clock says. Ours may be hours off, and so may either of BMC's two; one by which the block is yet to be
 * created cannot tell. Undefined where none can.
 */
function toAge(createdOn: string | undefined, clocks: readonly (number | undefined)[]): number | undefined {
  const created = Date.parse(createdOn ?? '')
  const ages = clocks.map(now => (now ?? Number.NaN) - created).filter(age => age > -MARGIN_MS)
  return ages.length === 0 ? undefined : Math.max(Math.min(...ages), 0)
}
