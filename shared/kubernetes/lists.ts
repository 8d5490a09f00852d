import { CcmError, hasCode } from '../errors.ts'
import type { Kube, KubeRequest } from './client.ts'
import { itemsOf, pickFrom } from './shape.ts'

interface ListPage {
  readonly metadata?: { readonly continue?: string }
}

/** A page of this many nodes is about 3.5 MB of text: memory stays flat, and 1,000 nodes are two requests. */
const PAGE_SIZE = 500
/** A continue token lives five minutes; a list that expires twice is not going to be read. */
const ATTEMPTS = 2

/** What a list is read with: `keep` picks the part of each item that is needed, so that pages can be freed. */
export interface ListOptions<T, Kept> {
  readonly path: string
  readonly query?: KubeRequest['query']
  readonly keep: (item: T) => Kept
  readonly signal?: AbortSignal | undefined
}

/**
 * Every item of a collection, in pages.
 *
 * @throws CcmError KUBE_*; never a part of the list
 */
export async function listAll<T, Kept>(kube: Kube, options: ListOptions<T, Kept>): Promise<Kept[]> {
  return (await listDated(kube, options)).items
}

/** As `listAll`, with the API server's own time (of the first page: all pages show the collection at that moment). */
export async function listDated<T, Kept>(
  kube: Kube,
  options: ListOptions<T, Kept>,
): Promise<{ readonly items: Kept[]; readonly date: number }> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listPages(kube, options)
    } catch (error) {
      if (attempt === ATTEMPTS || !hasCode(error, 'KUBE_GONE')) throw error
    }
  }
}

async function listPages<T, Kept>(
  kube: Kube,
  options: ListOptions<T, Kept>,
): Promise<{ items: Kept[]; date: number }> {
  const kept: Kept[] = []
  let token: string | undefined
  let firstDate: number | undefined
  do {
    const query = { ...options.query, limit: PAGE_SIZE, continue: token }
    const { body, date } = await kube.request<ListPage>({
      path: options.path,
      query,
      signal: options.signal,
    })
    firstDate ??= date
    for (const item of itemsOf(options.path, body)) kept.push(pickFrom(options.path, item as T, options.keep))
    token = nextToken(options.path, body, token)
  } while (token !== undefined)
  return { items: kept, date: firstDate }
}

/** @throws CcmError KUBE_SERVER_ERROR for one that leads to the page that was just read, which would never end */
function nextToken(path: string, { metadata }: ListPage, last: string | undefined): string | undefined {
  const next = metadata?.continue || undefined
  if (next === undefined || next !== last) return next
  throw new CcmError('KUBE_SERVER_ERROR', `${path}: a page of the list leads to itself`)
}
