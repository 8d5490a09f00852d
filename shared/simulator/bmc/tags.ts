import { type Answer, ApiError, badRequest, type Call, type Route, rowOf } from './api.ts'
import { fields, flag, listOf, parseBody, text } from './checks.ts'
import type { Account, Row, TagLink, TagRow, World } from './store.ts'
import type { Tag, TagAssignment, TagRequest } from './types.ts'

/** Names and values; the range from A to z also holds the six signs between Z and a, as documented. */
const TAG_TEXT = /^[A-zÀ-ú0-9_-]{1,100}$/
const TAG_BODY = fields({ name: text({ pattern: TAG_TEXT }), isBillingTag: flag }, { description: text() })
/** Tags of a server or block in a request. */
export const TAG_REQUESTS = listOf(
  fields({ name: text({ pattern: TAG_TEXT }) }, { value: text({ pattern: TAG_TEXT }) }),
)

export const tagRoutes: readonly Route[] = [
  { method: 'GET', path: '/tag-manager/v1/tags', scope: 'tags.read', handle: listTags },
  { method: 'POST', path: '/tag-manager/v1/tags', scope: 'tags', handle: postTag },
  {
    method: 'GET',
    path: '/tag-manager/v1/tags/{tagId}',
    scope: 'tags.read',
    handle: call => ({ status: 200, body: showTag(call.account, rowOf(call.account.tags, call, 'tagId')) }),
  },
  { method: 'PATCH', path: '/tag-manager/v1/tags/{tagId}', scope: 'tags', handle: patchTag },
  { method: 'DELETE', path: '/tag-manager/v1/tags/{tagId}', scope: 'tags', handle: deleteTag },
]

function listTags({ account, query }: Call): Answer {
  const tags = [...account.tags.values()].filter(
    ({ name }) => query.name === undefined || query.name === name,
  )
  return { status: 200, body: tags.map(tag => showTag(account, tag)) }
}

function postTag({ world, account, body }: Call): Answer {
  const { name, isBillingTag, description } = parseBody(TAG_BODY, body)
  refuseTakenName(account, name)
  const tag = {
    id: world.nextId(),
    name,
    isBillingTag,
    ...(description === undefined ? {} : { description }),
  }
  account.tags.set(tag.id, tag)
  return { status: 201, body: showTag(account, tag) }
}

function patchTag(call: Call): Answer {
  const { account } = call
  const tag = rowOf(account.tags, call, 'tagId')
  const { name, isBillingTag, description } = parseBody(TAG_BODY, call.body)
  if (name !== tag.name) refuseTakenName(account, name)
  const changed = { ...tag, name, isBillingTag, ...(description === undefined ? {} : { description }) }
  account.tags.set(tag.id, changed)
  return { status: 200, body: showTag(account, changed) }
}

/** A deleted tag is taken off whatever carries it. */
function deleteTag(call: Call): Answer {
  const tag = rowOf(call.account.tags, call, 'tagId')
  call.account.tags.delete(tag.id)
  for (const { row } of taggedRows(call.account)) row.tags = row.tags.filter(({ tagId }) => tagId !== tag.id)
  return { status: 200, body: { result: `Tag ${tag.name} has been deleted.`, tagId: tag.id } }
}

function refuseTakenName(account: Account, name: string): void {
  if (findTag(account, name) !== undefined) {
    throw new ApiError(409, `A tag with the name ${name} exists already.`)
  }
}

const findTag = (account: Account, name: string): TagRow | undefined =>
  account.tags.values().find(tag => tag.name === name)

/** Links for the tags of a request. @throws ApiError 400 when a name does not exist yet */
export function linkTags(account: Account, requests: readonly TagRequest[]): readonly TagLink[] {
  return requests.map(({ name, value }) => {
    const tag = findTag(account, name)
    if (tag === undefined) throw badRequest(`tag ${name} does not exist`)
    return { tagId: tag.id, ...(value === undefined ? {} : { value }) }
  })
}

/** Makes the tags named that are missing; what a store operation does and no request. */
export function ensureTags(world: World, account: Account, names: readonly string[]): void {
  for (const name of names) {
    if (findTag(account, name) !== undefined) continue
    const id = world.nextId()
    account.tags.set(id, { id, name, isBillingTag: false })
  }
}

/** Tags as an object that carries them answers them. */
export function showLinks(account: Account, links: readonly TagLink[]): TagAssignment[] {
  return links.flatMap(({ tagId, value }) => {
    const tag = account.tags.get(tagId)
    if (tag === undefined) return []
    const { id, name, isBillingTag } = tag
    return { id, name, ...(value === undefined ? {} : { value }), isBillingTag, createdBy: 'USER' }
  })
}

/**
 * Whether an object passes the query `?tag=name.value`, which may be repeated.
 * A tag name holds no dot, so the first one parts name and value; without a dot the name alone is asked for.
 */
export function passesTagFilter({ world, account, query }: Call, links: readonly TagLink[]): boolean {
  const wanted = [query.tag ?? []].flat()
  if (wanted.length === 0) return true
  const held = showLinks(account, links).flatMap(({ name, value }) => [name, `${name}.${value ?? ''}`])
  const holds = (tag: string): boolean => held.includes(tag)
  return world.settings.tagFilter === 'and' ? wanted.every(holds) : wanted.some(holds)
}

export const listAllTags = (account: Account): Tag[] =>
  [...account.tags.values()].map(tag => showTag(account, tag))

function showTag(account: Account, { id, name, description, isBillingTag }: TagRow): Tag {
  const resourceAssignments = taggedRows(account).flatMap(({ row, resourceName }) =>
    row.tags
      .filter(({ tagId }) => tagId === id)
      .map(({ value }) => ({ resourceName, ...(value === undefined ? {} : { value }) })),
  )
  return {
    id,
    name,
    values: [...new Set(resourceAssignments.flatMap(({ value }) => value ?? []))],
    ...(description === undefined ? {} : { description }),
    isBillingTag,
    resourceAssignments,
    createdBy: 'USER',
  }
}

function taggedRows(account: Account): { row: Row<object>; resourceName: string }[] {
  return [
    ...[...account.servers].map(([id, row]) => ({ row, resourceName: `/bmc/servers/${id}` })),
    ...[...account.blocks].map(([id, row]) => ({ row, resourceName: `/ips/ip-blocks/${id}` })),
  ]
}
