import { cleanUpOnce } from '../../../functions/cleanup-command.ts'
import type { App } from '../../../shared/compose.ts'
import type { Process } from '../../world/contract.ts'
import { NEIGHBOUR_UID } from '../open-world.ts'
import type { Picks } from '../picks.ts'
import type { Stage } from '../stage.ts'
import { type Action, defineAction } from './action.ts'

type Settings = Readonly<Record<string, string>>

/** What an operator changes while Services are served; rests stay short enough for a history to see their end. */
const CHANGES: readonly [Settings, ...Settings[]] = [
  { PNAP_RELEASE_QUARANTINE: '0s' },
  { PNAP_RELEASE_QUARANTINE: '3m', PNAP_TYPE_CHANGE_QUARANTINE: '3m' },
  { PNAP_IP_BLOCK_SIZE: '/30' },
  { PNAP_IP_BLOCK_SIZE: '/28' },
  { PNAP_BLOCK_GRACE: '0s' },
  { PNAP_MIN_FREE_ADDRESSES: '3' },
  { PNAP_MIN_FREE_ADDRESSES: '0' },
  { PNAP_MAX_BLOCKS: '1' },
  { PNAP_ADDRESS_REQUEST_NAMESPACES: 'none' },
  { PNAP_ADDRESS_REQUEST_NAMESPACES: 'team-*' },
  { PNAP_NAMESPACE_MAX_ADDRESSES: '1' },
  { PNAP_RETAIN_NAMESPACES: 'none', PNAP_DEDICATED_NAMESPACES: 'none' },
]
const LAYER = 'operator'
const LASTS_MS = [60_000, 5000, 200_000, 400_000] as const
const CLEANUP_MS = 240_000

function configure(stage: Stage, picks: Picks): boolean {
  const settings = picks.one(CHANGES)
  stage.tell(`an operator sets ${JSON.stringify(settings)}`)
  stage.supervisor.configure(LAYER, settings)
  stage.watch.configured(settings)
  const undo = (): void => {
    stage.supervisor.configure(LAYER, {})
    stage.watch.configured({})
  }
  stage.agenda.after(picks.one(LASTS_MS), undo)
  stage.repairs.push(undo)
  return true
}

/** `cleanup --cluster UID --confirm` of a cluster that has gone. */
const cleanUp = async ({ cloud, clock }: App): Promise<number | undefined> => {
  const { leftovers } = cloud
  if (!leftovers) return undefined
  const command = { cluster: NEIGHBOUR_UID, confirm: true, timeoutMs: CLEANUP_MS, output: 'json' } as const
  const parts = { leftovers, requestCounts: () => cloud.requestCounts(), kube: undefined }
  const io = { clock, stop: new AbortController().signal, out: () => {}, err: () => {}, terminal: false }
  return cleanUpOnce(command, parts, io)
}

async function runCleanUp(process: Process): Promise<string> {
  try {
    return `exit code ${await process.command(cleanUp)}`
  } catch (error) {
    return String(error)
  } finally {
    process.kill()
  }
}

export const OPERATOR_ACTIONS: readonly Action[] = [
  defineAction('change the settings', 3, configure),
  defineAction('clean up after another cluster', 3, stage => {
    const { backend } = stage.world.cloud
    const left = backend
      .ipBlocks()
      .filter(({ tags = [] }) => tags.some(({ value }) => value === NEIGHBOUR_UID))
    // One at a time: each would write the tags that the other has just written.
    const isCleaning = stage.world.processes.some(other => other.host === 'none' && other.isAlive())
    if (left.length === 0 || isCleaning) return false
    for (const { id } of left) stage.watch.touched(id)
    const process = stage.world.start({ host: 'none' })
    stage.tell(`${process.name}: cleanup of the other cluster's ${left.length} blocks`)
    stage.during(async () => {
      const end = await runCleanUp(process)
      stage.tell(`  ${process.name}: ${end}`)
    })
    return true
  }),
]
