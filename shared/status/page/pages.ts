import { ADDRESSES } from './addresses.ts'
import type { Page, PageModel, Query } from './contract.ts'
import { DECISIONS } from './decisions.ts'
import { toDocument } from './layout.ts'
import { NODES } from './nodes.ts'
import { OVERVIEW } from './overview.ts'
import { SERVICES } from './services.ts'

/** In the order of the navigation. */
const PAGES: readonly Page[] = [OVERVIEW, NODES, SERVICES, ADDRESSES, DECISIONS]

export const PAGE_PATHS: readonly string[] = PAGES.map(({ path }) => path)

/** The document of a path; undefined where there is none. Pure. */
export function toPage(path: string, query: Query, model: PageModel): string | undefined {
  const page = PAGES.find(one => one.path === path)
  return page && toDocument(PAGES, page, model, page.toContent(model, query))
}
