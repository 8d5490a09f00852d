import { SERVICE_ACCOUNT_USER } from '../kubernetes/names.ts'
import type { ApiServerFiles } from './apiserver-files.ts'
import { readIfThere, writePrivately } from './files.ts'
import type { RegisterOptions } from './options.ts'
import type { Teller } from './told.ts'

/** Writes the files, and says what a person does with them. */
export async function writeFiles(
  { files, flags, steps, wider, differences }: ApiServerFiles,
  { dryRun, webhook, mergePolicy, user }: RegisterOptions,
  tell: Teller,
): Promise<void> {
  const out = (line: string): void => tell.note(line)
  for (const [path, text] of files) {
    const isSame = (await readIfThere(path)) === text
    if (!isSame && !dryRun) await writePrivately(path, text)
    tell.file(isSame ? 'unchanged' : 'written', path)
  }
  for (const { title, lines } of differences) {
    out(`\nTo ${title}:`)
    for (const line of lines) out(line)
  }
  if (mergePolicy !== undefined) out(`\n${user === SERVICE_ACCOUNT_USER ? OWN_EVENTS : OTHER_EVENTS}`)
  if (wider.length > 0)
    out('\nAccepted: names, users and URLs of more than nodes and Services will be sent to us:')
  for (const problem of wider) out(`  ${problem}`)
  if (steps.length > 0) out('')
  for (const step of steps) out(step)
  if (flags.length > 0) {
    out(
      '\nFlags of the API server, which reads these files when it starts (each control plane node has its own):',
    )
    for (const flag of flags) out(`  ${flag}`)
  }
  for (const line of toAdvice(webhook?.bearer ?? false, flags.length > 0)) out(line)
}

const OWN_EVENTS =
  'Your log goes on to hold what the controller itself does; the handlers pass over those events.'
const OTHER_EVENTS =
  'Your log goes on to hold what the controller itself does; acting as another user, it looks again at what it changed.'

/** What works where an API server is not given these files, as on a managed control plane. */
export const NO_FILES: readonly string[] = [
  'Without --apiserver-dir there is no audit, which a managed control plane does not offer anyway: joining nodes and Services are answered',
  'in admission, whose rings bring up the rest at once; what the webhook misses waits for the next pass (PNAP_RESYNC_INTERVAL).',
]

const toAdvice = (bearer: boolean, hasFlags: boolean): string[] => [
  'They REPLACE an audit policy, audit webhook or admission configuration that is in use: an API server takes one of each.',
  'To keep rules that are in use: --merge-policy FILE and --merge-admission FILE.',
  ...(bearer || !hasFlags
    ? []
    : [
        'The last flag is needed with --bearer only: without it the URL of the webhook holds a secret of its own.',
      ]),
  'The token file is read again within a minute: write a new token into it without a restart.',
]
