import type { Status } from '../contract.ts'
import type { Decision } from '../decisions.ts'
import type { Html } from './html.ts'

/** What the pages are made of. */
export interface PageModel {
  readonly status: Status
  /** Why the last look failed, where one did: what is shown is older then. */
  readonly trouble: { readonly code: string; readonly message: string; readonly action: string } | undefined
  /** Milliseconds since what is shown was seen. */
  readonly ageMs: number
  /** The newest first. */
  readonly decisions: readonly Decision[]
  /** Since when decisions are remembered, in milliseconds since 1970. */
  readonly startedAt: number
}

/** One page of the status, by its path. */
export interface Page {
  readonly path: string
  readonly title: string
  /** @param query of the address, as people may write it */
  readonly toContent: (model: PageModel, query: Query) => Html
}

export type Query = Readonly<Record<string, string | undefined>>
