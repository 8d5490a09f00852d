import type { Leftover } from '../shared/cloud-provider/leftovers.ts'
import type { CleanupReport } from '../shared/controllers/cleanup/contract.ts'
import type {
  Change,
  Failure,
  KeptAddress,
  WithdrawReport,
} from '../shared/controllers/unregister/contract.ts'
import { LAST_STEPS } from '../shared/controllers/unregister/notes.ts'

/** What became of the blocks. */
export interface BlockReport extends Pick<CleanupReport, 'changes' | 'failures'> {
  /** With the tags of the cluster. */
  readonly blocks: readonly Leftover[]
  /** Why they are not known. */
  readonly problem: string | undefined
}

export interface UnregisterReport {
  /**
   * `clean`: nothing of ours is left; `planned`: something is and nothing was changed; `left`: not all could go;
   * `unknown`: not everything could be read, and nothing (more) was changed.
   */
  readonly state: 'clean' | 'planned' | 'left' | 'unknown'
  readonly cluster: string
  readonly release: boolean
  /** Objects by kind, changed or to be changed. */
  readonly counts: Readonly<Record<string, number>>
  readonly changes: readonly Change[]
  readonly failures: readonly Failure[]
  /** Addresses that stay with Services. */
  readonly kept: readonly KeptAddress[]
  /** Blocks that stay with the account. */
  readonly blocks: readonly { readonly id: string; readonly cidr: string | undefined }[]
  readonly notes: readonly string[]
}

export interface ReportSources {
  readonly cluster: string
  readonly command: { readonly confirm: boolean; readonly release: boolean }
  readonly withdrawn: WithdrawReport
  readonly blocks: BlockReport
}

export function toUnregisterReport({ cluster, command, withdrawn, blocks }: ReportSources): UnregisterReport {
  const { release, confirm } = command
  const changes = [...withdrawn.changes, ...blocks.changes.map(toBlockChange)]
  const failures = [
    ...withdrawn.failures,
    ...blocks.failures.map(({ name, ...rest }) => ({ ...rest, name: toFailureName(name) })),
  ]
  const isClean = failures.length === 0 && (confirm || changes.length === 0)
  const isUnknown = withdrawn.failures.some(({ unread }) => unread)
  const known = blocks.blocks.map(({ blockId, cidr }) => ({ id: blockId, cidr }))
  const isGivenBack = release && blocks.failures.length === 0 && withdrawn.failures.length === 0
  const left = known.length > 0 ? known : withdrawn.blocks.map(({ id, cidr }) => ({ id, cidr }))
  return {
    state: isUnknown ? 'unknown' : isClean ? 'clean' : confirm ? 'left' : 'planned',
    cluster,
    release,
    counts: countKinds(changes),
    changes,
    failures,
    kept: withdrawn.kept,
    blocks: isGivenBack ? [] : left,
    notes: [...withdrawn.notes, ...toBlockNotes(blocks, release), ...LAST_STEPS],
  }
}

/** Of a block by its id, or of all of them. */
const toFailureName = (name: string): string =>
  name === 'cluster' || name === 'cloud' ? `IPBlocks (${name})` : `IPBlock ${name}`

const toBlockChange = ({ name, action, detail }: CleanupReport['changes'][number]): Change => ({
  kind: 'IPBlock',
  name,
  action: action === 'giveBack' ? 'release' : 'change',
  detail: { ...detail, ...(action === 'giveBack' ? {} : { step: action }) },
  why: '--release gives it back',
})

function toBlockNotes({ problem }: BlockReport, release: boolean): string[] {
  if (release || problem === undefined) return []
  return [`Which IP blocks stay could not be looked up in BMC: ${problem}.`]
}

function countKinds(changes: readonly Change[]): Record<string, number> {
  const groups = Object.groupBy(
    new Map(changes.map(({ kind, name }) => [`${kind} ${name}`, kind])).values(),
    kind => kind,
  )
  return Object.fromEntries(Object.entries(groups).map(([kind, found]) => [kind, found?.length ?? 0]))
}
