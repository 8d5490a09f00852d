import type { Clock } from '../../clock.ts'
import type { IpBlock } from '../bmc/types.ts'

/** A block of the controller's, and what has become of it; `given back` when it is not there any more. */
export interface BlockNews {
  /** 1 for the first one that was bought. */
  readonly number: number
  readonly cidr: string
  readonly status: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** What becomes of the blocks that the controller buys. */
export interface Blocks {
  /** Every step so far, in the order in which they came. */
  readonly news: readonly BlockNews[]
  /** When the signal came. */
  readonly ended: Promise<void>
}

export interface BlocksOptions {
  /** All blocks of the account as they are now. */
  readonly blocks: () => readonly IpBlock[]
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onNews: (news: BlockNews) => void
}

export const GIVEN_BACK = 'given back'
const POLL_MS = 50

/** Looks at the blocks until the signal comes. */
export function watchBlocks({ blocks, clock, signal, onNews }: BlocksOptions): Blocks {
  const news: BlockNews[] = []
  const ids: string[] = []
  const last = new Map<string, BlockNews>()

  function note(id: string, cidr: string, status: string): void {
    if (last.get(id)?.status === status) return
    if (!ids.includes(id)) ids.push(id)
    const told = { number: ids.indexOf(id) + 1, cidr, status, at: clock.now() }
    last.set(id, told)
    news.push(told)
    onNews(told)
  }

  function look(): void {
    const ours = blocks().filter(isBought)
    for (const { id, cidr, status } of ours) note(id, cidr, status)
    const gone = ids.filter(id => !ours.some(block => block.id === id))
    for (const id of gone) note(id, last.get(id)?.cidr ?? '', GIVEN_BACK)
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      look()
      await clock.sleep(POLL_MS, signal).catch(() => {})
    }
  }

  return { news, ended: run() }
}

/** Those of servers bear no tags. */
export const isBought = ({ tags = [] }: IpBlock): boolean => tags.some(({ name }) => name === 'usage')
