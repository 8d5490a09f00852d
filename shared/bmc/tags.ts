import { hasCode } from '../errors.ts'
import { ignoreBody } from './operation.ts'
import { optionalFlag, optionalList, optionalText, type Parse, text, toList, toRaw, toText } from './parse.ts'
import type { Request } from './request.ts'
import type { Call, Tag, TagAssignment, TagAssignmentRequest } from './types.ts'

/** Calls of the tags API. */
export interface TagCalls {
  /**
   * Sees to it that a tag of this name exists: blocks can only be tagged with names that do.
   *
   * @param isBillingTag whether a tag created here is shown on invoices; false by default
   */
  ensureTag(name: string, isBillingTag?: boolean, call?: Call): Promise<void>
  listTags(filter?: { readonly name?: string }, call?: Call): Promise<readonly Tag[]>
}

const PATH = '/tag-manager/v1/tags'

export function createTagCalls(request: Request): TagCalls {
  async function ensureTag(name: string, isBillingTag = false, call?: Call): Promise<void> {
    const body = { name, isBillingTag }
    try {
      // Made twice it answers 409, which is the success looked for.
      await request({ method: 'POST', path: PATH, body, repeatable: true, parse: ignoreBody }, call)
    } catch (error) {
      if (!hasCode(error, 'BMC_CONFLICT')) throw error
    }
  }

  async function listTags(filter: { readonly name?: string } = {}, call?: Call): Promise<readonly Tag[]> {
    const query = filter.name === undefined ? [] : [['name', filter.name] as const]
    return request({ method: 'GET', path: PATH, query, parse: toTags }, call)
  }

  return { ensureTag, listTags }
}

const toTags: Parse<readonly Tag[]> = (body, at) => toList(body, at, toTag)

const toTag: Parse<Tag> = (value, at) => {
  const raw = toRaw(value, at)
  return {
    id: text(raw, 'id'),
    name: text(raw, 'name'),
    isBillingTag: optionalFlag(raw, 'isBillingTag'),
    values: optionalList(raw, 'values', toText),
  }
}

/** A tag as it stands on a server or block. */
export const toTagAssignment: Parse<TagAssignment> = (value, at) => {
  const raw = toRaw(value, at)
  return { id: optionalText(raw, 'id'), name: text(raw, 'name'), value: optionalText(raw, 'value') }
}

/** True when `tags` hold every one of `wanted` (any value where none is wanted). */
export function hasTags(
  tags: readonly TagAssignment[] | undefined,
  wanted: readonly TagAssignmentRequest[],
): boolean {
  return wanted.every(({ name, value }) =>
    (tags ?? []).some(tag => tag.name === name && (value === undefined || tag.value === value)),
  )
}
