import type { Exits, JsonField } from './command.ts'

/** Exit codes and JSON reports of the commands: part of what scripts rely on. A field is added, never renamed. */

/** Shells that `completion` writes for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

const FAILURES: JsonField = [
  'failures',
  'what failed: `name`, `code` (see the errors), `message`; everything else was worked on all the same',
]
const CHANGES: JsonField = [
  'changes',
  'changes made, or to be made: `kind`, `name`, `action`, `detail` (what is written, by field), `why`',
]
const REQUESTS: JsonField = ['requests', 'requests to the BMC API, by operation']
const DURATION: JsonField = ['durationMs', 'milliseconds that it took']

export const SERVE_EXITS: Exits = { 0: 'it was told to end', 1: 'it could not start' }

export const RESYNC_EXITS: Exits = {
  0: 'complete, or another pass is at work',
  1: 'something failed',
  2: 'with --dry-run: changes are pending',
}
export const RESYNC_JSON: readonly JsonField[] = [
  ['state', '`complete`, `busy` (another pass is at work) or `incomplete` (see `failures`)'],
  ['nodes', 'nodes of the cluster'],
  ['instances', 'servers of the account'],
  ['services', 'Services that are served or cleaned up'],
  CHANGES,
  ['held', 'decisions not to act that somebody should see, as sentences'],
  FAILURES,
  DURATION,
  REQUESTS,
  [
    'cost',
    'with --dry-run, where blocks are bought or given back and BMC tells prices: `currency`, and per month `bought`, `givenBack`, and `unpriced` (names of blocks without a price)',
  ],
]

export const REGISTER_EXITS: Exits = { 0: 'everything is as it should be', 1: 'something failed' }
export const REGISTER_JSON: readonly JsonField[] = [
  ['dryRun', 'true where nothing was changed'],
  [
    'objects',
    'objects of the cluster: `kind`, `name`, `result` (`created`, `changed`, `unchanged`, `deleted`, `kept`)',
  ],
  ['files', 'files: `path`, `result` (`written`, `unchanged`)'],
  ['notes', 'what a person has to know or do, as lines'],
]

export const DOCTOR_EXITS: Exits = {
  0: 'nothing fails (there may be warnings)',
  1: 'something fails, or it cannot be found out whether the Go program runs (go-program)',
}
export const DOCTOR_JSON: readonly JsonField[] = [
  ['ok', 'false where the exit code is 1'],
  ['counts', 'checks by `ok`, `warn`, `fail` and `unknown`'],
  ['checks', 'each check: `code`, `status`, `fact`, and `action` where something is to be done'],
]

export const MIGRATE_EXITS: Exits = { 0: 'ready, or done', 1: 'something is in the way, or failed' }
export const MIGRATE_JSON: readonly JsonField[] = [
  ['way', '`there` or `back`'],
  ['ready', 'true where nothing is in the way'],
  ['items', 'what is taken over: `kind`, `name`, `outcome`, `why`'],
  ['inTheWay', 'what has to be mended first, as sentences'],
  ['notes', 'what is worth knowing, as sentences'],
  ['steps', 'what to do, in this order'],
  ['carriedOut', 'with --back --confirm: `done` and `failures`, as sentences'],
]

export const STATUS_EXITS: Exits = {
  0: 'all is well',
  1: 'it cannot be found out, as a side could not be read',
  2: 'something waits, is held back or wants attention',
}
export const STATUS_JSON: readonly JsonField[] = [
  ['at', 'when it was seen; as all times here in milliseconds since 1970, by the clock of the API server'],
  ['cluster', 'UID of the namespace kube-system'],
  ['version', 'of this program'],
  ['verdict', '`well`, `attention` or `unknown`: exit codes 0, 2 and 1'],
  ['reasons', 'why it is not `well`, the most urgent first, as sentences'],
  [
    'pass',
    'passes: `completedAt`, `startedAt`, `holder`, `ageMs`, `intervalMs`, `isLate`, `deleted` (nodes within ten minutes)',
  ],
  [
    'bmc',
    'the BMC API: `state` (`answers`, `limited`, `unreachable`, `failing`), `since`, `until`, `failure`, `servers`',
  ],
  ['goProgram', 'the Go program: `state` (`absent`, `running`, `unknown`), `what`'],
  ['nodes', '`counts` by state; `rows`: `name`, `state`, `why`, `code`, `action`, `serverId`, `since`'],
  [
    'services',
    '`enabled`; `counts` by state; `rows`: `name`, `state`, `addresses`, `why`, `problems`, `since`',
  ],
  [
    'addresses',
    '`claims` by state; `free` by family; `blocks`: `id`, `cidr`, `state`, `gate`, …, and `runs`, its map: `first`, `last`, `count`, `kind`, `service`, `until`, `why`',
  ],
  ['held', 'decisions not to act, as sentences'],
  ['failures', 'what could not be found out: `name`, `code`, `message`, `action`'],
  ['pending', 'changes that the next pass makes: `kind`, `name`, `action`, `why`'],
]

export const CLEANUP_EXITS: Exits = {
  0: 'nothing is left',
  1: 'something cannot be given back, or the cluster is alive',
  2: 'without --confirm: blocks are there to be given back',
}
export const CLEANUP_JSON: readonly JsonField[] = [
  ['state', '`planned`, `clean` or `left`'],
  ['cluster', 'UID of the cluster'],
  ['lookedAt', 'what was found of the cluster itself: `state`, `why`'],
  ['blocks', 'number of IP blocks with its tags'],
  CHANGES,
  FAILURES,
  REQUESTS,
  DURATION,
]

export const UNREGISTER_EXITS: Exits = {
  0: 'nothing of ours is left',
  1: 'something cannot be taken away, or not everything could be read',
  2: 'without --confirm: something is there to be taken away',
}
export const UNREGISTER_JSON: readonly JsonField[] = [
  ['state', '`clean`, `planned`, `left` or `unknown`'],
  ['cluster', 'UID of the cluster'],
  ['release', 'true where addresses are taken from Services too'],
  ['counts', 'objects changed, or to be changed, by kind'],
  CHANGES,
  FAILURES,
  ['kept', 'addresses that stay with Services: `address`, `service`'],
  ['blocks', 'IP blocks that stay with the account: `id`, `cidr`'],
  ['notes', 'what is worth knowing, as sentences'],
]

export const SIMULATE_EXITS: Exits = { 0: 'it was told to end', 1: 'it could not start' }
export const SIMULATE_JSON: readonly JsonField[] = [
  ['baseUrl', 'of the API, for PNAP_BASE_URL'],
  ['tokenUrl', 'of its token endpoint'],
  ['clientId', 'for PNAP_CLIENT_ID'],
  ['clientSecret', 'for PNAP_CLIENT_SECRET'],
  ['servers', 'number of servers'],
  ['networks', 'number of public networks'],
]

export const DEMO_EXITS: Exits = { 0: 'the story came out as told, or was ended', 1: 'it did not' }

export const COMPLETION_EXITS: Exits = { 0: 'written' }

export const VERSION_EXITS: Exits = { 0: 'printed' }
export const VERSION_JSON: readonly JsonField[] = [
  ['version', 'release tag, or the version with `-dev`; `-dirty` at its end where files were changed'],
  ['commit', '40 hexadecimal digits; absent where it is not known'],
  ['node', 'version of the Node that it runs on'],
  ['platform', 'as `linux-x64`'],
  ['licences', 'with --licences: the licences of everything that is in it'],
]
